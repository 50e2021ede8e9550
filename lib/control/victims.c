/* victims: which nodes are drained, where there are too many or some run an old version. */
#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

#define REPLACE_AGAIN_NS (3600 * NS_PER_S)

struct victim_order {
    const struct pool_spec *spec;
    int64_t now_ns;
};

static int by_bool(bool a, bool b)
{
    return (int)b - (int)a; /* true first */
}

static int64_t price_per_slot(const struct node *node)
{
    return node->price_usd_micro / (node->slots > 0 ? node->slots : 1);
}

static int compare_by(int rule, const struct node *a, const struct node *b,
                      const struct victim_order *order)
{
    int64_t fresh_ns = 2 * order->spec->heartbeat_ns;
    const char *expect = order->spec->version_expect;
    switch (rule) {
    case VICTIM_IDLE:
        return by_bool(node_is_idle(a, order->now_ns, fresh_ns),
                       node_is_idle(b, order->now_ns, fresh_ns));
    case VICTIM_OLD_VERSION:
        return expect ? by_bool(strcmp(a->version, expect) != 0, strcmp(b->version, expect) != 0)
                      : 0;
    case VICTIM_DEAREST:
        return (price_per_slot(a) < price_per_slot(b)) - (price_per_slot(a) > price_per_slot(b));
    case VICTIM_NEWEST:
        return (a->launched_ns < b->launched_ns) - (a->launched_ns > b->launched_ns);
    case VICTIM_OLDEST:
        return (a->launched_ns > b->launched_ns) - (a->launched_ns < b->launched_ns);
    default:
        return 0;
    }
}

static int64_t busy_slots(const struct node *node)
{
    return node->busy == BUSY_UNKNOWN ? node->slots : node->busy; /* silent is busy */
}

static int compare_victims(const void *pa, const void *pb, void *ctx)
{
    const struct node *a = *(struct node *const *)pa;
    const struct node *b = *(struct node *const *)pb;
    const struct victim_order *order = ctx;
    /* What does not work yet goes before anything that might. */
    int rc = by_bool(a->state == NODE_BOOTING, b->state == NODE_BOOTING);
    for (size_t i = 0; rc == 0 && i < VICTIM_ORDER_MAX && order->spec->prefer_victims[i] >= 0; i++)
        rc = compare_by(order->spec->prefer_victims[i], a, b, order);
    if (rc == 0)
        rc = (busy_slots(a) > busy_slots(b)) - (busy_slots(a) < busy_slots(b));
    if (rc == 0)
        rc = compare_by(VICTIM_NEWEST, a, b, order);
    return rc ? rc : strcmp(a->id, b->id);
}

/*
 * Nodes of at most so many slots that may be drained, in order; those that are to be replaced apart from
 * the others. (Where less than a node is too much none can go: a large pool must not be sorted for that.)
 */
static int list_victims(struct control *c, const struct pool *p, bool advised, int64_t most,
                        struct error *err)
{
    vec_clear(&c->victims);
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        bool candidate = node->state == NODE_READY || node->state == NODE_BOOTING;
        candidate = candidate && node->slots <= most && node_is_advised(node) == advised;
        if (candidate && !vec_push(&c->victims, node))
            return error_nomem(err);
    }
    struct victim_order order = { p->spec, c->now_ns };
    if (c->victims.len > 1)
        qsort_r(c->victims.at, c->victims.len, sizeof(c->victims.at[0]), compare_victims, &order);
    return 0;
}

/* Draining asks a node to finish what it has; nothing is stopped before it says that it has. */
int drain_surplus(struct control *c, struct pool *p, const struct census *census, int64_t keep,
                  struct trail *trail, struct error *err)
{
    int64_t surplus = census->supply - census->advised - keep;
    /* Slots that may go without leaving less on-demand than the file wants. */
    int64_t spare = census->on_demand - on_demand_wanted(p->spec, keep);
    bool apart = p->spec->on_demand_base > 0 || p->spec->on_demand_share > 0;
    int rc = list_victims(c, p, false, surplus, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < c->victims.len && surplus > 0; i++) {
        struct node *node = c->victims.at[i];
        bool firm = apart && !node_is_spot(node);
        if (node->slots > surplus || (firm && node->slots > spare))
            continue;
        if (!node_move(node, NODE_DRAINING, c->now_ns))
            continue;
        surplus -= node->slots;
        if (firm)
            spare -= node->slots;
        p->acted = true;
        trail_about(trail, STAGE_PLACE, "drain", node->id,
                    "{slots} slots, {busy} busy; {surplus} slots are still too many",
                    TRAIL_COUNT("slots", node->slots), TRAIL_COUNT("busy", busy_slots(node)),
                    TRAIL_COUNT("surplus", surplus));
    }
    return 0;
}

int drain_advised(struct control *c, struct pool *p, int64_t slots, struct trail *trail,
                  struct error *err)
{
    int rc = list_victims(c, p, true, slots, err);
    for (size_t i = 0; rc == 0 && i < c->victims.len; i++) {
        struct node *node = c->victims.at[i];
        if (node->slots > slots || !node_move(node, NODE_DRAINING, c->now_ns))
            continue;
        slots -= node->slots;
        p->acted = true;
        trail_about(trail, STAGE_PLACE, "rebalance", node->id,
                    "the cloud recommends to replace it, and it is not needed any more: drains");
    }
    return rc;
}

/* Of the machines bought since replacing began the newest that has told its version. */
static const struct node *first_result(const struct control *c, const struct pool *p)
{
    if (p->replaced_ns == 0 || c->now_ns - p->replaced_ns > REPLACE_AGAIN_NS)
        return NULL;
    const struct node *newest = NULL;
    for (size_t i = 0; i < p->nodes.len; i++) {
        const struct node *node = p->nodes.at[i];
        if (node->version[0] && node->launched_ns >= p->replaced_ns &&
            (!newest || node->launched_ns >= newest->launched_ns))
            newest = node;
    }
    return newest;
}

/*
 * It begins anew with each machine that came up as it should; before that, machines bought between two
 * replacements must tell of the first one, too.
 */
static void replacing(const struct control *c, struct pool *p)
{
    bool going_on = p->replaced_ns != 0 && c->now_ns - p->replaced_ns <= REPLACE_AGAIN_NS;
    if (!going_on || first_result(c, p))
        p->replaced_ns = c->now_ns;
}

/*
 * A node that runs another version than it should is drained while it has nothing to do, few at a time;
 * what it leaves is bought again, in the version that is current then.
 */
int drain_old_versions(struct control *c, struct pool *p, const struct census *census,
                       struct trail *trail, struct error *err)
{
    const struct pool_spec *spec = p->spec;
    if (!spec->version_expect || spec->version_replace <= 0)
        return 0;
    double share = spec->version_replace * (double)census->machines;
    int64_t left = (share > 1 ? (int64_t)share : 1) - census->nodes[NODE_DRAINING] -
                   census->nodes[NODE_TERMINATING] - census->nodes[NODE_REQUESTED] -
                   census->nodes[NODE_BOOTING];
    /* A machine bought since then runs another version too: replacing does not help. */
    const struct node *result = first_result(c, p);
    if (left > 0 && result && strcmp(result->version, spec->version_expect) != 0) {
        trail_step(trail, STAGE_PLACE, "version", p->desired, p->desired,
                   "a node bought since then runs another version too: the others stay");
        return 0;
    }
    int rc = left > 0 ? list_victims(c, p, false, INT64_MAX, err) : 0;
    for (size_t i = 0; rc == 0 && left > 0 && i < c->victims.len; i++) {
        struct node *node = c->victims.at[i];
        bool old = node->version[0] && strcmp(node->version, spec->version_expect) != 0;
        if (!old || !node_is_idle(node, c->now_ns, 2 * spec->heartbeat_ns) ||
            !node_move(node, NODE_DRAINING, c->now_ns))
            continue;
        left--;
        p->acted = true;
        replacing(c, p);
        trail_about(trail, STAGE_PLACE, "version", node->id,
                    "idle, and runs another version than version.expect: replaced");
    }
    return rc;
}
