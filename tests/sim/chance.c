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

static void add_scale(struct rng *r, int64_t max, struct buf *out)
{
    buf_add_c(out, "scale:\n");
    switch (rng_below(r, 5)) {
    case 0:
        buf_addf(out, "  - drain: { within: %lldm, service: 30s }\n",
                 (long long)chance_between(r, 2, 10));
        break;
    case 1:
        buf_addf(out, "  - step: { at: { 1: 1, 10: %lld } }\n", (long long)max);
        break;
    case 2:
        buf_addf(out, "  - fixed: %lld\n", (long long)chance_between(r, 0, max));
        break;
    default:
        break;
    }
    buf_addf(out, "  - backlog: %lld\n", (long long)chance_between(r, 1, 4));
}

static void add_pace(struct rng *r, struct buf *out)
{
    static const char *const rates[] = { "unlimited", "20% / 1m", "3 slots / 1m", "2 nodes / 30s" };
    buf_addf(out,
             "pace: { out: { after: %llds, at_most: %s }, in: { after: %llds, at_most: %s } }\n",
             (long long)(rng_chance(r, 0.3) ? chance_between(r, 1, 30) : 0), rates[rng_below(r, 4)],
             (long long)chance_between(r, 0, 300), rates[rng_below(r, 4)]);
}

static void add_offers(struct rng *r, struct buf *out)
{
    int64_t n = chance_between(r, 1, 3);
    buf_addf(out, "buy:\n  prefer: %s\n  offers:\n", rng_chance(r, 0.5) ? "price" : "listed");
    for (int64_t i = 0; i < n; i++) {
        buf_addf(out,
                 "    - cloud: { type: t%lld, inventory: %s, slots: %lld, batch: %lld, "
                 "settle: %llds, max: %lld, price: 0.%02lld USD/h }\n",
                 (long long)i, rng_chance(r, 0.7) ? "east" : "west",
                 (long long)chance_between(r, 1, 4), (long long)chance_between(r, 1, 4),
                 (long long)chance_between(r, 30, 60),
                 (long long)(rng_chance(r, 0.3) ? chance_between(r, 3, 8) : 0),
                 (long long)chance_between(r, 5, 50));
    }
}

static void add_health(struct rng *r, struct buf *out)
{
    buf_addf(out, "health: { ready_within: %llds, heartbeat: %llds, lost_after: %lld%s }\n",
             (long long)chance_between(r, 120, 300), (long long)chance_between(r, 5, 30),
             (long long)chance_between(r, 2, 4), rng_chance(r, 0.1) ? ", release_lost: 10m" : "");
}

void chance_policy(struct rng *r, struct buf *out)
{
    int64_t max = chance_between(r, 1, 24);
    int64_t min = rng_chance(r, 0.3) ? chance_between(r, 0, max < 3 ? max : 3) : 0;
    buf_addf(out, "slots: { min: %lld, max: %lld }\n", (long long)min, (long long)max);
    buf_addf(out, "nodes: { max: %lld }\n", (long long)chance_between(r, 3, 20));
    buf_addf(out, "queue: { model: {}, every: %llds, stale_after: %llds }\n",
             (long long)chance_between(r, 1, 10), (long long)chance_between(r, 15, 90));
    add_scale(r, max, out);
    add_pace(r, out);
    add_offers(r, out);
    add_health(r, out);
    if (rng_chance(r, 0.1))
        buf_addf(out, "release: { drain_timeout: %lldm, force: yes }\n",
                 (long long)chance_between(r, 1, 10));
    if (rng_chance(r, 0.2))
        buf_addf(out, "budget: { per_hour: %lld USD }\n", (long long)chance_between(r, 2, 5));
}
