/*
 * The journal: how soon an intent is durable, and how many a second, with so many under way at once;
 * and what a second of history of many pools costs. On the disk of TMPDIR (or here).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "store/store.h"

#define INTENTS       2000
#define UNDER_WAY_MAX 1000
#define POOLS         1000

struct run {
    uv_loop_t loop;
    struct store *store;
    uint64_t asked, answered, failed;
    uint64_t limit;
    uint64_t asked_ns[INTENTS];
    uint64_t took_ns[INTENTS];
};

static void ask(struct run *run);

static void answered(void *ctx, uint64_t number, const struct error *err)
{
    struct run *run = ctx;
    size_t slot = (number - 1) % INTENTS;
    run->took_ns[slot] = uv_hrtime() - run->asked_ns[slot];
    run->answered++;
    run->failed += err->code < 0;
    if (run->asked < run->limit)
        ask(run);
}

static void ask(struct run *run)
{
    struct intent intent = {
        .number = ++run->asked, .count = 1, .slots = 4, .price_usd_micro = 34000
    };
    snprintf(intent.pool, sizeof(intent.pool), "render");
    snprintf(intent.offer, sizeof(intent.offer), "aws/eu-central-1a/c6i.xlarge/spot");
    snprintf(intent.inventory, sizeof(intent.inventory), "aws/eu-central-1");
    snprintf(intent.token, sizeof(intent.token), "%032llu", (unsigned long long)intent.number);
    run->asked_ns[(intent.number - 1) % INTENTS] = uv_hrtime();
    if (store_write_intent(run->store, &intent, answered, run, NULL) < 0)
        run->failed++;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void measure_intents(struct run *run, uint64_t under_way, uint64_t count)
{
    uint64_t start = uv_hrtime();
    run->answered = 0;
    run->limit = run->asked + count;
    uint64_t first = run->asked;
    for (uint64_t i = 0; i < under_way && run->asked < run->limit; i++)
        ask(run);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    double seconds = (double)(uv_hrtime() - start) / 1e9;
    uint64_t took[INTENTS];
    for (uint64_t i = 0; i < count; i++)
        took[i] = run->took_ns[(first + i) % INTENTS];
    qsort(took, count, sizeof(took[0]), by_size);
    printf("intents, %4llu at once: %7.0f a second, durable after p50 %.2f ms, p99 %.2f ms%s\n",
           (unsigned long long)under_way, (double)count / seconds, (double)took[count / 2] / 1e6,
           (double)took[count * 99 / 100] / 1e6, run->failed ? " (WITH FAILURES)" : "");
}

/* A sample of each pool and a decision of every tenth, as one second of a large set-up has them. */
static void measure_history(struct run *run)
{
    struct decision decision = { .desired = 8 };
    int64_t wall_ns = clock_system.wall_ns(NULL);
    uint64_t on_loop_ns = 0;
    uint64_t all_ns = 0;
    for (int i = 0; i < 8; i++)
        trail_step(&decision.trail, STAGE_DECIDE, "backlog", 0, i, "{waiting} waiting",
                   TRAIL_COUNT("waiting", 100));
    for (int second = 0; second < 10; second++) {
        uint64_t start = uv_hrtime();
        for (int p = 0; p < POOLS; p++) {
            char pool[32];
            struct sample sample = { .waiting = p + second };
            snprintf(pool, sizeof(pool), "pool-%d", p);
            store_sample(run->store, pool, wall_ns + second * NS_PER_S, &sample);
            decision.at_wall_ns = wall_ns + second * NS_PER_S;
            if (p % 10 == 0)
                store_decision(run->store, pool, &decision);
        }
        on_loop_ns += uv_hrtime() - start;
        uv_run(&run->loop, UV_RUN_DEFAULT);
        all_ns += uv_hrtime() - start;
    }
    printf("history, %d samples and %d decisions: %.2f ms on the loop, on disk after %.1f ms\n",
           POOLS, POOLS / 10, (double)on_loop_ns / 1e7, (double)all_ns / 1e7);
}

/* Opening again what is there by now, with its intents still open. */
static int measure_start(struct run *run, struct log *log, const struct store_options *options)
{
    struct store_recovered recovered = { 0 };
    struct error err;
    store_close(run->store);
    run->store = NULL;
    uint64_t start = uv_hrtime();
    if (store_open(&run->loop, log, &clock_system, options, &run->store, &err) < 0 ||
        store_recover(run->store, &recovered, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("opened, %zu open intents recovered, in %.1f ms\n", recovered.open_len,
           (double)(uv_hrtime() - start) / 1e6);
    store_recovered_release(&recovered);
    return 0;
}

/* Anonymous memory of this process, KiB. */
static long anonymous_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *in = fopen("/proc/self/smaps_rollup", "r");
    while (in && fgets(line, sizeof(line), in)) {
        if (strncmp(line, "Anonymous:", 10) == 0)
            kib = strtol(line + 10, NULL, 10);
    }
    if (in)
        fclose(in);
    return kib;
}

int main(void)
{
    static struct run run;
    char path[64] = "/tmp/muster-bench-XXXXXX";
    char name[80];
    struct log log = { .fd = 2, .level = LOG_WARNING };
    struct store_options options = { .path = name, .retention_ns = 30 * 86400 * NS_PER_S };
    struct error err;
    if (!mkdtemp(path) || uv_loop_init(&run.loop) < 0)
        return 1;
    snprintf(name, sizeof(name), "%s/muster.db", path);
    long before_kib = anonymous_kib();
    if (store_open(&run.loop, &log, &clock_system, &options, &run.store, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    measure_intents(&run, 1, 300);
    printf("anonymous memory after these: %ld KiB more than before\n",
           anonymous_kib() - before_kib);
    measure_intents(&run, 10, 1000);
    measure_intents(&run, 100, 2000);
    measure_intents(&run, UNDER_WAY_MAX, 2000);
    measure_history(&run);
    int rc = measure_start(&run, &log, &options);
    store_close(run.store);
    uv_loop_close(&run.loop);
    unlink(name);
    snprintf(name + strlen(name), 10, ".lock");
    unlink(name);
    rmdir(path);
    return rc || run.failed > 0;
}
