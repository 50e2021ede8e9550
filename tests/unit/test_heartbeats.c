/* heartbeats: what nodes say of themselves, and what of it is believed. */
#include <math.h>
#include <stdio.h>

#include "core_fixture.h"

static void beat(struct core *core, struct heartbeat heartbeat)
{
    struct event ev = { .type = EVENT_HEARTBEAT, .heartbeat = heartbeat };
    if (!ev.heartbeat.node[0])
        snprintf(ev.heartbeat.node, sizeof(ev.heartbeat.node), "n-1");
    assert_int_equal(core_step(core, ev), 0);
}

static const struct node *node(const struct core *core, const char *id)
{
    const struct node *found = control_node_find(core->control, id, NULL);
    assert_non_null(found);
    return found;
}

/* ---- states --------------------------------------------------------------------------------------- */

/* What becomes of a node in each state that says each thing. */
static void words_and_states(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum node_state is;
        enum beat_state says;
        enum node_state becomes;
    } cases[] = {
        { "booting, still", NODE_BOOTING, BEAT_BOOTING, NODE_BOOTING },
        { "booting, ready", NODE_BOOTING, BEAT_READY, NODE_READY },
        { "booting, leaves by itself", NODE_BOOTING, BEAT_DRAINING, NODE_DRAINING },
        { "ready, still", NODE_READY, BEAT_READY, NODE_READY },
        { "ready, says booting", NODE_READY, BEAT_BOOTING, NODE_READY },
        { "ready, leaves by itself", NODE_READY, BEAT_DRAINING, NODE_DRAINING },
        { "ready, has left", NODE_READY, BEAT_DRAINED, NODE_TERMINATING },
        { "draining, not told yet", NODE_DRAINING, BEAT_READY, NODE_DRAINING },
        { "draining, does", NODE_DRAINING, BEAT_DRAINING, NODE_DRAINING },
        { "draining, has", NODE_DRAINING, BEAT_DRAINED, NODE_TERMINATING },
        { "lost, speaks again", NODE_LOST, BEAT_READY, NODE_READY },
        { "lost, leaves", NODE_LOST, BEAT_DRAINING, NODE_DRAINING },
        { "lost, has left", NODE_LOST, BEAT_DRAINED, NODE_TERMINATING },
        { "being stopped, says ready", NODE_TERMINATING, BEAT_READY, NODE_TERMINATING },
        { "being stopped, says draining", NODE_TERMINATING, BEAT_DRAINING, NODE_TERMINATING },
        { "being stopped, says drained", NODE_TERMINATING, BEAT_DRAINED, NODE_TERMINATING },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        core_fleet_booting(&core, core_spec("p"), 1);
        if (cases[i].is != NODE_BOOTING)
            core_beat(&core, "n-1", BEAT_READY, 0);
        if (cases[i].is == NODE_DRAINING || cases[i].is == NODE_TERMINATING)
            core_sample(&core, "p", 0, 0);
        if (cases[i].is == NODE_TERMINATING)
            core_beat(&core, "n-1", BEAT_DRAINED, 0);
        if (cases[i].is == NODE_LOST) {
            core_listing(&core, "local", NULL, 0);
            core_tick(&core, SECONDS(91));
            core_listing(&core, "local", NULL, 0);
        }
        assert_int_equal(core_state(&core, "n-1"), cases[i].is);
        size_t journalled = core.journal.len;
        core_beat(&core, "n-1", cases[i].says, 0);
        if (core_state(&core, "n-1") != cases[i].becomes)
            fail_msg("%s: %s", cases[i].name, node_state_word(core_state(&core, "n-1")));
        bool stopped = cases[i].becomes == NODE_TERMINATING && cases[i].is != NODE_TERMINATING;
        assert_int_equal(core.journal.len, journalled + (stopped ? 1 : 0));
        core_stop(&core);
    }
}

/* A drained worker goes on reporting until its machine is stopped: one stop, not one per report. */
static void a_drained_node_is_stopped_once(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_sample(&core, "p", 0, 0);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 1);
    for (int i = 0; i < 10; i++) {
        core_beat(&core, "n-1", i % 2 ? BEAT_DRAINED : BEAT_DRAINING, 0);
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    }
    assert_int_equal(core.journal.len, 2);
    core_stop(&core);
}

/* It said that its worker was gone, and then that it works: the first is no proof any more. */
static void an_old_proof_is_none(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    core_beat(&core, "n-1", BEAT_DRAINED, 0); /* refused now: the pool is paused */
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_beat(&core, "n-1", BEAT_READY, 1);
    core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = "p" });
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    core_stop(&core);
}

static void interruption(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = 9, .interrupted = true });
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    struct event ev = { .type = EVENT_INTERRUPTION, .interruption.node = "n-2" };
    assert_int_equal(core_step(&core, ev), 0);
    assert_int_equal(core_state(&core, "n-2"), NODE_DRAINING);
    assert_true(core_noted(&core, "node n-2 drains: the cloud takes it back"));
    assert_int_equal(core_step(&core, ev), 0); /* told twice */
    assert_int_equal(core_count(&core, EFFECT_NOTE), 0);
    core_tick(&core, SECONDS(1)); /* others take their place */
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 2);
    core_stop(&core);
}

/* ---- order ---------------------------------------------------------------------------------------- */

static void repeated_and_overtaken_ones_are_ignored(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = 5, .busy = 1 });
    core.now_ns += SECONDS(1);
    beat(&core, (struct heartbeat){ .state = BEAT_DRAINED, .seq = 5 });
    beat(&core, (struct heartbeat){ .state = BEAT_DRAINED, .seq = 4 });
    beat(&core, (struct heartbeat){ .state = BEAT_DRAINED, .seq = 0 });
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    assert_int_equal(node(&core, "n-1")->heard_ns, core.now_ns - SECONDS(1));
    beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = UINT64_MAX, .busy = 0 });
    assert_int_equal(node(&core, "n-1")->busy, 0);
    core_stop(&core);
}

static void strangers_are_told_that_they_are(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 0);
    beat(&core, (struct heartbeat){ .node = "i-7", .state = BEAT_READY, .seq = 1 });
    assert_int_equal(core.out.all.len, 0);
    assert_false(control_beat_reply(core.control, "i-7").known);
    assert_false(control_beat_reply(core.control, "").known);
    core_stop(&core);
}

/* ---- replies -------------------------------------------------------------------------------------- */

static void replies(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    struct beat_reply reply = control_beat_reply(core.control, "n-2");
    assert_true(reply.known && reply.run && !reply.drain);
    assert_int_equal(reply.heartbeat_ns, SECONDS(30));
    core_sample(&core, "p", 1, 0);
    reply = control_beat_reply(core.control, "n-1");
    assert_true(reply.known && !reply.run && reply.drain);
    assert_int_equal(node(&core, "n-1")->drain_told_ns, 0);
    core_beat(&core, "n-1", BEAT_READY, 0); /* this one's answer tells it */
    assert_int_equal(node(&core, "n-1")->drain_told_ns, core.now_ns);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    reply = control_beat_reply(core.control, "n-1");
    assert_true(reply.known && !reply.run && reply.drain);
    core_stop(&core);
}

/* From the first answer that lets it run it may be working: the journal learns it, once. */
static void the_journal_learns_who_may_work(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 2);
    core_beat(&core, "n-1", BEAT_BOOTING, 0);
    assert_int_equal(core_count(&core, EFFECT_SERVED), 1);
    assert_int_equal(core_effect(&core, EFFECT_SERVED)->served.number, 1);
    assert_true(node(&core, "n-1")->served);
    core_beat(&core, "n-1", BEAT_READY, 0);
    assert_int_equal(core_count(&core, EFFECT_SERVED), 0);
    /* Told to drain before it ever said a word: it never runs. */
    core_sample(&core, "p", 1, 0);
    assert_int_equal(core_state(&core, "n-2"), NODE_DRAINING);
    core_beat(&core, "n-2", BEAT_BOOTING, 0);
    assert_int_equal(core_count(&core, EFFECT_SERVED), 0);
    assert_false(node(&core, "n-2")->served);
    core_stop(&core);
}

/* ---- numbers -------------------------------------------------------------------------------------- */

/* Busy slots raise the demand, so no node may claim more of them than it has. */
static void busy_slots_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t says;
        int32_t busy;
    } cases[] = {
        { "none", 0, 0 },
        { "some", 2, 2 },
        { "all", 4, 4 },
        { "one too many", 5, 4 },
        { "absurdly many", INT64_MAX, 4 },
        { "does not tell", BUSY_UNKNOWN, BUSY_UNKNOWN },
        { "negative", INT64_MIN, BUSY_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->offers.at[0].slots = 4;
        core_fleet(&core, spec, 1);
        beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = 9, .busy = cases[i].says });
        if (node(&core, "n-1")->busy != cases[i].busy)
            fail_msg("%s: %d", cases[i].name, node(&core, "n-1")->busy);
        core_tick(&core, SECONDS(1));
        assert_true(core_view(&core, "p").desired <= 5);
        core_stop(&core);
    }
}

static void last_activity(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t busy, idle_ns, active_ago_ns; /* below 0: as before, unknown */
    } cases[] = {
        { "busy now", 1, SECONDS(50), 0 },
        { "idle for a while", 0, SECONDS(50), SECONDS(50) },
        { "idle, nobody knows how long", 0, -1, -1 },
        { "does not tell", BUSY_UNKNOWN, SECONDS(7), SECONDS(7) },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        core_fleet(&core, core_spec("p"), 1);
        beat(&core, (struct heartbeat){ .state = BEAT_READY,
                                        .seq = 9,
                                        .busy = cases[i].busy,
                                        .idle_ns = cases[i].idle_ns });
        int64_t active_ns = node(&core, "n-1")->active_ns;
        int64_t expected = cases[i].active_ago_ns < 0 ? 0 : core.now_ns - cases[i].active_ago_ns;
        if (active_ns != expected)
            fail_msg("%s", cases[i].name);
        core_stop(&core);
    }
}

static void versions_are_kept(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = 8, .version = "2026.11.3" });
    beat(&core, (struct heartbeat){ .state = BEAT_READY, .seq = 9 });
    assert_string_equal(node(&core, "n-1")->version, "2026.11.3");
    core_stop(&core);
}

/* What a node claims to have served goes into the estimate only as far as it can be true. */
static void served_jobs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double served;
        int64_t mean_ns, service_ns;
    } cases[] = {
        { "ten of a minute", 10, SECONDS(60), SECONDS(60) },
        { "none", 0, SECONDS(60), 0 },
        { "NaN", NAN, SECONDS(60), 0 },
        { "minus one", -1, SECONDS(60), 0 },
        { "no time", 1, 0, 0 },
        { "all the time there is", 1, INT64_MAX, 0 },
        { "infinitely many", INFINITY, SECONDS(60), SECONDS(60) },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        core_fleet(&core, core_spec("p"), 1);
        beat(&core, (struct heartbeat){ .state = BEAT_READY,
                                        .seq = 9,
                                        .served = cases[i].served,
                                        .served_mean_ns = cases[i].mean_ns });
        if (core_view(&core, "p").signal->service_ns != cases[i].service_ns)
            fail_msg("%s", cases[i].name);
        core_stop(&core);
    }
}

/* ---- boots ---------------------------------------------------------------------------------------- */

static void boot_times_are_measured(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 2);
    assert_int_equal(core_view(&core, "p").boot_ns, SECONDS(60)); /* the guess */
    assert_int_equal(core_view(&core, "p").boot_count, 0);
    core.now_ns += SECONDS(20);
    core_beat(&core, "n-1", BEAT_BOOTING, 0);
    assert_int_equal(core_view(&core, "p").boot_count, 0);
    core_beat(&core, "n-1", BEAT_READY, 0);
    assert_int_equal(core_view(&core, "p").boot_ns, SECONDS(20));
    core.now_ns += SECONDS(20);
    core_beat(&core, "n-1", BEAT_READY, 0); /* ready only once */
    assert_int_equal(core_view(&core, "p").boot_count, 1);
    core_beat(&core, "n-2", BEAT_READY, 0);
    assert_int_equal(core_view(&core, "p").boot_ns, SECONDS(40));
    assert_int_equal(core_view(&core, "p").boot_count, 2);
    core_stop(&core);
}

/* ---- workers that cannot live --------------------------------------------------------------------- */

/*
 * A worker that ends by itself as soon as it starts would be bought for ever. Its offer rests, longer
 * each time; being ready for a moment in between does not end that.
 */
static void a_worker_that_ends_at_once_is_not_bought_for_ever(void **state)
{
    (void)state;
    for (int ready = 0; ready < 2; ready++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        core_scale(spec, &policy_fixed, "slots", "1", NULL);
        core_pool(&core, spec);
        int bought = 0;
        for (int second = 0; second < 3600; second++) {
            core_acknowledge(&core);
            for (size_t i = 0; i < core.out.all.len; i++) {
                const struct effect *e = &core.out.all.at[i];
                if (e->type != EFFECT_LAUNCH)
                    continue;
                char id[NODE_ID_MAX];
                snprintf(id, sizeof(id), "n-%d", ++bought);
                core_launched(&core, e->intent->number, id);
                if (ready)
                    core_beat(&core, id, BEAT_READY, 0);
                core_beat(&core, id, BEAT_DRAINED, 0);
                struct listed_node gone = { .pool = "p", .state = LISTED_GONE };
                snprintf(gone.id, sizeof(gone.id), "%s", id);
                core.now_ns++;
                core_listing(&core, "local", &gone, 1);
                break;
            }
            if (second % 15 == 0)
                core_listing(&core, "local", NULL, 0);
            core_tick(&core, SECONDS(1));
        }
        if (bought > 20)
            fail_msg("%d bought in an hour", bought);
        assert_true(bought > 10); /* it is tried again, every five minutes */
        core_stop(&core);
    }
}

static void living_for_a_while_ends_a_rest(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_backlog, NULL);
    core_pool(&core, spec);
    for (int round = 0; round < 2; round++) {
        core_sample(&core, "p", 1, 0);
        for (int i = 0; i < 2; i++) { /* two failures: 5 s, 10 s */
            core_acknowledge(&core);
            core_launch_failed(&core, core_effect(&core, EFFECT_LAUNCH)->intent->number,
                               MUSTER_E_TRANSIENT);
            core_tick(&core, SECONDS(i == 0 ? 5 : 10));
            assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
        }
        core_acknowledge(&core);
        char id[8];
        snprintf(id, sizeof(id), "n-%d", round);
        core_launched(&core, core_effect(&core, EFFECT_LAUNCH)->intent->number, id);
        core_beat(&core, id, BEAT_READY, 0);
        core.now_ns += SECONDS(60);
        core_beat(&core, id, BEAT_READY, 0);
        core_sample(&core, "p", 0, 0);
        core_listing(&core, "local", NULL, 0);
    }
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_states),
        cmocka_unit_test(a_drained_node_is_stopped_once),
        cmocka_unit_test(an_old_proof_is_none),
        cmocka_unit_test(interruption),
        cmocka_unit_test(repeated_and_overtaken_ones_are_ignored),
        cmocka_unit_test(strangers_are_told_that_they_are),
        cmocka_unit_test(replies),
        cmocka_unit_test(the_journal_learns_who_may_work),
        cmocka_unit_test(busy_slots_are_bounded),
        cmocka_unit_test(last_activity),
        cmocka_unit_test(versions_are_kept),
        cmocka_unit_test(served_jobs),
        cmocka_unit_test(boot_times_are_measured),
        cmocka_unit_test(a_worker_that_ends_at_once_is_not_bought_for_ever),
        cmocka_unit_test(living_for_a_while_ends_a_rest),
    };
    return cmocka_run_group_tests_name("heartbeats", tests, NULL, NULL);
}
