/* inventory: what exists, by complete listings; and what is not believed of them. */
#include <stdio.h>

#include "core_fixture.h"

static struct listed_node machine(const char *id, enum listed_state state)
{
    struct listed_node node = {
        .pool = "p", .offer = "local/small", .state = state, .slots = 1, .age_ns = -1
    };
    snprintf(node.id, sizeof(node.id), "%s", id);
    return node;
}

/* Lists n-1 .. n-<len> as running, `later_ns` from now. */
static void list_first(struct core *core, int64_t later_ns, size_t len)
{
    core->now_ns += later_ns;
    core_list_fleet(core, (int)len);
}

/* ---- adoption ------------------------------------------------------------------------------------- */

static void what_carries_our_tag_is_ours(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum listed_state listed;
        int64_t slots;
        const char *offer;
        enum node_state becomes;
        int64_t has; /* slots */
    } cases[] = {
        { "running: taken to be working", LISTED_RUNNING, 1, "local/small", NODE_READY, 1 },
        { "pending", LISTED_PENDING, 1, "local/small", NODE_BOOTING, 1 },
        { "stopping", LISTED_STOPPING, 1, "local/small", NODE_TERMINATING, 1 },
        { "gone", LISTED_GONE, 1, "local/small", NODE_GONE, 0 },
        { "four slots by its tag", LISTED_RUNNING, 4, "local/small", NODE_READY, 4 },
        { "slots by its offer", LISTED_RUNNING, 0, "local/large", NODE_READY, 8 },
        { "slots of an unknown offer", LISTED_RUNNING, 0, "local/none", NODE_READY, 1 },
        { "no offer at all", LISTED_RUNNING, 0, "", NODE_READY, 1 },
        { "as many slots as may be", LISTED_RUNNING, 1000000, "", NODE_READY, 1000000 },
        { "absurdly many", LISTED_RUNNING, INT64_MAX / 2, "local/large", NODE_READY, 8 },
        { "negative", LISTED_RUNNING, -5, "", NODE_READY, 1 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->slots_max = 2000000;
        core_offer(spec, "local/large", 8, DOLLARS(0.1));
        core_scale(spec, &policy_backlog, NULL);
        core_policy(&core, spec);
        struct listed_node node = machine("i-1", cases[i].listed);
        node.slots = cases[i].slots;
        snprintf(node.offer, sizeof(node.offer), "%s", cases[i].offer);
        core_listing(&core, "local", &node, 1);
        if (core_state(&core, "i-1") != cases[i].becomes)
            fail_msg("%s: %s", cases[i].name, node_state_word(core_state(&core, "i-1")));
        const struct node *found = control_node_find(core.control, "i-1", NULL);
        assert_int_equal(found ? found->slots : 0, cases[i].has);
        assert_true(!found || found->adopted);
        core_stop(&core);
    }
}

/* What was found counts before anything is wanted: nothing is bought beside it. */
static void what_was_found_is_what_a_pool_begins_with(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_backlog, NULL);
    core_policy(&core, spec);
    core_tick(&core, SECONDS(1)); /* nothing is known yet: no decision */
    assert_null(core_view(&core, "p").last);
    list_first(&core, 0, 3);
    assert_int_equal(core_view(&core, "p").desired, 3);
    assert_true(core_view(&core, "p").last->held);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    assert_int_equal(core_view(&core, "p").price_usd_micro, DOLLARS(0.03));
    core_stop(&core);
}

/* A pool that no file describes: its machines are left alone until every file was read. */
static void machines_of_an_unknown_pool(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("other");
    core_scale(spec, &policy_fixed, "slots", "0", NULL);
    core_policy(&core, spec);
    core_policies(&core, false); /* one file has an error: it may be this pool's */
    struct listed_node node = machine("i-1", LISTED_RUNNING);
    core_listing(&core, "local", &node, 1);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "i-1"), NODE_READY);
    assert_false(core_view(&core, "p").retiring);
    assert_non_null(strstr(core_view(&core, "p").problem, "left alone"));
    core_policies(&core, true);
    core_tick(&core, SECONDS(1));
    assert_true(core_view(&core, "p").retiring);
    assert_int_equal(core_state(&core, "i-1"), NODE_DRAINING);
    core_stop(&core);
}

/* A pause is kept by name; the pool may come to be known later than it. */
static void a_pause_is_older_than_the_pool(void **state)
{
    (void)state;
    struct core core;
    core_start_unread(&core, NULL);
    const char *const paused[] = { "p" };
    struct event ev = { .type = EVENT_RECOVERED,
                        .recovered = { .journal = "j", .paused = paused, .paused_len = 1 } };
    assert_int_equal(core_step(&core, ev), 0);
    struct pool_spec *spec = core_spec("other");
    core_scale(spec, &policy_fixed, "slots", "0", NULL);
    core_policy(&core, spec);
    core_policies(&core, true);
    struct listed_node node = machine("i-1", LISTED_RUNNING);
    core_listing(&core, "local", &node, 1);
    core_tick(&core, SECONDS(1));
    assert_true(core_view(&core, "p").paused);
    assert_int_equal(core_state(&core, "i-1"), NODE_READY); /* retiring, but not drained */
    core_stop(&core);
}

static void what_has_no_name_is_nothing(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 0);
    struct listed_node node = machine("", LISTED_RUNNING);
    for (int i = 0; i < 3; i++) {
        core.now_ns++;
        core_listing(&core, "local", &node, 1);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 0);
    core_stop(&core);
}

/* ---- absence -------------------------------------------------------------------------------------- */

/* Three complete listings in a row must not show a silent machine; then it is gone. */
static void a_missing_machine(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 3);
    list_first(&core, SECONDS(60), 3);
    for (int round = 0; round < 2; round++) {
        list_first(&core, SECONDS(15), 2);
        assert_int_equal(core_state(&core, "n-3"), NODE_READY);
        list_first(&core, SECONDS(15), 2);
        assert_int_equal(core_state(&core, "n-3"), NODE_READY);
        if (round == 0)
            list_first(&core, SECONDS(15), 3); /* there it is again: from the start */
    }
    list_first(&core, SECONDS(15), 2);
    assert_int_equal(core_state(&core, "n-3"), NODE_GONE);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 2);
    core_stop(&core);
}

static void what_speaks_exists(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 3; k++) {
            core.now_ns += SECONDS(19); /* 57 s: less than two heartbeats of 30 s */
            core_listing(&core, "local", NULL, 0);
        }
        assert_int_equal(core_state(&core, "n-1"), NODE_READY);
        core_beat(&core, "n-1", BEAT_READY, 0);
    }
    core_stop(&core);
}

/* A launch younger than settle_ns may be missing: counting only what is shown would buy it twice. */
static void what_is_young_may_be_missing(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 1);
    for (int i = 0; i < 30; i++) { /* settle_ns is 30 s */
        core.now_ns += SECONDS(1);
        core_listing(&core, "local", NULL, 0);
    }
    assert_int_equal(core_state(&core, "n-1"), NODE_BOOTING);
    for (int i = 0; i < 3; i++) {
        core.now_ns += SECONDS(1);
        core_listing(&core, "local", NULL, 0);
    }
    assert_int_equal(core_state(&core, "n-1"), NODE_GONE);
    core_stop(&core);
}

/* Its offer may have gone from the file; it is young all the same. */
static void a_node_of_a_removed_offer(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet_booting(&core, core_spec("p"), 1);
    struct pool_spec *spec = core_spec("p");
    snprintf(spec->offers.at[0].name, sizeof(spec->offers.at[0].name), "local/other");
    spec->offers.at[0].price_usd_micro = DOLLARS(5);
    core_scale(spec, &policy_backlog, NULL);
    core_policy(&core, spec);
    for (int i = 0; i < 10; i++) {
        core.now_ns += SECONDS(3);
        core_listing(&core, "local", NULL, 0);
    }
    assert_int_equal(core_state(&core, "n-1"), NODE_BOOTING);
    assert_int_equal(core_view(&core, "p").price_usd_micro, DOLLARS(0.01)); /* as it was bought */
    core_beat(&core, "n-1", BEAT_READY, 0);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_stop(&core);
}

static void an_answer_from_the_past_is_dropped(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    list_first(&core, SECONDS(60), 1);
    int64_t before_ns = core.now_ns - SECONDS(1);
    core.now_ns += SECONDS(60);
    for (int i = 0; i < 5; i++) {
        struct event ev = { .type = EVENT_LISTING, .listing = { "local", NULL, 0, before_ns } };
        assert_int_equal(core_step(&core, ev), 0);
    }
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    struct event unknown = { .type = EVENT_LISTING, .listing = { "moon", NULL, 0, core.now_ns } };
    assert_int_equal(core_step(&core, unknown), 0);
    core_stop(&core);
}

/* Listed twice in one listing (a page repeated): one machine. */
static void duplicates_are_one(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 0);
    struct listed_node twice[2] = { machine("i-1", LISTED_RUNNING),
                                    machine("i-1", LISTED_RUNNING) };
    core.now_ns++;
    core_listing(&core, "local", twice, 2);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 1);
    core_stop(&core);
}

/* ---- mass disappearance --------------------------------------------------------------------------- */

/* More than three, and more than a fifth, missing at once is not believed. */
static void many_at_once_are_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int nodes;
        size_t shown;
        bool believed;
    } cases[] = {
        { "one of one", 1, 0, true },         { "three of three", 3, 0, true },
        { "four of four", 4, 0, false },      { "three of ten", 10, 7, true },
        { "four of ten", 10, 6, false },      { "four of twenty", 20, 16, true },
        { "five of twenty", 20, 15, false },  { "six of thirty", 30, 24, true },
        { "seven of thirty", 30, 23, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        core_fleet(&core, core_spec("p"), cases[i].nodes);
        list_first(&core, SECONDS(60), (size_t)cases[i].nodes);
        for (int k = 0; k < 3; k++) {
            list_first(&core, SECONDS(15), cases[i].shown);
            if (k == 0 && core_noted(&core, "are missing from the listing of local at once") !=
                              !cases[i].believed)
                fail_msg("%s: noted", cases[i].name);
        }
        bool buried = control_node(core.control, "p", cases[i].shown) == NULL;
        if (buried != cases[i].believed)
            fail_msg("%s", cases[i].name);
        core_stop(&core);
    }
}

/* Nothing is bought or given back on the strength of such a view; after ten minutes it is true. */
static void a_mass_disappearance_is_believed_once(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->panic_above = 1;
    core_fleet(&core, spec, 10);
    list_first(&core, SECONDS(60), 10);
    int64_t first_ns = core.now_ns + SECONDS(15);
    while (core.now_ns < first_ns + SECONDS(585)) {
        list_first(&core, SECONDS(15), 0);
        core_tick(&core, 0);
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
        assert_non_null(control_node(core.control, "p", 9));
    }
    /* True from here: three listings bury them, and the pool may be built up again. */
    list_first(&core, SECONDS(15), 0);
    list_first(&core, SECONDS(15), 0);
    assert_non_null(control_node(core.control, "p", 9));
    list_first(&core, SECONDS(15), 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 10);
    assert_int_equal(core_nodes(&core, "p", NODE_LOST), 0);
    core_stop(&core);
}

static void a_view_that_comes_back(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 10);
    list_first(&core, SECONDS(60), 10);
    list_first(&core, SECONDS(15), 0);
    core_sample(&core, "p", 11, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    list_first(&core, SECONDS(15), 10);
    for (int i = 1; i <= 10; i++) {
        char id[8];
        snprintf(id, sizeof(id), "n-%d", i);
        core_beat(&core, id, BEAT_READY, 0);
    }
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 10);
    core_stop(&core);
}

/* What we stop ourselves is expected to go, all of it at once. */
static void what_was_stopped_may_go(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 10);
    core_sample(&core, "p", 0, 0);
    for (int i = 1; i <= 10; i++) {
        char id[8];
        snprintf(id, sizeof(id), "n-%d", i);
        core_beat(&core, id, BEAT_DRAINED, 0);
    }
    core_acknowledge(&core);
    for (uint64_t number = 11; number <= 20; number++)
        core_step(&core, (struct event){ .type = EVENT_TERMINATED, .result.number = number });
    list_first(&core, SECONDS(70), 0);
    assert_false(core_noted(&core, "at once"));
    assert_null(control_node(core.control, "p", 0));
    core_stop(&core);
}

/* ---- asking --------------------------------------------------------------------------------------- */

static void listings_are_asked_for_in_time(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "0", NULL);
    core_policy(&core, spec);
    core_tick(&core, 0);
    assert_int_equal(core_count(&core, EFFECT_LIST), 1);
    assert_string_equal(core_effect(&core, EFFECT_LIST)->list.inventory, "local");
    core_tick(&core, SECONDS(60)); /* not answered: not asked again at once */
    assert_int_equal(core_count(&core, EFFECT_LIST), 0);
    core_tick(&core, SECONDS(120)); /* but it will not be answered any more */
    assert_int_equal(core_count(&core, EFFECT_LIST), 1);
    core_listing(&core, "local", NULL, 0);
    core_tick(&core, SECONDS(14));
    assert_int_equal(core_count(&core, EFFECT_LIST), 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_LIST), 1);
    core_stop(&core);
}

static void a_listing_that_fails(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    struct event ev = { .type = EVENT_LISTING_FAILED,
                        .listing_failed = { "local", MUSTER_E_AUTH, "denied" } };
    assert_int_equal(core_step(&core, ev), 0);
    assert_true(core_noted(&core, "listing local failed (auth): denied; continuing: nothing is "
                                  "bought or given back there"));
    struct inventory_view view;
    assert_true(control_inventory(core.control, 0, &view));
    assert_string_equal(view.problem, "denied");
    assert_int_equal(view.failing_since_ns, core.now_ns);
    core_sample(&core, "p", 5, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    assert_string_equal(core_view(&core, "p").problem, "denied");
    core.now_ns += SECONDS(5);
    assert_int_equal(core_step(&core, ev), 0);
    assert_int_equal(core_count(&core, EFFECT_NOTE), 0); /* said once */
    core_tick(&core, SECONDS(5));
    assert_int_equal(core_count(&core, EFFECT_LIST), 1); /* and tried again soon */
    list_first(&core, 0, 1);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 4);
    ev.listing_failed.inventory = "moon";
    assert_int_equal(core_step(&core, ev), 0);
    assert_int_equal(core.out.all.len, 0);
    core_stop(&core);
}

/* ---- machines that end by themselves -------------------------------------------------------------- */

/* A worker that cannot live would be bought again and again: its offer rests. */
static void dying_young_rests_the_offer(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool ready;
        int64_t age_s;
        bool rests;
    } cases[] = {
        { "never ready", false, 200, true },
        { "ready for a moment", true, 59, true },
        { "ready for a while", true, 60, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        core_fleet_booting(&core, core_spec("p"), 1);
        if (cases[i].ready)
            core_beat(&core, "n-1", BEAT_READY, 0);
        struct listed_node gone = machine("n-1", LISTED_GONE);
        core.now_ns += SECONDS(cases[i].age_s);
        core_listing(&core, "local", &gone, 1);
        core_sample(&core, "p", 1, 0);
        if ((core_count(&core, EFFECT_WRITE_INTENT) == 0) != cases[i].rests)
            fail_msg("%s", cases[i].name);
        core_stop(&core);
    }
}

/* ---- places that can fail alone ------------------------------------------------------------------- */

static struct listed_node placed(const char *id, const char *place)
{
    struct listed_node node = machine(id, id[0] ? LISTED_RUNNING : LISTED_UNSEEN);
    snprintf(node.place, sizeof(node.place), "%s", place);
    return node;
}

/* Two machines in zone a, one in zone b; then zone b cannot be seen. */
static void what_could_not_be_seen_is_not_gone(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_backlog, NULL);
    core_policy(&core, spec);
    const struct listed_node all[] = { placed("i-1", "a"), placed("i-2", "a"), placed("i-3", "b") };
    core_listing(&core, "local", all, 3);
    const struct listed_node some[] = { placed("i-1", "a"), placed("", "b") };
    for (int i = 0; i < 10; i++) {
        core.now_ns += SECONDS(200);
        core_listing(&core, "local", some, 2);
        assert_int_equal(core_noted(&core, "the listing of local lacks b"), i == 0);
    }
    assert_int_equal(core_state(&core, "i-2"), NODE_GONE); /* its zone was seen, without it */
    assert_int_not_equal(core_state(&core, "i-3"), NODE_GONE);
    core_sample(&core, "p", 2, 0);
    assert_non_null(strstr(core_view(&core, "p").problem, "could not be listed"));
    for (int i = 0; i < 3; i++) { /* seen again, and it is not there */
        core.now_ns += SECONDS(200);
        core_listing(&core, "local", all, 1);
    }
    assert_int_equal(core_state(&core, "i-3"), NODE_GONE);
    core_stop(&core);
}

/* Drained, but it may be another life's machine by now: it waits until it is seen. */
static void nothing_is_given_back_unseen(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    struct listed_node nodes[] = { placed("n-1", "b"), placed("", "b") };
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", &nodes[0], 1);
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", &nodes[1], 1);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", &nodes[0], 1);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_effect(&core, EFFECT_WRITE_INTENT)->intent->kind, INTENT_TERMINATE);
    core_stop(&core);
}

/* A launch without an answer may have come to something where nobody could look. */
static void an_unknown_launch_waits_for_all_places(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_pool(&core, spec);
    core_acknowledge(&core);
    uint64_t number = core_effect(&core, EFFECT_LAUNCH)->intent->number;
    core_launch_failed(&core, number, MUSTER_E_UNKNOWN);
    const struct listed_node unseen = placed("", "b");
    for (int i = 0; i < 10; i++) {
        core.now_ns += SECONDS(60);
        core_listing(&core, "local", &unseen, 1);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    for (int i = 0; i < 3; i++) {
        core.now_ns += SECONDS(60);
        core_listing(&core, "local", NULL, 0);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    core_stop(&core);
}

/* Taken back by the cloud, which keeps its disks: no capacity, and given back at once. */
static void remains_are_given_back(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    struct listed_node nodes[] = { machine("n-1", LISTED_RUNNING),
                                   machine("n-2", LISTED_STOPPING) };
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", nodes, 2);
    assert_int_equal(core_state(&core, "n-2"), NODE_TERMINATING); /* by itself */
    nodes[1].state = LISTED_ENDED;
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", nodes, 2);
    assert_int_equal(core_state(&core, "n-2"), NODE_DRAINING);
    assert_int_equal(core_view(&core, "p").slots_ready, 1);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_state(&core, "n-2"), NODE_TERMINATING);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_not_be_seen_is_not_gone),
        cmocka_unit_test(nothing_is_given_back_unseen),
        cmocka_unit_test(an_unknown_launch_waits_for_all_places),
        cmocka_unit_test(remains_are_given_back),
        cmocka_unit_test(what_carries_our_tag_is_ours),
        cmocka_unit_test(what_was_found_is_what_a_pool_begins_with),
        cmocka_unit_test(machines_of_an_unknown_pool),
        cmocka_unit_test(a_pause_is_older_than_the_pool),
        cmocka_unit_test(what_has_no_name_is_nothing),
        cmocka_unit_test(a_missing_machine),
        cmocka_unit_test(what_speaks_exists),
        cmocka_unit_test(what_is_young_may_be_missing),
        cmocka_unit_test(a_node_of_a_removed_offer),
        cmocka_unit_test(an_answer_from_the_past_is_dropped),
        cmocka_unit_test(duplicates_are_one),
        cmocka_unit_test(many_at_once_are_not_believed),
        cmocka_unit_test(a_mass_disappearance_is_believed_once),
        cmocka_unit_test(a_view_that_comes_back),
        cmocka_unit_test(what_was_stopped_may_go),
        cmocka_unit_test(listings_are_asked_for_in_time),
        cmocka_unit_test(a_listing_that_fails),
        cmocka_unit_test(dying_young_rests_the_offer),
    };
    return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
