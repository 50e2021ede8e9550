/* notices: what the cloud says of a machine's end, and what follows. */
#include <stdio.h>

#include "core_fixture.h"

static void notice(struct core *core, const char *node, enum notice what)
{
    struct event ev = { .type = EVENT_INTERRUPTION };
    ev.interruption.node = node;
    ev.interruption.what = what;
    assert_int_equal(core_step(core, ev), 0);
}

/* One-slot machines of the offer "local/small"; "local/other" costs more. */
static void fleet(struct core *core, int n, int on_rebalance)
{
    struct pool_spec *spec = core_spec("p");
    spec->on_rebalance = on_rebalance;
    core_offer(spec, "local/other", 1, DOLLARS(0.05));
    core_start(core);
    core_fleet(core, spec, n);
}

static void eight(struct core *core, int on_rebalance)
{
    fleet(core, 8, on_rebalance);
}

static void taken_back_drains_at_once(void **state)
{
    (void)state;
    struct core core;
    char text[256];
    eight(&core, REBALANCE_REPLACE);
    notice(&core, "n-1", NOTICE_TAKEN_BACK);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    assert_true(core_noted(&core, "node n-1 drains: the cloud takes it back"));
    assert_true(control_next_ns(core.control) <= core.now_ns); /* the replacement does not wait */
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/other*1");
    core_stop(&core);
}

static void a_good_part_noticed_is_replaced_elsewhere(void **state)
{
    (void)state;
    struct core core;
    char text[256];
    fleet(&core, 11, REBALANCE_REPLACE);
    notice(&core, "n-1", NOTICE_TAKEN_BACK);
    notice(&core, "n-1", NOTICE_TAKEN_BACK); /* heard of twice */
    notice(&core, "n-1", NOTICE_REBALANCE);  /* and in another way */
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/small*1");
    core_acknowledge(&core);
    notice(&core, "n-2", NOTICE_TAKEN_BACK);
    notice(&core, "n-3", NOTICE_TAKEN_BACK);
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/other*2");
    core_launch_all(&core, 12);
    /* Much later nobody remembers. */
    core_tick(&core, SECONDS(601));
    core_list_fleet(&core, 14);
    core_sample(&core, "p", 20, 0);
    assert_memory_equal(core_bought(&core, text), "local/small", strlen("local/small"));
    core_stop(&core);
}

static void where_there_is_no_elsewhere_the_same_is_bought(void **state)
{
    (void)state;
    struct core core;
    char text[256];
    core_start(&core);
    core_fleet(&core, core_spec("p"), 4);
    for (int i = 0; i < 4; i++)
        notice(&core, (const char *const[]){ "n-1", "n-2", "n-3", "n-4" }[i], NOTICE_TAKEN_BACK);
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/small*4");
    core_stop(&core);
}

static void rebalance_replaces_first(void **state)
{
    (void)state;
    struct core core;
    char text[256];
    eight(&core, REBALANCE_REPLACE);
    notice(&core, "n-1", NOTICE_REBALANCE);
    assert_true(core_noted(&core, "recommends to replace node n-1"));
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/other*1");
    core_launch_all(&core, 9);
    core_tick(&core, SECONDS(1));
    assert_string_equal(core_bought(&core, text), ""); /* once */
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_beat(&core, "n-9", BEAT_READY, 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 8);
    assert_true(core_trail_has(&core, "p", "rebalance", "recommends to replace it"));
    core_stop(&core);
}

static void a_flood_is_replaced_a_quarter_at_a_time(void **state)
{
    (void)state;
    static const char *const names[] = { "n-1", "n-2", "n-3", "n-4", "n-5", "n-6", "n-7", "n-8" };
    struct core core;
    char text[256];
    eight(&core, REBALANCE_REPLACE);
    for (int i = 0; i < 8; i++)
        notice(&core, names[i], NOTICE_REBALANCE);
    core_tick(&core, 0);
    assert_string_equal(core_bought(&core, text), "local/other*2");
    core_launch_all(&core, 9);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 0);
    core_beat(&core, "n-9", BEAT_READY, 0);
    core_beat(&core, "n-10", BEAT_READY, 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 2);
    core_stop(&core);
}

static void less_work_lets_the_advised_go_first(void **state)
{
    (void)state;
    struct core core;
    eight(&core, REBALANCE_REPLACE);
    notice(&core, "n-3", NOTICE_REBALANCE);
    core_sample(&core, "p", 7, 0);
    assert_int_equal(core_state(&core, "n-3"), NODE_DRAINING);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 7);
    core_stop(&core);
}

static void unknown_demand_keeps_it(void **state)
{
    (void)state;
    struct core core;
    eight(&core, REBALANCE_REPLACE);
    core_step(&core, (struct event){ .type = EVENT_SAMPLE_FAILED,
                                     .sample_failed = { .pool = "p", .text = "down" } });
    notice(&core, "n-1", NOTICE_REBALANCE);
    core_tick(&core, 0);
    core_acknowledge(&core);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 0);
    core_stop(&core);
}

static void what_the_file_says_of_rebalance(void **state)
{
    (void)state;
    struct core core;
    char text[256];
    eight(&core, REBALANCE_DRAIN);
    notice(&core, "n-1", NOTICE_REBALANCE);
    core_tick(&core, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_stop(&core);
    eight(&core, REBALANCE_DRAIN); /* but nothing in a paused pool */
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    notice(&core, "n-1", NOTICE_REBALANCE);
    core_tick(&core, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_stop(&core);
    eight(&core, REBALANCE_IGNORE);
    notice(&core, "n-1", NOTICE_REBALANCE);
    core_tick(&core, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    assert_string_equal(core_bought(&core, text), "");
    core_stop(&core);
}

/* Half the fleet goes at once, as it was announced: that is no reason to doubt the listing. */
static void the_noticed_may_be_missing(void **state)
{
    (void)state;
    static const char *const names[] = { "n-1", "n-2", "n-3", "n-4" };
    struct core core;
    struct listed_node left[4] = { 0 };
    eight(&core, REBALANCE_REPLACE);
    for (int i = 0; i < 4; i++) {
        notice(&core, names[i], NOTICE_TAKEN_BACK);
        left[i] = (struct listed_node){ .pool = "p", .offer = "local/small", .slots = 1 };
        left[i].state = LISTED_RUNNING;
        left[i].age_ns = -1;
        (void)snprintf(left[i].id, sizeof(left[i].id), "n-%d", i + 5);
    }
    struct inventory_view inventory;
    for (int i = 0; i < 4; i++) {
        core_tick(&core, SECONDS(400));
        core_listing(&core, "local", left, 4);
        assert_false(core_noted(&core, "not believed"));
    }
    assert_true(control_inventory(core.control, 0, &inventory));
    assert_int_equal(core_state(&core, "n-1"), NODE_GONE);
    core_stop(&core);
}

static void an_end_is_looked_up(void **state)
{
    (void)state;
    struct core core;
    eight(&core, REBALANCE_REPLACE);
    core_tick(&core, SECONDS(20));
    core_list_fleet(&core, 8);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_LIST), 0);
    notice(&core, "n-1", NOTICE_ENDED);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_LIST), 1);
    core_stop(&core);
}

static void a_stranger_is_told_of(void **state)
{
    (void)state;
    struct core core;
    eight(&core, REBALANCE_REPLACE);
    struct event ev = { .type = EVENT_INTERRUPTION, .interruption.node = "i-404" };
    assert_int_equal(core_step(&core, ev), MUSTER_E_NOTFOUND);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_back_drains_at_once),
        cmocka_unit_test(a_good_part_noticed_is_replaced_elsewhere),
        cmocka_unit_test(where_there_is_no_elsewhere_the_same_is_bought),
        cmocka_unit_test(rebalance_replaces_first),
        cmocka_unit_test(a_flood_is_replaced_a_quarter_at_a_time),
        cmocka_unit_test(less_work_lets_the_advised_go_first),
        cmocka_unit_test(unknown_demand_keeps_it),
        cmocka_unit_test(what_the_file_says_of_rebalance),
        cmocka_unit_test(the_noticed_may_be_missing),
        cmocka_unit_test(an_end_is_looked_up),
        cmocka_unit_test(a_stranger_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
