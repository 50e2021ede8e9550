/* The least that work can cost: the best of three bounds. */
#include "sim/bound.h"

#include <math.h>
#include <stdlib.h>

#include "sim/bound_parts.h"

/* Service times by size, so that the longest can be found without keeping them all. */
#define SIZES       512
#define SIZES_PER_2 8
#define SIZES_ZERO  256 /* the size of one second */

struct bound {
    struct bound_options options;
    struct divisions divisions;
    struct chunks chunks;
    double work_s;
    double count[SIZES], longest[SIZES], sum[SIZES];
};

int bound_new(const struct bound_options *options, struct bound **ret, struct error *err)
{
    struct bound *bound = calloc(1, sizeof(*bound));
    if (!bound)
        return error_nomem(err);
    bound->options = *options;
    int rc = divisions_init(&bound->divisions, options, err);
    if (rc < 0) {
        free(bound);
        return rc;
    }
    *ret = bound;
    return 0;
}

void bound_free(struct bound *bound)
{
    if (!bound)
        return;
    divisions_release(&bound->divisions);
    vec_release(&bound->chunks.all);
    free(bound);
}

static void note_size(struct bound *bound, double service_s, double count)
{
    double at = SIZES_ZERO + SIZES_PER_2 * log2(fmax(service_s, 1e-9));
    size_t size = (size_t)fmin(fmax(at, 0), SIZES - 1);
    bound->count[size] += count;
    bound->sum[size] += service_s * count;
    bound->longest[size] = fmax(bound->longest[size], service_s);
}

int bound_add(struct bound *bound, int64_t arrival_ns, int64_t service_ns, int64_t count,
              struct error *err)
{
    double arrival_s = (double)arrival_ns / 1e9;
    double service_s = (double)service_ns / 1e9;
    double jobs = (double)count;
    bound->work_s += service_s * jobs;
    note_size(bound, service_s, jobs);
    int rc = divisions_add(&bound->divisions, arrival_s, service_s, jobs, err);
    if (rc == 0 && bound->options.pools_len > 0)
        rc = chunks_add(&bound->chunks, &bound->options, arrival_s, service_s, jobs, err);
    return rc;
}

/* No `late` jobs together take longer than this. */
static double longest_s(const struct bound *bound, double late)
{
    double total = 0;
    for (size_t size = SIZES; size-- > 0 && late > 0;) {
        double some = fmin(late, bound->count[size]);
        bool all = some >= bound->count[size];
        total += all ? bound->sum[size] : some * bound->longest[size];
        late -= some;
    }
    return total;
}

static double least_price(const struct bound_options *o)
{
    double least = o->usd_micro_h;
    for (size_t k = 0; k < o->pools_len; k++) {
        for (size_t bin = 0; bin < o->bins; bin++) {
            if (o->pools[k].slots[bin] > 0)
                least = fmin(least, o->pools[k].usd_micro_h[bin]);
        }
    }
    return least;
}

static void take_best(struct bound_result *r)
{
    r->usd_micro = r->work_usd_micro;
    r->method = "work";
    if (r->window_usd_micro > r->usd_micro) {
        r->usd_micro = r->window_usd_micro;
        r->method = "windows";
    }
    if (r->spot_usd_micro > r->usd_micro) {
        r->usd_micro = r->spot_usd_micro;
        r->method = "spot";
    }
}

/*
 * A late job may run when it suits, even on a slot of its own, so the cheapest fleet for all jobs in time
 * costs at most that one slot more, for each late job, than the cheapest with them late. The bound is
 * lowered by as much.
 */
int bound_finish(struct bound *bound, int64_t late, struct bound_result *ret, struct error *err)
{
    const struct bound_options *o = &bound->options;
    struct bound_result r = { 0 };
    double start_s = (double)o->start_ns / 1e9;
    double price = least_price(o) / 3600;
    double windows_s = 0;
    double late_s = longest_s(bound, (double)late);
    int rc = divisions_best(&bound->divisions, start_s, &windows_s, err);
    if (rc == 0 && o->pools_len > 0)
        rc = chunks_cost(&bound->chunks, o, &r.spot_usd_micro, err);
    if (rc < 0)
        return rc;
    /* Whoever does any work starts one slot at least. */
    double work_s = o->ends ? fmax(0, bound->work_s - late_s) : bound->work_s;
    r.work_usd_micro = price * (work_s + (work_s > 0 ? start_s : 0));
    r.window_usd_micro = price * fmax(0, windows_s - late_s - (double)late * start_s);
    r.spot_usd_micro = fmax(0, r.spot_usd_micro - late_s * o->usd_micro_h / 3600);
    take_best(&r);
    *ret = r;
    return 0;
}
