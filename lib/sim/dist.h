/*
 * Distributions of durations: service times, boot times, warm-up. Drawn from a generator that the
 * caller holds; the same seed gives the same draws on every machine with the same libm.
 */
#ifndef SIM_DIST_H
#define SIM_DIST_H

#include <stdint.h>

#include "base/error.h"
#include "base/rng.h"
#include "base/str.h"

enum sim_dist_kind {
    SIM_DIST_CONSTANT,
    SIM_DIST_EXPONENTIAL,
    SIM_DIST_LOGNORMAL,
    SIM_DIST_PARETO,    /* heavy tail: Lomax, shape > 1 */
    SIM_DIST_QUANTILES, /* linear between the points given */
};

#define SIM_QUANTILES_MAX 16

struct sim_quantile {
    double share; /* 0..1, rising */
    double ns;    /* not falling */
};

struct sim_dist {
    enum sim_dist_kind kind;
    double mean_ns;
    double cv;    /* lognormal: standard deviation / mean */
    double shape; /* pareto */
    struct sim_quantile points[SIM_QUANTILES_MAX];
    uint8_t points_len;
};

struct sim_dist sim_dist_constant(int64_t ns);
struct sim_dist sim_dist_exponential(int64_t mean_ns);
struct sim_dist sim_dist_lognormal(int64_t mean_ns, double cv);

/*
 * "30s" | "exponential 30s" | "lognormal 30s cv 1.2" | "pareto 30s shape 1.5" |
 * "quantiles 50%=8.5s 90%=26.8s 99%=54s". MUSTER_E_INVALID says what was expected.
 */
int sim_dist_parse(struct str text, struct sim_dist *ret, struct error *err);

/* One draw, >= 0. */
int64_t sim_dist_draw(const struct sim_dist *dist, struct rng *rng);
double sim_dist_mean_ns(const struct sim_dist *dist);

/* As sim_dist_parse reads it. */
void sim_dist_print(const struct sim_dist *dist, struct buf *out);

#endif
