/*
 * Work made up: jobs that arrive at random at a rate that may follow the time of day, the weekend, and
 * bursts, and take a time drawn from a distribution.
 *
 * The rate at a moment is  rate x (1 + daily sin(2 pi (t - 9 h) / 24 h)) x weekend x burst;  the day is
 * highest at 15:00. Arrivals are drawn by thinning (Lewis and Shedler 1979), so they are a Poisson
 * process of exactly that rate.
 */
#ifndef SIM_SYNTHETIC_H
#define SIM_SYNTHETIC_H

#include "base/str.h"
#include "sim/dist.h"
#include "sim/work.h"

struct sim_shape {
    double rate_per_s;
    bool even;          /* one after the other at equal distances, not at random */
    int64_t for_ns;     /* > 0 */
    double daily;       /* 0..1 */
    double weekend;     /* factor on Saturdays and Sundays; the work begins on a Monday */
    double burst_times; /* the rate is so many times as high in a burst; 1: no bursts */
    int64_t burst_every_ns, burst_ns; /* means; both exponential */
    struct sim_dist service;
};

/*
 * "poisson 0.4/s", "steady 20/m", then, after commas, any of: for 30d (7d), service DISTRIBUTION
 * (exponential 30s), daily 60%, weekend 30%, bursts x10 every 6h lasting 10m.
 */
int sim_shape_parse(struct str text, struct sim_shape *ret, struct error *err);
/* Does the text begin as such a shape does? (Otherwise it is the name of a file.) */
bool sim_shape_is_one(struct str text);

int sim_work_synthetic(const struct sim_shape *shape, uint64_t seed, struct sim_work **ret,
                       struct error *err);

#endif
