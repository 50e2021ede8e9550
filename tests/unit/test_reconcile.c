/* reconcile: deadlines, silence, and who can be stopped now. */
#include <stdio.h>

#include "core_fixture.h"

static void listed(struct core *core, int n)
{
    core_list_fleet(core, n);
    core_tick(core, 0);
}

/* ---- silence -------------------------------------------------------------------------------------- */

static void silence_makes_a_node_lost(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2); /* 3 heartbeats of 30 s */
    core.now_ns += SECONDS(90);
    core_beat(&core, "n-2", BEAT_READY, 0);
    listed(&core, 2);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    assert_int_equal(core_state(&core, "n-2"), NODE_READY);
    /* No capacity: replaced; but still a machine, and never stopped. */
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    assert_int_equal(core_view(&core, "p").slots_ready, 1);
    for (int i = 0; i < 100; i++) {
        core.now_ns += SECONDS(60);
        core_beat(&core, "n-2", BEAT_READY, 0);
        listed(&core, 2);
        assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    }
    core_beat(&core, "n-1", BEAT_READY, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_stop(&core);
}

/* One that was let run while it boots may be working, so its silence is the same. */
static void silence_while_booting(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 2);
    core_beat(&core, "n-1", BEAT_BOOTING, 0);
    core.now_ns += SECONDS(91);
    listed(&core, 2);
    assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    assert_int_equal(core_state(&core, "n-2"), NODE_BOOTING); /* never heard: its boot is judged */
    core_stop(&core);
}

static void a_paused_pool_still_sees_silence(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    core.now_ns += SECONDS(91);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core_stop(&core);
}

/* Lost for longer than release_lost: given back, if a person has said so. */
static void the_lost_are_released(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->release_lost_ns = SECONDS(600);
    core_fleet(&core, spec, 1);
    core.now_ns += SECONDS(91);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    core_launch_all(&core, 2); /* another in its place */
    core_beat(&core, "n-2", BEAT_READY, 0);
    core.now_ns += SECONDS(600);
    core_beat(&core, "n-2", BEAT_READY, 0);
    listed(&core, 2);
    assert_int_equal(core_state(&core, "n-1"), NODE_LOST);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    assert_true(core_trail_has(&core, "p", "terminate", "silent for longer than"));
    core_stop(&core);
}

/* ---- boots ---------------------------------------------------------------------------------------- */

/* Never heard within ready_within: it cannot be working, so it is stopped and bought again. */
static void a_boot_that_never_ends(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 1);
    core.now_ns += SECONDS(300);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_BOOTING);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    assert_true(core_trail_has(&core, "p", "terminate", "never heard of within"));
    /* Its offer rests a little, then another is bought. */
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 1);
    core_tick(&core, SECONDS(4));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    core_stop(&core);
}

/* Heard, but not ready in time: it may be working, so it is asked to leave like any other. */
static void a_boot_that_is_too_slow(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->lost_after = 1000;
    core_fleet_booting(&core, spec, 1);
    core.now_ns += SECONDS(290);
    core_beat(&core, "n-1", BEAT_BOOTING, 0);
    core.now_ns += SECONDS(11);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core.now_ns += SECONDS(1000);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING); /* silent is busy */
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    core_stop(&core);
}

static void a_paused_pool_judges_no_boots(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->lost_after = 1000;
    core_fleet_booting(&core, spec, 2);
    core_beat(&core, "n-1", BEAT_BOOTING, 0);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "" });
    core.now_ns += SECONDS(301);
    listed(&core, 2);
    assert_int_equal(core_state(&core, "n-1"), NODE_BOOTING);
    assert_int_equal(core_state(&core, "n-2"), NODE_BOOTING);
    assert_true(core_trail_has(&core, "p", "terminate", "the pool is paused"));
    core_stop(&core);
}

/* Every machine of a bad image fails to report: after three at once that is panic, not four more. */
static void an_image_that_never_reports(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 10);
    core.now_ns += SECONDS(301);
    listed(&core, 10);
    assert_true(core_view(&core, "p").panic);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 10);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core_stop(&core);
}

/* ---- drains --------------------------------------------------------------------------------------- */

static void a_drain_waits_for_ever(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->drain_timeout_ns = SECONDS(600);
    core_fleet(&core, spec, 1);
    core_beat(&core, "n-1", BEAT_READY, 1);
    core_step(&core, (struct event){ .type = EVENT_DRAIN, .drain.node = "n-1" });
    for (int i = 0; i < 100; i++) {
        core.now_ns += SECONDS(60);
        core_beat(&core, "n-1", BEAT_DRAINING, 1);
        listed(&core, 1);
    }
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    assert_non_null(strstr(core_view(&core, "p").problem, "drain for longer than"));
    core_stop(&core);
}

static void a_drain_is_forced_where_a_person_said_so(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->drain_timeout_ns = SECONDS(600);
    spec->drain_force = true;
    core_fleet(&core, spec, 1);
    core_step(&core, (struct event){ .type = EVENT_DRAIN, .drain.node = "n-1" });
    core.now_ns += SECONDS(600);
    core_beat(&core, "n-1", BEAT_DRAINING, 1);
    listed(&core, 1);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    assert_true(
        core_trail_has(&core, "p", "terminate", "not drained within release.drain_timeout"));
    core_stop(&core);
}

/* Drained while the pool could not stop anything: stopped when it can, without another word. */
static void a_refused_stop_is_looked_at_again(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_sample(&core, "p", 0, 0);
    struct event failed = { .type = EVENT_LISTING_FAILED,
                            .listing_failed = { "local", MUSTER_E_TRANSIENT, "no" } };
    core_step(&core, failed);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    core_beat(&core, "n-2", BEAT_DRAINED, 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 2);
    assert_true(core_trail_has(&core, "p", "terminate", "the last listing of its machines failed"));
    core_list_fleet(&core, 2);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_TERMINATING), 2);
    core_stop(&core);
}

/* ---- stops that come to nothing ------------------------------------------------------------------- */

/* Asked to stop, accepted, and minutes later it is still listed: asked again, with a new intent. */
static void a_stop_that_does_not_stop(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_sample(&core, "p", 0, 0);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    core_acknowledge(&core);
    uint64_t number = core_effect(&core, EFFECT_TERMINATE)->intent->number;
    core_step(&core, (struct event){ .type = EVENT_TERMINATED, .result.number = number });
    for (int i = 0; i < 12; i++) {
        core.now_ns += SECONDS(15);
        listed(&core, 1);
        assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    }
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    assert_true(core_effect(&core, EFFECT_WRITE_INTENT)->intent->number > number);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_makes_a_node_lost),
        cmocka_unit_test(silence_while_booting),
        cmocka_unit_test(a_paused_pool_still_sees_silence),
        cmocka_unit_test(the_lost_are_released),
        cmocka_unit_test(a_boot_that_never_ends),
        cmocka_unit_test(a_boot_that_is_too_slow),
        cmocka_unit_test(a_paused_pool_judges_no_boots),
        cmocka_unit_test(an_image_that_never_reports),
        cmocka_unit_test(a_drain_waits_for_ever),
        cmocka_unit_test(a_drain_is_forced_where_a_person_said_so),
        cmocka_unit_test(a_refused_stop_is_looked_at_again),
        cmocka_unit_test(a_stop_that_does_not_stop),
    };
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
