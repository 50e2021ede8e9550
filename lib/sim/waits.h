/*
 * Durations counted in bounded memory: a histogram whose bins grow with the value (128 per doubling), so
 * that a quantile is within 0.8 % of the true one, and mean and maximum are exact.
 */
#ifndef SIM_WAITS_H
#define SIM_WAITS_H

#include <stdint.h>

#include "base/error.h"

#define SIM_WAITS_BINS 7296

struct sim_waits {
    int64_t count;
    int64_t max_ns;
    double sum_ns;
    uint32_t low, high; /* the bins that were ever used */
    uint32_t *bins;     /* owned; SIM_WAITS_BINS */
};

int sim_waits_init(struct sim_waits *waits, struct error *err);
void sim_waits_release(struct sim_waits *waits);
void sim_waits_clear(struct sim_waits *waits);
void sim_waits_add(struct sim_waits *waits, int64_t ns, int64_t count); /* ns >= 0 */
/* The smallest wait that a share of all (0..1) did not exceed; 0 when none was counted. */
int64_t sim_waits_quantile(const struct sim_waits *waits, double share);
double sim_waits_mean_ns(const struct sim_waits *waits);

#endif
