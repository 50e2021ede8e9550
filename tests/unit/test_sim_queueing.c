/* The engine against the theory of queues: Poisson arrivals, exponential services, a fixed fleet. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/erlang.h"
#include "tests/unit/sim_fixture.h"

static double mean_wait_s(int servers, const char *work)
{
    char policy[400];
    snprintf(policy, sizeof(policy),
             "slots: { min: %d, max: %d }\n"
             "scale: [ fixed: %d ]\n"
             "queue: { redis: { list: jobs }, every: 1m, stale_after: 10m }\n"
             "health: { heartbeat: 1m }\n"
             "buy: { offers: [ local: { slots: %d, command: worker, price: 1 USD/h } ] }\n",
             servers, servers, servers, servers);
    struct sim_options options;
    sim_options_default(&options);
    options.ignore_ns = 600 * NS_PER_S;
    struct control_options control;
    control_options_default(&control);
    control.tick_ns = control.list_every_ns = 60 * NS_PER_S;
    options.control = &control;
    struct sim_result result = sim_fixture_run(policy, sim_fixture_work(work), &options);
    assert_int_equal(result.left, 0);
    assert_int_equal(result.redone, 0);
    double mean_s = sim_waits_mean_ns(&result.wait) / 1e9;
    sim_result_release(&result);
    return mean_s;
}

static void test_mmc(void **state)
{
    (void)state;
    static const struct {
        int servers;
        double load;
        const char *work;
    } cases[] = {
        { 1, 0.5, "poisson 0.5/s, for 16d, service exponential 1s" },
        { 10, 8, "poisson 8/s, for 3d, service exponential 1s" },
        { 100, 90, "poisson 90/s, for 4h, service exponential 1s" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double expected = erlang_wait(cases[i].servers, cases[i].load);
        double found = mean_wait_s(cases[i].servers, cases[i].work);
        double off = found / expected - 1;
        print_message("M/M/%d, load %g: mean wait %.5f s, by Erlang %.5f s, %+.2f %%\n",
                      cases[i].servers, cases[i].load, found, expected, off * 100);
        assert_true(fabs(off) < 0.02);
    }
}

/* Pollaczek and Khinchine: constant services wait half as long as exponential ones. */
static void test_md1(void **state)
{
    (void)state;
    double found = mean_wait_s(1, "poisson 0.5/s, for 8d, service 1s");
    assert_true(fabs(found / 0.5 - 1) < 0.02);
}

/* ---- backlog tracking, seen too late --------------------------------------------------------------- */

/*
 * n = Q S / D with Q as it was L ago, so Q' = lambda - Q(t - L) / D: it comes to rest without swinging
 * for L <= D/e, swings but comes to rest below pi D/2, and goes on for ever past that.
 */
#define TARGET_S 60
#define LAGS_MAX 200

struct lagged {
    int64_t seen[LAGS_MAX]; /* a ring of backlogs, one a second */
    int64_t count;
    int64_t lag_s;
};

static int64_t track_backlog(void *ctx, const struct sim_view *seen)
{
    struct lagged *l = ctx;
    l->seen[l->count++ % LAGS_MAX] = seen->waiting;
    int64_t then = l->count - 1 - l->lag_s;
    int64_t backlog = then >= 0 ? l->seen[then % LAGS_MAX] : 0;
    return (backlog + TARGET_S - 1) / TARGET_S;
}

struct swing {
    double overshoot;   /* highest backlog / the one at rest */
    double early, late; /* highest - lowest, by the one at rest: second and last quarter */
    int64_t reversals;
};

static double width(const struct sim_result *r, size_t from, size_t to, double rest)
{
    double low = INFINITY;
    double high = 0;
    for (size_t i = from; i < to; i++) {
        low = fmin(low, (double)r->series.at[i].waiting);
        high = fmax(high, (double)r->series.at[i].waiting);
    }
    return (high - low) / rest;
}

static struct swing track(int64_t lag_s)
{
    struct lagged lagged = { .lag_s = lag_s };
    const struct sim_decider decider = {
        .name = "backlog", .every_ns = NS_PER_S, .nodes = track_backlog, .ctx = &lagged
    };
    struct sim_market market;
    sim_market_init(&market);
    market.call_ns = 0;
    struct sim_options options;
    sim_options_default(&options);
    options.decider = &decider;
    options.market = &market;
    options.boot = sim_boot_profile("instant");
    options.series_every_ns = NS_PER_S;
    options.duration_ns = 7200 * NS_PER_S;
    struct sim_result r =
        sim_fixture_run("slots: { max: 5000 }\nscale: [ fixed: 1 ]\nnodes: { max: 5000 }\n",
                        sim_fixture_work("steady 50/s, for 3h, service 1s"), &options);
    double rest = 50 * TARGET_S;
    size_t n = r.series.len;
    double high = 0;
    for (size_t i = 0; i < n; i++)
        high = fmax(high, (double)r.series.at[i].waiting);
    struct swing swing = {
        .overshoot = high / rest,
        .early = width(&r, n / 4, n / 2, rest),
        .late = width(&r, n - n / 4, n, rest),
        .reversals = r.reversals,
    };
    print_message("target %d s, lag %d s: highest %.2f, swings %.2f, later %.2f of the backlog at "
                  "rest, %d reversals\n",
                  TARGET_S, (int)lag_s, swing.overshoot, swing.early, swing.late,
                  (int)swing.reversals);
    sim_result_release(&r);
    sim_market_release(&market);
    return swing;
}

static void test_backlog_tracking_oscillates(void **state)
{
    (void)state;
    struct swing calm = track(18); /* D/e is 22.1 s */
    assert_true(calm.overshoot < 1.03);
    assert_true(calm.late < 0.05);
    struct swing damped = track(45);
    assert_true(damped.overshoot > 1.1);
    assert_true(damped.late < 0.05);
    struct swing cycle = track(120); /* pi D/2 is 94.2 s */
    assert_true(cycle.late > 1);
    assert_true(cycle.late > 0.7 * cycle.early);
    assert_true(cycle.reversals > 10);
}

/* The same with muster's own policies and machines that take 150 s: what it costs to be too late. */
static struct sim_result late_machines(const char *rule)
{
    char policy[600];
    snprintf(
        policy, sizeof(policy),
        "queue: { redis: { list: jobs, running: r, completed: c } }\n"
        "slots: { max: 2000 }\nnodes: { max: 1000 }\n"
        "scale:\n  - %s\n"
        "pace: { out: { after: 0s }, in: { after: 0s, at_most: unlimited } }\n"
        "health: { heartbeat: 5s, ready_within: 10m }\n"
        "buy: { offers: [ local: { command: worker, slots: 2, max: 1000, price: 0.1 USD/h } ] }\n",
        rule);
    struct sim_boot boot;
    struct sim_options options;
    assert_int_equal(sim_boot_parse(STR("150s"), &boot, NULL), 0);
    sim_options_default(&options);
    options.boot = &boot;
    struct sim_work *work = sim_fixture_work("steady 100/s, for 1h, service 1s");
    struct sim_result result = sim_fixture_run(policy, work, &options);
    print_message("%s, boot 150 s: $%.2f, %d nodes started, %d reversals\n", rule,
                  sim_result_cost_usd(&result), (int)result.starts, (int)result.reversals);
    return result;
}

static void test_a_backlog_rule_with_slow_machines(void **state)
{
    (void)state;
    struct sim_result backlog = late_machines("backlog: 6");
    struct sim_result drain = late_machines("drain: { within: 5m, service: 1s }");
    assert_true(backlog.reversals > 50);
    assert_true(drain.reversals < 10);
    assert_true(sim_result_cost_usd(&backlog) > 5 * sim_result_cost_usd(&drain));
    /* 100 slots of 0.05 USD/h for an hour would be the least. */
    assert_true(sim_result_cost_usd(&drain) < 1.1 * 5);
    sim_result_release(&backlog);
    sim_result_release(&drain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mmc),
        cmocka_unit_test(test_md1),
        cmocka_unit_test(test_backlog_tracking_oscillates),
        cmocka_unit_test(test_a_backlog_rule_with_slow_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
