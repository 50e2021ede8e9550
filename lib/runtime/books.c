#include "runtime/books.h"

#include <string.h>

#include "base/clock.h"

#define HOUR_NS  (3600 * NS_PER_S)
#define EARLY_NS (60 * NS_PER_S) /* a projection from less is noise */

void books_release(struct books *books)
{
    vec_release(&books->rows);
}

static double cost_until(const struct books_row *row, int64_t now_ns)
{
    return row->cost_usd_micro +
           (double)row->price_usd_micro * (double)(now_ns - row->listed_ns) / (double)HOUR_NS;
}

static struct books_row *row_of(struct books *books, const char *pool, const char *inventory,
                                int64_t now_ns)
{
    for (size_t i = 0; i < books->rows.len; i++) {
        struct books_row *row = &books->rows.at[i];
        if (strcmp(row->pool, pool) == 0 && strcmp(row->inventory, inventory) == 0)
            return row;
    }
    struct books_row row = { .listed_ns = now_ns };
    str_copy_c(row.pool, sizeof(row.pool), pool);
    str_copy_c(row.inventory, sizeof(row.inventory), inventory);
    return vec_push(&books->rows, row) ? &books->rows.at[books->rows.len - 1] : NULL;
}

static bool runs(const struct listed_node *node)
{
    switch (node->state) {
    case LISTED_PENDING:
    case LISTED_RUNNING:
    case LISTED_STOPPING:
        return true;
    case LISTED_GONE:
    case LISTED_ENDED:
    case LISTED_UNSEEN:
        break;
    }
    return false;
}

bool books_listing(struct books *books, const char *inventory, const struct listed_node *nodes,
                   size_t len, int64_t now_ns, books_price_cb *price, void *ctx)
{
    for (size_t i = 0; i < len; i++) {
        if (runs(&nodes[i]) && !row_of(books, nodes[i].pool, inventory, now_ns))
            return false;
    }
    for (size_t i = 0; i < books->rows.len; i++) {
        struct books_row *row = &books->rows.at[i];
        if (strcmp(row->inventory, inventory) != 0)
            continue;
        row->cost_usd_micro = cost_until(row, now_ns);
        row->listed_ns = now_ns;
        row->nodes = row->unpriced = row->price_usd_micro = 0;
    }
    for (size_t i = 0; i < len; i++) {
        const struct listed_node *node = &nodes[i];
        if (!runs(node))
            continue;
        struct books_row *row = row_of(books, node->pool, inventory, now_ns);
        if (!row)
            return false; /* it is there: see above */
        int64_t usd_micro =
            node->price_usd_micro > 0 ? node->price_usd_micro : price(ctx, node->pool, node->offer);
        row->nodes++;
        if (usd_micro >= 0)
            row->price_usd_micro += usd_micro;
        else
            row->unpriced++;
    }
    return true;
}

struct books_view books_look(const struct books *books, const char *pool, int64_t now_ns)
{
    struct books_view view = { 0 };
    double cost = 0;
    for (size_t i = 0; i < books->rows.len; i++) {
        const struct books_row *row = &books->rows.at[i];
        if (pool && strcmp(row->pool, pool) != 0)
            continue;
        view.nodes += row->nodes;
        view.unpriced += row->unpriced;
        view.price_usd_micro += row->price_usd_micro;
        cost += cost_until(row, now_ns);
    }
    view.cost_usd_micro = (int64_t)cost;
    return view;
}

int64_t books_month(int64_t cost_usd_micro, int64_t since_ns, int64_t now_ns)
{
    if (now_ns - since_ns < EARLY_NS)
        return -1;
    return (int64_t)((double)cost_usd_micro *
                     ((double)BOOKS_MONTH_NS / (double)(now_ns - since_ns)));
}
