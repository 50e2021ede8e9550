/* place: which offers are bought, which nodes are drained. */
#include <stdio.h>
#include <stdlib.h>

#include "control/state.h"
#include "core_fixture.h"

/* ---- buying --------------------------------------------------------------------------------------- */

struct buy_case {
    const char *name;
    struct {
        const char *name;
        int64_t slots;
        double usd; /* below 0: unknown */
        int64_t nodes_max, batch;
        enum market market;
    } offers[3];
    enum prefer_offer prefer;
    int64_t base; /* on-demand */
    double share;
    int64_t want, slots_max, nodes_max; /* 0: 100 */
    const char *bought;
};

#define OFFER(n, s, u, ...)                                                                        \
    {                                                                                              \
        .name = (n), .slots = (s), .usd = (u), __VA_ARGS__                                         \
    }

static const struct buy_case buys[] = {
    { "nothing wanted", { OFFER("a", 1, 1) }, .want = 0, .bought = "" },
    { "one", { OFFER("a", 1, 1) }, .want = 1, .bought = "a*1" },
    { "the cheapest a slot", { OFFER("a", 1, 1), OFFER("b", 1, 0.9) }, .want = 5, .bought = "b*5" },
    { "equal prices: as listed",
      { OFFER("a", 1, 1), OFFER("b", 1, 1) },
      .want = 5,
      .bought = "a*5" },
    { "large is cheaper, the rest is not worth one",
      { OFFER("a", 1, 1.1), OFFER("b", 4, 4) },
      .want = 9,
      .bought = "b*2 a*1" },
    { "large is cheaper, and for the rest too",
      { OFFER("a", 1, 1.5), OFFER("b", 4, 4) },
      .want = 7,
      .bought = "b*2" },
    { "large is cheap enough even for one slot",
      { OFFER("a", 1, 1), OFFER("b", 4, 0.9) },
      .want = 1,
      .bought = "b*1" },
    { "listed order, whatever the price",
      { OFFER("a", 4, 9), OFFER("b", 1, 0.1) },
      .prefer = PREFER_LISTED,
      .want = 6,
      .bought = "a*2" },
    { "a price is better than none",
      { OFFER("a", 1, -1), OFFER("b", 1, 50) },
      .want = 2,
      .bought = "b*2" },
    { "no price is better than nothing", { OFFER("a", 1, -1) }, .want = 2, .bought = "a*2" },
    { "for nothing", { OFFER("a", 1, 0.1), OFFER("b", 1, 0) }, .want = 2, .bought = "b*2" },
    { "its own max, then the next",
      { OFFER("a", 1, 1, .nodes_max = 3), OFFER("b", 1, 2) },
      .want = 5,
      .bought = "a*3 b*2" },
    { "its own max is below its batch",
      { OFFER("a", 1, 1, .nodes_max = 3, .batch = 10), OFFER("b", 1, 2, .batch = 10) },
      .want = 20,
      .bought = "a*3 b*17" },
    { "batches", { OFFER("a", 1, 1, .batch = 10) }, .want = 25, .bought = "a*25" },
    { "slots.max is just met", { OFFER("a", 4, 1) }, .want = 8, .slots_max = 8, .bought = "a*2" },
    { "a node that would exceed slots.max is not bought",
      { OFFER("a", 4, 1) },
      .want = 7,
      .slots_max = 7,
      .bought = "a*1" },
    { "a smaller one fits",
      { OFFER("a", 4, 1), OFFER("b", 1, 9) },
      .want = 7,
      .slots_max = 7,
      .bought = "a*1 b*3" },
    { "none is small enough", { OFFER("a", 4, 1) }, .want = 3, .slots_max = 3, .bought = "" },
    { "nodes.max", { OFFER("a", 1, 1) }, .want = 9, .nodes_max = 4, .bought = "a*4" },
    { "nodes.max is no multiple of the batch",
      { OFFER("a", 1, 1, .batch = 10) },
      .want = 25,
      .nodes_max = 17,
      .bought = "a*17" },

/* On-demand apart: "o" costs a dollar, "s" is spot and costs a third. */
#define FIRM       OFFER("o", 1, 1)
#define CHEAP(...) OFFER("s", 1, 0.3, .market = MARKET_SPOT, __VA_ARGS__)
    { "the cheapest, wherever", { FIRM, CHEAP() }, .want = 5, .bought = "s*5" },
    { "a base on demand", { FIRM, CHEAP() }, .base = 2, .want = 5, .bought = "o*2 s*3" },
    { "no more than the base", { FIRM, CHEAP() }, .base = 9, .want = 5, .bought = "o*5" },
    { "a share on demand", { FIRM, CHEAP() }, .share = 0.2, .want = 10, .bought = "o*2 s*8" },
    { "a share is rounded up", { FIRM, CHEAP() }, .share = 0.2, .want = 6, .bought = "o*2 s*4" },
    { "base, and share of the rest",
      { FIRM, CHEAP() },
      .base = 2,
      .share = 0.5,
      .want = 6,
      .bought = "o*4 s*2" },
    { "what spot cannot give",
      { FIRM, CHEAP(.nodes_max = 1) },
      .share = 0.2,
      .want = 5,
      .bought = "o*1 s*1 o*3" },
    { "what on-demand cannot give", { CHEAP() }, .base = 2, .want = 5, .bought = "s*5" },
    { "nodes.max holds over both",
      { FIRM, CHEAP() },
      .base = 2,
      .want = 9,
      .nodes_max = 5,
      .bought = "o*2 s*3" },
};

static void buys_the_cheapest_cover(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(buys) / sizeof(buys[0]); i++) {
        const struct buy_case *t = &buys[i];
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->offers.len = 0;
        for (size_t k = 0; k < 3 && t->offers[k].name; k++) {
            double usd = t->offers[k].usd;
            struct offer *offer = core_offer(spec, t->offers[k].name, t->offers[k].slots,
                                             usd < 0 ? PRICE_UNKNOWN : DOLLARS(usd));
            offer->nodes_max = t->offers[k].nodes_max;
            offer->batch = t->offers[k].batch ? t->offers[k].batch : 1;
            offer->market = t->offers[k].market;
        }
        spec->on_demand_base = t->base;
        spec->on_demand_share = t->share;
        spec->prefer = t->prefer;
        spec->slots_max = t->slots_max ? t->slots_max : 100;
        spec->nodes_max = t->nodes_max ? t->nodes_max : 100;
        core_scale(spec, &policy_backlog, NULL);
        core_pool(&core, spec);
        core_sample(&core, "p", (double)t->want, 0);
        char bought[256];
        if (strcmp(core_bought(&core, bought), t->bought) != 0)
            fail_msg("%s: %s, not %s", t->name, bought, t->bought);
        assert_true(core_view(&core, "p").slots_booting <= spec->slots_max);
        core_stop(&core);
    }
}

/* A machine that drains is a machine: it counts against both ceilings until it is gone. */
static void draining_machines_count(void **state)
{
    (void)state;
    for (int by_nodes = 0; by_nodes < 2; by_nodes++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->slots_max = by_nodes ? 100 : 4;
        spec->nodes_max = by_nodes ? 4 : 100;
        core_fleet(&core, spec, 4);
        struct event drain = { .type = EVENT_DRAIN, .drain.node = "n-1" };
        assert_int_equal(core_step(&core, drain), 0);
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
        assert_true(by_nodes ? core_trail_has(&core, "p", "buy", "as many as nodes.max allows")
                             : core_trail_has(&core, "p", "buy", "larger than the 0 slots left"));
        /* It is done, it is stopped, it is gone: now there is room. */
        core_beat(&core, "n-1", BEAT_DRAINED, 0);
        core_acknowledge(&core);
        uint64_t stop = core_effect(&core, EFFECT_TERMINATE)->intent->number;
        core_step(&core, (struct event){ .type = EVENT_TERMINATED, .result.number = stop });
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
        core.now_ns += SECONDS(60);
        struct listed_node left[3] = { { .id = "n-2" }, { .id = "n-3" }, { .id = "n-4" } };
        for (size_t i = 0; i < 3; i++)
            left[i].state = LISTED_RUNNING;
        core_listing(&core, "local", left, 3);
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 1);
        core_stop(&core);
    }
}

/* ---- offers that fail ----------------------------------------------------------------------------- */

static void failures_are_rested_by_their_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int code;
        int64_t first_s, second_s, most_s;
    } cases[] = {
        { "may work again soon", MUSTER_E_TRANSIENT, 5, 10, 300 },
        { "too many calls", MUSTER_E_THROTTLED, 5, 10, 60 },
        { "sold out", MUSTER_E_CAPACITY, 180, 360, 1800 },
        { "a limit of the account", MUSTER_E_QUOTA, 300, 600, 1800 },
        { "credentials", MUSTER_E_AUTH, 300, 600, 1800 },
        { "set up wrongly", MUSTER_E_CONFIG, 300, 600, 1800 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        core_scale(spec, &policy_fixed, "slots", "0", NULL);
        core_pool(&core, spec);
        struct control *c = core.control;
        struct pool *p = pool_find(c, "p");
        struct offer_memory *memory = &p->offers.at[0];
        for (int n = 1; n <= 20; n++) {
            int64_t failed_ns = c->now_ns;
            offer_failed(c, p, 0, cases[i].code, "no");
            int64_t rest_ns = memory->not_before_ns - failed_ns;
            if (n == 1)
                assert_int_equal(rest_ns, SECONDS(cases[i].first_s));
            if (n == 2)
                assert_int_equal(rest_ns, SECONDS(cases[i].second_s));
            assert_true(rest_ns <= SECONDS(cases[i].most_s));
            if (n == 20)
                assert_int_equal(rest_ns, SECONDS(cases[i].most_s));
            /* Calls that were out already say nothing new. */
            offer_failed(c, p, 0, cases[i].code, "no");
            assert_int_equal(memory->failures, n);
            c->now_ns = memory->not_before_ns;
        }
        offer_failed(c, p, OFFER_NONE, cases[i].code, "no"); /* of no offer: nothing happens */
        offer_worked(c, p, OFFER_NONE);
        offer_worked(c, p, 0);
        assert_int_equal(memory->failures, 0);
        core_stop(&core);
    }
}

static void what_is_sold_out_is_bought_elsewhere(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_offer(spec, "local/dear", 1, DOLLARS(9));
    core_scale(spec, &policy_fixed, "slots", "1", NULL);
    core_pool(&core, spec);
    core_acknowledge(&core);
    core_sample(&core, "p", 0, 0);
    core_launch_failed(&core, 1, MUSTER_E_CAPACITY);
    assert_true(core_noted(&core, "local/small cannot be bought (capacity): made to fail"));
    core_tick(&core, SECONDS(1));
    char bought[256];
    assert_string_equal(core_bought(&core, bought), "local/dear*1");
    assert_non_null(strstr(core_view(&core, "p").problem, "local/small is left alone"));
    /* Both fail: nothing to buy, and that is said. */
    core_acknowledge(&core);
    core_launch_failed(&core, 2, MUSTER_E_QUOTA);
    core_tick(&core, SECONDS(1));
    assert_string_equal(core_bought(&core, bought), "");
    assert_true(core_trail_has(&core, "p", "buy", "1 slots missing, but no offer can be bought"));
    /* The cheap one is tried again first, when its rest is over. */
    core.now_ns += SECONDS(179);
    core_listing(&core, "local", NULL, 0);
    core_tick(&core, SECONDS(1));
    assert_string_equal(core_bought(&core, bought), "local/small*1");
    core_stop(&core);
}

/* An old node that speaks says nothing about an offer that has been sold out since. */
static void a_proof_from_before_does_not_end_a_rest(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 1);
    struct control *c = core.control;
    struct pool *p = pool_find(c, "p");
    c->now_ns += SECONDS(1);
    offer_failed(c, p, 0, MUSTER_E_CAPACITY, "sold out");
    core.now_ns += SECONDS(100);
    core_beat(&core, "n-1", BEAT_READY, 0);
    assert_int_equal(p->offers.at[0].failures, 1);
    core_stop(&core);
}

/* ---- draining ------------------------------------------------------------------------------------- */

struct victim {
    int64_t busy;      /* -1: booting still; SILENT: ready, but does not tell */
    double idle_ago_s; /* how long ago it said so; 0: just now */
    const char *version;
    double usd;
};

#define SILENT (-10)

struct drain_case {
    const char *name;
    int order[4];
    struct victim nodes[4]; /* n-1 is the oldest; a dollar each unless said otherwise */
    const char *drained;    /* which go first when two of four must */
};

static const struct drain_case drains[] = {
    { "idle before busy",
      { VICTIM_IDLE, -1 },
      { { .busy = 1 }, { .busy = 0 }, { .busy = 1 }, { .busy = 0 } },
      "n-2 n-4" },
    { "booting before idle",
      { VICTIM_IDLE, -1 },
      { { .busy = 0 }, { .busy = 0 }, { .busy = -1 }, { .busy = -1 } },
      "n-3 n-4" },
    { "silent is busy",
      { VICTIM_IDLE, -1 },
      { { .busy = SILENT }, { .busy = 0 }, { .busy = SILENT }, { .busy = 0 } },
      "n-2 n-4" },
    { "an old word is none",
      { VICTIM_IDLE, -1 },
      { { .busy = 0, .idle_ago_s = 100 },
        { .busy = 0 },
        { .busy = 0, .idle_ago_s = 100 },
        { .busy = 0 } },
      "n-2 n-4" },
    { "the newest, all else equal",
      { VICTIM_IDLE, -1 },
      { { .busy = 0 }, { .busy = 0 }, { .busy = 0 }, { .busy = 0 } },
      "n-3 n-4" },
    { "the oldest, if that is preferred",
      { VICTIM_OLDEST, -1 },
      { { .busy = 0 }, { .busy = 0 }, { .busy = 0 }, { .busy = 0 } },
      "n-1 n-2" },
    { "the newest, even if busy",
      { VICTIM_NEWEST, -1 },
      { { .busy = 0 }, { .busy = 0 }, { .busy = 1 }, { .busy = 1 } },
      "n-3 n-4" },
    { "another version",
      { VICTIM_OLD_VERSION, -1 },
      { { .busy = 0, .version = "1.0" },
        { .busy = 0, .version = "2.0" },
        { .busy = 0, .version = "2.0" },
        { .busy = 0, .version = "1.0" } },
      "n-1 n-4" },
    { "idle first, then version",
      { VICTIM_IDLE, VICTIM_OLD_VERSION, -1 },
      { { .busy = 1, .version = "1.0" },
        { .busy = 0, .version = "1.0" },
        { .busy = 0, .version = "2.0" },
        { .busy = 0, .version = "2.0" } },
      "n-2 n-4" },
    { "the dearest",
      { VICTIM_DEAREST, -1 },
      { { .busy = 0, .usd = 1 },
        { .busy = 0, .usd = 3 },
        { .busy = 0, .usd = 2 },
        { .busy = 0, .usd = 1 } },
      "n-2 n-3" },
    { "no rule: the least busy",
      { -1 },
      { { .busy = 1 }, { .busy = 0 }, { .busy = 1 }, { .busy = 0 } },
      "n-2 n-4" },
};

static void say(struct core *core, int i, const struct victim *v)
{
    struct event ev = { .type = EVENT_HEARTBEAT,
                        .heartbeat = { .state = BEAT_READY, .seq = 5, .idle_ns = -1 } };
    snprintf(ev.heartbeat.node, sizeof(ev.heartbeat.node), "n-%d", i + 1);
    snprintf(ev.heartbeat.version, sizeof(ev.heartbeat.version), "%s",
             v->version ? v->version : "");
    ev.heartbeat.busy = v->busy == SILENT ? BUSY_UNKNOWN : v->busy;
    assert_int_equal(core_step(core, ev), 0);
}

static void drains_in_the_preferred_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(drains) / sizeof(drains[0]); i++) {
        const struct drain_case *t = &drains[i];
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->version_expect = str_dup(STR("2.0"));
        spec->lost_after = 100;
        memcpy(spec->prefer_victims, t->order, sizeof(t->order));
        core_scale(spec, &policy_backlog, NULL);
        core_pool(&core, spec);
        for (int k = 0; k < 4; k++) { /* one after the other: they differ in age */
            core.now_ns += SECONDS(1);
            core_sample(&core, "p", k + 1, 0);
            core_launch_all(&core, k + 1);
        }
        struct pool *p = pool_find(core.control, "p");
        for (int k = 0; k < 4; k++) {
            p->nodes.at[k]->price_usd_micro = DOLLARS(t->nodes[k].usd > 0 ? t->nodes[k].usd : 1);
            if (t->nodes[k].idle_ago_s > 0)
                say(&core, k, &t->nodes[k]);
        }
        core.now_ns += SECONDS(100);
        double busy = 0;
        for (int k = 0; k < 4; k++) {
            if (t->nodes[k].busy != -1 && !(t->nodes[k].idle_ago_s > 0))
                say(&core, k, &t->nodes[k]);
            busy += t->nodes[k].busy > 0;
        }
        core_sample(&core, "p", 2 - busy, busy);
        char drained[512] = "";
        for (size_t k = 0; k < 4; k++) {
            if (p->nodes.at[k]->state == NODE_DRAINING)
                snprintf(drained + strlen(drained), sizeof(drained) - strlen(drained), "%s%s",
                         drained[0] ? " " : "", p->nodes.at[k]->id);
        }
        if (strcmp(drained, t->drained) != 0)
            fail_msg("%s: %s, not %s", t->name, drained, t->drained);
        core_stop(&core);
    }
}

/* What the file wants on demand stays, though it is the dearest. */
static void on_demand_is_kept(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].market = MARKET_SPOT;
    core_offer(spec, "local/firm", 1, DOLLARS(9));
    spec->on_demand_base = 2;
    spec->prefer_victims[0] = VICTIM_DEAREST;
    spec->prefer_victims[1] = -1;
    core_fleet(&core, spec, 6); /* n-1 and n-2 are on demand */
    core_sample(&core, "p", 4, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 2);
    assert_int_equal(core_state(&core, "n-1"), NODE_READY);
    assert_int_equal(core_state(&core, "n-2"), NODE_READY);
    core_sample(&core, "p", 1, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 1);
    assert_int_equal(core_state(&core, "n-1") == NODE_READY,
                     core_state(&core, "n-2") != NODE_READY);
    core_stop(&core);
}

/* Nodes of another version go while they are idle, few at a time, and are bought again. */
static void old_versions_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double replace;
        const char *versions[5];
        int busy; /* of the first so many */
        int drained;
    } versions[] = {
        { "none may", 0, { "1", "1", "1", "1", "1" }, 0, 0 },
        { "one at least", 0.01, { "1", "1", "1", "1", "1" }, 0, 1 },
        { "two of five", 0.5, { "1", "1", "1", "1", "1" }, 0, 2 },
        { "only the old", 1, { "1", "2", "2", "1", "2" }, 0, 2 },
        { "only the idle", 1, { "1", "1", "1", "2", "2" }, 2, 1 },
        { "what does not tell is none", 1, { "", "", "1", "2", "2" }, 0, 1 },
        { "all are new", 1, { "2", "2", "2", "2", "2" }, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct core core;
        core_start(&core);
        struct pool_spec *spec = core_spec("p");
        spec->version_expect = str_dup(STR("2"));
        spec->version_replace = versions[i].replace;
        core_fleet(&core, spec, 5);
        for (int k = 0; k < 5; k++) {
            struct victim v = { .busy = k < versions[i].busy, .version = versions[i].versions[k] };
            say(&core, k, &v);
        }
        core_sample(&core, "p", 5 - versions[i].busy, versions[i].busy);
        if (core_nodes(&core, "p", NODE_DRAINING) != versions[i].drained)
            fail_msg("%s: %d", versions[i].name, core_nodes(&core, "p", NODE_DRAINING));
        core_tick(&core, SECONDS(1));
        assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), versions[i].drained);
        core_tick(&core, SECONDS(1)); /* no more of them before these are back */
        assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), versions[i].drained);
        core_stop(&core);
    }
}

static void never_drains_below_what_is_wanted(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    spec->offers.at[0].slots = 4;
    core_scale(spec, &policy_backlog, NULL);
    core_pool(&core, spec);
    core_sample(&core, "p", 8, 0);
    core_launch_all(&core, 1);
    core_beat(&core, "n-1", BEAT_READY, 0);
    core_beat(&core, "n-2", BEAT_READY, 0);
    core_sample(&core, "p", 5, 0); /* 3 slots too many: no node is that small */
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 2);
    core_sample(&core, "p", 4, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 1);
    assert_true(core_trail_has(&core, "p", "drain", "4 slots, 0 busy; 0 slots are still too many"));
    core_stop(&core);
}

/* What was asked for and has no name yet can be told nothing. */
static void what_has_no_name_is_not_drained(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_backlog, NULL);
    core_pool(&core, spec);
    core_sample(&core, "p", 2, 0);
    core_acknowledge(&core);
    core_sample(&core, "p", 0, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 2);
    core_launched(&core, 1, "n-1");
    core_tick(&core, SECONDS(1));
    assert_int_equal(core_nodes(&core, "p", NODE_REQUESTED), 1);
    assert_int_equal(core_nodes(&core, "p", NODE_DRAINING), 1);
    core_stop(&core);
}

static void a_paused_pool_is_left_alone(void **state)
{
    (void)state;
    struct core core;
    core_start(&core);
    core_fleet(&core, core_spec("p"), 2);
    core_step(&core, (struct event){ .type = EVENT_PAUSE, .pause.pool = "p" });
    core_sample(&core, "p", 0, 0);
    assert_int_equal(core_nodes(&core, "p", NODE_READY), 2);
    assert_true(core_trail_has(&core, "p", "paused", "nothing is bought or drained"));
    core_sample(&core, "p", 9, 0);
    assert_int_equal(core_count(&core, EFFECT_WRITE_INTENT), 0);
    core_stop(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buys_the_cheapest_cover),
        cmocka_unit_test(draining_machines_count),
        cmocka_unit_test(failures_are_rested_by_their_remedy),
        cmocka_unit_test(what_is_sold_out_is_bought_elsewhere),
        cmocka_unit_test(a_proof_from_before_does_not_end_a_rest),
        cmocka_unit_test(drains_in_the_preferred_order),
        cmocka_unit_test(on_demand_is_kept),
        cmocka_unit_test(old_versions_are_replaced),
        cmocka_unit_test(never_drains_below_what_is_wanted),
        cmocka_unit_test(what_has_no_name_is_not_drained),
        cmocka_unit_test(a_paused_pool_is_left_alone),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
