/*
 * Every allocation of SQLite (and of the store) made to fail in turn. SQLite survives some and reports
 * others; whatever it does, what was acknowledged is in the file, what was refused is not, and the
 * next try works.
 */
#include "oom.h"
#include "store_help.h"

static sqlite3_mem_methods real;

static void *failing_malloc(int size)
{
    return oom_now() ? NULL : real.xMalloc(size);
}

static void *failing_realloc(void *old, int size)
{
    return oom_now() ? NULL : real.xRealloc(old, size);
}

static int use_failing_allocator(void **state)
{
    sqlite3_mem_methods failing;
    (void)state;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
        return -1;
    failing = real;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK ? 0 : -1;
}

static void refused_for_memory(const struct error *err, long n)
{
    if (err->code != MUSTER_E_NOMEM)
        fail_msg("allocation %ld: %d %s", n, err->code, err->text);
}

static void opening(void **state)
{
    struct bench *b = *state;
    long n = 0;
    for (; oom_sweep(n); n++) {
        struct error err = { 0 };
        bench_close(b);
        if (n % 2 == 0)
            bench_remove_files(b);
        oom_arm(n);
        int rc = bench_open(b, &err);
        oom_disarm();
        if (rc < 0)
            refused_for_memory(&err, n);
        assert_int_equal(rc == 0, b->store != NULL);
    }
    assert_true(n > 50);
}

static void writing_and_reading(void **state)
{
    struct bench *b = *state;
    struct decision decision = { .number = 1, .at_wall_ns = NOON_NS };
    trail_step(&decision.trail, STAGE_DECIDE, "fixed", 0, 4, "slots");
    long n = 0;
    for (; oom_sweep(n); n++) {
        struct store_recovered r = { 0 };
        struct buf out = { 0 };
        struct error err = { 0 };
        bench_reopen(b); /* nothing prepared, nothing cached */
        b->now_ns += 10 * NS_PER_S;
        oom_arm(n);
        int rc = store_recover(b->store, &r, &err);
        struct intent intent = make_intent((uint64_t)n + 1);
        if (store_write_intent(b->store, &intent, bench_acked, b, &b->last_error) < 0)
            b->refused++;
        store_decision(b->store, "render", &decision);
        bench_run(b);
        int read = store_decision_at(b->store, "render", NOON_NS, &out, &b->last_error);
        oom_disarm();
        if (rc < 0)
            refused_for_memory(&err, n);
        if (b->refused > 0 || (read < 0 && read != MUSTER_E_NOTFOUND))
            refused_for_memory(&b->last_error, n);
        store_recovered_release(&r);
        buf_release(&out);
        assert_int_equal(b->acked + b->refused, n + 1);
    }
    assert_true(n > 100);
    bench_close(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), b->acked);
    assert_in_range(bench_ask(b, "SELECT count(*) FROM decisions"), b->acked - 5, b->acked + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(opening),
        bench_test(writing_and_reading),
    };
    return cmocka_run_group_tests(tests, use_failing_allocator, NULL);
}
