/* The small parts of lib/sim: agenda, waits, distributions, boots, series, shapes of work. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/agenda.h"
#include "sim/boot.h"
#include "sim/market.h"
#include "sim/synthetic.h"
#include "sim/waits.h"

#define S NS_PER_S

static void test_agenda(void **state)
{
    (void)state;
    struct agenda agenda = { 0 };
    struct rng rng;
    rng_init(&rng, 3);
    for (uint32_t i = 0; i < 2000; i++)
        assert_true(
            agenda_add(&agenda, (struct agenda_entry){ (int64_t)rng_below(&rng, 50), .n = i }));
    struct agenda_entry last = agenda_take(&agenda);
    for (uint32_t i = 1; i < 2000; i++) {
        struct agenda_entry next = agenda_take(&agenda);
        /* By time, and as they were planned. */
        assert_true(next.at_ns > last.at_ns || (next.at_ns == last.at_ns && next.n > last.n));
        last = next;
    }
    assert_true(agenda_next_ns(&agenda) == INT64_MAX);
    agenda_release(&agenda);
}

static void test_waits(void **state)
{
    (void)state;
    struct sim_waits waits;
    assert_int_equal(sim_waits_init(&waits, NULL), 0);
    assert_int_equal(sim_waits_quantile(&waits, 0.5), 0);
    for (int64_t i = 1; i <= 10000; i++)
        sim_waits_add(&waits, i * 1000003, 1);
    static const double shares[] = { 0.01, 0.5, 0.95, 0.99, 1 };
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        double expected = shares[i] * 1e4 * 1000003;
        assert_true(fabs((double)sim_waits_quantile(&waits, shares[i]) / expected - 1) < 0.008);
    }
    assert_int_equal(waits.max_ns, INT64_C(10000030000));
    assert_true(fabs(sim_waits_mean_ns(&waits) / (5000.5 * 1000003) - 1) < 1e-9);
    sim_waits_clear(&waits);
    sim_waits_add(&waits, 0, 3);
    sim_waits_add(&waits, INT64_MAX, 1);
    assert_int_equal(sim_waits_quantile(&waits, 0.75), 0);
    assert_true(sim_waits_quantile(&waits, 1) > INT64_MAX / 100 * 99);
    sim_waits_release(&waits);
}

static void test_dists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double mean_s, tolerance;
    } cases[] = {
        { "30s", 30, 1e-9 },
        { "exponential 2m", 120, 0.02 },
        { "lognormal 30s cv 1.2", 30, 0.02 },
        { "pareto 10s shape 2.5", 10, 0.05 },
        { "quantiles 0%=0s 50%=10s 100%=30s", 12.5, 0.01 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_dist dist;
        struct sim_dist again;
        struct buf printed = { 0 };
        assert_int_equal(sim_dist_parse(str_from(cases[i].text), &dist, NULL), 0);
        assert_true(fabs(sim_dist_mean_ns(&dist) / 1e9 / cases[i].mean_s - 1) < 1e-9);
        sim_dist_print(&dist, &printed);
        assert_int_equal(sim_dist_parse(buf_str(&printed), &again, NULL), 0);
        assert_int_equal(again.kind, dist.kind);
        buf_release(&printed);
        struct rng rng;
        rng_init(&rng, 11);
        double sum = 0;
        for (int k = 0; k < 100000; k++)
            sum += (double)sim_dist_draw(&dist, &rng) / 1e9;
        assert_true(fabs(sum / 1e5 / cases[i].mean_s - 1) < cases[i].tolerance);
    }
}

static void test_bad_dists(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "30",
        "-3s",
        "never",
        "lognormal 30s",
        "lognormal 30s cv 0",
        "lognormal 30s cv nan",
        "pareto 10s shape 1",
        "quantiles",
        "quantiles 50%=9s 40%=10s",
        "quantiles 50%=9s 60%=8s",
        "quantiles 120%=9s",
        "exponential 30s more",
        "uniform 3s",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sim_dist dist;
        struct error err = { 0 };
        assert_int_equal(sim_dist_parse(str_from(texts[i]), &dist, &err), MUSTER_E_INVALID);
        assert_non_null(strstr(err.text, "expected"));
    }
}

static void test_boots(void **state)
{
    (void)state;
    struct sim_boot boot;
    assert_int_equal(
        sim_boot_parse(STR("aws, failures 2%, stragglers 10% x4, warm 20s"), &boot, NULL), 0);
    assert_true(fabs(boot.failures - 0.02) < 1e-12 && fabs(boot.stragglers - 0.1) < 1e-12);
    assert_true(fabs(boot.straggle - 4) < 1e-12 && fabs(boot.warm.mean_ns - 20e9) < 1);
    assert_true(fabs(boot.boot.mean_ns - 56e9) < 1);
    for (size_t i = 0; sim_boot_profiles[i]; i++)
        assert_non_null(sim_boot_profile(sim_boot_profiles[i]));
    static const char *const bad[] = { "",
                                       "moon",
                                       "aws, moon",
                                       "aws,",
                                       "aws, warm",
                                       "aws, failures 200%",
                                       "aws, failures",
                                       "30s, stragglers 5% x0" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sim_boot_parse(str_from(bad[i]), &boot, NULL), MUSTER_E_INVALID);
}

static void test_series(void **state)
{
    (void)state;
    struct sim_series s = { 0 };
    assert_int_equal(sim_series_add(&s, 10 * S, 5, NULL), 0);
    assert_int_equal(sim_series_add(&s, 20 * S, 7, NULL), 0);
    assert_int_equal(sim_series_add(&s, 20 * S, 9, NULL), 0);
    assert_int_equal(sim_series_add(&s, 15 * S, 9, NULL), MUSTER_E_RANGE);
    assert_int_equal(sim_series_at(&s, 9 * S, -1), -1);
    assert_int_equal(sim_series_at(&s, 10 * S, -1), 5);
    assert_int_equal(sim_series_at(&s, 100 * S, -1), 9);
    assert_int_equal(sim_series_at(NULL, 0, 4), 4);
    double expected = (2.0 * 5 + 5 * 10 + 9 * 10) / 3600;
    assert_true(fabs(sim_series_hours(&s, 5 * S, 30 * S, 2) - expected) < 1e-12);
    sim_series_release(&s);
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double jobs, tolerance;
    } cases[] = {
        { "steady 60/m, for 1h, service 1s", 3599, 1e-9 },
        { "poisson 2/s, for 10h", 72000, 0.02 },
        { "poisson 48000/d, for 14d, daily 80%", 672000, 0.01 },
        { "poisson 48000/d, for 14d, weekend 50%", 576000, 0.01 },
        { "poisson 1/s, for 4d, bursts x10 every 54m lasting 6m", 656640, 0.15 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_shape shape;
        struct sim_work *work;
        struct sim_job job;
        int64_t jobs = 0;
        int64_t last_ns = 0;
        assert_int_equal(sim_shape_parse(str_from(cases[i].text), &shape, NULL), 0);
        assert_int_equal(sim_work_synthetic(&shape, 5, &work, NULL), 0);
        for (; sim_work_next(work, &job, NULL) == 1; jobs++) {
            assert_true(job.arrival_ns >= last_ns && job.service_ns > 0 && job.count == 1);
            last_ns = job.arrival_ns;
        }
        assert_true(fabs((double)jobs / cases[i].jobs - 1) <= cases[i].tolerance);
        int64_t first = 0;
        assert_int_equal(sim_work_rewind(work, NULL), 0);
        while (sim_work_next(work, &job, NULL) == 1)
            first++;
        assert_int_equal(first, jobs);
        assert_int_equal(job.arrival_ns, last_ns);
        sim_work_free(work);
    }
}

static void test_bad_shapes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "poisson",
        "poisson 3",
        "poisson 0/s",
        "poisson -1/s",
        "poisson 1/s, for",
        "poisson 1/s, for 0s",
        "steady 1/year",
        "poisson 1/s, moon",
        "poisson 1/s, bursts x3",
        "poisson nan/s",
        "poisson 1/s, daily 120%",
        "poisson 1/s,",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sim_shape shape;
        struct error err = { 0 };
        assert_int_equal(sim_shape_parse(str_from(texts[i]), &shape, &err), MUSTER_E_INVALID);
        assert_non_null(strstr(err.text, "expected"));
    }
    assert_false(sim_shape_is_one(STR("jobs.csv")));
    assert_false(sim_shape_is_one(STR("poisson")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agenda), cmocka_unit_test(test_waits),
        cmocka_unit_test(test_dists),  cmocka_unit_test(test_bad_dists),
        cmocka_unit_test(test_boots),  cmocka_unit_test(test_series),
        cmocka_unit_test(test_shapes), cmocka_unit_test(test_bad_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
