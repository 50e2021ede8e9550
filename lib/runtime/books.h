/*
 * The books of a dry run: what the machines that really run cost meanwhile, beside what the core's own
 * ledger says the virtual fleet would have cost. Kept from the real listings, before anything is laid over
 * them. Pure bookkeeping; time is given in.
 */
#ifndef RUNTIME_BOOKS_H
#define RUNTIME_BOOKS_H

#include <stdbool.h>

#include "base/vec.h"
#include "control/event.h"

#define BOOKS_MONTH_NS (730 * 3600 * (int64_t)1000000000)

struct books_row { /* a pool's machines in one inventory, as listed last */
    char pool[POOL_NAME_MAX];
    char inventory[64];
    int64_t nodes;
    int64_t unpriced; /* of them, those whose price nobody knows: counted as free */
    int64_t price_usd_micro;
    double cost_usd_micro; /* up to listed_ns */
    int64_t listed_ns;
};

struct books {
    VEC(struct books_row) rows;
};

void books_release(struct books *books);

/* What a machine of this offer costs per hour; PRICE_UNKNOWN. */
typedef int64_t books_price_cb(void *ctx, const char *pool, const char *offer);

/* Takes a complete real listing in. False: out of memory, and nothing of it is counted. */
bool books_listing(struct books *books, const char *inventory, const struct listed_node *nodes,
                   size_t len, int64_t now_ns, books_price_cb *price, void *ctx);

struct books_view {
    int64_t nodes, unpriced;
    int64_t price_usd_micro; /* per hour */
    int64_t cost_usd_micro;  /* since the first listing, up to now */
};
/* pool NULL: all of them. */
struct books_view books_look(const struct books *books, const char *pool, int64_t now_ns);

/* What a cost since `since_ns` is over a month of 730 hours at the same pace; -1 in the first minute. */
int64_t books_month(int64_t cost_usd_micro, int64_t since_ns, int64_t now_ns);

#endif
