/* intents: calls out in the world, and what becomes of them. */
#include <stdio.h>

#include "core_fixture.h"

/* A pool "p" that wants `slots` slots; the launch of the first machine(s) is sent. */
static void sent(struct core *core, const char *slots, int64_t batch)
{
    core_start(core);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].batch = batch;
    core_scale(spec, &policy_fixed, "slots", slots, NULL);
    core_pool(core, spec);
    core_acknowledge(core);
    assert_int_equal(core_count(core, EFFECT_LAUNCH), 1);
}

static void launched(struct core *core, uint64_t number, const char *const *ids, size_t len,
                     int code)
{
    char copies[8][NODE_ID_MAX];
    for (size_t i = 0; i < len; i++)
        snprintf(copies[i], sizeof(copies[i]), "%s", ids[i]);
    struct event ev = { .type = EVENT_LAUNCHED,
                        .result = { .number = number,
                                    .ids = (const char(*)[NODE_ID_MAX])copies,
                                    .len = len,
                                    .code = code } };
    assert_int_equal(core_step(core, ev), 0);
}

static struct listed_node listed(const struct core *core, const char *id, uint64_t number)
{
    struct listed_node node = {
        .pool = "p", .offer = "local/small", .state = LISTED_RUNNING, .slots = 1
    };
    snprintf(node.id, sizeof(node.id), "%s", id);
    if (number > 0)
        memcpy(node.token, core->journal.at[number - 1].intent.token, sizeof(node.token));
    return node;
}

/* ---- launches that are answered ------------------------------------------------------------------- */

static void a_launch_gives_its_machines_names(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "3", 3);
    assert_int_equal(core_view(&core, "p").intents_open, 1);
    launched(&core, 1, (const char *[]){ "a", "b", "c" }, 3, 0);
    assert_int_equal(core_count(&core, EFFECT_CLOSE_INTENT), 1);
    assert_int_equal(core_effect(&core, EFFECT_CLOSE_INTENT)->intent->state, INTENT_DONE);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 3);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    assert_int_equal(core_view(&core, "p").intents_open, 0);
    launched(&core, 1, (const char *[]){ "a", "b", "c" }, 3, 0); /* twice */
    launched(&core, 99, (const char *[]){ "d" }, 1, 0);          /* of nothing */
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 3);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core_stop(&core);
}

/* Fewer came: the rest is bought later, not at once, whether or not a reason was given. */
static void a_launch_that_comes_short(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t came;
        int code;
        int64_t rest_s;
    } cases[] = {
        { "two of three, sold out", 2, MUSTER_E_CAPACITY, 180 },
        { "one of three, a limit", 1, MUSTER_E_QUOTA, 300 },
        { "two of three, nobody says why", 2, 0, 180 },
        { "none, nobody says why", 0, 0, 180 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        sent(&core, "3", 3);
        launched(&core, 1, (const char *[]){ "a", "b" }, cases[i].came, cases[i].code);
        assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), cases[i].came);
        assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
        core.now_ns += SECONDS(cases[i].rest_s) - 1;
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, 0);
        if (core_count(&core, EFFECT_WRITE_INTENT) != 0)
            fail_msg("%s: bought at once", cases[i].name);
        core_tick(&core, SECONDS(1));
        assert_true(core_count(&core, EFFECT_WRITE_INTENT) > 0);
        core_stop(&core);
    }
}

/* More than was asked for exists, so it counts; what has no name does not. */
static void a_launch_that_brings_too_many(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "1", 1);
    launched(&core, 1, (const char *[]){ "a", "b", "", "a" }, 4, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 2);
    assert_int_equal(core_view(&core, "p").slots_booting, 2);
    assert_int_equal(core_view(&core, "p").price_usd_micro, DOLLARS(0.02));
    core_tick(&core, SECONDS(1)); /* and one is too many */
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 1);
    core_stop(&core);
}

static void a_launch_that_fails(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "2", 2);
    core_launch_failed(&core, 1, MUSTER_E_CAPACITY);
    assert_int_equal(core_effect(&core, EFFECT_CLOSE_INTENT)->intent->state, INTENT_FAILED);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    core_launch_failed(&core, 1, MUSTER_E_CAPACITY); /* twice */
    assert_int_equal(core.out.all.len, 0);
    core_stop(&core);
}

/* ---- launches that are not ------------------------------------------------------------------------ */

/* No answer: counted as live, asked again with the same token, ever more rarely, then no more. */
static void an_unanswered_launch_is_asked_again(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].settle_ns = SECONDS(3600); /* no listing settles it meanwhile */
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_pool(&core, spec);
    core_acknowledge(&core);
    static const int64_t waits_s[] = { 5, 10, 20, 40, 80 };
    for (size_t i = 0; i < 5; i++) {
        core_launch_failed(&core, 1, MUSTER_E_UNKNOWN);
        assert_true(core_noted(&core, "launch 1 was not answered: made to fail; continuing"));
        assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, SECONDS(waits_s[i]) - 1);
        assert_int_equal(core_count(&core, EFFECT_LAUNCH), 0);
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0); /* nor another one bought */
        core_tick(&core, 1);
        assert_int_equal(core_count(&core, EFFECT_LAUNCH), 1);
        assert_int_equal(core_effect(&core, EFFECT_LAUNCH)->intent->tries, i + 2);
    }
    core_launch_failed(&core, 1, MUSTER_E_UNKNOWN);
    for (int i = 0; i < 20; i++) {
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, SECONDS(20));
        assert_int_equal(core_count(&core, EFFECT_LAUNCH), 0);
        assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    }
    core_stop(&core);
}

/* A call that nobody answers at all becomes unknown after a while. */
static void silence_becomes_unknown(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "1", 1);
    core.now_ns += SECONDS(119);
    core_listing(&core, "local", NULL, 0);
    core_tick(&core, 0);
    assert_int_equal(control_intent(core.control, 0)->state, INTENT_SENT);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_LAUNCH), 1);
    assert_int_equal(control_intent(core.control, 0)->tries, 2);
    core_stop(&core);
}

/*
 * A no to the second call says nothing of the first, which may have bought: it stays counted until a
 * yes or the listings settle it.
 */
static void a_no_to_a_repeated_call_proves_nothing(void **state)
{
    (void)state;
    static const int codes[] = { MUSTER_E_THROTTLED, MUSTER_E_AUTH, MUSTER_E_TRANSIENT,
                                 MUSTER_E_CAPACITY, MUSTER_E_QUOTA };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct core core;
        sent(&core, "1", 1);
        core_launch_failed(&core, 1, MUSTER_E_UNKNOWN);
        core_tick(&core, SECONDS(5));
        assert_int_equal(core_count(&core, EFFECT_LAUNCH), 1);
        core_launch_failed(&core, 1, codes[i]);
        assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
        assert_int_equal(control_intent(core.control, 0)->state, INTENT_UNKNOWN);
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
        /* The first one had bought: the listing shows it, and it is the one that was waited for. */
        struct listed_node found = listed(&core, "a", 1);
        core_listing(&core, "local", &found, 1);
        assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
        assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 1);
        assert_int_equal(core_view(&core, "p").intents_open, 0);
        core_stop(&core);
    }
}

/* Three complete listings, each asked for after things had time to appear, show nothing. */
static void listings_settle_what_was_never_answered(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "2", 2);
    core_launch_failed(&core, 1, MUSTER_E_UNKNOWN);
    struct listed_node found = listed(&core, "a", 1);
    core.now_ns += SECONDS(30); /* settle_ns is 30 s, and they must be later than that */
    for (int i = 0; i < 5; i++)
        core_listing(&core, "local", &found, 1);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1); /* one of two came */
    for (int i = 0; i < 2; i++) {
        core.now_ns += 1;
        core_listing(&core, "local", &found, 1);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    core.now_ns += 1;
    core_listing(&core, "local", &found, 1);
    assert_true(core_noted(&core, "launch 1: 3 complete listings show no machine of it"));
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 1);
    assert_int_equal(core_effect(&core, EFFECT_CLOSE_INTENT)->intent->state, INTENT_FAILED);
    core_stop(&core);
}

/* While it is still being asked, no listing may say that it never happened. */
static void a_call_on_its_way_is_not_settled(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "1", 1);
    for (int i = 0; i < 10; i++) {
        core.now_ns += SECONDS(10);
        core_listing(&core, "local", NULL, 0);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    core_stop(&core);
}

/* The listing was faster than the answer: one machine, not two. */
static void a_listing_may_be_faster(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "2", 2);
    struct listed_node found[2] = { listed(&core, "a", 1), listed(&core, "b", 1) };
    core.now_ns += 1;
    core_listing(&core, "local", found, 1);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 1);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    launched(&core, 1, (const char *[]){ "a", "b" }, 2, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 2);
    core.now_ns += 1;
    core_listing(&core, "local", found, 2);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 2);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    core_stop(&core);
}

/* All of them were found: nothing is left to wait for, and a late answer changes nothing. */
static void all_found_closes_the_intent(void **state)
{
    (void)state;
    struct core core;
    sent(&core, "2", 2);
    struct listed_node found[3] = { listed(&core, "a", 1), listed(&core, "b", 1),
                                    listed(&core, "c", 1) };
    core.now_ns += 1;
    core_listing(&core, "local", found, 2);
    assert_int_equal(core_view(&core, "p").intents_open, 0);
    launched(&core, 1, (const char *[]){ "a", "b" }, 2, 0);
    core_launch_failed(&core, 1, MUSTER_E_CAPACITY);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 2);
    /* A third with the same token is one too many; it exists, so it counts. */
    core.now_ns += 1;
    core_listing(&core, "local", found, 3);
    assert_true(core_noted(&core, "node c carries our tag but was not in our tables: adopted"));
    core_stop(&core);
}

/* ---- terminations --------------------------------------------------------------------------------- */

/* One node, drained; the call to stop it is sent. Gives the intent's number. */
static uint64_t stopping(struct core *core)
{
    core_start(core);
    core_fleet(core, core_spec("p"), 1);
    core_sample(core, "p", 0, 0);
    core_beat(core, "n-1", BEAT_DRAINED, 0);
    core_acknowledge(core);
    return core_effect(core, EFFECT_TERMINATE)->intent->number;
}

static void stop_answered(struct core *core, enum event_type type, uint64_t number, int code)
{
    struct event ev = { .type = type, .result = { .number = number, .code = code, .text = "no" } };
    assert_int_equal(core_step(core, ev), 0);
}

/* Accepted is not gone: it is a machine until a listing shows that it is not. */
static void a_stop_that_is_accepted(void **state)
{
    (void)state;
    static const struct {
        enum event_type type;
        int code;
    } answers[] = { { EVENT_TERMINATED, 0 }, { EVENT_TERMINATE_FAILED, MUSTER_E_NOTFOUND } };
    for (size_t i = 0; i < 2; i++) {
        struct core core;
        uint64_t number = stopping(&core);
        stop_answered(&core, answers[i].type, number, answers[i].code);
        assert_int_equal(core_effect(&core, EFFECT_CLOSE_INTENT)->intent->state, INTENT_DONE);
        assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
        core_tick(&core, SECONDS(1)); /* the inventory is looked at soon */
        assert_int_equal(core_count(&core, EFFECT_LIST), 1);
        core.now_ns += SECONDS(60); /* heartbeats of a dying worker have ended */
        core_listing(&core, "local", NULL, 0);
        assert_int_equal(core_state(&core, "n-1"), NODE_GONE);
        core_stop(&core);
    }
}

static void a_stop_that_fails_is_tried_again(void **state)
{
    (void)state;
    struct core core;
    uint64_t number = stopping(&core);
    stop_answered(&core, EVENT_TERMINATE_FAILED, number, MUSTER_E_THROTTLED);
    assert_true(core_noted(&core, "node n-1 could not be stopped (throttled): no; continuing"));
    core_tick(&core, SECONDS(5) - 1);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 0);
    core_tick(&core, 1);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 1);
    for (int i = 0; i < 30; i++) { /* it never gives up, but never hurries either */
        stop_answered(&core, EVENT_TERMINATE_FAILED, number, MUSTER_E_AUTH);
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, SECONDS(300) - 1);
        core_tick(&core, 1);
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, SECONDS(1));
        if (core_state(&core, "n-1") == NODE_GONE)
            break;
    }
    core_stop(&core);
}

/* Its machine went while the answer was lost: nothing is left to wait for, or to hold against it. */
static void a_stop_whose_machine_went_without_an_answer(void **state)
{
    (void)state;
    for (int failed = 0; failed < 2; failed++) {
        struct core core;
        uint64_t number = stopping(&core);
        if (failed)
            stop_answered(&core, EVENT_TERMINATE_FAILED, number, MUSTER_E_TRANSIENT);
        struct listed_node gone = { .id = "n-1", .pool = "p", .state = LISTED_GONE };
        core.now_ns += 1;
        core_listing(&core, "local", &gone, 1);
        assert_int_equal(core_state(&core, "n-1"), NODE_GONE);
        core.now_ns += SECONDS(120);
        core_listing(&core, "local", NULL, 0);
        core_tick(&core, 0);
        assert_int_equal(core_view(&core, "p").intents_open, 0);
        /* Long after, machines can still be bought: nothing there fails to be given back. */
        core.now_ns += SECONDS(900);
        core_listing(&core, "local", NULL, 0);
        core_sample(&core, "p", 1, 0);
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
        core_stop(&core);
    }
}

/* Two stops, one fails: that the other's machine went by itself does not make it forgotten. */
static void one_failing_stop_is_enough_to_buy_nothing(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_sample(&core, "p", 0, 0);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    core_beat(&core, "n-2", BEAT_DRAINED, 0);
    core_acknowledge(&core);
    uint64_t first = 0;
    for (size_t i = 0; control_intent(core.control, i); i++)
        first = first ? first : control_intent(core.control, i)->number;
    stop_answered(&core, EVENT_TERMINATE_FAILED, first, MUSTER_E_AUTH);
    struct listed_node both[2] = { { .id = "n-1", .pool = "p", .state = LISTED_RUNNING },
                                   { .id = "n-2", .pool = "p", .state = LISTED_GONE } };
    core.now_ns += 1;
    core_listing(&core, "local", both, 2);
    core.now_ns += SECONDS(601);
    core_listing(&core, "local", both, 1);
    core_tick(&core, 0);
    assert_int_equal(core_view(&core, "p").intents_open, 1);
    core_sample(&core, "p", 1, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    assert_true(core_trail_has(&core, "p", "launch", "cannot be given back"));
    core_stop(&core);
}

/* ---- an earlier life ------------------------------------------------------------------------------ */

static struct intent open_intent(uint64_t number, enum intent_kind kind, int64_t count)
{
    struct intent intent = { .number = number,
                             .kind = kind,
                             .state = INTENT_SENT,
                             .pool = "p",
                             .offer = "local/small",
                             .inventory = "local",
                             .slots = 1,
                             .price_usd_micro = DOLLARS(0.01),
                             .count = count,
                             .tries = 4 };
    snprintf(intent.token, sizeof(intent.token), "token-number-%llu-of-another-life",
             (unsigned long long)number);
    return intent;
}

static void recover(struct core *core, const struct intent *open, size_t len, uint64_t last)
{
    core_start_unread(core, NULL);
    for (size_t i = 0; i < len; i++) {
        struct core_entry entry = { .intent = open[i], .acknowledged = true };
        assert_true(vec_push(&core->journal, entry));
    }
    struct event ev = { .type = EVENT_RECOVERED,
                        .recovered = { open, len, last, "journal1journal1", NULL, 0 } };
    assert_int_equal(core_step(core, ev), 0);
}

static void open_launches_count_until_listings_settle_them(void **state)
{
    (void)state;
    struct intent open[] = { open_intent(3, INTENT_LAUNCH, 2), open_intent(5, INTENT_LAUNCH, 1) };
    struct core core;
    recover(&core, open, 2, 9);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "3", NULL);
    core_policy(&core, spec);
    core_policies(&core, true);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 3);
    /* Nothing is asked again: nobody may want it now. */
    core_listing(&core, "local", NULL, 0);
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_LAUNCH), 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    /* One of the first two exists. */
    struct listed_node found = {
        .id = "a", .pool = "p", .offer = "local/small", .state = LISTED_PENDING
    };
    memcpy(found.token, open[0].token, sizeof(found.token));
    for (int i = 0; i < 3; i++) {
        core.now_ns += SECONDS(31);
        core_listing(&core, "local", &found, 1);
    }
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    assert_int_equal(core_nodes(&core, "p", NODE_BOOTING), 1);
    assert_int_equal(core_view(&core, "p").intents_open, 0);
    core_tick(&core, SECONDS(1)); /* what is missing is bought anew, with a new number */
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 2);
    assert_int_equal(core_effect(&core, EFFECT_WRITE_INTENT)->intent->number, 10);
    core_stop(&core);
}

/* A stop is decided anew, on fresh proof. */
static void open_terminations_are_closed(void **state)
{
    (void)state;
    struct intent open = open_intent(3, INTENT_TERMINATE, 1);
    snprintf(open.node, sizeof(open.node), "n-1");
    struct core core;
    recover(&core, &open, 1, 3);
    assert_int_equal(core_count(&core, EFFECT_CLOSE_INTENT), 1);
    assert_int_equal(core_effect(&core, EFFECT_CLOSE_INTENT)->intent->state, INTENT_FAILED);
    assert_null(control_intent(core.control, 0));
    core_stop(&core);
}

/* The journal's word on the last number may be behind its own entries: none is ever used twice. */
static void numbers_only_grow(void **state)
{
    (void)state;
    struct intent open[] = { open_intent(12, INTENT_LAUNCH, 1), open_intent(7, INTENT_LAUNCH, 1) };
    struct core core;
    recover(&core, open, 2, 5);
    assert_int_equal(control_intent(core.control, 0)->number, 7); /* in order, however given */
    assert_int_equal(control_intent(core.control, 1)->number, 12);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "3", NULL);
    core_policy(&core, spec);
    for (int i = 0; i < 3; i++) { /* until what an earlier life bought must have been listed */
        core.now_ns += SECONDS(31);
        core_listing(&core, "local", NULL, 0);
    }
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_effect(&core, EFFECT_WRITE_INTENT)->intent->number, 13);
    core_stop(&core);
}

/* A recovery that is tried again (memory was out) counts nothing twice. */
static void recovering_twice(void **state)
{
    (void)state;
    struct intent open[] = { open_intent(3, INTENT_LAUNCH, 2) };
    struct core core;
    recover(&core, open, 1, 3);
    struct event ev = { .type = EVENT_RECOVERED,
                        .recovered = { open, 1, 3, "journal1journal1", NULL, 0 } };
    assert_int_equal(core_step(&core, ev), 0);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 2);
    assert_null(control_intent(core.control, 1));
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_launch_gives_its_machines_names),
        cmocka_unit_test(a_launch_that_comes_short),
        cmocka_unit_test(a_launch_that_brings_too_many),
        cmocka_unit_test(a_launch_that_fails),
        cmocka_unit_test(an_unanswered_launch_is_asked_again),
        cmocka_unit_test(silence_becomes_unknown),
        cmocka_unit_test(a_no_to_a_repeated_call_proves_nothing),
        cmocka_unit_test(listings_settle_what_was_never_answered),
        cmocka_unit_test(a_call_on_its_way_is_not_settled),
        cmocka_unit_test(a_listing_may_be_faster),
        cmocka_unit_test(all_found_closes_the_intent),
        cmocka_unit_test(a_stop_that_is_accepted),
        cmocka_unit_test(a_stop_that_fails_is_tried_again),
        cmocka_unit_test(a_stop_whose_machine_went_without_an_answer),
        cmocka_unit_test(one_failing_stop_is_enough_to_buy_nothing),
        cmocka_unit_test(open_launches_count_until_listings_settle_them),
        cmocka_unit_test(open_terminations_are_closed),
        cmocka_unit_test(numbers_only_grow),
        cmocka_unit_test(recovering_twice),
    };
    return cmocka_run_group_tests_name("intents", tests, NULL, NULL);
}
