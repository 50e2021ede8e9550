/* Every allocation of a simulation made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/print.h"
#include "sim/trace.h"
#include "tests/unit/oom.h"
#include "tests/unit/scratch.h"
#include "tests/unit/sim_fixture.h"

#define S NS_PER_S

static const char elastic[] = "slots: { max: 8 }\nscale: [ backlog: 1 ]\n"
                              "pace: { in: { after: 1m, at_most: unlimited } }\n";

static void check(int rc)
{
    bool hit = oom_disarm();
    assert_true(rc >= 0 || rc == MUSTER_E_NOMEM);
    assert_true(rc >= 0 || hit);
}

static int64_t follow(void *ctx, const struct sim_view *seen)
{
    (void)ctx;
    return seen->waiting + seen->running;
}

static void sweep(struct sim_options *options)
{
    static const struct sim_job jobs[] = { { 30 * S, 100 * S, 6 }, { 400 * S, 10 * S, 1 } };
    for (long n = 0; oom_sweep(n); n++) {
        struct pool_spec *spec = sim_fixture_spec(elastic);
        struct sim_result result = { 0 };
        options->work = sim_fixture_jobs(jobs, 2);
        oom_arm(n);
        int rc = sim_run(spec, options, &result, NULL);
        check(rc);
        if (rc < 0)
            assert_null(result.wait.bins);
        else
            assert_int_equal(result.done, 7);
        sim_result_release(&result);
        sim_work_free(options->work);
    }
}

static void test_run(void **state)
{
    (void)state;
    struct sim_market market;
    struct sim_options options;
    sim_market_init(&market);
    struct sim_offer_market *offer = sim_market_add(&market, "*");
    assert_non_null(offer);
    sim_series_add(&offer->capacity, 0, 9, NULL);
    sim_series_add(&offer->capacity, 60 * S, 2, NULL);
    sim_series_add(&offer->price, 10 * S, 1000, NULL);
    sim_options_default(&options);
    options.market = &market;
    options.redeliver_ns = 5 * S;
    options.series_every_ns = 30 * S;
    sweep(&options);
    sim_market_release(&market);
}

static void test_decider(void **state)
{
    (void)state;
    const struct sim_decider decider = { .name = "d", .every_ns = 5 * S, .nodes = follow };
    struct sim_options options;
    sim_options_default(&options);
    options.decider = &decider;
    sweep(&options);
}

static void test_traces(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "j.csv", "t_s,service_s\n0,1\n5,2\n" },
        { "c.csv", "t_s,count\n0,1\n60,2\n" },
        { "d.csv", "t_s,waiting,completed\n0,1,0\n60,2,5\n" },
        { "a.swf", "1 0 0 10 1\n" },
    };
    struct scratch scratch;
    struct sim_trace_options options;
    sim_trace_options_default(&options);
    options.has_service = true;
    options.service = sim_dist_constant(S);
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        scratch_write(&scratch, texts[i][0], texts[i][1]);
        for (long n = 0; oom_sweep(n); n++) {
            struct sim_work *work = NULL;
            oom_arm(n);
            int rc = sim_work_open(scratch_path(&scratch, texts[i][0]), &options, &work, NULL);
            check(rc);
            assert_true((rc == 0) == (work != NULL));
            sim_work_free(work);
        }
    }
    for (long n = 0; oom_sweep(n); n++) {
        struct sim_work *work = NULL;
        oom_arm(n);
        check(sim_work_open("poisson 1/s, for 10s", &options, &work, NULL));
        sim_work_free(work);
    }
    scratch_drop(&scratch);
}

static void test_market(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_make(&scratch);
    scratch_write(&scratch, "m.csv",
                  "t_s,offer,pool,capacity,price_usd_h\n0,a,x,1,2\n5,b,x,0,1\n9,a,y,2,3\n");
    for (long n = 0; oom_sweep(n); n++) {
        struct sim_market market;
        sim_market_init(&market);
        oom_arm(n);
        check(sim_market_read(&market, scratch_path(&scratch, "m.csv"), NULL, NULL));
        sim_market_release(&market);
    }
    scratch_drop(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_decider),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_market),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
