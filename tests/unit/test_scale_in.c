/*
 * What giving back costs, by the core's own window and pace: machines are there at once, each tick
 * needs so many, each start costs five ticks. Beside the clairvoyant fleet (sim/levels.h), and beside
 * the idle timer of five ticks, which is never worse than twice it.
 */
#include <stdlib.h>

#include "core_fixture.h"
#include "sim/levels.h"
#include "tests/shipped.h"

#define TICK_S      60
#define START_TICKS 5

/* pace: { in: { after: 1 tick, at_most: 15% / 1 tick } } */
#define SCALE_IN_HOLD  1
#define SCALE_IN_SHARE 0.15

/* Wanted slots after all guards, for each tick's demand; NULL: the trace is not here. */
static double *follow(const double *demand, size_t len, int64_t hold_ticks, double share)
{
    struct core core;
    double *fleet = calloc(len, sizeof(*fleet));
    struct pool_spec *spec = core_spec("p");
    assert_non_null(fleet);
    spec->slots_max = spec->nodes_max = 1000;
    spec->stale_after_ns = SECONDS(1e6);
    spec->in.after_ns = SECONDS(hold_ticks * TICK_S);
    if (share > 0)
        spec->in.rate = (struct rate){ RATE_PERCENT, share, SECONDS(TICK_S) };
    core_scale(spec, &policy_backlog, "per_slot", "1", NULL);
    core_start(&core);
    core_pool(&core, spec);
    for (size_t t = 0; t < len; t++) {
        core.now_ns += SECONDS(TICK_S);
        core_sample(&core, "p", demand[t], 0);
        fleet[t] = (double)core_view(&core, "p").desired;
        assert_true(fleet[t] >= demand[t]);
    }
    core_stop(&core);
    return fleet;
}

static double cost_of(const double *fleet, size_t len)
{
    double cost = 0;
    for (size_t t = 0; t < len; t++) {
        double before = t > 0 ? fleet[t - 1] : 0;
        cost += fleet[t] + (fleet[t] > before ? START_TICKS * (fleet[t] - before) : 0);
    }
    return cost;
}

static double ratio(const double *demand, size_t len, int64_t hold_ticks, double share)
{
    double best = 0;
    double *fleet = follow(demand, len, hold_ticks, share);
    double cost = cost_of(fleet, len);
    assert_int_equal(levels_optimum(demand, len, START_TICKS, &best, NULL), 0);
    free(fleet);
    return cost / best;
}

/* The window of the core is an idle timer of that length on every level. */
static void a_window_is_an_idle_timer(void **state)
{
    (void)state;
    static double demand[600];
    double timer = 0;
    double best = 0;
    for (size_t t = 0; t < 600; t++)
        demand[t] = (double)((t * t / 7 + t * 13) % 17 > 11 ? (t * 31 / 10) % 23 : 2);
    levels_rule(demand, 600, START_TICKS, LEVEL_RULE_TIMEOUT, 5, &timer, NULL);
    levels_optimum(demand, 600, START_TICKS, &best, NULL);
    double own = ratio(demand, 600, 5, 0);
    if (own < timer / best * 0.98 || own > timer / best * 1.02)
        fail_msg("%g, the timer %g", own, timer / best);
}

/* What is asked of it on the shipped traces: a tick of window, and 15 % less per tick at most. */
static void on_shipped_traces(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double capacity, at_most, timer;
    } traces[] = {
        { "arrivals/nyc_taxi_30min.csv", 500, 1.10, 1.1239 },
        { "arrivals/aws_elb_requests_5min.csv", 10, 1.20, 1.2444 },
        { "arrivals/twitter_amzn_5min.csv", 10, 1.12, 1.1332 },
    };
    for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
        size_t len;
        double *demand = shipped_counts(traces[i].name, &len);
        if (!demand) {
            print_message("[  SKIPPED ] the reference data is not here: set MUSTER_DATA to its "
                          "directory\n");
            return;
        }
        for (size_t t = 0; t < len; t++)
            demand[t] =
                (double)(int64_t)((demand[t] + traces[i].capacity - 1) / traces[i].capacity);
        double own = ratio(demand, len, SCALE_IN_HOLD, SCALE_IN_SHARE);
        print_message("%s: %.4f of the optimum, an idle timer %.4f\n", traces[i].name, own,
                      traces[i].timer);
        free(demand);
        if (own > traces[i].at_most || own > traces[i].timer)
            fail_msg("%s: %.4f", traces[i].name, own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_an_idle_timer),
        cmocka_unit_test(on_shipped_traces),
    };
    return cmocka_run_group_tests_name("scale in", tests, NULL, NULL);
}
