/*
 * The spot bound: starts are forgotten, and each job's work may be served in any bin that its promise
 * allows, in pieces and in parallel, where slots of a pool cost less than on demand. What sets of slot
 * time can be used together is a matroid, so taking the cheapest time first is best: with R(p) the most
 * work that can be served by time of price p at most,
 *
 *     cost = sum over prices p of p (R(p) - R(the price before)), the rest on demand.
 *
 * R(p) is found by serving, bin by bin, the work whose last bin comes first (Glover 1967).
 */
#include <math.h>
#include <stdlib.h>

#include "sim/bound_parts.h"

#define PRICES_MAX 12 /* more are rounded down to one of so many: the bound stays one */

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

int chunks_add(struct chunks *chunks, const struct bound_options *options, double arrival_s,
               double service_s, double count, struct error *err)
{
    double bin_s = seconds(options->bin_ns);
    double first = floor(arrival_s / bin_s);
    double last = floor((arrival_s + seconds(options->wait_ns) + service_s) / bin_s);
    struct chunk chunk = { (uint32_t)fmin(first, UINT32_MAX), (uint32_t)fmin(last, UINT32_MAX),
                           service_s * count };
    struct chunk *before = chunks->all.len > 0 ? &chunks->all.at[chunks->all.len - 1] : NULL;
    if (before && before->first == chunk.first && before->last == chunk.last) {
        before->seconds += chunk.seconds;
        return 0;
    }
    return vec_push(&chunks->all, chunk) ? 0 : error_nomem(err);
}

/* ---- waiting work, the most urgent on top ---- */

struct heap {
    struct chunk *at;
    size_t len;
};

static void heap_push(struct heap *h, struct chunk chunk)
{
    size_t i = h->len++;
    while (i > 0 && h->at[(i - 1) / 2].last > chunk.last) {
        h->at[i] = h->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->at[i] = chunk;
}

static void heap_pop(struct heap *h)
{
    struct chunk chunk = h->at[--h->len];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->len; i = child) {
        if (child + 1 < h->len && h->at[child + 1].last < h->at[child].last)
            child++;
        if (h->at[child].last >= chunk.last)
            break;
        h->at[i] = h->at[child];
    }
    h->at[i] = chunk;
}

/* ---- the most work that can be served at prices up to `most` ---- */

static double room(const struct bound_options *o, size_t bin, double most)
{
    double slots = 0;
    for (size_t k = 0; k < o->pools_len; k++) {
        if (o->pools[k].usd_micro_h[bin] <= most)
            slots += o->pools[k].slots[bin];
    }
    return slots * seconds(o->bin_ns);
}

static double serve(struct heap *h, uint32_t bin, double left)
{
    double served = 0;
    while (h->len > 0 && left > 0) {
        struct chunk *top = &h->at[0];
        double some = top->last < bin ? 0 : fmin(left, top->seconds);
        served += some;
        left -= some;
        top->seconds -= some;
        if (top->last < bin || top->seconds <= 0)
            heap_pop(h);
    }
    return served;
}

static double most_served(const struct chunks *chunks, const struct bound_options *o,
                          struct heap *heap, double most)
{
    double served = 0;
    size_t next = 0;
    heap->len = 0;
    for (size_t bin = 0; bin < o->bins; bin++) {
        while (next < chunks->all.len && chunks->all.at[next].first <= bin)
            heap_push(heap, chunks->all.at[next++]);
        served += serve(heap, (uint32_t)bin, room(o, bin, most));
    }
    return served;
}

/* ---- prices ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them; the lowest, and then each that is a step above the last one chosen. */
static size_t choose_prices(double *all, size_t all_len, double *prices)
{
    size_t len = 0;
    if (all_len == 0)
        return 0;
    qsort(all, all_len, sizeof(all[0]), compare);
    size_t distinct = 1;
    for (size_t i = 1; i < all_len; i++)
        distinct += all[i] > all[i - 1];
    size_t every = (distinct + PRICES_MAX - 1) / PRICES_MAX;
    size_t nth = 0;
    for (size_t i = 0; i < all_len && len < PRICES_MAX; i++) {
        if (i > 0 && all[i] <= all[i - 1])
            continue;
        if (nth++ % every == 0)
            prices[len++] = all[i];
    }
    return len;
}

/* Prices below on demand, rising, at most PRICES_MAX; each stands for those up to the next. */
static int list_prices(const struct bound_options *o, double *prices, size_t *ret_len,
                       struct error *err)
{
    VEC(double) all = { 0 };
    for (size_t k = 0; k < o->pools_len; k++) {
        for (size_t bin = 0; bin < o->bins; bin++) {
            double price = o->pools[k].usd_micro_h[bin];
            bool here = price < o->usd_micro_h && o->pools[k].slots[bin] > 0;
            /* Neighbours mostly cost the same. */
            bool again = all.len > 0 && fabs(all.at[all.len - 1] - price) <= 0;
            if (here && !again && !vec_push(&all, price)) {
                vec_release(&all);
                return error_nomem(err);
            }
        }
    }
    *ret_len = choose_prices(all.at, all.len, prices);
    vec_release(&all);
    return 0;
}

int chunks_cost(const struct chunks *chunks, const struct bound_options *options, double *ret,
                struct error *err)
{
    double prices[PRICES_MAX + 1];
    size_t len = 0;
    double total = 0;
    int rc = list_prices(options, prices, &len, err);
    if (rc < 0)
        return rc;
    struct heap heap = { .at = calloc(chunks->all.len + 1, sizeof(struct chunk)) };
    if (!heap.at)
        return error_nomem(err);
    for (size_t i = 0; i < chunks->all.len; i++)
        total += chunks->all.at[i].seconds;
    prices[len] = options->usd_micro_h;
    double cost = 0;
    double before = 0;
    for (size_t i = 0; i < len; i++) {
        /* All that costs less than the next price is taken for this one. */
        double served = most_served(chunks, options, &heap, nextafter(prices[i + 1], 0));
        cost += prices[i] * (served - before);
        before = served;
    }
    free(heap.at);
    *ret = (cost + options->usd_micro_h * (total - before)) / 3600;
    return 0;
}
