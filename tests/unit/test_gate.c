/* gate: every objection, each seen to be the one thing that stands in the way. */
#include <stdio.h>

#include "control/state.h"
#include "core_fixture.h"

/*
 * Two ready nodes n-1 and n-2 of one slot at 0.01 USD/h, all of it in order: one more may be bought,
 * and n-1, which drains and has said that its worker is gone, may be stopped.
 */
struct gate_case {
    const char *name;
    void (*upset)(struct control *c, struct pool *p);
    int64_t count; /* to launch; 0: 1 */
    const char *objection;
};

static void start(struct core *core, void (*upset)(struct control *c, struct pool *p))
{
    core_start(core);
    core_fleet(core, core_spec("p"), 2);
    struct pool *p = pool_find(core->control, "p");
    struct node *node = p->nodes.at[0];
    node_move(node, NODE_DRAINING, core->now_ns);
    node->drained = true;
    effect_list_clear(&core->out);
    error_clear(&core->err);
    if (upset)
        upset(core->control, p);
}

/* ---- launches ------------------------------------------------------------------------------------- */

static void pause(struct control *c, struct pool *p)
{
    (void)c;
    p->paused = true;
}

static void pause_all(struct control *c, struct pool *p)
{
    (void)p;
    c->paused_all = true;
}

static void retire(struct control *c, struct pool *p)
{
    (void)c;
    p->retiring = true;
}

static void elsewhere(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->offers.at[0].inventory[0] = 'x';
}

static void unlisted(struct control *c, struct pool *p)
{
    (void)p;
    c->inventories.at[0]->listed_ns = 0;
}

static void failing(struct control *c, struct pool *p)
{
    (void)p;
    c->inventories.at[0]->failing_since_ns = c->now_ns;
}

static void vanished(struct control *c, struct pool *p)
{
    (void)p;
    c->inventories.at[0]->vanished_since_ns = c->now_ns;
}

static void listed_long_ago(struct control *c, struct pool *p)
{
    (void)p;
    c->now_ns += SECONDS(121); /* four listings and a minute */
}

static void listed_not_so_long_ago(struct control *c, struct pool *p)
{
    (void)p;
    c->now_ns += SECONDS(120);
}

static void cannot_give_back(struct control *c, struct pool *p)
{
    (void)p;
    c->inventories.at[0]->terminate_failing_since_ns = c->now_ns - SECONDS(601);
}

static void could_not_give_back_for_a_moment(struct control *c, struct pool *p)
{
    (void)p;
    c->inventories.at[0]->terminate_failing_since_ns = c->now_ns - SECONDS(600);
}

static void no_journal(struct control *c, struct pool *p)
{
    (void)p;
    c->journal_retry_ns = c->now_ns + 1;
}

static void journal_may_work_again(struct control *c, struct pool *p)
{
    (void)p;
    c->journal_retry_ns = c->now_ns;
}

static void slots_for_one(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->slots_max = 3;
}

static void nodes_for_one(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->nodes_max = 3;
}

static void offer_for_one(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->offers.at[0].nodes_max = 3;
}

static void limit_for_one(struct control *c, struct pool *p)
{
    (void)p;
    c->options.limits.nodes = 3;
}

static void budget_for_one(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->budget_per_hour_usd_micro = DOLLARS(0.03);
}

static void money_for_one(struct control *c, struct pool *p)
{
    (void)p;
    c->options.limits.usd_per_hour_micro = DOLLARS(0.03);
}

static void budget_without_a_price(struct control *c, struct pool *p)
{
    budget_for_one(c, p);
    p->spec->offers.at[0].price_usd_micro = PRICE_UNKNOWN;
}

static void money_without_a_price(struct control *c, struct pool *p)
{
    money_for_one(c, p);
    p->spec->offers.at[0].price_usd_micro = PRICE_UNKNOWN;
}

static void no_price_and_no_budget(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->offers.at[0].price_usd_micro = PRICE_UNKNOWN;
}

static void budget_of_nothing(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->budget_per_hour_usd_micro = 0;
}

/* A price so large that a sum of two would wrap around to a bargain. */
static void budget_and_a_monstrous_price(struct control *c, struct pool *p)
{
    budget_for_one(c, p);
    p->spec->offers.at[0].price_usd_micro = INT64_MAX / 2;
}

static void launches_for_one(struct control *c, struct pool *p)
{
    (void)p;
    c->options.limits.launches = (struct rate){ RATE_NODES, 1, SECONDS(60) };
}

static const struct gate_case launches[] = {
    { "all in order", NULL, 1, NULL },
    { "many at once", NULL, 98, NULL },
    { "paused", pause, 1, "the pool is paused" },
    { "all pools paused", pause_all, 1, "the pool is paused" },
    { "retiring", retire, 1, "the pool is retiring" },
    { "another inventory", elsewhere, 1, "its inventory is unknown" },
    { "never listed", unlisted, 1, "not been listed yet" },
    { "listing fails", failing, 1, "the last listing of its machines failed" },
    { "mass disappearance", vanished, 1, "missing from the listing at once" },
    { "old listing", listed_long_ago, 1, "too old" },
    { "listing just not too old", listed_not_so_long_ago, 1, NULL },
    { "terminations fail", cannot_give_back, 1, "cannot be given back" },
    { "terminations failed just now", could_not_give_back_for_a_moment, 1, NULL },
    { "no journal", no_journal, 1, "the journal cannot be written" },
    { "journal worth another try", journal_may_work_again, 1, NULL },
    { "the last slot", slots_for_one, 1, NULL },
    { "one slot too many", slots_for_one, 2, "would exceed slots.max" },
    { "the last node", nodes_for_one, 1, NULL },
    { "one node too many", nodes_for_one, 2, "would exceed nodes.max" },
    { "the last of its offer", offer_for_one, 1, NULL },
    { "one of its offer too many", offer_for_one, 2, "exceed its own max" },
    { "the last of all pools", limit_for_one, 1, NULL },
    { "one too many of all pools", limit_for_one, 2, "limits.nodes over all pools" },
    { "the last cent", budget_for_one, 1, NULL },
    { "a cent too much", budget_for_one, 2, "more than budget.per_hour" },
    { "the last cent of all pools", money_for_one, 1, NULL },
    { "a cent too much for all pools", money_for_one, 2, "more than limits.usd_per_hour" },
    { "a budget, no price", budget_without_a_price, 1, "no price is known" },
    { "a limit, no price", money_without_a_price, 1, "no price is known" },
    { "no budget, no price", no_price_and_no_budget, 1, NULL },
    { "a budget of nothing", budget_of_nothing, 1, "more than budget.per_hour" },
    { "a price beyond all", budget_and_a_monstrous_price, 3, "more than budget.per_hour" },
    { "the last token", launches_for_one, 1, NULL },
    { "no token left", launches_for_one, 2, "limits.launches over all pools: wait" },
};

static void every_objection_to_a_launch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(launches) / sizeof(launches[0]); i++) {
        const struct gate_case *t = &launches[i];
        struct core core;
        start(&core, t->upset);
        struct pool *p = pool_find(core.control, "p");
        struct trail trail = { 0 };
        int rc = gate_launch(core.control, p, 0, t->count, &trail, &core.out, &core.err);
        if (rc != (t->objection ? MUSTER_E_REFUSED : 0) ||
            (t->objection && !strstr(core.err.text, t->objection)))
            fail_msg("%s: %d %s", t->name, rc, core.err.text);
        /* Refused: it is in the trail, and nothing else happened. */
        assert_int_equal(trail.len, t->objection ? 1 : 0);
        assert_int_equal(core.out.all.len, t->objection ? 0 : 1);
        assert_int_equal(p->nodes.len, 2 + (t->objection ? 0 : (size_t)t->count));
        core_stop(&core);
    }
}

/* ---- terminations --------------------------------------------------------------------------------- */

static struct node *first(struct pool *p)
{
    return p->nodes.at[0];
}

static void nameless(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->id[0] = '\0';
}

static void adopted_unseen(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->adopted = true;
    first(p)->seen_ns = 0;
}

static void adopted_and_seen(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->adopted = true;
    first(p)->seen_ns = 1;
}

static void not_drained(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->drained = false;
    first(p)->busy = 0; /* idle is no proof */
}

static void stopping_already(struct control *c, struct pool *p)
{
    node_move(first(p), NODE_TERMINATING, c->now_ns);
}

static void ready_and_drained(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->state = NODE_REQUESTED;
}

static void heard_once(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->served = true;
}

static void never_heard(struct control *c, struct pool *p)
{
    (void)c;
    first(p)->served = false;
}

static void panic_over_boots(struct control *c, struct pool *p)
{
    never_heard(c, p);
    p->panic = true;
}

static void release_lost(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->release_lost_ns = SECONDS(600);
}

static void panic_over_lost(struct control *c, struct pool *p)
{
    release_lost(c, p);
    p->panic = true;
}

static void panic_alone(struct control *c, struct pool *p)
{
    (void)c;
    p->panic = true;
}

static void force(struct control *c, struct pool *p)
{
    (void)c;
    p->spec->drain_force = true;
}

static void no_terminations_left(struct control *c, struct pool *p)
{
    (void)p;
    c->options.limits.terminations = (struct rate){ RATE_NODES, 0.5, SECONDS(60) };
}

static const struct stop_case {
    const char *name;
    void (*upset)(struct control *c, struct pool *p);
    enum stop_reason reason;
    const char *objection;
} stops[] = {
    { "drained", NULL, STOP_DRAINED, NULL },
    { "no name", nameless, STOP_DRAINED, "no name yet" },
    { "paused", pause, STOP_DRAINED, "the pool is paused" },
    { "all pools paused", pause_all, STOP_DRAINED, "the pool is paused" },
    { "retiring", retire, STOP_DRAINED, NULL },
    { "never listed", unlisted, STOP_DRAINED, "not been listed yet" },
    { "listing fails", failing, STOP_DRAINED, "the last listing of its machines failed" },
    { "mass disappearance", vanished, STOP_DRAINED, "missing from the listing at once" },
    { "old listing", listed_long_ago, STOP_DRAINED, "too old" },
    { "terminations fail", cannot_give_back, STOP_DRAINED, NULL },
    { "no journal", no_journal, STOP_DRAINED, "the journal cannot be written" },
    { "adopted, not seen since", adopted_unseen, STOP_DRAINED, "no listing has shown it" },
    { "adopted and seen", adopted_and_seen, STOP_DRAINED, NULL },
    { "idle, but not drained", not_drained, STOP_DRAINED, "its worker is gone" },
    { "stopping already", stopping_already, STOP_DRAINED, "already being stopped" },
    { "in a state that cannot stop", ready_and_drained, STOP_DRAINED, "already being stopped" },
    { "drained, in panic", panic_alone, STOP_DRAINED, NULL },
    { "boot overdue, heard once", heard_once, STOP_BOOT_OVERDUE, "heard once" },
    { "boot overdue, never heard", never_heard, STOP_BOOT_OVERDUE, NULL },
    { "boot overdue, in panic", panic_over_boots, STOP_BOOT_OVERDUE, "too many nodes" },
    { "lost, never to be released", NULL, STOP_LOST, "health.release_lost is never" },
    { "lost, to be released", release_lost, STOP_LOST, NULL },
    { "lost, in panic", panic_over_lost, STOP_LOST, "too many nodes" },
    { "forced, not allowed", NULL, STOP_FORCED, "release.force is off" },
    { "forced", force, STOP_FORCED, NULL },
    { "no token", no_terminations_left, STOP_DRAINED, "limits.terminations over all pools" },
    { "no reason at all", NULL, (enum stop_reason)99, "no reason" },
};

static void every_objection_to_a_termination(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        const struct stop_case *t = &stops[i];
        struct core core;
        start(&core, t->upset);
        struct pool *p = pool_find(core.control, "p");
        enum node_state before = (enum node_state)first(p)->state;
        struct trail trail = { 0 };
        int rc = gate_terminate(core.control, p, first(p), t->reason, &trail, &core.out, &core.err);
        if (rc != (t->objection ? MUSTER_E_REFUSED : 0) ||
            (t->objection && !strstr(core.err.text, t->objection)))
            fail_msg("%s: %d %s", t->name, rc, core.err.text);
        assert_int_equal(trail.len, t->objection ? 1 : 0);
        assert_int_equal(core.out.all.len, t->objection ? 0 : 1);
        assert_int_equal(first(p)->state, t->objection ? before : NODE_TERMINATING);
        core_stop(&core);
    }
}

/* ---- tokens over all pools ------------------------------------------------------------------------ */

static void tokens_come_back_with_time(void **state)
{
    (void)state;
    struct core core;
    struct control_options options;
    control_options_default(&options);
    options.limits.launches = (struct rate){ RATE_NODES, 3, SECONDS(60) };
    core_start_with(&core, &options);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "10", NULL);
    core_pool(&core, spec);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 3);
    core_tick(&core, SECONDS(19));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    assert_true(core_trail_has(&core, "p", "launch", "limits.launches over all pools: wait"));
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    core_acknowledge(&core);
    core_listing(&core, "local", NULL, 0);
    core.now_ns += SECONDS(3000);
    core_listing(&core, "local", NULL, 0);
    core_tick(&core, SECONDS(1)); /* never more than a bucket full, however long it waited */
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 3);
    core_stop(&core);
}

/* A batch larger than the bucket must not wait for ever. */
static void a_batch_beyond_the_bucket_is_made_smaller(void **state)
{
    (void)state;
    struct core core;
    struct control_options options;
    control_options_default(&options);
    options.limits.launches = (struct rate){ RATE_NODES, 3, SECONDS(60) };
    core_start_with(&core, &options);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].batch = 16;
    core_scale(spec, &policy_fixed, "slots", "16", NULL);
    core_pool(&core, spec);
    char bought[256];
    assert_string_equal(core_bought(&core, bought), "local/small*3");
    core_stop(&core);
}

/* ---- the second look, when the journal has it ----------------------------------------------------- */

static uint64_t planned(struct core *core)
{
    core_start(core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_pool(core, spec);
    return core_effect(core, EFFECT_WRITE_INTENT)->intent->number;
}

static void acknowledge(struct core *core, uint64_t number, bool sent)
{
    core_acknowledge(core);
    assert_int_equal(core_count(core, EFFECT_LAUNCH), sent ? 1 : 0);
    assert_int_equal(core_count(core, EFFECT_CLOSE_INTENT), sent ? 0 : 1);
    assert_int_equal(core_view(core, "p").nodes[NODE_REQUESTED], sent ? 1 : 0);
    assert_int_equal(control_intent(core->control, 0) != NULL, sent);
    /* Told twice: nothing more. */
    core_step(core, (struct event){ .type = EVENT_INTENT_WRITTEN, .intent.number = number });
    assert_int_equal(core_count(core, EFFECT_LAUNCH), 0);
}

static void things_change_while_the_journal_writes(void **state)
{
    (void)state;
    struct core core;
    uint64_t number = planned(&core);
    acknowledge(&core, number, true);
    core_stop(&core);

    number = planned(&core);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "" });
    acknowledge(&core, number, false);
    core_stop(&core);

    number = planned(&core);
    core_step(&core, (struct event){ .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" });
    core_acknowledge(&core); /* its last machine: the pool goes with it */
    assert_true(core_noted(&core, "launch intent 1 not sent: the pool is retiring"));
    assert_int_equal(core_count(&core, EFFECT_LAUNCH), 0);
    assert_int_equal(control_pools(core.control), 0);
    core_stop(&core);

    number = planned(&core);
    struct pool_spec *spec = core_spec("p");
    snprintf(spec->offers.at[0].name, sizeof(spec->offers.at[0].name), "local/other");
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_policy(&core, spec);
    acknowledge(&core, number, false);
    core_stop(&core);

    number = planned(&core);
    core_step(&core, (struct event){ .type = EVENT_LISTING_FAILED,
                                     .listing_failed = { "local", MUSTER_E_TRANSIENT, "no" } });
    acknowledge(&core, number, false);
    core_stop(&core);

    number = planned(&core);
    spec = core_spec("p");
    spec->slots_max = 0;
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_policy(&core, spec);
    acknowledge(&core, number, false);
    core_stop(&core);
}

static void a_stop_is_looked_at_again_too(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_sample(&core, "p", 1, 0);
    core_beat(&core, "n-2", BEAT_DRAINED, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 0);
    assert_true(core_noted(&core, "not sent: the pool is paused"));
    assert_int_equal(core_state(&core, "n-2"), NODE_DRAINING);
    /* And again, when the pause is over. */
    core_step(&core, (struct event){ .type = EVENT_RESUME, .resume.pool = "p" });
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 1);
    core_stop(&core);
}

/* The machine is gone before the journal has the intent to stop it: there is nothing to stop. */
static void a_stop_of_what_is_gone(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_sample(&core, "p", 0, 0);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    struct listed_node gone = { .id = "n-1", .pool = "p", .state = LISTED_GONE };
    core.now_ns += SECONDS(1);
    core_listing(&core, "local", &gone, 1);
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_TERMINATE), 0);
    assert_int_equal(core_count(&core, EFFECT_CLOSE_INTENT), 1);
    core_stop(&core);
}

/* ---- a journal that fails ------------------------------------------------------------------------- */

static void nothing_is_done_without_a_journal(void **state)
{
    (void)state;
    struct core core;
    uint64_t number = planned(&core);
    struct event lost = { .type = EVENT_INTENT_LOST, .intent = { number, "disk full" } };
    core_step(&core, lost);
    assert_true(core_noted(&core, "the journal cannot be written: disk full; continuing"));
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 0);
    core_tick(&core, SECONDS(4));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    assert_true(core_trail_has(&core, "p", "launch", "the journal cannot be written"));
    core_tick(&core, SECONDS(1));
    number = core_effect(&core, EFFECT_WRITE_INTENT)->intent->number;
    lost.intent.number = number;
    core_step(&core, lost);
    assert_false(core_noted(&core, "journal")); /* said once */
    core_tick(&core, SECONDS(5));
    core_acknowledge(&core);
    assert_int_equal(core_count(&core, EFFECT_LAUNCH), 1);
    assert_int_equal(core_effect(&core, EFFECT_LAUNCH)->intent->number, 3);
    core_stop(&core);
}

static void a_lost_answer_about_nothing(void **state)
{
    (void)state;
    struct core core;
    uint64_t number = planned(&core);
    struct event lost = { .type = EVENT_INTENT_LOST, .intent = { number + 7, "disk full" } };
    core_step(&core, lost);
    assert_int_equal(core.out.all.len, 0);
    core_acknowledge(&core);
    lost.intent.number = number; /* it is on its way already */
    core_step(&core, lost);
    assert_int_equal(core.out.all.len, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    core_stop(&core);
}

/* A stop that could not be journalled leaves its node draining. */
static void a_stop_without_a_journal(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    core_sample(&core, "p", 0, 0);
    core_beat(&core, "n-1", BEAT_DRAINED, 0);
    uint64_t number = core_effect(&core, EFFECT_WRITE_INTENT)->intent->number;
    assert_int_equal(core_state(&core, "n-1"), NODE_TERMINATING);
    struct event lost = { .type = EVENT_INTENT_LOST, .intent = { number, "disk full" } };
    core_step(&core, lost);
    assert_int_equal(core_state(&core, "n-1"), NODE_DRAINING);
    core_tick(&core, SECONDS(5));
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_objection_to_a_launch),
        cmocka_unit_test(every_objection_to_a_termination),
        cmocka_unit_test(tokens_come_back_with_time),
        cmocka_unit_test(a_batch_beyond_the_bucket_is_made_smaller),
        cmocka_unit_test(things_change_while_the_journal_writes),
        cmocka_unit_test(a_stop_is_looked_at_again_too),
        cmocka_unit_test(a_stop_of_what_is_gone),
        cmocka_unit_test(nothing_is_done_without_a_journal),
        cmocka_unit_test(a_lost_answer_about_nothing),
        cmocka_unit_test(a_stop_without_a_journal),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
