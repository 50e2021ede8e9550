/*
 * What the store's tests share: a folder that goes away with the test, a loop, a clock that is set by
 * hand, intents and samples made up from a number, and acknowledgements counted.
 */
#ifndef TESTS_UNIT_STORE_HELP_H
#define TESTS_UNIT_STORE_HELP_H

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "store/store.h"

#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS  (24 * HOUR_NS)
#define NOON_NS (INT64_C(1795348800) * NS_PER_S) /* 2026-11-22T12:00:00Z */

struct bench {
    char folder[64];
    char path[96];
    uv_loop_t loop;
    struct log log;
    struct clock clock;
    int64_t now_ns; /* both clocks: wall is NOON_NS later */
    struct store_options options;
    struct store *store;
    int acked, refused;
    uint64_t last_acked;
    struct error last_error;
};

static inline int64_t bench_boot_ns(void *ctx)
{
    return ((struct bench *)ctx)->now_ns;
}

static inline int64_t bench_wall_ns(void *ctx)
{
    return NOON_NS + ((struct bench *)ctx)->now_ns;
}

static inline int bench_open(struct bench *b, struct error *err)
{
    return store_open(&b->loop, &b->log, &b->clock, &b->options, &b->store, err);
}

static inline void bench_close(struct bench *b)
{
    store_close(b->store);
    b->store = NULL;
}

static inline void bench_reopen(struct bench *b)
{
    struct error err = { 0 };
    bench_close(b);
    if (bench_open(b, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void bench_remove_files(const struct bench *b)
{
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
    char name[128];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", b->path, ends[i]);
        unlink(name);
    }
}

/* A folder and a loop, no store yet. */
static inline void bench_init(struct bench *b)
{
    const char *base = getenv("TMPDIR");
    *b = (struct bench){ .log = { .fd = -1 }, .now_ns = NS_PER_S };
    snprintf(b->folder, sizeof(b->folder), "%.40s/muster-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof(b->path), "%s/muster.db", b->folder);
    b->clock = (struct clock){ bench_boot_ns, bench_wall_ns, b };
    b->options = (struct store_options){ .path = b->path, .retention_ns = 30 * DAY_NS };
    assert_int_equal(uv_loop_init(&b->loop), 0);
}

static inline void bench_release(struct bench *b)
{
    store_close(b->store);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    bench_remove_files(b);
    rmdir(b->folder);
}

/* As cmocka's set-up and tear-down; the store is open. */
static inline int bench_setup(void **state)
{
    struct error err = { 0 };
    struct bench *b = malloc(sizeof(*b));
    *state = b;
    if (!b)
        return -1;
    bench_init(b);
    if (bench_open(b, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static inline int bench_teardown(void **state)
{
    bench_release(*state);
    free(*state);
    return 0;
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

/* Until nothing waits to be written (or what is kept after a failure waits for the next write). */
static inline void bench_run(struct bench *b)
{
    uv_run(&b->loop, UV_RUN_DEFAULT);
}

static inline struct intent make_intent(uint64_t number)
{
    struct intent i = {
        .number = number,
        .kind = number % 5 == 0 ? INTENT_TERMINATE : INTENT_LAUNCH,
        .slots = 4,
        .price_usd_micro = 34000,
        .count = 2,
        .planned_wall_ns = NOON_NS + (int64_t)number,
        .planned_ns = 77,
        .sent_ns = 78,
    };
    snprintf(i.pool, sizeof(i.pool), "render");
    snprintf(i.offer, sizeof(i.offer), "local/here");
    snprintf(i.inventory, sizeof(i.inventory), "local");
    snprintf(i.token, sizeof(i.token), "token%027llu", (unsigned long long)number);
    if (i.kind == INTENT_TERMINATE) {
        i.count = 1;
        snprintf(i.node, sizeof(i.node), "node-%llu", (unsigned long long)number);
    }
    return i;
}

static inline void bench_acked(void *ctx, uint64_t number, const struct error *err)
{
    struct bench *b = ctx;
    if (err->code == 0) {
        b->acked++;
        b->last_acked = number;
    } else {
        b->refused++;
        b->last_error = *err;
    }
}

static inline void bench_write(struct bench *b, uint64_t number)
{
    struct intent intent = make_intent(number);
    assert_int_equal(store_write_intent(b->store, &intent, bench_acked, b, NULL), 0);
}

static inline void bench_end(struct bench *b, uint64_t number, enum intent_state how)
{
    struct intent intent = make_intent(number);
    intent.state = how;
    store_close_intent(b->store, &intent);
}

static inline struct sample make_sample(double waiting)
{
    return (struct sample){ .waiting = waiting, .running = 3, .has_running = true };
}

/* What a person would see with sqlite3: the first column of the first row, -1 for none. */
static inline int64_t ask_file(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t answer = -1;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    if (sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return answer;
}

static inline int64_t bench_ask(const struct bench *b, const char *sql)
{
    return ask_file(b->path, sql);
}

#endif
