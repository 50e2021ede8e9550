/* How long something took, lately: count, sum, and quantiles of the last TIMING_KEPT values. */
#ifndef RUNTIME_TIMING_H
#define RUNTIME_TIMING_H

#include <stdint.h>

#define TIMING_KEPT 256

struct timing {
    uint64_t count;
    int64_t sum_ns;
    int64_t max_ns; /* of all */
    int64_t last[TIMING_KEPT];
};

void timing_add(struct timing *t, int64_t ns);
/* q in 0..1 of the values kept; 0 when there is none. */
int64_t timing_quantile(const struct timing *t, double q);

#endif
