#include "sim/cheapest.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define BINS_MAX   20000
#define BIN_MIN_NS (60 * NS_PER_S)

struct cheapest {
    struct bound *bound;
    VEC(struct bound_pool) pools;
    VEC(double *) arrays; /* the pools' */
    int64_t jobs;
    int64_t running, peak;
    VEC(int64_t) ends;   /* of jobs that run, a heap, the soonest on top */
    VEC(int64_t) counts; /* how many end then; same order */
};

/* ---- the peak: a heap of ends -------------------------------------------------------------------- */

static void swap_ends(struct cheapest *c, size_t i, size_t k)
{
    int64_t at_ns = c->ends.at[i];
    int64_t count = c->counts.at[i];
    c->ends.at[i] = c->ends.at[k];
    c->counts.at[i] = c->counts.at[k];
    c->ends.at[k] = at_ns;
    c->counts.at[k] = count;
}

static int push_end(struct cheapest *c, int64_t at_ns, int64_t count, struct error *err)
{
    size_t i = c->ends.len;
    if (!vec_push(&c->ends, at_ns) || !vec_push(&c->counts, count))
        return error_nomem(err);
    for (; i > 0 && c->ends.at[(i - 1) / 2] > c->ends.at[i]; i = (i - 1) / 2)
        swap_ends(c, i, (i - 1) / 2);
    return 0;
}

static void pop_end(struct cheapest *c)
{
    size_t len = c->ends.len - 1;
    swap_ends(c, 0, len);
    c->ends.len = c->counts.len = len;
    for (size_t i = 0, child; (child = 2 * i + 1) < len; i = child) {
        if (child + 1 < len && c->ends.at[child + 1] < c->ends.at[child])
            child++;
        if (c->ends.at[i] <= c->ends.at[child])
            break;
        swap_ends(c, i, child);
    }
}

static int count_peak(struct cheapest *c, const struct sim_job *job, struct error *err)
{
    while (c->ends.len > 0 && c->ends.at[0] <= job->arrival_ns) {
        c->running -= c->counts.at[0];
        pop_end(c);
    }
    c->running += job->count;
    c->peak = c->running > c->peak ? c->running : c->peak;
    return push_end(c, job->arrival_ns + job->service_ns, job->count, err);
}

/* ---- offers -------------------------------------------------------------------------------------- */

static const struct sim_offer_market *market_of(const struct cheapest_options *options,
                                                const struct offer *offer)
{
    return options->market ? sim_market_find(options->market, offer->name) : NULL;
}

static bool varies(const struct sim_offer_market *market)
{
    return market && (market->price.steps.len > 0 || market->capacity.steps.len > 0);
}

static double slot_price(const struct offer *offer, int64_t usd_micro)
{
    return usd_micro > 0 ? (double)usd_micro / (double)offer->slots : 0;
}

/* The least value of a series within a bin, or the most. */
static int64_t extreme(const struct sim_series *series, int64_t from_ns, int64_t to_ns,
                       int64_t before, bool most, size_t *next)
{
    int64_t value = sim_series_at(series, from_ns, before);
    while (*next < series->steps.len && series->steps.at[*next].at_ns <= from_ns)
        ++*next;
    for (size_t i = *next; i < series->steps.len && series->steps.at[i].at_ns < to_ns; i++) {
        int64_t other = series->steps.at[i].value;
        value = most ? (other > value ? other : value) : other < value ? other : value;
    }
    return value;
}

static int add_pool(struct cheapest *c, const struct offer *offer,
                    const struct sim_offer_market *market, size_t bins, int64_t bin_ns,
                    struct error *err)
{
    double *prices = calloc(bins, sizeof(double));
    double *slots = calloc(bins, sizeof(double));
    struct bound_pool pool = { prices, slots };
    if (!prices || !slots || !vec_reserve(&c->arrays, c->arrays.len + 2) ||
        !vec_push(&c->pools, pool)) {
        free(prices);
        free(slots);
        return error_nomem(err);
    }
    (void)vec_push(&c->arrays, prices);
    (void)vec_push(&c->arrays, slots);
    size_t next_price = 0;
    size_t next_capacity = 0;
    for (size_t bin = 0; bin < bins; bin++) {
        int64_t from_ns = (int64_t)bin * bin_ns;
        int64_t usd_micro = extreme(&market->price, from_ns, from_ns + bin_ns,
                                    offer->price_usd_micro, false, &next_price);
        int64_t nodes = SIM_UNLIMITED;
        if (market->capacity.steps.len > 0)
            nodes = extreme(&market->capacity, from_ns, from_ns + bin_ns, SIM_UNLIMITED, true,
                            &next_capacity);
        prices[bin] = slot_price(offer, usd_micro);
        slots[bin] =
            nodes == SIM_UNLIMITED ? (double)INFINITY : (double)nodes * (double)offer->slots;
    }
    return 0;
}

/* What is always there at one price; where nothing is, the dearest of what comes and goes. */
static double steady_price(const struct cheapest_options *o, bool *ret_varying)
{
    double least = (double)INFINITY;
    double dearest = 0;
    *ret_varying = false;
    for (size_t s = 0; s < o->specs_len; s++) {
        for (size_t i = 0; i < o->specs[s]->offers.len; i++) {
            const struct offer *offer = &o->specs[s]->offers.at[i];
            const struct sim_offer_market *market = market_of(o, offer);
            double price = slot_price(offer, offer->price_usd_micro);
            for (size_t k = 0; market && k < market->price.steps.len; k++)
                dearest = fmax(dearest, slot_price(offer, market->price.steps.at[k].value));
            dearest = fmax(dearest, price);
            if (varies(market))
                *ret_varying = true;
            else
                least = fmin(least, price);
        }
    }
    return isinf(least) ? dearest : least;
}

static double mean_start_ns(const struct sim_boot *boot)
{
    double mean = sim_dist_mean_ns(&boot->boot);
    if (boot->cache_ns > 0)
        mean = fmin(mean, sim_dist_mean_ns(&boot->cached));
    double slow = boot->stragglers > 0 ? boot->stragglers * (boot->straggle - 1) : 0;
    return mean * (1 + slow) + sim_dist_mean_ns(&boot->warm);
}

/* The quickest of all offers: a bound must not be harder than any of them. */
static int64_t least_start_ns(const struct cheapest_options *o)
{
    double least = (double)INFINITY;
    for (size_t s = 0; s < o->specs_len; s++) {
        for (size_t i = 0; i < o->specs[s]->offers.len; i++) {
            const struct sim_boot *boot =
                o->boot ? o->boot : sim_boot_for(&o->specs[s]->offers.at[i]);
            least = fmin(least, mean_start_ns(boot));
        }
    }
    return isinf(least) ? 0 : (int64_t)least;
}

static int add_pools(struct cheapest *c, const struct cheapest_options *o, struct bound_options *b,
                     struct error *err)
{
    int64_t bin_ns = b->span_ns / BINS_MAX > BIN_MIN_NS ? b->span_ns / BINS_MAX : BIN_MIN_NS;
    size_t bins = (size_t)(b->span_ns / bin_ns) + 2;
    for (size_t s = 0; s < o->specs_len; s++) {
        for (size_t i = 0; i < o->specs[s]->offers.len; i++) {
            const struct offer *offer = &o->specs[s]->offers.at[i];
            const struct sim_offer_market *market = market_of(o, offer);
            int rc = varies(market) ? add_pool(c, offer, market, bins, bin_ns, err) : 0;
            if (rc < 0)
                return rc;
        }
    }
    b->pools = c->pools.at;
    b->pools_len = c->pools.len;
    b->bins = bins;
    b->bin_ns = bin_ns;
    return 0;
}

/* ---- all of it ----------------------------------------------------------------------------------- */

/* Of a job that begins in time, so much is done at least when time is up. */
static int64_t before_end(const struct cheapest_options *o, const struct sim_job *job)
{
    if (o->duration_ns == 0)
        return job->service_ns;
    int64_t left_ns = o->duration_ns - job->arrival_ns - o->wait_ns;
    return left_ns <= 0 ? 0 : left_ns < job->service_ns ? left_ns : job->service_ns;
}

static int add_jobs(struct cheapest *c, const struct cheapest_options *o, struct error *err)
{
    struct sim_job job;
    int rc;
    while ((rc = sim_work_next(o->work, &job, err)) > 0) {
        if (o->duration_ns > 0 && job.arrival_ns >= o->duration_ns)
            break;
        rc = bound_add(c->bound, job.arrival_ns, before_end(o, &job), job.count, err);
        if (rc == 0)
            rc = count_peak(c, &job, err);
        if (rc < 0)
            return rc;
        c->jobs += job.count;
    }
    return rc < 0 ? rc : 0;
}

int cheapest_new(const struct cheapest_options *options, struct cheapest **ret, struct error *err)
{
    struct cheapest *c = calloc(1, sizeof(*c));
    if (!c)
        return error_nomem(err);
    bool varying;
    int64_t span_ns =
        options->duration_ns > 0 ? options->duration_ns : options->work->facts.span_ns;
    struct bound_options b = {
        .wait_ns = options->wait_ns,
        .start_ns = least_start_ns(options),
        .span_ns = span_ns,
        .usd_micro_h = steady_price(options, &varying),
        .ends = options->duration_ns > 0,
    };
    int rc = varying ? add_pools(c, options, &b, err) : 0;
    if (rc == 0)
        rc = sim_work_rewind(options->work, err);
    if (rc == 0)
        rc = bound_new(&b, &c->bound, err);
    if (rc == 0)
        rc = add_jobs(c, options, err);
    if (rc == 0)
        rc = sim_work_rewind(options->work, err);
    if (rc < 0) {
        cheapest_free(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void cheapest_free(struct cheapest *cheapest)
{
    if (!cheapest)
        return;
    bound_free(cheapest->bound);
    for (size_t i = 0; i < cheapest->arrays.len; i++)
        free(cheapest->arrays.at[i]);
    vec_release(&cheapest->arrays);
    vec_release(&cheapest->pools);
    vec_release(&cheapest->ends);
    vec_release(&cheapest->counts);
    free(cheapest);
}

int cheapest_bound(struct cheapest *cheapest, int64_t late, struct bound_result *ret,
                   struct error *err)
{
    return bound_finish(cheapest->bound, late, ret, err);
}

int64_t cheapest_jobs(const struct cheapest *cheapest)
{
    return cheapest->jobs;
}

int64_t cheapest_peak(const struct cheapest *cheapest)
{
    return cheapest->peak;
}
