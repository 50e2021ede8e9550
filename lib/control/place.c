/* place: from slots to nodes: which offers to buy; victims.c says which nodes to drain. */
#include <float.h>
#include <math.h>
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
    } else if (code == MUSTER_E_THROTTLED) {
        most = 60 * NS_PER_S; /* limits on calls refill all the time, and hold so much at most */
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
    if (offer >= p->offers.len || c->now_ns < p->offers.at[offer].not_before_ns)
        return;
    p->offers.at[offer].failures = 0;
    p->offers.at[offer].not_before_ns = 0;
    p->offers.at[offer].problem[0] = '\0';
}

static bool offer_open(const struct control *c, const struct pool *p, size_t index)
{
    const struct offer *offer = &p->spec->offers.at[index];
    const struct offer_memory *memory = &p->offers.at[index];
    if (c->now_ns < memory->not_before_ns || memory->refused == p->decisions)
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

/* What is still to be bought, and on which markets. */
struct shortage {
    int64_t deficit;  /* slots */
    int64_t room;     /* slots left below slots.max */
    int64_t machines; /* left below nodes.max */
    unsigned markets; /* bit by enum market */
    bool refused;     /* the gate has said why in the trail */
    bool unshunned;   /* not from offers whose machines are being taken back */
};

#define ON_DEMAND  (1U << MARKET_ON_DEMAND)
#define SPOT       (1U << MARKET_SPOT)
#define ANY_MARKET (ON_DEMAND | SPOT)

static bool is_better(const struct pool *p, const struct offer *offer, bool shunned,
                      const struct offer *than, bool than_shunned, int64_t deficit)
{
    if (shunned != than_shunned)
        return than_shunned;
    return p->spec->prefer == PREFER_PRICE &&
           slot_price(offer, deficit) < slot_price(than, deficit);
}

static const struct offer *best_offer(const struct control *c, const struct pool *p,
                                      const struct shortage *s, size_t *ret_index)
{
    const struct offer *best = NULL;
    bool best_shunned = false;
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        const struct offer *offer = &p->spec->offers.at[i];
        bool market = (s->markets & 1U << offer->market) != 0;
        bool shunned = offer_shunned(c, p, i);
        if (!market || offer->slots > s->room || (shunned && s->unshunned) || !offer_open(c, p, i))
            continue;
        if (!best || is_better(p, offer, shunned, best, best_shunned, s->deficit)) {
            best = offer;
            best_shunned = shunned;
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

/*
 * Buys until nothing is missing or nothing can be bought. What the gate refuses for one offer (its
 * price, say) it may allow for another.
 */
static int buy_until(struct control *c, struct pool *p, struct shortage *s, struct trail *trail,
                     struct effect_list *out, struct error *err)
{
    size_t index;
    const struct offer *offer;
    while (s->deficit > 0 && s->machines > 0 && (offer = best_offer(c, p, s, &index)) != NULL) {
        int64_t nodes = s->deficit / offer->slots > 0 ? s->deficit / offer->slots : 1;
        if (nodes > s->room / offer->slots)
            nodes = s->room / offer->slots;
        if (nodes > s->machines)
            nodes = s->machines;
        if (offer->nodes_max > 0 && nodes > offer->nodes_max - pool_offer_machines(p, index))
            nodes = offer->nodes_max - pool_offer_machines(p, index);
        int64_t bought = 0;
        int rc = buy_some(c, p, index, nodes, &bought, s->refused ? NULL : trail, out, err);
        if (bought > 0)
            trail_about(trail, STAGE_PLACE, "buy", offer->name,
                        "{nodes} nodes of {slots} slots for the {deficit} slots missing",
                        TRAIL_COUNT("nodes", bought), TRAIL_COUNT("slots", offer->slots),
                        TRAIL_COUNT("deficit", s->deficit));
        s->deficit -= bought * offer->slots;
        s->room -= bought * offer->slots;
        s->machines -= bought;
        if (rc == MUSTER_E_REFUSED) {
            p->offers.at[index].refused = p->decisions;
            s->refused = true;
        } else if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

int64_t on_demand_wanted(const struct pool_spec *spec, int64_t slots)
{
    int64_t above = slots - spec->on_demand_base;
    if (above <= 0)
        return slots;
    return spec->on_demand_base + (int64_t)ceil(spec->on_demand_share * (double)above - 1e-9);
}

static void tell_missing(const struct pool *p, const struct shortage *s, struct trail *trail)
{
    int64_t got = p->desired - s->deficit;
    if (s->machines <= 0)
        trail_step(trail, STAGE_PLACE, "buy", got, got,
                   "{deficit} slots missing, but all machines there are, draining ones included, "
                   "are as many as nodes.max allows",
                   TRAIL_COUNT("deficit", s->deficit));
    else if (!s->refused)
        trail_step(trail, STAGE_PLACE, "buy", got, got,
                   "{deficit} slots missing, but no offer can be bought now (sold out, backing "
                   "off, at its limit, or larger than the {room} slots left below slots.max)",
                   TRAIL_COUNT("deficit", s->deficit), TRAIL_COUNT("room", s->room));
}

/*
 * Slots to buy so that what is to be replaced can go. More than is wanted is ordered for that, a
 * quarter more (or one node) at most: a recommendation is not worth a second fleet.
 */
static int64_t replacements(const struct pool *p, const struct census *census)
{
    int64_t quarter = p->desired / 4;
    int64_t most = quarter > census->advised_most ? quarter : census->advised_most;
    int64_t all = census->advised < most ? census->advised : most;
    int64_t extra = census->supply - p->desired; /* ordered already, in part */
    if (extra <= 0)
        return all;
    return all > extra ? all - extra : 0;
}

/*
 * First the part that should not be spot, then the rest: from the spot market where the file sets
 * on-demand apart, else wherever it is cheapest. What one market cannot give the other may: capacity
 * that costs more is better than none.
 */
static int buy(struct control *c, struct pool *p, const struct census *census, struct trail *trail,
               struct effect_list *out, struct error *err)
{
    bool apart = p->spec->on_demand_base > 0 || p->spec->on_demand_share > 0;
    int64_t wanted = p->desired > census->supply ? p->desired - census->supply : 0;
    int64_t missing = wanted + replacements(p, census);
    int64_t firm = on_demand_wanted(p->spec, p->desired) - census->on_demand;
    firm = !apart || firm < 0 ? 0 : firm < missing ? firm : missing;
    struct shortage s = {
        .deficit = firm,
        .room = p->spec->slots_max - census->slots_all,
        .machines = p->spec->nodes_max - census->machines,
        .markets = ON_DEMAND,
    };
    if (wanted == 0 && (missing == 0 || s.room <= 0 || s.machines <= 0))
        return 0; /* a replacement can wait until there is room */
    int rc = buy_until(c, p, &s, trail, out, err);
    s.deficit += missing - firm;
    s.markets = apart ? SPOT : ANY_MARKET;
    s.unshunned = apart;
    if (rc == 0)
        rc = buy_until(c, p, &s, trail, out, err);
    s.markets = ANY_MARKET;
    s.unshunned = false;
    if (rc == 0 && apart && s.deficit > 0)
        rc = buy_until(c, p, &s, trail, out, err);
    if (rc == 0 && s.deficit > 0)
        tell_missing(p, &s, trail);
    return rc;
}

/* Slots of nodes that are to be replaced that are not needed any more. */
static int64_t replaced(const struct pool *p, const struct census *census, bool hold)
{
    int64_t most = p->spec->slots_max;
    if (hold && !p->retiring)
        return census->supply > most ? census->supply - most : 0;
    int64_t fresh_ready = census->slots_ready - census->advised_ready;
    int64_t needed = p->desired > fresh_ready ? p->desired - fresh_ready : 0;
    return census->advised - needed;
}

int place(struct control *c, struct pool *p, const struct census *census, bool hold,
          struct trail *trail, struct effect_list *out, struct error *err)
{
    int64_t fresh = census->supply - census->advised;
    if (pool_is_paused(c, p)) {
        if (census->supply != p->desired)
            trail_step(trail, STAGE_PLACE, "paused", census->supply, census->supply,
                       "the pool is paused: nothing is bought or drained");
        return 0;
    }
    int rc = 0;
    if (census->advised > 0 && !p->panic)
        rc = drain_advised(c, p, replaced(p, census, hold), trail, err);
    if (rc < 0)
        return rc;
    if (fresh < p->desired)
        return buy(c, p, census, trail, out, err);
    if (p->panic) /* guard keeps what there is; a drain would be a guess */
        return 0;
    bool settled = fresh == p->desired;
    if (hold && !p->retiring) {
        if (settled)
            return 0;
        /* Nodes that were lost, or found late: whether they are too many is not known. */
        int64_t most = p->spec->slots_max;
        int64_t keep = fresh < most ? fresh : most;
        trail_step(trail, STAGE_PLACE, "keep", p->desired, keep,
                   "{surplus} slots more than wanted are kept while the demand is unknown",
                   TRAIL_COUNT("surplus", keep - p->desired));
        return drain_surplus(c, p, census, keep, trail, err);
    }
    rc = settled ? 0 : drain_surplus(c, p, census, p->desired, trail, err);
    /* What is left over may be less than one node. */
    return rc < 0 || p->acted ? rc : drain_old_versions(c, p, census, trail, err);
}
