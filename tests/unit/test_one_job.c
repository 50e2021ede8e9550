#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/one_job.h"
#include "tests/shipped.h"

#define TICKS 8

enum { IDLE, OD, ON_SPOT };

/* Every one of the 3^TICKS ways. */
static double best_way(const struct one_job *job, const bool *spot, int tick, int on,
                       int64_t changing_s, int64_t done_s)
{
    if (done_s >= job->work_s)
        return 0;
    if (tick == TICKS || (tick + 1) * job->tick_s > job->deadline_s)
        return INFINITY;
    double best = best_way(job, spot, tick + 1, IDLE, 0, done_s);
    for (int next = OD; next <= ON_SPOT; next++) {
        if (next == ON_SPOT && !spot[tick])
            continue;
        int64_t left_s = next == on ? changing_s : job->changeover_s;
        int64_t lost_s = left_s < job->tick_s ? left_s : job->tick_s;
        double price = next == OD ? job->on_demand_price : 1;
        best = fmin(best, price + best_way(job, spot, tick + 1, next, left_s - lost_s,
                                           done_s + job->tick_s - lost_s));
    }
    return best;
}

static void the_optimum_is_the_best_of_all_ways(void **state)
{
    (void)state;
    static const int64_t changeovers_s[] = { 0, 4, 5, 10, 12, 20, 25 };
    struct rng rng;
    rng_init(&rng, 3);
    int possible = 0;
    for (int i = 0; i < 600; i++) {
        struct one_job job = { 10, 5 + (int64_t)rng_below(&rng, 60), 80,
                               changeovers_s[rng_below(&rng, 7)], 1 + 3 * rng_unit(&rng) };
        bool spot[TICKS];
        for (int t = 0; t < TICKS; t++)
            spot[t] = rng_chance(&rng, 0.5);
        double cost = INFINITY;
        struct error err;
        int rc = one_job_optimum(&job, spot, TICKS, &cost, &err);
        double forced = best_way(&job, spot, 0, IDLE, 0, 0);
        assert_true(rc == 0 || rc == MUSTER_E_RANGE);
        possible += rc == 0;
        if (rc == 0 ? fabs(cost - forced) > 1e-4 : !isinf(forced))
            fail_msg("case %d: %g, by force %g", i, cost, forced);
    }
    assert_in_range(possible, 100, 590);
}

static void no_policy_is_late_or_beats_the_optimum(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 4);
    for (int i = 0; i < 300; i++) {
        enum { LEN = 60 };
        struct one_job job = { 600, 36 * 600, 0, (int64_t)rng_below(&rng, 3) * 360, 3 };
        job.deadline_s = job.work_s + (5 + (int64_t)rng_below(&rng, 15)) * 600;
        bool spot[LEN];
        bool there = rng_chance(&rng, 0.5);
        for (int t = 0; t < LEN; t++)
            spot[t] = there = rng_chance(&rng, 0.15) ? !there : there;
        double best = -1;
        assert_int_equal(one_job_optimum(&job, spot, LEN, &best, NULL), 0);
        for (int p = 0; p < ONE_JOB_POLICIES; p++) {
            struct one_job_run run;
            one_job_play(&job, spot, LEN, (enum one_job_policy)p, &run);
            if (run.late || run.cost < best - 1e-3)
                fail_msg("case %d, policy %d: %s, cost %g, optimum %g", i, p,
                         run.late ? "late" : "in time", run.cost, best);
        }
    }
}

static void by_hand(void **state)
{
    (void)state;
    /* Four ticks of work, eight to do it in, a changeover of half a tick, on demand twice as dear. */
    const struct one_job job = { 10, 40, 80, 5, 2 };
    static const struct {
        const char *name;
        const char *spot;
        enum one_job_policy policy;
        double cost;
        double on_demand_work_s;
    } cases[] = {
        { "on demand only", "11111111", ONE_JOB_ON_DEMAND, 10, 40 },
        { "spot all along", "11111111", ONE_JOB_GREEDY, 5, 0 },
        { "never spot", "00000000", ONE_JOB_GREEDY, 10, 40 },
        { "spot goes early", "11000000", ONE_JOB_GREEDY, 2 + 6, 25 },
        { "goes on demand at once", "00000000", ONE_JOB_UNIFORM_PAPER, 10, 40 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool spot[8];
        struct one_job_run run;
        for (int t = 0; t < 8; t++)
            spot[t] = cases[i].spot[t] == '1';
        one_job_play(&job, spot, 8, cases[i].policy, &run);
        if (run.late || fabs(run.cost - cases[i].cost) > 1e-9 ||
            fabs(run.on_demand_work_s - cases[i].on_demand_work_s) > 1e-9)
            fail_msg("%s: cost %g, on demand %g s, %s", cases[i].name, run.cost,
                     run.on_demand_work_s, run.late ? "late" : "in time");
    }
}

/* A tenth of a hundredth of the published experiment; all of it is bench_cant_be_late. */
static void a_few_shipped_traces(void **state)
{
    (void)state;
    static const struct {
        int policy;
        double cost; /* mean over these traces, of 48 h on demand */
    } expected[] = { { ONE_JOB_ON_DEMAND, 1.0069 }, { ONE_JOB_GREEDY, 0.8071 } };
    struct cbl *cbl = cbl_read();
    if (!cbl) {
        print_message(
            "[  SKIPPED ] the reference data is not here: set MUSTER_DATA to its directory\n");
        return;
    }
    const struct one_job job = { CBL_TICK_S, 48 * 3600, 60 * 3600, 720, CBL_PRICE };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        double sum = 0;
        for (size_t n = 0; n < CBL_POOLS * CBL_STARTS; n += 20) {
            struct one_job_run run;
            one_job_play(&job, cbl->spot[n / CBL_STARTS] + cbl->start[n % CBL_STARTS], CBL_TICKS,
                         (enum one_job_policy)expected[i].policy, &run);
            assert_false(run.late);
            sum += run.cost / (288 * CBL_PRICE) / (CBL_POOLS * CBL_STARTS / 20);
        }
        if (fabs(sum - expected[i].cost) > 5e-5)
            fail_msg("policy %d: %.4f, not %.4f", expected[i].policy, sum, expected[i].cost);
    }
    free(cbl);
}

/*
 * The whole published experiment for one setting, policies only (they take no time), and one trace in
 * twenty of the optimum's; the rest is bench_cant_be_late.
 */
static void the_published_rows(void **state)
{
    (void)state;
    static const double rerun[ONE_JOB_POLICIES] = { 1.0069, 0.7898, 0.7647, 0.7480, 0.7642 };
    double cost[ONE_JOB_POLICIES] = { 0 };
    double optimum = 0;
    struct cbl *cbl = cbl_read();
    if (!cbl)
        return;
    const struct one_job job = { CBL_TICK_S, 48 * 3600, 60 * 3600, 720, CBL_PRICE };
    for (size_t n = 0; n < CBL_POOLS * CBL_STARTS; n++) {
        const bool *spot = cbl->spot[n / CBL_STARTS] + cbl->start[n % CBL_STARTS];
        for (int p = 0; p < ONE_JOB_POLICIES; p++) {
            struct one_job_run run;
            one_job_play(&job, spot, CBL_TICKS, (enum one_job_policy)p, &run);
            cost[p] += run.cost / (288 * CBL_PRICE) / (CBL_POOLS * CBL_STARTS);
        }
        double best = 0;
        if (n % 20 == 0) {
            assert_int_equal(one_job_optimum(&job, spot, CBL_TICKS, &best, NULL), 0);
            optimum += best / (288 * CBL_PRICE) / (CBL_POOLS * CBL_STARTS / 20);
        }
    }
    free(cbl);
    for (int p = 0; p < ONE_JOB_POLICIES; p++) {
        if (fabs(cost[p] - rerun[p]) > 0.005)
            fail_msg("policy %d: %.4f, the rerun %.4f", p, cost[p], rerun[p]);
    }
    if (fabs(optimum - 0.6743) > 5e-5)
        fail_msg("optimum of every twentieth trace: %.4f, not 0.6743", optimum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_optimum_is_the_best_of_all_ways),
        cmocka_unit_test(no_policy_is_late_or_beats_the_optimum),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(a_few_shipped_traces),
        cmocka_unit_test(the_published_rows),
    };
    return cmocka_run_group_tests_name("one job", tests, NULL, NULL);
}
