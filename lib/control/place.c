/* place: from slots to nodes: which offers to buy, which nodes to drain. */
#include <float.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

/* How long an offer that failed is left alone: first time, and at most. */
static int64_t backoff_ns(int code, int failures)
{
    int64_t first = 5 * NS_PER_S;
    int64_t most = 300 * NS_PER_S;
    if (code == MUSTER_E_CAPACITY) {
        first = 180 * NS_PER_S;
        most = 1800 * NS_PER_S;
    } else if (code == MUSTER_E_QUOTA || code == MUSTER_E_CONFIG || code == MUSTER_E_AUTH) {
        first = 300 * NS_PER_S;
        most = 1800 * NS_PER_S;
    }
    int64_t wait = first;
    for (int i = 1; i < failures && wait < most; i++)
        wait *= 2;
    return wait < most ? wait : most;
}

void offer_failed(struct control *c, struct pool *p, uint16_t offer, int code, const char *text)
{
    if (offer >= p->offers.len)
        return;
    struct offer_memory *memory = &p->offers.at[offer];
    str_copy_c(memory->problem, sizeof(memory->problem), text);
    /* Calls that were already out when the first one failed say nothing new. */
    if (c->now_ns < memory->not_before_ns)
        return;
    memory->failures++;
    memory->not_before_ns = c->now_ns + backoff_ns(code, memory->failures);
}

void offer_worked(const struct control *c, struct pool *p, uint16_t offer)
{
    /* What rests now failed after this node was bought. */
    if (offer < p->offers.len && c->now_ns >= p->offers.at[offer].not_before_ns)
        p->offers.at[offer] = (struct offer_memory){ 0 };
}

static bool offer_open(const struct control *c, const struct pool *p, size_t index)
{
    const struct offer *offer = &p->spec->offers.at[index];
    if (c->now_ns < p->offers.at[index].not_before_ns)
        return false;
    if (offer->nodes_max > 0 && pool_offer_machines(p, index) >= offer->nodes_max)
        return false;
    const struct inventory *inv = inventory_find(c, offer->inventory);
    return inv && !inventory_doubt(c, inv);
}

/*
 * What a slot of this offer costs if `deficit` slots are still to be had: a machine larger than the
 * need is paid for in full. Unknown prices come after all known ones.
 */
static double slot_price(const struct offer *offer, int64_t deficit)
{
    int64_t useful = offer->slots < deficit ? offer->slots : deficit;
    if (offer->price_usd_micro < 0)
        return DBL_MAX;
    return (double)offer->price_usd_micro / (double)useful;
}

static const struct offer *best_offer(const struct control *c, const struct pool *p,
                                      int64_t deficit, int64_t room, size_t *ret_index)
{
    const struct offer *best = NULL;
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        const struct offer *offer = &p->spec->offers.at[i];
        if (offer->slots > room || !offer_open(c, p, i))
            continue;
        bool better = !best || (p->spec->prefer == PREFER_PRICE &&
                                slot_price(offer, deficit) < slot_price(best, deficit));
        if (better) {
            best = offer;
            *ret_index = i;
        }
    }
    return best;
}

/*
 * Buys `nodes` of one offer, a call's worth at a time; *ret_bought also on failure. Where a whole
 * batch does not fit below a ceiling a smaller one may.
 */
static int buy_some(struct control *c, struct pool *p, size_t index, int64_t nodes,
                    int64_t *ret_bought, struct trail *trail, struct effect_list *out,
                    struct error *err)
{
    int64_t batch = p->spec->offers.at[index].batch;
    int64_t bought = 0;
    int rc = 0;
    while (bought < nodes) {
        if (batch > nodes - bought)
            batch = nodes - bought;
        rc = gate_launch(c, p, (uint16_t)index, batch, batch > 1 ? NULL : trail, out, err);
        if (rc == 0)
            bought += batch;
        else if (rc == MUSTER_E_REFUSED && batch > 1)
            batch /= 2;
        else
            break;
    }
    *ret_bought = bought;
    return rc;
}

static int buy(struct control *c, struct pool *p, const struct census *census, struct trail *trail,
               struct effect_list *out, struct error *err)
{
    int64_t deficit = p->desired - census->supply;
    int64_t room = p->spec->slots_max - census->slots_all;
    while (deficit > 0) {
        size_t index;
        const struct offer *offer = best_offer(c, p, deficit, room, &index);
        if (!offer) {
            trail_step(trail, STAGE_PLACE, "buy", p->desired - deficit, p->desired - deficit,
                       "{deficit} slots missing, but no offer can be bought now (sold out, backing "
                       "off, at its limit, or larger than the {room} slots left below slots.max)",
                       TRAIL_COUNT("deficit", deficit), TRAIL_COUNT("room", room));
            return 0;
        }
        int64_t nodes = deficit / offer->slots > 0 ? deficit / offer->slots : 1;
        if (nodes > room / offer->slots)
            nodes = room / offer->slots;
        if (offer->nodes_max > 0 && nodes > offer->nodes_max - pool_offer_machines(p, index))
            nodes = offer->nodes_max - pool_offer_machines(p, index);
        int64_t bought = 0;
        int rc = buy_some(c, p, index, nodes, &bought, trail, out, err);
        if (bought > 0)
            trail_about(trail, STAGE_PLACE, "buy", offer->name,
                        "{nodes} nodes of {slots} slots for the {deficit} slots missing",
                        TRAIL_COUNT("nodes", bought), TRAIL_COUNT("slots", offer->slots),
                        TRAIL_COUNT("deficit", deficit));
        deficit -= bought * offer->slots;
        room -= bought * offer->slots;
        if (rc == MUSTER_E_REFUSED)
            return 0; /* the gate has said why in the trail */
        if (rc < 0)
            return rc;
    }
    return 0;
}

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

static int list_victims(struct control *c, const struct pool *p, struct error *err)
{
    vec_clear(&c->victims);
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        bool candidate = node->state == NODE_READY || node->state == NODE_BOOTING;
        if (candidate && !vec_push(&c->victims, node))
            return error_nomem(err);
    }
    struct victim_order order = { p->spec, c->now_ns };
    if (c->victims.len > 1)
        qsort_r(c->victims.at, c->victims.len, sizeof(c->victims.at[0]), compare_victims, &order);
    return 0;
}

/* Draining asks a node to finish what it has; nothing is stopped before it says that it has. */
static int drain(struct control *c, struct pool *p, const struct census *census, bool hold,
                 struct trail *trail, struct error *err)
{
    int64_t keep = p->desired;
    if (hold && !p->retiring) {
        /* Nodes that were lost, or found late: whether they are too many is not known. */
        keep = census->supply < p->spec->slots_max ? census->supply : p->spec->slots_max;
        trail_step(trail, STAGE_PLACE, "keep", p->desired, keep,
                   "{surplus} slots more than wanted are kept while the demand is unknown",
                   TRAIL_COUNT("surplus", keep - p->desired));
    }
    int64_t surplus = census->supply - keep;
    int rc = list_victims(c, p, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < c->victims.len && surplus > 0; i++) {
        struct node *node = c->victims.at[i];
        if (node->slots > surplus || !node_move(node, NODE_DRAINING, c->now_ns))
            continue;
        surplus -= node->slots;
        p->acted = true;
        trail_about(trail, STAGE_PLACE, "drain", node->id,
                    "{slots} slots, {busy} busy; {surplus} slots are still too many",
                    TRAIL_COUNT("slots", node->slots), TRAIL_COUNT("busy", busy_slots(node)),
                    TRAIL_COUNT("surplus", surplus));
    }
    return 0;
}

int place(struct control *c, struct pool *p, const struct census *census, bool hold,
          struct trail *trail, struct effect_list *out, struct error *err)
{
    bool short_of = census->supply < p->desired;
    if (census->supply == p->desired)
        return 0;
    if (pool_is_paused(c, p)) {
        trail_step(trail, STAGE_PLACE, "paused", census->supply, census->supply,
                   "the pool is paused: nothing is bought or drained");
        return 0;
    }
    if (p->panic && !short_of) /* guard keeps what there is; a drain would be a guess */
        return 0;
    return short_of ? buy(c, p, census, trail, out, err) : drain(c, p, census, hold, trail, err);
}
