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
        { 10, 8, "poisson 8/s, for 1d, service exponential 1s" },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mmc),
        cmocka_unit_test(test_md1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
