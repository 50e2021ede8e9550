/* Pools and their nodes: finding, adding, counting, burying. */
#include <stdlib.h>

#include "control/state.h"

struct pool *pool_find(const struct control *c, const char *name)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        if (strcmp(c->pools.at[i]->spec->name, name) == 0)
            return c->pools.at[i];
    }
    return NULL;
}

static void forget(void **memories, size_t len)
{
    for (size_t i = 0; i < len; i++)
        free(memories[i]);
    free(memories);
}

int pool_remember(struct pool *p, const struct pool_spec *spec, struct error *err)
{
    size_t len = spec->scale.len;
    void **memories = calloc(len > 0 ? len : 1, sizeof(*memories));
    if (!memories)
        return error_nomem(err);
    for (size_t i = 0; i < len; i++) {
        size_t size = spec->scale.at[i].policy->memory_size;
        if (size == 0 || (memories[i] = calloc(1, size)) != NULL)
            continue;
        forget(memories, len);
        return error_nomem(err);
    }
    forget(p->memories.at, p->memories.len);
    p->memories.at = memories;
    p->memories.len = p->memories.size = len;
    return 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->nodes.len; i++)
        free(p->nodes.at[i]);
    vec_release(&p->nodes);
    vec_release(&p->offers);
    forget(p->memories.at, p->memories.len);
    pool_spec_free(p->spec);
    free(p->last);
    free(p->changed);
    free(p);
}

/* A pause is kept by name: it may be older than the pool. */
static bool is_paused_name(const struct control *c, const char *name)
{
    for (size_t i = 0; i < c->paused_names.len; i++) {
        if (strcmp(c->paused_names.at[i], name) == 0)
            return true;
    }
    return false;
}

struct pool *pool_add(struct control *c, struct pool_spec *take_spec, struct error *err)
{
    struct pool *p = calloc(1, sizeof(*p));
    struct decision *last = calloc(1, sizeof(*last));
    struct decision *changed = calloc(1, sizeof(*changed));
    bool room = p && vec_reserve(&p->offers, take_spec->offers.len) &&
                pool_remember(p, take_spec, err) == 0;
    if (!room || !last || !changed || !vec_push(&c->pools, p)) {
        if (p) {
            vec_release(&p->offers);
            forget(p->memories.at, p->memories.len);
        }
        free(p);
        free(last);
        free(changed);
        pool_spec_free(take_spec);
        error_nomem(err);
        return NULL;
    }
    p->spec = take_spec;
    p->paused = is_paused_name(c, take_spec->name);
    p->last = last;
    p->changed = changed;
    p->poll_due_ns = c->now_ns;
    p->run_due_ns = c->now_ns;
    p->accrued_ns = c->now_ns;
    p->cost_reported_ns = c->now_ns;
    return p;
}

bool pool_is_paused(const struct control *c, const struct pool *p)
{
    return p->paused || c->paused_all;
}

int64_t pool_offer_machines(const struct pool *p, size_t offer)
{
    int64_t n = 0;
    for (size_t i = 0; i < p->nodes.len; i++) {
        const struct node *node = p->nodes.at[i];
        n += node->state != NODE_GONE && (node->offer == offer || node->unbound);
    }
    return n;
}

struct node *pool_add_node(struct control *c, struct pool *p, const char *id, struct error *err)
{
    struct node *node = calloc(1, sizeof(*node));
    if (!node || !vec_push(&p->nodes, node)) {
        free(node);
        error_nomem(err);
        return NULL;
    }
    node->pool = p;
    node->busy = BUSY_UNKNOWN;
    node->offer = OFFER_NONE;
    node->unbound = true;
    node->launched_ns = c->now_ns;
    node->state_since_ns = c->now_ns;
    node->slots = 1;
    node->price_usd_micro = PRICE_UNKNOWN;
    if (id[0] && pool_name_node(c, node, id, err) < 0) {
        p->nodes.len--;
        free(node);
        return NULL;
    }
    c->machines++;
    return node;
}

int pool_name_node(struct control *c, struct node *node, const char *id, struct error *err)
{
    str_copy_c(node->id, sizeof(node->id), id);
    if (map_put(&c->nodes_by_id, node->id, node))
        return 0;
    node->id[0] = '\0';
    return error_nomem(err);
}

void node_gone(struct control *c, struct pool *p, struct node *node)
{
    if (!node_move(node, NODE_GONE, c->now_ns))
        return;
    p->has_gone = true;
    if (node->id[0])
        map_remove(&c->nodes_by_id, node->id);
    c->machines--;
}

void pool_bury_gone(struct control *c, struct pool *p)
{
    if (!p->has_gone)
        return;
    p->has_gone = false;
    size_t kept = 0;
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        /* Without memory for the list of the buried a gone node simply stays for another round. */
        if (node->state == NODE_GONE && vec_push(&c->buried, node))
            continue;
        p->nodes.at[kept++] = node;
    }
    p->nodes.len = kept;
}

static bool boot_overdue(const struct control *c, const struct pool *p, const struct node *node)
{
    return node->state == NODE_BOOTING && c->now_ns - node->launched_ns > p->spec->ready_within_ns;
}

bool node_is_spot(const struct node *node)
{
    const struct pool_spec *spec = node->pool->spec;
    return node->offer < spec->offers.len && spec->offers.at[node->offer].market == MARKET_SPOT;
}

static void count_slots(const struct node *node, bool dark, struct census *n)
{
    switch ((enum node_state)node->state) {
    case NODE_REQUESTED:
    case NODE_BOOTING:
        *(dark ? &n->slots_dark : &n->slots_booting) += node->slots;
        break;
    case NODE_READY:
        n->slots_ready += node->slots;
        if (node->busy == BUSY_UNKNOWN)
            n->busy_unknown += node->slots;
        break;
    case NODE_DRAINING:
    case NODE_TERMINATING:
        n->slots_draining += node->slots;
        break;
    case NODE_LOST:
    case NODE_GONE:
    case NODE_STATES:
        break;
    }
}

static void count_advised(const struct node *node, struct census *n)
{
    n->advised += node->slots;
    if (node->state == NODE_READY)
        n->advised_ready += node->slots;
    if (node->slots > n->advised_most)
        n->advised_most = node->slots;
}

void pool_census(const struct control *c, const struct pool *p, struct census *ret)
{
    struct census n = { 0 };
    bool elsewhere = inventory_elsewhere(c, p);
    for (size_t i = 0; i < p->nodes.len; i++) {
        const struct node *node = p->nodes.at[i];
        if (node->state == NODE_GONE)
            continue;
        n.nodes[node->state]++;
        n.machines++;
        n.slots_all += node->slots;
        bool dark = inventory_dark(c, c->inventories.at[node->inventory]);
        bool overdue = boot_overdue(c, p, node);
        bool missed = node->given_up || (dark && overdue);
        count_slots(node, missed, &n);
        if (node_is_supply(node) && !node_is_spot(node) && !missed)
            n.on_demand += node->slots;
        if (node_is_advised(node))
            count_advised(node, &n);
        if (node->busy > 0)
            n.busy += node->busy;
        if (node->busy > 0 && node->interrupted)
            n.busy_leaving += node->busy;
        if (node->price_usd_micro > 0)
            n.price_usd_micro += node->price_usd_micro;
        /* What it cost when its offer was in the file is not what it costs now. */
        if (node->unbound && (node->id[0] || node->price_usd_micro <= 0))
            n.unpriced++;
        bool ill = node->state == NODE_LOST || overdue;
        /* Silent where nobody answers: that is a second witness, and not our own ears. */
        if (dark && elsewhere)
            continue;
        n.unhealthy += ill;
        n.judged += ill || node->state == NODE_READY;
    }
    n.supply = n.slots_ready + n.slots_booting;
    *ret = n;
}
