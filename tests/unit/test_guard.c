/* guard: what may be wanted, whatever the policies propose. */
#include <math.h>
#include <stdio.h>

#include "core_fixture.h"

/* ---- bounds, stabilisation, pace: as time goes by ------------------------------------------------- */

struct moment {
    int64_t at_s; /* since the start */
    double wanted;
    int64_t desired;
};

struct guard_case {
    const char *name;
    struct pace out, in;
    int64_t slots_min, node_slots; /* node_slots 0: 1 */
    struct moment moments[8];      /* at_s 0 ends, but for the first */
};

#define PACE(unit_, amount_) .rate = { (unit_), (amount_), SECONDS(60) }

static const struct guard_case cases[] = {
    { .name = "nothing in the way",
      .moments = { { 0, 7, 7 }, { 1, 0, 0 }, { 2, 1000, 1000 }, { 3, 1, 1 } } },
    { .name = "slots.max", .moments = { { 0, 1001, 1000 }, { 1, 1e12, 1000 } } },
    { .name = "slots.min", .slots_min = 5, .moments = { { 0, 0, 5 }, { 1, 5, 5 }, { 2, 6, 6 } } },

    { .name = "less only when nothing more was wanted for so long",
      .in = { .after_ns = SECONDS(300) },
      .moments = { { 0, 50, 50 }, { 10, 10, 50 }, { 300, 10, 50 }, { 301, 10, 10 } } },
    { .name = "down to what was wanted meanwhile",
      .in = { .after_ns = SECONDS(300) },
      .moments = { { 0, 50, 50 },
                   { 10, 10, 50 },
                   { 200, 40, 50 },
                   { 301, 10, 40 },
                   { 500, 10, 40 },
                   { 501, 10, 10 } } },
    { .name = "more is no matter of that window",
      .in = { .after_ns = SECONDS(300) },
      .moments = { { 0, 50, 50 }, { 10, 60, 60 }, { 20, 500, 500 } } },
    { .name = "more only when nothing less was wanted for so long",
      .out = { .after_ns = SECONDS(60) },
      .moments = { { 0, 20, 0 }, { 59, 20, 0 }, { 60, 20, 0 }, { 61, 20, 20 }, { 62, 5, 5 } } },
    { .name = "up to what was wanted meanwhile",
      .out = { .after_ns = SECONDS(60) },
      .moments = { { 0, 20, 0 }, { 30, 10, 0 }, { 61, 20, 10 }, { 91, 20, 20 } } },

    { .name = "so many slots less a minute",
      .in = { PACE(RATE_SLOTS, 10) },
      .moments = { { 0, 100, 100 },
                   { 10, 0, 90 },
                   { 60, 0, 90 },
                   { 61, 0, 80 },
                   { 62, 0, 80 },
                   { 122, 0, 70 } } },
    { .name = "a share less a minute",
      .in = { PACE(RATE_PERCENT, 0.2) },
      .moments = { { 0, 100, 100 }, { 10, 0, 80 }, { 60, 0, 80 }, { 61, 0, 64 }, { 122, 0, 51 } } },
    { .name = "a share of little is one node",
      .in = { PACE(RATE_PERCENT, 0.2) },
      .moments = { { 0, 2, 2 }, { 10, 0, 1 }, { 71, 0, 0 } } },
    { .name = "so many nodes less a minute",
      .in = { PACE(RATE_NODES, 2) },
      .node_slots = 4,
      .moments = { { 0, 40, 40 }, { 10, 0, 32 }, { 71, 0, 24 } } },
    { .name = "a pace below one node is one node",
      .in = { PACE(RATE_SLOTS, 1) },
      .node_slots = 4,
      .moments = { { 0, 40, 40 }, { 10, 0, 36 }, { 71, 0, 32 } } },
    { .name = "growing meanwhile is no licence to shrink more",
      .in = { PACE(RATE_SLOTS, 10) },
      .moments = { { 0, 100, 100 }, { 10, 0, 90 }, { 20, 95, 95 }, { 30, 0, 90 }, { 81, 0, 80 } } },

    { .name = "so many slots more a minute",
      .out = { PACE(RATE_SLOTS, 100) },
      .moments = { { 0, 1000, 100 }, { 30, 1000, 100 }, { 60, 1000, 100 }, { 61, 1000, 200 } } },
    { .name = "a share of nothing is one node",
      .out = { PACE(RATE_PERCENT, 1) },
      .node_slots = 4,
      .moments = { { 0, 1000, 4 },
                   { 60, 1000, 4 },
                   { 61, 1000, 8 },
                   { 122, 1000, 16 },
                   { 183, 1000, 32 } } },
    { .name = "a share more a minute",
      .out = { PACE(RATE_PERCENT, 0.5) },
      .moments = { { 0, 1000, 1 },
                   { 61, 1000, 2 },
                   { 122, 1000, 3 },
                   { 183, 1000, 5 },
                   { 244, 1000, 8 } } },
    { .name = "so many nodes more a minute",
      .out = { PACE(RATE_NODES, 3) },
      .node_slots = 4,
      .moments = { { 0, 1000, 12 }, { 61, 1000, 24 } } },
    { .name = "a pace beyond all",
      .out = { PACE(RATE_SLOTS, 1e300) },
      .moments = { { 0, 1000, 1000 } } },
    { .name = "less than the pace allows is less",
      .out = { PACE(RATE_SLOTS, 100) },
      .moments = { { 0, 30, 30 }, { 10, 250, 100 }, { 20, 20, 20 } } },
    { .name = "slots.min comes before the pace",
      .out = { PACE(RATE_SLOTS, 1) },
      .slots_min = 50,
      .moments = { { 0, 0, 50 }, { 1, 100, 50 }, { 61, 100, 51 } } },
};

static void as_time_goes_by(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct guard_case *t = &cases[i];
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->slots_max = spec->nodes_max = 1000;
        spec->slots_min = t->slots_min;
        spec->out = t->out;
        spec->in = t->in;
        spec->offers.at[0].slots = t->node_slots ? t->node_slots : 1;
        core_scale(spec, &policy_backlog, NULL);
        core_policy(&core, spec);
        /* It begins with nothing, and has not been asked yet: that was wanted. */
        core_sample(&core, "p", 0, 0);
        int64_t start_ns = core.now_ns;
        for (size_t k = 0; k < 8 && (k == 0 || t->moments[k].at_s > 0); k++) {
            core.now_ns = start_ns + SECONDS(t->moments[k].at_s);
            core_sample(&core, "p", t->moments[k].wanted, 0);
            if (k == 0)
                core_listing(&core, "local", NULL, 0);
            if (core_view(&core, "p").desired != t->moments[k].desired)
                fail_msg("%s: at %d s: %lld, not %lld", t->name, (int)t->moments[k].at_s,
                         (long long)core_view(&core, "p").desired,
                         (long long)t->moments[k].desired);
        }
        core_stop(&core);
    }
}

/* Bounds are hard: a file that changes them is followed at once, whatever the pace. */
static void new_bounds_hold_at_once(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    static const int64_t bounds[][3] = { { 0, 100, 40 }, { 0, 10, 10 }, { 60, 100, 60 } };
    for (size_t i = 0; i < 3; i++) {
        struct pool_spec *spec = core_spec("p");
        spec->slots_min = bounds[i][0];
        spec->slots_max = bounds[i][1];
        if (i > 0)
            spec->in = spec->out = (struct pace){ { RATE_SLOTS, 1, SECONDS(60) }, SECONDS(300) };
        core_scale(spec, &policy_backlog, NULL);
        if (i == 0)
            core_pool(&core, spec);
        else
            core_policy(&core, spec);
        core_sample(&core, "p", 40, 0);
        assert_int_equal(core_view(&core, "p").desired, bounds[i][2]);
    }
    assert_true(core_trail_has(&core, "p", "bounds", "slots.min is 60"));
    core_stop(&core);
}

/* ---- what is not known ---------------------------------------------------------------------------- */

static void refused(struct core *core)
{
    struct event ev = { .type = EVENT_SAMPLE_FAILED, .sample_failed = { "p", "refused" } };
    assert_int_equal(core_step(core, ev), 0);
}

static void absurd(struct core *core)
{
    core_sample(core, "p", NAN, 0);
}

static void absurd_negative(struct core *core)
{
    core_sample(core, "p", -1, 0);
}

static void grow_old(struct core *core)
{
    core_tick(core, SECONDS(86401));
}

/* Neither less nor more is wanted of a queue that nobody knows; what does not depend on it is. */
static void unknown_demand_is_held(void **state)
{
    (void)state;
    static void (*const unknowns[])(struct core *) = { refused, absurd, absurd_negative, grow_old };
    for (size_t i = 0; i < 4; i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        core_scale(spec, &policy_fixed, "slots", "10", NULL);
        core_fleet(&core, spec, 50);
        unknowns[i](&core);
        for (int k = 0; k < 5; k++) {
            assert_int_equal(core_view(&core, "p").desired, 50);
            assert_true(core_view(&core, "p").last->held);
            assert_true(core_trail_has(&core, "p", "hold", "50 slots are held"));
            assert_true(core_trail_has(&core, "p", "backlog", "needs to know the queue"));
            core_tick(&core, SECONDS(10));
        }
        assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 0);
        /* A floor that is raised meanwhile is not a matter of the queue. */
        spec = core_spec("p");
        core_scale(spec, &policy_backlog, NULL);
        core_scale(spec, &policy_fixed, "slots", "60", NULL);
        core_policy(&core, spec);
        assert_int_equal(core_view(&core, "p").desired, 60);
        /* Known again. */
        core_sample(&core, "p", 5, 0);
        assert_int_equal(core_view(&core, "p").desired, 60);
        assert_false(core_view(&core, "p").last->held);
        core_stop(&core);
    }
}

/* The first sample after an outage is no more certain than any other: a whole window from there. */
static void an_outage_does_not_count_as_calm(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->in.after_ns = SECONDS(300);
    spec->lost_after = 1000;
    core_fleet(&core, spec, 50);
    for (int k = 0; k < 100; k++) {
        core.now_ns += SECONDS(10);
        refused(&core);
    }
    int64_t back_ns = core.now_ns;
    while (core.now_ns < back_ns + SECONDS(300)) {
        core.now_ns += SECONDS(10);
        core_sample(&core, "p", 10, 0);
        assert_int_equal(core_view(&core, "p").desired, 50);
    }
    core.now_ns += SECONDS(10);
    core_sample(&core, "p", 10, 0);
    assert_int_equal(core_view(&core, "p").desired, 10);
    core_stop(&core);
}

/* A pool that is found again wants what it has, for one window: it may have wanted it just before. */
static void a_found_pool_is_kept_for_one_window(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->in.after_ns = SECONDS(300);
    spec->lost_after = 1000;
    core_scale(spec, &policy_backlog, NULL);
    core_policy(&core, spec);
    core_list_fleet(&core, 8);
    for (int i = 0; i < 30; i++) {
        core_sample(&core, "p", 0, 0);
        assert_int_equal(core_view(&core, "p").desired, 8);
        core.now_ns += SECONDS(10);
    }
    core.now_ns += SECONDS(10);
    core_sample(&core, "p", 0, 0);
    assert_int_equal(core_view(&core, "p").desired, 0);
    core_stop(&core);
}

/* ---- retirement ----------------------------------------------------------------------------------- */

static void a_retiring_pool_wants_nothing(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->slots_min = 3;
    spec->in = (struct pace){ { RATE_SLOTS, 1, SECONDS(60) }, SECONDS(300) };
    core_fleet(&core, spec, 5);
    core_step(&core, (struct event){ .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" });
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_view(&core, "p").desired, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 5);
    assert_true(core_trail_has(&core, "p", "retire", "the policy file was removed"));
    core_stop(&core);
}

/* ---- panic ---------------------------------------------------------------------------------------- */

static void beat_all_but(struct core *core, int nodes, int silent)
{
    for (int i = silent + 1; i <= nodes; i++) {
        char id[8];
        snprintf(id, sizeof(id), "n-%d", i);
        core_beat(core, id, BEAT_READY, 0);
    }
}

static void many_unwell_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int nodes, silent;
        double above;
        bool panic;
    } panics[] = {
        { "none", 10, 0, 0.4, false },
        { "one of one", 1, 1, 0.4, false },
        { "two of two can be a coincidence", 2, 2, 0.4, false },
        { "three of three", 3, 3, 0.4, true },
        { "just the limit", 10, 4, 0.4, false },
        { "above it", 10, 5, 0.4, true },
        { "three of seven", 7, 3, 0.4, true },
        { "three of eight", 8, 3, 0.4, false },
        { "a limit of nothing still means three", 10, 2, 0, false },
        { "any three", 10, 3, 0, true },
        { "never", 10, 10, 1, false },
    };
    for (size_t i = 0; i < sizeof(panics) / sizeof(panics[0]); i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->panic_above = panics[i].above;
        core_fleet(&core, spec, panics[i].nodes);
        core.now_ns += SECONDS(91);
        beat_all_but(&core, panics[i].nodes, panics[i].silent);
        core_list_fleet(&core, panics[i].nodes);
        core_tick(&core, 0);
        assert_int_equal(core_nodes(&core, "p", NODE_LOST), panics[i].silent);
        if (core_view(&core, "p").panic != panics[i].panic)
            fail_msg("%s", panics[i].name);
        /* The lost are replaced, unless that is panic: then they are taken to be alive. */
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT),
                         panics[i].panic ? 0 : panics[i].silent);
        assert_int_equal(core_noted(&core, "many nodes look unhealthy at once"), panics[i].panic);
        core_stop(&core);
    }
}

/* In panic nothing is given back; more may be bought; it ends when they speak again. */
static void panic_holds_until_it_is_over(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 10);
    core.now_ns += SECONDS(91);
    beat_all_but(&core, 10, 6);
    core_list_fleet(&core, 10);
    core_sample(&core, "p", 0, 0);
    assert_true(core_view(&core, "p").panic);
    assert_int_equal(core_view(&core, "p").desired, 10);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 0);
    assert_true(core_trail_has(&core, "p", "panic",
                               "6 of 10 nodes look unhealthy at once "
                               "(panic_above 40%)"));
    assert_non_null(strstr(core_view(&core, "p").problem, "6 of 10 nodes look unhealthy"));
    core_sample(&core, "p", 12, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 2);
    core_tick(&core, SECONDS(1));
    assert_false(core_noted(&core, "unhealthy")); /* said once */
    beat_all_but(&core, 10, 0);
    core_sample(&core, "p", 0, 0);
    assert_true(core_noted(&core, "the nodes look healthy again"));
    assert_int_equal(core_view(&core, "p").desired, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 10);
    core_stop(&core);
}

/* A retiring pool waits for its panic to be over, too. */
static void panic_of_a_retiring_pool(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 10);
    core_step(&core, (struct event){ .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" });
    core.now_ns += SECONDS(91);
    beat_all_but(&core, 10, 6);
    core_tick(&core, 0);
    assert_true(core_view(&core, "p").panic);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 0);
    core_stop(&core);
}

/* ---- after a pause -------------------------------------------------------------------------------- */

/* What it would have wanted during the pause does not come down on its machines at once. */
static void a_pool_goes_on_from_what_it_has(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->in.rate = (struct rate){ RATE_SLOTS, 1, SECONDS(60) };
        core_fleet(&core, spec, 10);
        const char *name = all ? "" : "p";
        core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = name });
        for (int i = 0; i < 20; i++) {
            core.now_ns += SECONDS(61);
            core_sample(&core, "p", 0, 0);
            beat_all_but(&core, 10, 0);
        }
        assert_int_equal(core_view(&core, "p").desired, 0);
        assert_int_equal(core_nodes(&core, "p", NODE_READY), 10);
        core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = name });
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 1);
        core_tick(&core, SECONDS(61));
        assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 2);
        core_stop(&core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_time_goes_by),
        cmocka_unit_test(new_bounds_hold_at_once),
        cmocka_unit_test(unknown_demand_is_held),
        cmocka_unit_test(an_outage_does_not_count_as_calm),
        cmocka_unit_test(a_found_pool_is_kept_for_one_window),
        cmocka_unit_test(a_retiring_pool_wants_nothing),
        cmocka_unit_test(many_unwell_at_once),
        cmocka_unit_test(panic_holds_until_it_is_over),
        cmocka_unit_test(panic_of_a_retiring_pool),
        cmocka_unit_test(a_pool_goes_on_from_what_it_has),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
