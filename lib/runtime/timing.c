#include "runtime/timing.h"

#include <stdlib.h>
#include <string.h>

void timing_add(struct timing *t, int64_t ns)
{
    t->last[t->count++ % TIMING_KEPT] = ns;
    t->sum_ns += ns;
    if (ns > t->max_ns)
        t->max_ns = ns;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t timing_quantile(const struct timing *t, double q)
{
    int64_t sorted[TIMING_KEPT];
    size_t n = t->count < TIMING_KEPT ? (size_t)t->count : TIMING_KEPT;
    if (n == 0)
        return 0;
    memcpy(sorted, t->last, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), compare);
    size_t i = (size_t)(q * (double)n);
    return sorted[i < n ? i : n - 1];
}
