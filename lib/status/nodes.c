/* /nodes: machines, a page at a time. */
#include "status/parts.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define OFFSET_MAX   10000000

static const struct offer *offer_of(const struct pool_view *pool, const struct node *node)
{
    bool known = pool->spec && node->offer != OFFER_NONE && node->offer < pool->spec->offers.len;
    return known ? &pool->spec->offers.at[node->offer] : NULL;
}

static void put_node(struct json_out *j, const struct pool_view *pool, const struct node *node,
                     const struct status_facts *facts)
{
    const struct offer *offer = offer_of(pool, node);
    json_open(j, NULL, '{');
    json_str(j, "id", node->id);
    json_str(j, "pool", pool->name);
    json_str(j, "state", node_state_word((enum node_state)node->state));
    status_age(j, "state_s", facts, node->state_since_ns);
    json_str(j, "offer", offer ? offer->name : NULL);
    json_str(j, "market", offer ? market_words[offer->market] : NULL);
    json_int(j, "slots", node->slots);
    if (node->busy == BUSY_UNKNOWN)
        json_null(j, "busy");
    else
        json_int(j, "busy", node->busy);
    status_age(j, "active_s", facts, node->active_ns);
    status_age(j, "heard_s", facts, node->heard_ns);
    status_age(j, "age_s", facts, node->launched_ns);
    json_str(j, "version", node->version);
    status_usd(j, "price_usd_per_hour", node->price_usd_micro);
    json_int(j, "intent", (int64_t)node->intent);
    json_bool(j, "adopted", node->adopted);
    json_bool(j, "interrupted", node->interrupted);
    json_bool(j, "rebalance", node->rebalance);
    json_bool(j, "drain_asked", node->operator_drain);
    json_close(j, '}');
}

/* Where in the whole list a page begins and how much of it is left to show. */
struct page {
    int64_t skip, left;
};

static void put_pool_nodes(struct json_out *j, const struct control *control,
                           const struct pool_view *pool, const struct status_facts *facts,
                           int64_t count, struct page *page)
{
    if (page->skip >= count) {
        page->skip -= count;
        return;
    }
    const struct node *node;
    for (size_t i = (size_t)page->skip;
         page->left > 0 && (node = control_node(control, pool->name, i)); i++) {
        put_node(j, pool, node, facts);
        page->left--;
    }
    page->skip = 0;
}

static int64_t machines(const struct pool_view *pool)
{
    int64_t sum = 0;
    for (int i = 0; i < NODE_GONE; i++)
        sum += pool->nodes[i];
    return sum;
}

int status_nodes_page(struct status *status, struct status_request *r)
{
    const struct control *control = status->env.control;
    const char *only = r->x->query(r->x, "pool");
    struct pool_view pool;
    int64_t offset = 0, limit = 0, total = 0;
    int code = status_query_int(r, "offset", 0, 0, OFFSET_MAX, &offset);
    if (code == 0)
        code = status_query_int(r, "limit", PAGE_DEFAULT, 1, PAGE_MAX, &limit);
    if (code)
        return code;
    if (only && !control_pool_find(control, only, &pool)) {
        error_set(&r->err, MUSTER_E_NOTFOUND, "there is no pool '%.64s'", only);
        return 404;
    }

    struct page page = { .skip = offset, .left = limit };
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    status_time(&j, "at", r->facts.wall_ns);
    json_open(&j, "nodes", '[');
    if (only) {
        total = machines(&pool);
        put_pool_nodes(&j, control, &pool, &r->facts, total, &page);
    }
    for (size_t i = 0; !only && i < control_pools(control); i++) {
        control_pool_view(control, i, &pool);
        put_pool_nodes(&j, control, &pool, &r->facts, machines(&pool), &page);
        total += machines(&pool);
    }
    json_close(&j, ']');
    json_int(&j, "offset", offset);
    json_int(&j, "limit", limit);
    json_int(&j, "total", total);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}
