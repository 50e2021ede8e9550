/*
 * Every allocation of the store made to fail in turn: opening, recovering, asking, writing, reading
 * back. Either a thing is done or it is said not to be; nothing leaks, nothing hangs, and afterwards
 * the file has exactly what was acknowledged.
 */
#include "oom.h"
#include "store_help.h"

static void opening(void **state)
{
    struct bench *b = *state;
    for (long n = 0; oom_sweep(n); n++) {
        struct error err = { 0 };
        bench_close(b);
        oom_arm(n);
        int rc = bench_open(b, &err);
        bool failed = oom_disarm();
        assert_int_equal(rc, failed ? MUSTER_E_NOMEM : 0);
        assert_int_equal(err.code, rc);
        assert_int_equal(b->store == NULL, failed);
    }
}

static void recovering(void **state)
{
    struct bench *b = *state;
    for (uint64_t n = 1; n <= 30; n++)
        bench_write(b, n);
    store_paused(b->store, "render", true, "alice");
    store_paused(b->store, "encode", true, "alice");
    bench_run(b);
    for (long n = 0; oom_sweep(n); n++) {
        struct store_recovered r = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = store_recover(b->store, &r, &err);
        bool failed = oom_disarm();
        assert_int_equal(rc, failed ? MUSTER_E_NOMEM : 0);
        assert_int_equal(r.own == NULL, failed);
        store_recovered_release(&r);
    }
}

/* An intent that was not taken is never answered; one that was is answered once. */
static void asking(void **state)
{
    struct bench *b = *state;
    struct sample sample = make_sample(1);
    struct decision decision = { .number = 1, .at_wall_ns = NOON_NS };
    struct store_health health;
    trail_step(&decision.trail, STAGE_DECIDE, "fixed", 0, 4, "slots");
    int taken = 0;
    int unrecorded = 0;
    uint64_t lost = 0;
    for (long n = 0; oom_sweep(n); n++) {
        struct intent intent = make_intent((uint64_t)n + 1);
        oom_arm(n);
        int rc = store_write_intent(b->store, &intent, bench_acked, b, NULL);
        unrecorded += store_served(b->store, intent.number, NULL, NULL, NULL) < 0;
        store_close_intent(b->store, &intent);
        store_paused(b->store, "render", true, "alice");
        store_sample(b->store, "render", NOON_NS + n * 20 * NS_PER_S, &sample);
        store_decision(b->store, "render", &decision);
        store_cost(b->store, "render", NOON_NS, 1, 1);
        lost += oom_disarm();
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        taken += rc == 0;
        bench_run(b);
        assert_int_equal(b->acked, taken);
    }
    assert_int_equal(b->refused, 0);
    store_health(b->store, &health);
    /* One intent and one "may be working" (both told at once), two other pieces of state (counted as
     * failures), the rest history. */
    assert_int_equal(unrecorded, 1);
    assert_int_equal(health.failures, 2);
    assert_true(health.dropped >= 3 && health.dropped + health.failures + 2 <= lost);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), taken);
}

/* While the writer works: the batch fails as a whole, and the file is as it was. */
static void writing(void **state)
{
    struct bench *b = *state;
    struct decision decision = { .number = 1, .at_wall_ns = NOON_NS };
    for (int i = 0; i < TRAIL_STEPS_MAX; i++)
        trail_step(&decision.trail, STAGE_DECIDE, "backlog", 0, i, "{waiting} waiting",
                   TRAIL_COUNT("waiting", i));
    for (long n = 0; oom_sweep(n); n++) {
        bench_write(b, (uint64_t)n + 1);
        store_decision(b->store, "render", &decision);
        int acked = b->acked;
        oom_arm(n);
        bench_run(b);
        bool failed = oom_disarm();
        assert_int_equal(b->acked, acked + !failed);
        assert_int_equal(b->refused, n + failed);
        if (failed)
            assert_int_equal(b->last_error.code, MUSTER_E_NOMEM);
    }
    assert_true(b->refused > 0);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), b->acked);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM decisions"), b->acked);
}

static void reading_back(void **state)
{
    struct bench *b = *state;
    struct decision decision = { .number = 1, .at_wall_ns = NOON_NS };
    trail_step(&decision.trail, STAGE_DECIDE, "fixed", 0, 4, "slots");
    store_decision(b->store, "render", &decision);
    bench_run(b);
    for (long n = 0; oom_sweep(n); n++) {
        struct buf out = { 0 };
        oom_arm(n);
        int rc = store_decision_at(b->store, "render", NOON_NS, &out, NULL);
        assert_int_equal(rc, oom_disarm() ? MUSTER_E_NOMEM : 0);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(opening), bench_test(recovering),   bench_test(asking),
        bench_test(writing), bench_test(reading_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
