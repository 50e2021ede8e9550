/* control: the front door. Events in any order, clocks that go wrong, pools that come and go. */
#include <stdio.h>

#include "core_fixture.h"

static struct pool_spec *wanting(const char *name, const char *slots)
{
    struct pool_spec *spec = core_spec(name);
    core_scale(spec, &policy_fixed, "slots", slots, NULL);
    return spec;
}

/* Until the journal was read nothing is known of an earlier life: nothing is done, and nothing is due. */
static void nothing_happens_before_the_journal_was_read(void **state)
{
    (void)state;
    struct core core;
    core_start_unread(&core, NULL);
    core_policy(&core, wanting("p", "3"));
    core_policies(&core, true);
    assert_int_equal(control_next_ns(core.control), INT64_MAX);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core.out.all.len, 0);
    core_listing(&core, "local", NULL, 0);
    assert_int_equal(core.out.all.len, 0);
    struct event ev = { .type = EVENT_RECOVERED, .recovered.journal = "journal0journal0" };
    assert_int_equal(core_step(&core, ev), 0);
    assert_true(control_next_ns(core.control) <= core.now_ns);
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_LIST), 1);
    core_listing(&core, "local", NULL, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 3);
    core_stop(&core);
}

/* A loop that sleeps until control_next_ns and then ticks never spins, whatever is not answered. */
static void what_is_due_is_done_by_a_tick(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_policy(&core, wanting("p", "1"));
    core_policy(&core, wanting("q", "1"));
    for (int i = 0; i < 1000; i++) {
        int64_t next_ns = control_next_ns(core.control);
        core_tick(&core, next_ns > core.now_ns ? next_ns - core.now_ns : 0);
        assert_true(control_next_ns(core.control) > core.now_ns);
        if (i == 300) /* from here on they are listed, and buy */
            core_listing(&core, "local", NULL, 0);
        if (i > 300 && i % 7 == 0)
            core_acknowledge(&core);
    }
    core_stop(&core);
}

static void a_clock_that_goes_back(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core.now_ns += SECONDS(10);
    core_beat(&core, "n-1", BEAT_READY, 0);
    core.now_ns -= SECONDS(500);
    core.wall_ns -= SECONDS(1e6);
    core_tick(&core, 0);
    core_sample(&core, "p", 2, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 2);
    assert_int_equal(core_view(&core, "p").last->at_ns, core.now_ns + SECONDS(500));
    core_stop(&core);
}

/* ---- polls ---------------------------------------------------------------------------------------- */

static void queues_are_polled_in_whole_periods(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_pool(&core, wanting("p", "0"));
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    core_sample(&core, "p", 0, 0);
    core_tick(&core, SECONDS(4.9));
    assert_int_equal(core_count(&core, EFFECT_POLL), 0);
    core_tick(&core, SECONDS(2)); /* late by 1.9 s */
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    core_sample(&core, "p", 0, 0);
    core_tick(&core, SECONDS(3.1)); /* the next is at 10 s all the same */
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    /* Not answered: not asked again at once, but some time. */
    core_tick(&core, SECONDS(100));
    assert_int_equal(core_count(&core, EFFECT_POLL), 0);
    core_tick(&core, SECONDS(20));
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    core_stop(&core);
}

/* The source of a replaced policy is closed: what it was asked is never answered. */
static void a_replaced_policy_is_polled_at_once(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_pool(&core, wanting("p", "0"));
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    core_policy(&core, wanting("p", "1"));
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_POLL), 1);
    core_stop(&core);
}

/* ---- what nobody knows ---------------------------------------------------------------------------- */

static void events_about_nothing(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    struct sample sample = { 0 };
    const struct {
        const char *name;
        struct event ev;
        int rc;
    } cases[] = {
        { "a sample", { .type = EVENT_SAMPLE, .sample = { "x", &sample } }, 0 },
        { "a failure", { .type = EVENT_SAMPLE_FAILED, .sample_failed = { "x", "no" } }, 0 },
        { "a pause", { .type = EVENT_PAUSE, .pause.pool = "x" }, MUSTER_E_NOTFOUND },
        { "a resume", { .type = EVENT_RESUME, .resume.pool = "x" }, MUSTER_E_NOTFOUND },
        { "a removal",
          { .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "x" },
          MUSTER_E_NOTFOUND },
        { "a drain", { .type = EVENT_DRAIN, .drain.node = "x" }, MUSTER_E_NOTFOUND },
        { "an interruption",
          { .type = EVENT_INTERRUPTION, .interruption.node = "x" },
          MUSTER_E_NOTFOUND },
        { "an answer", { .type = EVENT_LAUNCHED, .result.number = 99 }, 0 },
        { "a stop's answer", { .type = EVENT_TERMINATED, .result.number = 99 }, 0 },
        { "a launch's answer to a stop", { .type = EVENT_TERMINATED, .result.number = 1 }, 0 },
        { "a price", { .type = EVENT_PRICE, .price = { "x", "local/small", 5 } }, 0 },
        { "a price of no offer", { .type = EVENT_PRICE, .price = { "p", "x", 5 } }, 0 },
        { "nothing there is", { .type = (enum event_type)99 }, MUSTER_E_INVALID },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (core_step(&core, cases[i].ev) != cases[i].rc || core.out.all.len > 1)
            fail_msg("%s: %s", cases[i].name, core.err.text);
        assert_int_equal(core_nodes(&core, "p", NODE_READY), 1);
    }
    core_stop(&core);
}

/* ---- pools that come and go ----------------------------------------------------------------------- */

static void a_removed_pool_drains_and_ends(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    struct event removed = { .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" };
    assert_int_equal(core_step(&core, removed), 0);
    assert_true(core_noted(&core, "no new nodes, 1 nodes drain"));
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_READY); /* retiring, but paused */
    core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = "p" });
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    core_acknowledge(&core);
    struct event stopped = { .type = EVENT_TERMINATED, .result.number = 2 };
    assert_int_equal(core_step(&core, stopped), 0);
    assert_int_equal(control_pools(core.control), 1);
    core.now_ns += SECONDS(70);
    core_listing(&core, "local", NULL, 0);
    assert_int_equal(control_pools(core.control), 0);
    assert_true(core_noted(&core, "retired: its last node is gone"));
    core_tick(&core, SECONDS(1));
    core_stop(&core);
}

static void a_file_that_comes_back(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_step(&core, (struct event){ .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" });
    core_policy(&core, wanting("p", "2")); /* a file of the same name: the same pool */
    assert_false(core_view(&core, "p").retiring);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 2);
    assert_int_equal(control_pools(core.control), 1);
    core_stop(&core);
}

static void pauses(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_pool(&core, wanting("p", "0"));
    core_policy(&core, wanting("q", "0"));
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    assert_string_equal(core_effect(&core, EFFECT_PAUSED)->paused.pool, "p");
    assert_true(core_effect(&core, EFFECT_PAUSED)->paused.paused);
    assert_true(core_view(&core, "p").paused && !core_view(&core, "q").paused);
    core_policy(&core, wanting("p", "4")); /* outlives a change of its file */
    assert_true(core_view(&core, "p").paused);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "" });
    assert_string_equal(core_effect(&core, EFFECT_PAUSED)->paused.pool, "");
    assert_true(core_view(&core, "q").paused);
    core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = "" });
    assert_true(core_view(&core, "p").paused && !core_view(&core, "q").paused);
    core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = "p" });
    assert_false(core_effect(&core, EFFECT_PAUSED)->paused.paused);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 4);
    core_stop(&core);
}

static void prices_change(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_offer(spec, "local/other", 1, DOLLARS(0.02));
    core_scale(spec, &policy_backlog, NULL);
    core_pool(&core, spec);
    char bought[256];
    core_sample(&core, "p", 1, 0);
    assert_string_equal(core_bought(&core, bought), "local/small*1");
    struct event ev = { .type = EVENT_PRICE, .price = { "p", "local/small", DOLLARS(0.05) } };
    core_step(&core, ev);
    core_sample(&core, "p", 2, 0);
    assert_string_equal(core_bought(&core, bought), "local/other*1");
    ev.price.offer = "local/other";
    ev.price.usd_micro = -7; /* nobody knows: after all that are known */
    core_step(&core, ev);
    core_sample(&core, "p", 3, 0);
    assert_string_equal(core_bought(&core, bought), "local/small*1");
    core_stop(&core);
}

/* ---- looking in ----------------------------------------------------------------------------------- */

static void views(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].slots = 4;
    core_fleet(&core, spec, 0);
    core_sample(&core, "p", 12, 0);
    core_launch_all(&core, 1);
    core_beat(&core, "n-1", BEAT_READY, 3);
    core_beat(&core, "n-2", BEAT_READY, BUSY_UNKNOWN);
    struct pool_view view;
    control_pool_view(core.control, 0, &view);
    assert_string_equal(view.name, "p");
    assert_int_equal(view.desired, 12);
    assert_int_equal(view.slots_ready, 8);
    assert_int_equal(view.slots_booting, 4);
    assert_int_equal(view.busy, 3);
    assert_int_equal(view.busy_unknown, 4);
    assert_int_equal(view.price_usd_micro, DOLLARS(0.03));
    assert_int_equal(view.intents_open, 0);
    assert_string_equal(control_node(core.control, "p", 2)->id, "n-3");
    assert_null(control_node(core.control, "p", 3));
    assert_null(control_node(core.control, "x", 0));
    const char *pool = NULL;
    assert_non_null(control_node_find(core.control, "n-2", &pool));
    assert_string_equal(pool, "p");
    assert_null(control_node_find(core.control, "x", NULL));
    struct inventory_view inventory;
    assert_true(control_inventory(core.control, 0, &inventory));
    assert_string_equal(inventory.name, "local");
    assert_true(inventory.listed_ns > 0);
    assert_false(control_inventory(core.control, 1, &inventory));
    assert_false(control_pool_find(core.control, "x", &view));
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_before_the_journal_was_read),
        cmocka_unit_test(what_is_due_is_done_by_a_tick),
        cmocka_unit_test(a_clock_that_goes_back),
        cmocka_unit_test(queues_are_polled_in_whole_periods),
        cmocka_unit_test(a_replaced_policy_is_polled_at_once),
        cmocka_unit_test(events_about_nothing),
        cmocka_unit_test(a_removed_pool_drains_and_ends),
        cmocka_unit_test(a_file_that_comes_back),
        cmocka_unit_test(pauses),
        cmocka_unit_test(prices_change),
        cmocka_unit_test(views),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
