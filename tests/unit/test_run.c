/* One run of a pool: what it observes, decides, costs and tells. */
#include <math.h>
#include <stdlib.h>

#include "control/state.h"
#include "core_fixture.h"

/* ---- observe -------------------------------------------------------------------------------------- */

static void boot_is_the_ninetieth_percentile(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "0", NULL);
    core_pool(&core, spec);
    struct pool *p = pool_find(core.control, "p");
    assert_int_equal(boot_expected_ns(p), SECONDS(60));
    boot_measured(p, SECONDS(20));
    assert_int_equal(boot_expected_ns(p), SECONDS(20));
    for (int i = 2; i <= 10; i++)
        boot_measured(p, SECONDS(20 + i));
    assert_int_equal(boot_expected_ns(p), SECONDS(29)); /* the ninth of ten */
    for (int i = 0; i < BOOTS_KEPT; i++)                /* old ones are forgotten */
        boot_measured(p, SECONDS(5));
    assert_int_equal(boot_expected_ns(p), SECONDS(5));
    for (int i = 0; i < BOOTS_KEPT; i++)
        boot_measured(p, i % 2 ? 0 : -5); /* a clock's fault: never none */
    assert_int_equal(boot_expected_ns(p), 1);
    core_stop(&core);
}

static struct observation observed(struct core *core, struct trail *trail)
{
    struct pool *p = pool_find(core->control, "p");
    struct census census;
    struct observation seen;
    pool_census(core->control, p, &census);
    assert_int_equal(observe(core->control, p, &census, trail, &seen, NULL), 0);
    return seen;
}

static void what_is_on_its_way_by_eta(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 1);
    core.now_ns += SECONDS(45);
    core_sample(&core, "p", 3, 0);
    core.now_ns += SECONDS(20); /* the first is overdue by 5 s */
    core_tick(&core, 0);
    struct trail trail = { 0 };
    struct observation seen = observed(&core, &trail);
    assert_int_equal(seen.booting_len, 3);
    assert_int_equal(seen.slots_booting, 3);
    assert_int_equal(seen.booting[0].eta_ns, 0);
    assert_int_equal(seen.booting[1].eta_ns, SECONDS(40));
    assert_int_equal(seen.sample_age_ns, SECONDS(20));
    core_beat(&core, "n-1", BEAT_READY, 0);
    seen = observed(&core, &trail);
    assert_int_equal(seen.slots_ready, 1);
    assert_int_equal(seen.slots_fresh, 1); /* nobody has looked at the queue since */
    core.now_ns += SECONDS(1);
    core_sample(&core, "p", 3, 0);
    assert_int_equal(observed(&core, &trail).slots_fresh, 0);
    core_stop(&core);
}

/* A queue whose last job has been taken is not idle, whether the source says so or the nodes do. */
static void running_is_what_the_larger_word_says(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_beat(&core, "n-1", BEAT_READY, 1);
    struct trail trail = { 0 };
    core_sample(&core, "p", 0, 0);
    assert_true(fabs(observed(&core, &trail).running - 1) < 1e-9);
    core_sample(&core, "p", 0, 7);
    assert_true(fabs(observed(&core, &trail).running - 7) < 1e-9);
    core_sample(&core, "p", -1, 0); /* unknown: all zero, and said to be */
    struct observation seen = observed(&core, &trail);
    assert_false(seen.signal_known);
    assert_true(seen.running < 1e-9 && seen.oldest_ns == -1);
    core_stop(&core);
}

/* ---- decide --------------------------------------------------------------------------------------- */

static void the_largest_proposal_wins(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "3", NULL);
    core_scale(spec, &policy_backlog, "per_slot", "2", NULL);
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_pool(&core, spec);
    static const int64_t desired[][2] = { { 0, 3 }, { 6, 3 }, { 7, 4 }, { 20, 10 }, { 1, 3 } };
    for (size_t i = 0; i < 5; i++) {
        core_sample(&core, "p", (double)desired[i][0], 0);
        assert_int_equal(core_view(&core, "p").desired, desired[i][1]);
    }
    core_stop(&core);
}

/* ---- money ---------------------------------------------------------------------------------------- */

static void money_is_counted_by_time_and_price(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->lost_after = 1000;
    core_fleet(&core, spec, 3);
    int64_t reported = 0;
    double node_hours = 0;
    for (int minute = 0; minute < 60; minute++) {
        core_list_fleet(&core, 3);
        for (int k = 0; k < 6; k++) {
            core_tick(&core, SECONDS(10));
            if (core_count(&core, EFFECT_COST) == 0)
                continue;
            reported += core_effect(&core, EFFECT_COST)->cost.usd_micro;
            node_hours += core_effect(&core, EFFECT_COST)->cost.node_hours;
        }
    }
    assert_true(llabs(core_view(&core, "p").cost_usd_micro - DOLLARS(0.03)) <= 2);
    assert_true(llabs(reported - DOLLARS(0.03)) <= 2);
    assert_true(fabs(node_hours - 3) < 1e-6);
    core_stop(&core);
}

/* ---- what people are told ------------------------------------------------------------------------- */

static void decisions_are_told_when_they_change_something(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_DECISION), 0);
    uint64_t number = core_view(&core, "p").last->number;
    core_sample(&core, "p", 3, 0);
    const struct decision *d = core_effect(&core, EFFECT_DECISION)->decision.decision;
    assert_int_equal(d->number, number + 1);
    assert_int_equal(d->desired_before, 2);
    assert_int_equal(d->desired, 3);
    assert_false(d->held);
    core_sample(&core, "p", -1, 0); /* it is held from here: that is told once */
    assert_int_equal(core_count(&core, EFFECT_DECISION), 1);
    assert_true(core_noted(&core, "the queue is absurd: the queue says waiting = -1"));
    core_sample(&core, "p", -1, 0);
    assert_int_equal(core_count(&core, EFFECT_DECISION), 0);
    assert_int_equal(core_count(&core, EFFECT_NOTE), 0);
    core_sample(&core, "p", 3, 0);
    assert_true(core_noted(&core, "the queue is known again"));
    assert_true(core_view(&core, "p").last != core_view(&core, "p").changed);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_is_the_ninetieth_percentile),
        cmocka_unit_test(what_is_on_its_way_by_eta),
        cmocka_unit_test(running_is_what_the_larger_word_says),
        cmocka_unit_test(the_largest_proposal_wins),
        cmocka_unit_test(money_is_counted_by_time_and_price),
        cmocka_unit_test(decisions_are_told_when_they_change_something),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
