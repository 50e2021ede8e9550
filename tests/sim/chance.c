#include "tests/sim/chance.h"

int64_t chance_between(struct rng *r, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(r, (uint64_t)(high - low + 1));
}

static int64_t seconds(struct rng *r, int64_t low, int64_t high)
{
    return chance_between(r, low, high) * NS_PER_S;
}

/* Half of the seeds have a fault at all, each to a degree of its own. */
static double some(struct rng *r, double most)
{
    bool any = rng_chance(r, 0.5);
    double share = rng_unit(r);
    return any ? share * most : 0;
}

static void draw_odds(struct rng *r, struct odds *o)
{
    *o = (struct odds){
        .lost = some(r, 0.2),
        .unanswered = some(r, 0.2),
        .timeout = rng_unit(r),
        .both = some(r, 0.5),
        .twice = some(r, 0.2),
        .late = some(r, 0.4),
        .refused = some(r, 0.3),
        .partial = some(r, 0.5),
        .empty = some(r, 0.1),
        .absurd = some(r, 0.1),
        /* A call and its copy take 1.5 late_ns at most; with the lag that is under any settle time. */
        .late_ns = seconds(r, 1, 12),
        .lag_ns = rng_chance(r, 0.5) ? seconds(r, 1, 10) : 0,
    };
}

static void draw_limits(struct rng *r, struct control_limits *limits)
{
    if (rng_chance(r, 0.2))
        limits->nodes = chance_between(r, 6, 20);
    if (rng_chance(r, 0.2))
        limits->usd_per_hour_micro = chance_between(r, 1000000, 5000000);
    if (rng_chance(r, 0.2))
        limits->launches =
            (struct rate){ RATE_NODES, (double)chance_between(r, 1, 10), 60 * NS_PER_S };
    if (rng_chance(r, 0.2))
        limits->terminations =
            (struct rate){ RATE_NODES, (double)chance_between(r, 1, 10), 60 * NS_PER_S };
}

void chance_world(struct world *w)
{
    struct rng *r = &w->rng;
    draw_odds(r, &w->odds);
    for (int i = 0; i < CHANNELS; i++)
        w->spared[i] = rng_chance(r, 0.25);
    draw_limits(r, &w->options.limits);
    w->options.tick_ns = seconds(r, 1, 5);
    w->options.list_every_ns = seconds(r, 5, 30);
    w->boot_ns = seconds(r, 1, 60);
    w->boot_spread_ns = seconds(r, 0, 60);
    w->start_ns = seconds(r, 0, 10);
    w->stop_ns = seconds(r, 0, 60);
    w->show_gone_ns = rng_chance(r, 0.5) ? seconds(r, 1, 600) : 0;
    w->zombies = some(r, 0.2);
    w->dying = some(r, 0.1);
}

/* ---- policies --------------------------------------------------------------------------------------- */

/*
 * Each draw in a statement of its own: the order in which arguments are evaluated is the compiler's
 * affair, and a seed must give the same run under all of them.
 */
static void add_number(struct rng *r, struct buf *out, const char *before, int64_t low,
                       int64_t high, const char *after)
{
    buf_addf(out, "%s%lld%s", before, (long long)chance_between(r, low, high), after);
}

static const char *one_of(struct rng *r, const char *const *words, uint64_t len)
{
    return words[rng_below(r, len)];
}

static void add_scale(struct rng *r, int64_t max, struct buf *out)
{
    buf_add_c(out, "scale:\n");
    switch (rng_below(r, 5)) {
    case 0:
        add_number(r, out, "  - drain: { within: ", 2, 10, "m, service: 30s }\n");
        break;
    case 1:
        buf_addf(out, "  - step: { at: { 1: 1, 10: %lld } }\n", (long long)max);
        break;
    case 2:
        add_number(r, out, "  - fixed: ", 0, max, "\n");
        break;
    default:
        break;
    }
    add_number(r, out, "  - backlog: ", 1, 4, "\n");
}

static void add_pace(struct rng *r, struct buf *out)
{
    static const char *const rates[] = { "unlimited", "20% / 1m", "3 slots / 1m", "2 nodes / 30s" };
    bool waits = rng_chance(r, 0.3);
    add_number(r, out, "pace: { out: { after: ", 0, waits ? 30 : 0, "s, at_most: ");
    buf_addf(out, "%s }, ", one_of(r, rates, 4));
    add_number(r, out, "in: { after: ", 0, 300, "s, at_most: ");
    buf_addf(out, "%s } }\n", one_of(r, rates, 4));
}

static void add_offer(struct rng *r, int64_t number, struct buf *out)
{
    bool limited = rng_chance(r, 0.3);
    bool west = rng_chance(r, 0.3);
    bool spot = rng_chance(r, 0.3);
    buf_addf(out, "    - cloud: { type: t%lld, inventory: %s, spot: %s, ", (long long)number,
             west ? "west" : "east", spot ? "yes" : "no");
    add_number(r, out, "slots: ", 1, 4, ", ");
    add_number(r, out, "batch: ", 1, 4, ", ");
    add_number(r, out, "settle: ", 30, 60, "s, ");
    add_number(r, out, "max: ", limited ? 3 : 0, limited ? 8 : 0, ", ");
    add_number(r, out, "price: 0.", 10, 50, " USD/h }\n");
}

static void add_buy(struct rng *r, struct buf *out)
{
    static const char *const orders[] = { "price", "listed" };
    buf_addf(out, "buy:\n  prefer: %s\n", one_of(r, orders, 2));
    if (rng_chance(r, 0.3)) {
        add_number(r, out, "  on_demand: { base: ", 0, 6, " slots, ");
        add_number(r, out, "share: ", 0, 100, "% }\n");
    }
    int64_t offers = chance_between(r, 1, 3);
    buf_add_c(out, "  offers:\n");
    for (int64_t i = 0; i < offers; i++)
        add_offer(r, i, out);
}

static void add_health(struct rng *r, struct buf *out)
{
    add_number(r, out, "health: { ready_within: ", 120, 300, "s, ");
    add_number(r, out, "heartbeat: ", 5, 30, "s, ");
    add_number(r, out, "lost_after: ", 2, 4,
               rng_chance(r, 0.1) ? ", release_lost: 10m }\n" : " }\n");
}

static void add_rest(struct rng *r, struct buf *out)
{
    static const char *const advice[] = { "replace", "drain", "ignore" };
    buf_addf(out, "release: { rebalance: %s", one_of(r, advice, 3));
    if (rng_chance(r, 0.1))
        add_number(r, out, ", drain_timeout: ", 1, 10, "m, force: yes");
    buf_add_c(out, " }\n");
    if (rng_chance(r, 0.2)) {
        add_number(r, out, "version: { expect: \"", 0, 2, "\", ");
        add_number(r, out, "replace: ", 5, 50, "% }\n");
    }
    if (rng_chance(r, 0.2))
        add_number(r, out, "budget: { per_hour: ", 2, 5, " USD }\n");
}

void chance_policy(struct rng *r, struct buf *out)
{
    int64_t max = chance_between(r, 1, 24);
    bool floor = rng_chance(r, 0.3);
    add_number(r, out, "slots: { min: ", 0, !floor ? 0 : max < 3 ? max : 3, ", ");
    buf_addf(out, "max: %lld }\n", (long long)max);
    add_number(r, out, "nodes: { max: ", 3, 20, " }\n");
    add_number(r, out, "queue: { model: {}, every: ", 1, 10, "s, ");
    add_number(r, out, "stale_after: ", 15, 90, "s }\n");
    add_scale(r, max, out);
    add_pace(r, out);
    add_buy(r, out);
    add_health(r, out);
    add_rest(r, out);
}
