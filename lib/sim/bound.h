/*
 * The least that given work can cost, whoever decides and however well the future is known: what a
 * report means by "1.09x of the cheapest possible". docs/internals/bounds.md has the proofs.
 *
 * The promise is that a job begins at most `wait_ns` after it arrived. A slot that is started is paid for
 * `start_ns` before it can work (boot and warm-up, on average). Everything is counted in slots at the
 * price of the cheapest slot, so a mix of machines is never judged too hard.
 *
 *     bound_new -> bound_add for each job, by arrival -> bound_finish -> bound_free
 *
 * Memory grows with the span only up to a limit, not with the jobs (unless there are spot pools).
 */
#ifndef SIM_BOUND_H
#define SIM_BOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A market in which slots cost less for a time, and not always are to be had. Both arrays: per bin. */
struct bound_pool {
    const double *usd_micro_h; /* per slot; the least within the bin */
    const double *slots;       /* that can be had; the most within the bin; INFINITY: any number */
};

struct bound_options {
    int64_t wait_ns;    /* >= 0 */
    int64_t start_ns;   /* >= 0 */
    int64_t span_ns;    /* from 0 to the last arrival, about; later ones are counted too */
    double usd_micro_h; /* a slot, on demand; with pools the cheapest of them never costs more */
    const struct bound_pool *pools; /* borrowed until bound_finish */
    size_t pools_len;
    size_t bins;    /* of the pools' arrays; afterwards only on demand is left */
    int64_t bin_ns; /* > 0 where there are pools */
    bool ends;      /* time is up at some moment: late jobs may never be done */
};

struct bound;

int bound_new(const struct bound_options *options, struct bound **ret, struct error *err);
void bound_free(struct bound *bound); /* takes NULL */

/* `count` jobs that arrive at once and take service_ns each, >= 0. Arrivals do not go back. */
int bound_add(struct bound *bound, int64_t arrival_ns, int64_t service_ns, int64_t count,
              struct error *err);

struct bound_result {
    double usd_micro;        /* the largest of those below */
    double work_usd_micro;   /* the work alone, at the least price there ever is */
    double window_usd_micro; /* with the starts that its ups and downs force (4.3) */
    double spot_usd_micro;   /* each job at the cheapest time it can run; 0 without pools (4.4) */
    const char *method;      /* which it was: "work", "windows", "spot" */
};

/*
 * late: of the jobs, so many need not keep the promise (they must be done all the same); what is
 * compared with the bound should have been as late as this. May be asked more than once.
 */
int bound_finish(struct bound *bound, int64_t late, struct bound_result *ret, struct error *err);

#endif
