/*
 * The endpoint under load: a controller with POOLS x NODES machines, served by the real pages and the
 * real server, ticked once a second as the daemon does. A timer every 10 ms measures how late the
 * loop serves its other work.
 *
 * usage: bench_endpoint [--serve PORT] [POOLS NODES]
 * Without --serve it measures how long the documents take to make. With it, it serves until SIGTERM
 * or SIGINT and then prints how late the loop was; endpoint.sh does that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_server.h"
#include "status/status.h"
#include "tests/fleet.h"

#define LATENESS_MAX 1000000

struct bench {
    uv_loop_t loop;
    uv_timer_t tick, beat, probe;
    uv_signal_t term, interrupt;
    struct fleet fleet;
    struct log log;
    struct status *status;
    struct http_server *server;
    size_t pools, nodes, beats, samples;
    uint64_t generation;
    uint64_t due_ns; /* when the probe should come next */
    int64_t *late_ns;
    size_t late_len;
    int64_t tick_max_ns;
    uint64_t tick_due_ns;
    int64_t tick_late_max_ns;
};

static void facts(void *ctx, struct status_facts *ret)
{
    struct bench *b = ctx;
    *ret = (struct status_facts){
        .generation = b->generation,
        .now_ns = clock_system.boot_ns(NULL),
        .wall_ns = clock_system.wall_ns(NULL),
        .started_ns = 1,
        .controller = "bench",
        .mode = "live",
        .tick_every_ns = NS_PER_S,
        .ticked_ns = b->fleet.now_ns,
        .store = { .writable = true },
    };
}

static uint64_t generation(void *ctx)
{
    const struct bench *b = ctx;
    return b->generation;
}

static int submit(void *ctx, struct event *ev, struct error *err)
{
    struct bench *b = ctx;
    b->fleet.now_ns = clock_system.boot_ns(NULL);
    return fleet_step(&b->fleet, ev, err);
}

static void on_tick(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uint64_t began = uv_hrtime();
    if (b->tick_due_ns && (int64_t)(began - b->tick_due_ns) > b->tick_late_max_ns)
        b->tick_late_max_ns = (int64_t)(began - b->tick_due_ns);
    b->tick_due_ns = began + (uint64_t)NS_PER_S;
    fleet_tick(&b->fleet, clock_system.boot_ns(NULL) - b->fleet.now_ns);
    fleet_list(&b->fleet, b->pools, b->nodes);
    b->generation++;
    int64_t took = (int64_t)(uv_hrtime() - began);
    if (took > b->tick_max_ns)
        b->tick_max_ns = took;
}

static void beat_some(struct bench *b, size_t count)
{
    char name[NODE_ID_MAX];
    size_t all = b->pools * b->nodes;
    for (size_t i = 0; i < count; i++, b->beats++) {
        snprintf(name, sizeof(name), "pool-%zu-n%zu", b->beats % all / b->nodes,
                 b->beats % all % b->nodes);
        fleet_beat(&b->fleet, name, 1);
    }
}

/* Heartbeats of all nodes, spread over 30 seconds; samples of all queues, over five. */
static void on_beat(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    beat_some(b, b->pools * b->nodes / 300);
    for (size_t i = 0; i < (b->pools + 49) / 50; i++, b->samples++) {
        char name[POOL_NAME_MAX];
        snprintf(name, sizeof(name), "pool-%zu", b->samples % b->pools);
        fleet_sample(&b->fleet, name, (double)b->nodes, (double)b->nodes);
    }
}

static void on_probe(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uint64_t now = uv_hrtime();
    if (b->due_ns && b->late_len < LATENESS_MAX)
        b->late_ns[b->late_len++] = now > b->due_ns ? (int64_t)(now - b->due_ns) : 0;
    b->due_ns = now + 10 * (uint64_t)NS_PER_MS;
    uv_timer_start(timer, on_probe, 10, 0);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_lateness(struct bench *b)
{
    if (b->late_len == 0)
        return;
    qsort(b->late_ns, b->late_len, sizeof(b->late_ns[0]), compare);
    printf("loop: a 10 ms timer was late by p50 %.2f ms, p99 %.2f ms, max %.2f ms (%zu times); "
           "a tick with listing took at most %.2f ms and began at most %.2f ms late\n",
           (double)b->late_ns[b->late_len / 2] * 1e-6,
           (double)b->late_ns[b->late_len * 99 / 100] * 1e-6,
           (double)b->late_ns[b->late_len - 1] * 1e-6, b->late_len, (double)b->tick_max_ns * 1e-6,
           (double)b->tick_late_max_ns * 1e-6);
}

static void start_timers(struct bench *b)
{
    uv_timer_t *timers[] = { &b->tick, &b->beat, &b->probe };
    for (size_t i = 0; i < 3; i++) {
        uv_timer_init(&b->loop, timers[i]);
        timers[i]->data = b;
    }
    uv_timer_start(&b->tick, on_tick, 1000, 1000);
    uv_timer_start(&b->beat, on_beat, 100, 100);
    uv_timer_start(&b->probe, on_probe, 10, 0);
    uv_signal_init(&b->loop, &b->term);
    uv_signal_init(&b->loop, &b->interrupt);
    uv_signal_start(&b->term, on_signal, SIGTERM);
    uv_signal_start(&b->interrupt, on_signal, SIGINT);
}

static int serve(struct bench *b, uint16_t port)
{
    struct error err = { 0 };
    struct status_env env = {
        .control = b->fleet.control,
        .log = &b->log,
        .facts = facts,
        .generation = generation,
        .clock = &clock_system,
        .submit = submit,
        .ctx = b,
    };
    struct http_server_options options = { .host = "127.0.0.1", .port = port };
    if (status_new(&env, &b->status, &err) < 0 ||
        status_set_tokens(b->status, STATUS_ADMIN, STR("bench-admin-token"), &err) < 0 ||
        status_set_tokens(b->status, STATUS_AGENT, STR("bench-agent-token"), &err) < 0 ||
        http_server_new(&b->loop, &b->log, &options, status_handle, b->status, &b->server, &err) <
            0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("serving %zu pools x %zu nodes on port %u\n", b->pools, b->nodes,
           http_server_port(b->server));
    fflush(stdout);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    print_lateness(b);
    http_server_free(b->server);
    return 0;
}

/* How long the document itself takes to make. */
static void render(struct bench *b)
{
    struct status_env env = { .control = b->fleet.control, .facts = facts, .ctx = b };
    if (status_new(&env, &b->status, NULL) < 0)
        return;
    const char *const targets[] = { "/status", "/metrics" };
    for (size_t t = 0; t < 2; t++) {
        struct http_exchange x = { .method = "GET", .path = targets[t], .target = targets[t] };
        x.authorization = x.content_type = x.origin = x.host = "";
        int64_t best_ns = INT64_MAX;
        size_t bytes = 0;
        for (int i = 0; i < 20; i++) {
            struct http_answer answer = { 0 };
            status_free(b->status);
            status_new(&env, &b->status, NULL); /* nothing in the cache */
            uint64_t began = uv_hrtime();
            status_handle(b->status, &x, &answer);
            int64_t took = (int64_t)(uv_hrtime() - began);
            best_ns = took < best_ns ? took : best_ns;
            bytes = http_body_text(answer.take_body).len;
            http_body_unref(answer.take_body);
        }
        printf("%s of %zu pools x %zu nodes: %zu bytes, rendered in %.2f ms\n", targets[t],
               b->pools, b->nodes, bytes, (double)best_ns * 1e-6);
    }
}

int main(int argc, char **argv)
{
    static struct bench b = { .pools = 100, .nodes = 100, .log = { .fd = 2, .level = LOG_INFO } };
    long port = -1;
    int at = 1;
    if (argc > 2 && strcmp(argv[1], "--serve") == 0) {
        port = strtol(argv[2], NULL, 10);
        at = 3;
    }
    if (argc >= at + 2) {
        b.pools = strtoul(argv[at], NULL, 10);
        b.nodes = strtoul(argv[at + 1], NULL, 10);
    }
    b.late_ns = calloc(LATENESS_MAX, sizeof(b.late_ns[0]));
    signal(SIGPIPE, SIG_IGN);
    fleet_init(&b.fleet, b.pools, b.nodes);
    uv_loop_init(&b.loop);
    int rc = 0;
    if (port < 0) {
        render(&b);
    } else {
        b.fleet.now_ns = clock_system.boot_ns(NULL);
        beat_some(&b, b.pools * b.nodes);
        start_timers(&b);
        rc = serve(&b, (uint16_t)port);
    }
    status_free(b.status);
    fleet_release(&b.fleet);
    free(b.late_ns);
    return rc;
}
