/* One run at a time: what is waited, lost, paid, and refused. */
#include "sim/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/sim_fixture.h"

#define S NS_PER_S

static const char one_slot[] = "slots: { min: 1, max: 1 }\nscale: [ fixed: 1 ]\n";
static const char elastic[] = "slots: { max: 20 }\nscale: [ backlog: 1 ]\n"
                              "queue: { redis: { list: jobs, running: r, completed: c } }\n"
                              "pace: { in: { after: 1m, at_most: unlimited } }\n";

static struct sim_options plain(void)
{
    struct sim_options options;
    sim_options_default(&options);
    options.boot = sim_boot_profile("instant");
    return options;
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 100 * S, 10 * S, 3 }, { 101 * S, 5 * S, 1 } };
    struct sim_options options = plain();
    options.promise_ns = 15 * S;
    struct sim_result r = sim_fixture_run(one_slot, sim_fixture_jobs(jobs, 2), &options);
    assert_int_equal(r.arrived, 4);
    assert_int_equal(r.done, 4);
    assert_int_equal(r.duration_ns, 135 * S);
    assert_int_equal(r.wait.max_ns, 29 * S);
    assert_true(fabs(sim_waits_mean_ns(&r.wait) / 1e9 - (0 + 10 + 20 + 29) / 4.0) < 1e-6);
    assert_int_equal(r.judged, 4);
    assert_int_equal(r.late, 2);
    assert_true(fabs(r.busy_slot_s - 35) < 1e-6);
    sim_result_release(&r);
}

static void test_same_seed_same_run(void **state)
{
    (void)state;
    uint64_t hashes[4];
    for (int i = 0; i < 4; i++) {
        struct sim_options options;
        sim_options_default(&options);
        options.boot = sim_boot_profile("aws");
        options.seed = i == 1 ? 2 : 1;
        options.tick_also_ns = i == 3 ? S / 4 : 0;
        struct sim_work *work = sim_fixture_work(
            "poisson 0.2/s, for 4h, service exponential 30s, bursts x5 every 1h lasting 5m");
        struct sim_result r = sim_fixture_run(elastic, work, &options);
        assert_int_equal(r.done, r.arrived);
        assert_true(r.starts > 5);
        hashes[i] = r.trace_hash;
        sim_result_release(&r);
    }
    assert_true(hashes[0] == hashes[2]);
    assert_true(hashes[0] != hashes[1]);
    /* Ticks in which nothing is due change nothing: leaving them out is no simplification. */
    assert_true(hashes[0] == hashes[3]);
}

static void test_cost(void **state)
{
    (void)state;
    struct sim_options options = plain();
    options.duration_ns = 7200 * S;
    static const struct sim_job jobs[] = { { 100 * S, 1, 1 } };
    struct sim_result r = sim_fixture_run(one_slot, sim_fixture_jobs(jobs, 1), &options);
    double hours = r.cost.node_hours[MARKET_ON_DEMAND];
    assert_true(hours > 1.995 && hours <= 2);
    assert_true(fabs(sim_result_cost_usd(&r) - hours * 0.1) < 1e-9);
    assert_int_equal(r.duration_ns, 7200 * S);
    assert_true(r.serving_slot_s <= r.paid_slot_s);
    sim_result_release(&r);
}

static void test_minimum_bill(void **state)
{
    (void)state;
    struct sim_ledger ledger = { 0 };
    const struct offer offer = { .slots = 2, .market = MARKET_SPOT };
    sim_ledger_bill(&ledger, &offer, NULL, 3600000, 0, 10 * S, SIM_BILL_MINIMUM_NS);
    assert_true(fabs(ledger.usd_micro[MARKET_SPOT] - 60000) < 1e-6);
    assert_true(fabs(ledger.minimum_usd_micro - 50000) < 1e-6);
    sim_ledger_bill(&ledger, &offer, NULL, 3600000, 0, 100 * S, SIM_BILL_MINIMUM_NS);
    assert_true(fabs(ledger.usd_micro[MARKET_SPOT] - 160000) < 1e-6);
    assert_true(fabs(ledger.slot_hours[MARKET_SPOT] - 220.0 / 3600) < 1e-9);
}

static void test_jobs_left(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 100 * S, 3600 * S, 5 } };
    struct sim_options options = plain();
    options.duration_ns = 3600 * S;
    options.promise_ns = 600 * S;
    struct sim_result r = sim_fixture_run(one_slot, sim_fixture_jobs(jobs, 1), &options);
    assert_int_equal(r.left, 5);
    assert_int_equal(r.done, 0);
    assert_int_equal(r.late, 4);
    assert_int_equal(r.judged, 5);
    sim_result_release(&r);
    /* Without an end of its own it waits for them all, but not beyond its tail. */
    options.duration_ns = 0;
    options.tail_ns = 2 * 3600 * S;
    r = sim_fixture_run(one_slot, sim_fixture_jobs(jobs, 1), &options);
    assert_int_equal(r.duration_ns, 7300 * S);
    assert_int_equal(r.done, 1);
    sim_result_release(&r);
}

/* ---- the market ------------------------------------------------------------------------------------- */

static void test_preemption_redoes_work(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 100 * S, 1000 * S, 4 } };
    for (int notice = 0; notice < 2; notice++) {
        struct sim_market market;
        sim_market_init(&market);
        struct sim_offer_market *offer = sim_market_add(&market, "local*");
        assert_non_null(offer);
        offer->notice_ns = notice ? 120 * S : 0;
        sim_series_add(&offer->capacity, 0, 10, NULL);
        sim_series_add(&offer->capacity, 600 * S, 1, NULL);
        sim_series_add(&offer->capacity, 900 * S, 10, NULL);
        struct sim_options options = plain();
        options.market = &market;
        options.redeliver_ns = notice ? 0 : 30 * S;
        struct sim_result r = sim_fixture_run(elastic, sim_fixture_jobs(jobs, 1), &options);
        assert_int_equal(r.interruptions, 3);
        assert_int_equal(r.redone, 3);
        assert_int_equal(r.done, 4);
        assert_int_equal(r.wait.count, 4);
        assert_true(r.redone_s > 3 * 400 && r.redone_s < 3 * 650);
        assert_true(fabs(r.work_s - 4000) < 1e-6);
        assert_true(r.starts >= 7);
        sim_result_release(&r);
        sim_market_release(&market);
    }
}

/* Two zones of one offer: the cheaper one first, and what one loses the other keeps. */
static void test_places(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 100 * S, 1000 * S, 5 } };
    struct scratch scratch;
    struct sim_market market;
    struct error err = { 0 };
    scratch_make(&scratch);
    scratch_write(&scratch, "m.csv",
                  "t_s,offer,pool,capacity,price_usd_h\n0,local*,a,3,0.1\n0,local*,b,9,0.2\n"
                  "600,local*,a,0,\n");
    sim_market_init(&market);
    if (sim_market_read(&market, scratch_path(&scratch, "m.csv"), NULL, &err) < 0)
        fail_msg("%s", err.text);
    const struct sim_offer_market *offer = sim_market_find(&market, "local/1");
    assert_non_null(offer);
    assert_int_equal(offer->places.len, 2);
    assert_int_equal(sim_series_at(&offer->capacity, 0, -1), 12);
    assert_int_equal(sim_series_at(&offer->capacity, 600 * S, -1), 9);
    assert_int_equal(sim_series_at(&offer->price, 599 * S, -1), 100000);
    assert_int_equal(sim_series_at(&offer->price, 600 * S, -1), 200000);
    struct sim_options options = plain();
    options.market = &market;
    struct sim_result r = sim_fixture_run(elastic, sim_fixture_jobs(jobs, 1), &options);
    assert_int_equal(r.interruptions, 3);
    assert_int_equal(r.done, 5);
    /* Three machines for 500 s at 0.1 USD/h, then all five at 0.2: about 0.44 USD, never all at 0.1. */
    double usd = sim_result_cost_usd(&r);
    assert_true(usd > 0.35 && usd < 0.5);
    sim_result_release(&r);
    sim_market_release(&market);
    scratch_drop(&scratch);
}

static void test_sold_out(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 100 * S, 60 * S, 10 } };
    struct sim_market market;
    sim_market_init(&market);
    struct sim_offer_market *offer = sim_market_add(&market, "*");
    assert_non_null(offer);
    sim_series_add(&offer->capacity, 0, 2, NULL);
    struct sim_options options = plain();
    options.market = &market;
    struct sim_result r = sim_fixture_run(elastic, sim_fixture_jobs(jobs, 1), &options);
    assert_int_equal(r.nodes_peak, 2);
    assert_true(r.refused > 0);
    assert_int_equal(r.done, 10);
    sim_result_release(&r);
    sim_market_release(&market);
}

static void test_price_series(void **state)
{
    (void)state;
    struct sim_market market;
    sim_market_init(&market);
    struct sim_offer_market *offer = sim_market_add(&market, "*");
    assert_non_null(offer);
    sim_series_add(&offer->price, 0, 1000000, NULL);
    sim_series_add(&offer->price, 3600 * S, 3000000, NULL);
    struct sim_options options = plain();
    options.market = &market;
    options.duration_ns = 7200 * S;
    static const struct sim_job jobs[] = { { 100 * S, 1, 1 } };
    struct sim_result r = sim_fixture_run(one_slot, sim_fixture_jobs(jobs, 1), &options);
    assert_true(sim_result_cost_usd(&r) > 3.99 && sim_result_cost_usd(&r) <= 4);
    sim_result_release(&r);
    sim_market_release(&market);
}

static void test_machines_that_never_come(void **state)
{
    (void)state;
    struct sim_boot boot;
    assert_int_equal(sim_boot_parse(STR("20s, failures 40%"), &boot, NULL), 0);
    struct sim_options options = plain();
    options.boot = &boot;
    struct sim_work *work = sim_fixture_work("poisson 0.1/s, for 12h, service 60s");
    struct sim_result r = sim_fixture_run(elastic, work, &options);
    assert_true(r.boot_failures > 0);
    assert_int_equal(r.done, r.arrived);
    sim_result_release(&r);
}

static void test_boot_takes_time(void **state)
{
    (void)state;
    static const struct sim_job jobs[] = { { 600 * S, 60 * S, 1 } };
    struct sim_boot boot;
    assert_int_equal(sim_boot_parse(STR("90s, warm 30s"), &boot, NULL), 0);
    struct sim_options options = plain();
    options.boot = &boot;
    struct sim_result r = sim_fixture_run(elastic, sim_fixture_jobs(jobs, 1), &options);
    assert_true(r.wait.max_ns >= 120 * S && r.wait.max_ns < 135 * S);
    assert_true(sim_result_idle_paid(&r) > 0.5);
    sim_result_release(&r);
}

/* ---- the series --------------------------------------------------------------------------------------- */

static void test_series_adds_up(void **state)
{
    (void)state;
    struct sim_options options = plain();
    options.series_every_ns = 600 * S;
    options.duration_ns = 6 * 3600 * S;
    struct sim_work *work = sim_fixture_work("poisson 0.1/s, for 5h, service exponential 60s");
    struct sim_result r = sim_fixture_run(elastic, work, &options);
    int64_t arrived = 0;
    int64_t done = 0;
    int64_t starts = 0;
    for (size_t i = 0; i < r.series.len; i++) {
        arrived += r.series.at[i].arrived;
        done += r.series.at[i].done;
        starts += r.series.at[i].starts;
    }
    assert_int_equal(r.series.len, 36);
    assert_int_equal(r.series.at[35].at_ns, options.duration_ns);
    assert_int_equal(arrived, r.arrived);
    assert_int_equal(done, r.done);
    assert_int_equal(starts, r.starts);
    assert_true(fabs(r.series.at[35].cost_usd_micro / 1e6 - sim_result_cost_usd(&r)) < 1e-6);
    sim_result_release(&r);
}

/* ---- deciders ------------------------------------------------------------------------------------------- */

static int64_t follow(void *ctx, const struct sim_view *seen)
{
    (*(int *)ctx)++;
    return seen->waiting + seen->running;
}

static void test_decider(void **state)
{
    (void)state;
    for (int kills = 0; kills < 2; kills++) {
        int asked = 0;
        const struct sim_decider decider = {
            .name = "follow", .every_ns = 10 * S, .nodes = follow, .kills = kills, .ctx = &asked
        };
        struct sim_options options;
        sim_options_default(&options);
        options.decider = &decider;
        struct sim_work *work = sim_fixture_work("poisson 0.1/s, for 5h, service exponential 60s");
        struct sim_result r = sim_fixture_run(elastic, work, &options);
        assert_true(asked > 1000);
        assert_int_equal(r.done, r.arrived);
        assert_true(r.starts > 10 && r.nodes_peak <= 20);
        assert_int_equal(r.steps, 0);
        sim_result_release(&r);
    }
}

static void test_nothing_to_buy(void **state)
{
    (void)state;
    struct pool_spec *spec = sim_fixture_spec(one_slot);
    vec_clear(&spec->offers);
    struct sim_options options = plain();
    options.work = sim_fixture_jobs(NULL, 0);
    struct sim_result r;
    struct error err = { 0 };
    assert_int_equal(sim_run(spec, &options, &r, &err), MUSTER_E_CONFIG);
    sim_work_free(options.work);
}

static void test_no_work(void **state)
{
    (void)state;
    struct sim_options options = plain();
    struct sim_result r = sim_fixture_run(elastic, sim_fixture_jobs(NULL, 0), &options);
    assert_int_equal(r.arrived, 0);
    assert_int_equal(r.duration_ns, 0);
    sim_result_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_same_seed_same_run),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_minimum_bill),
        cmocka_unit_test(test_jobs_left),
        cmocka_unit_test(test_preemption_redoes_work),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_sold_out),
        cmocka_unit_test(test_price_series),
        cmocka_unit_test(test_machines_that_never_come),
        cmocka_unit_test(test_boot_takes_time),
        cmocka_unit_test(test_series_adds_up),
        cmocka_unit_test(test_decider),
        cmocka_unit_test(test_nothing_to_buy),
        cmocka_unit_test(test_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
