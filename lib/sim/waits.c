#include "sim/waits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FINE_BITS 7
#define FINE      (1U << FINE_BITS)

int sim_waits_init(struct sim_waits *waits, struct error *err)
{
    uint32_t *bins = calloc(SIM_WAITS_BINS, sizeof(*bins));
    if (!bins)
        return error_nomem(err);
    *waits = (struct sim_waits){ .bins = bins, .low = SIM_WAITS_BINS };
    return 0;
}

void sim_waits_release(struct sim_waits *waits)
{
    free(waits->bins);
    *waits = (struct sim_waits){ 0 };
}

void sim_waits_clear(struct sim_waits *waits)
{
    uint32_t *bins = waits->bins;
    if (waits->low <= waits->high)
        memset(bins + waits->low, 0, (waits->high - waits->low + 1) * sizeof(*bins));
    *waits = (struct sim_waits){ .bins = bins, .low = SIM_WAITS_BINS };
}

/* Small values have a bin each; from there on a doubling has FINE of them. */
static uint32_t bin_of(int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    if (value < FINE)
        return (uint32_t)value;
    uint32_t top = 63U - (uint32_t)__builtin_clzll(value);
    uint32_t fine = (uint32_t)(value >> (top - FINE_BITS)) & (FINE - 1);
    return (top - FINE_BITS + 1) * FINE + fine;
}

/* The middle of a bin. */
static double bin_ns(uint32_t bin)
{
    if (bin < FINE)
        return bin;
    uint32_t shift = bin / FINE - 1;
    return ldexp((double)(FINE + bin % FINE) + 0.5, (int)shift);
}

void sim_waits_add(struct sim_waits *waits, int64_t ns, int64_t count)
{
    uint32_t bin = bin_of(ns);
    waits->count += count;
    waits->sum_ns += (double)ns * (double)count;
    if (ns > waits->max_ns)
        waits->max_ns = ns;
    if (bin < waits->low)
        waits->low = bin;
    if (bin > waits->high)
        waits->high = bin;
    waits->bins[bin] += (uint32_t)count;
}

int64_t sim_waits_quantile(const struct sim_waits *waits, double share)
{
    int64_t wanted = (int64_t)ceil(share * (double)waits->count);
    int64_t seen = 0;
    for (uint32_t bin = waits->low; bin <= waits->high; bin++) {
        seen += waits->bins[bin];
        if (seen >= wanted && seen > 0) {
            double ns = bin_ns(bin);
            return ns < (double)waits->max_ns ? (int64_t)ns : waits->max_ns;
        }
    }
    return waits->max_ns;
}

double sim_waits_mean_ns(const struct sim_waits *waits)
{
    return waits->count > 0 ? waits->sum_ns / (double)waits->count : 0;
}
