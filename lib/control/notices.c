/*
 * notices: what the cloud says of a machine's end. It comes from the node itself, from a listing, or
 * from the cloud's events, often from all of them: the first one counts.
 *
 * Where many machines of one offer are noticed, more of them would be taken soon: the replacements
 * are bought elsewhere, as long as there is an elsewhere.
 */
#include "base/clock.h"
#include "control/state.h"

#define NOTICED_NS  (600 * NS_PER_S) /* so long an offer is shunned after the first notice */
#define SHUN_ONE_OF 10               /* if one machine of so many was noticed, or more */

static void offer_noticed(struct control *c, struct pool *p, uint16_t index)
{
    if (index >= p->offers.len)
        return;
    struct offer_memory *memory = &p->offers.at[index];
    if (memory->noticed == 0 || c->now_ns - memory->noticed_ns > NOTICED_NS) {
        memory->noticed_ns = c->now_ns;
        memory->noticed = memory->noticed_of = 0;
    }
    int64_t machines = pool_offer_machines(p, index);
    memory->noticed++;
    memory->noticed_of = machines > memory->noticed_of ? machines : memory->noticed_of;
}

bool offer_shunned(const struct control *c, const struct pool *p, size_t offer)
{
    const struct offer_memory *memory = &p->offers.at[offer];
    return memory->noticed > 0 && c->now_ns - memory->noticed_ns <= NOTICED_NS &&
           memory->noticed * SHUN_ONE_OF >= memory->noticed_of;
}

bool node_is_advised(const struct node *node)
{
    return node->rebalance && node->pool->spec->on_rebalance == REBALANCE_REPLACE &&
           node_is_supply(node);
}

/* Whichever notice it is, a machine counts once. */
static void first_notice(struct control *c, struct node *node)
{
    if (!node->interrupted && !node->rebalance)
        offer_noticed(c, node->pool, node->offer);
    node->pool->run_due_ns = c->now_ns; /* its replacement does not wait for the next tick */
}

int node_taken_back(struct control *c, struct node *node, struct effect_list *out,
                    struct error *err)
{
    if (node->interrupted)
        return 0;
    first_notice(c, node);
    node->interrupted = true;
    if (!node_move(node, NODE_DRAINING, c->now_ns))
        return 0; /* on its way out already */
    return note(out, LOG_INFO, node->pool->spec->name, err,
                "node %s drains: the cloud takes it back", node->id);
}

int node_rebalance(struct control *c, struct node *node, struct effect_list *out, struct error *err)
{
    int what = node->pool->spec->on_rebalance;
    if (what == REBALANCE_IGNORE || node->rebalance)
        return 0;
    first_notice(c, node);
    node->rebalance = true;
    if (!node_is_supply(node))
        return 0;
    return note(out, LOG_INFO, node->pool->spec->name, err,
                "the cloud recommends to replace node %s: %s", node->id,
                what == REBALANCE_DRAIN ? "it drains" : "it drains when its replacement is ready");
}

int notice_take(struct control *c, const struct event *ev, struct effect_list *out,
                struct error *err)
{
    struct node *node = map_get(&c->nodes_by_id, ev->interruption.node);
    if (!node)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no node '%s'", ev->interruption.node);
    switch (ev->interruption.what) {
    case NOTICE_TAKEN_BACK:
        return node_taken_back(c, node, out, err);
    case NOTICE_REBALANCE:
        return node_rebalance(c, node, out, err);
    case NOTICE_ENDED:
        /* Somebody's word; the listing is the truth. What we stop ourselves is expected to end. */
        if (node->state != NODE_TERMINATING)
            inventory_list_soon(c, node->inventory);
        return 0;
    }
    return error_set(err, MUSTER_E_INVALID, "unknown notice %d", (int)ev->interruption.what);
}
