/* Looking in: read only. */
#include "control/state.h"

size_t control_pools(const struct control *c)
{
    return c->pools.len;
}

static void view(const struct control *c, const struct pool *p, struct pool_view *ret)
{
    struct census census;
    pool_census(c, p, &census);
    *ret = (struct pool_view){
        .name = p->spec->name,
        .spec = p->spec,
        .signal = &p->signal,
        .last = p->decisions > 0 ? p->last : NULL,
        .changed = p->decisions > 0 ? p->changed : NULL,
        .paused = pool_is_paused(c, p),
        .retiring = p->retiring,
        .panic = p->panic,
        .desired = p->desired,
        .slots_ready = census.slots_ready,
        .slots_booting = census.slots_booting,
        .slots_draining = census.slots_draining,
        .busy = census.busy,
        .busy_unknown = census.busy_unknown,
        .price_usd_micro = census.price_usd_micro,
        .cost_usd_micro = (int64_t)p->cost_usd_micro,
        .boot_ns = boot_expected_ns(p),
        .boot_count = p->boot_count,
        .problem = p->problem,
    };
    memcpy(ret->nodes, census.nodes, sizeof(ret->nodes));
    for (size_t i = 0; i < c->intents.len; i++)
        ret->intents_open += strcmp(c->intents.at[i]->pool, p->spec->name) == 0;
}

void control_pool_view(const struct control *c, size_t index, struct pool_view *ret)
{
    view(c, c->pools.at[index], ret);
}

bool control_pool_find(const struct control *c, const char *name, struct pool_view *ret)
{
    const struct pool *p = pool_find(c, name);
    if (p)
        view(c, p, ret);
    return p != NULL;
}

const struct node *control_node(const struct control *c, const char *pool, size_t index)
{
    const struct pool *p = pool_find(c, pool);
    return p && index < p->nodes.len ? p->nodes.at[index] : NULL;
}

const struct node *control_node_find(const struct control *c, const char *id, const char **ret_pool)
{
    const struct node *node = map_get(&c->nodes_by_id, id);
    if (node && ret_pool)
        *ret_pool = node->pool->spec->name;
    return node;
}

const struct intent *control_intent(const struct control *c, size_t index)
{
    return index < c->intents.len ? c->intents.at[index] : NULL;
}

bool control_inventory(const struct control *c, size_t index, struct inventory_view *ret)
{
    if (index >= c->inventories.len)
        return false;
    const struct inventory *inv = c->inventories.at[index];
    *ret = (struct inventory_view){
        .name = inv->name,
        .listed_ns = inv->listed_ns,
        .failing_since_ns = inv->failing_since_ns,
        .problem = inv->problem,
    };
    return true;
}
