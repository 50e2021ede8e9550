/*
 * The cheapest possible for given work, offers and market: puts together what lib/sim/bound.h wants. For
 * one policy file, or for several that are compared: then the cheapest slot of all of them counts.
 */
#ifndef SIM_CHEAPEST_H
#define SIM_CHEAPEST_H

#include "sim/boot.h"
#include "sim/bound.h"
#include "sim/market.h"
#include "sim/work.h"

struct cheapest_options {
    struct sim_work *work; /* read once from its beginning, then rewound */
    const struct pool_spec *const *specs;
    size_t specs_len;
    const struct sim_market *market; /* NULL: everything at its file's price */
    const struct sim_boot *boot;     /* NULL: sim_boot_for each offer */
    int64_t wait_ns;                 /* each job begins within */
    int64_t duration_ns;             /* jobs that arrive later are not counted; 0: all are */
};

struct cheapest;

/* Unknown prices count as nothing, as they do in a run. */
int cheapest_new(const struct cheapest_options *options, struct cheapest **ret, struct error *err);
void cheapest_free(struct cheapest *cheapest); /* takes NULL */

/* Where so many jobs may be late. Several threads must not ask at once. */
int cheapest_bound(struct cheapest *cheapest, int64_t late, struct bound_result *ret,
                   struct error *err);
int64_t cheapest_jobs(const struct cheapest *cheapest);
/* The most jobs that run at once when each begins as it arrives: what a fixed fleet at peak must hold. */
int64_t cheapest_peak(const struct cheapest *cheapest);

#endif
