/*
 * The market: what offers cost over time, how many machines of each can be had, and how long the cloud
 * takes to answer. Everything is a step function of time: a value holds until the next step.
 *
 * Capacity is a number of machines of one offer that can run at once. When it falls below what runs,
 * the surplus is taken back (after notice): a preemption is a step of the pool, not many independent
 * deaths. A launch beyond it is refused as MUSTER_E_CAPACITY, in part where part of it fits.
 */
#ifndef SIM_MARKET_H
#define SIM_MARKET_H

#include "base/vec.h"
#include "control/spec.h"

struct sim_step {
    int64_t at_ns; /* since the run began; rising */
    int64_t value;
};

struct sim_series {
    VEC(struct sim_step) steps;
};

void sim_series_release(struct sim_series *series);
/* Time must not go back: MUSTER_E_RANGE. A second value for one moment replaces the first. */
int sim_series_add(struct sim_series *series, int64_t at_ns, int64_t value, struct error *err);
/* The value at a moment; `before` ahead of the first step. NULL is an empty series. */
int64_t sim_series_at(const struct sim_series *series, int64_t at_ns, int64_t before);
/* The integral over [from, to) of value, in value x hours. */
double sim_series_hours(const struct sim_series *series, int64_t from_ns, int64_t to_ns,
                        int64_t before);

#define SIM_UNLIMITED INT64_MAX

/* A part of an offer that the market treats alone: a zone, or a type in a zone. */
struct sim_place {
    char name[OFFER_NAME_MAX];
    struct sim_series price, capacity; /* as below */
};

struct sim_offer_market {
    char pattern
        [OFFER_NAME_MAX];    /* of offers' names, as fnmatch has them; the first that fits counts,
                                     for each offer that fits by itself */
    struct sim_series price; /* micro-dollars per machine and hour; none: as the offer says */
    struct sim_series capacity; /* machines; none: unlimited */
    /*
     * Where there are places, machines are bought in the cheapest that has room, and a place's step takes
     * its own machines alone; price and capacity above are then the lowest price with room, and the sum.
     */
    VEC(struct sim_place *) places;
    int64_t notice_ns; /* a machine is told so long before it is taken */
};

struct sim_market {
    VEC(struct sim_offer_market *) offers;
    int64_t call_ns; /* a launch or a termination takes effect, and is answered, after so long */
    int64_t poll_ns; /* a queue answers after so long */
    int64_t list_ns; /* a listing is answered after so long, */
    int64_t list_lag_ns; /* and shows what was so long before it was asked for */
    int64_t stop_ns;     /* from a termination to the machine's end; not billed */
};

/* Everything can be had, at the file's prices; usual delays. */
void sim_market_init(struct sim_market *market);
void sim_market_release(struct sim_market *market);

/* Appends an entry; NULL: out of memory. Stays where it is until release. */
struct sim_offer_market *sim_market_add(struct sim_market *market, const char *pattern);
/* The entry for an offer; NULL: none. */
const struct sim_offer_market *sim_market_find(const struct sim_market *market, const char *offer);

/*
 * Reads an event file, CSV with a header: t_s (seconds; the first row is the run's beginning), offer (or
 * pool; a pattern), and capacity (machines) or price_usd_h, or both; a row stands where a value changes.
 * "zone/type" stands for that type on the spot market there. `as`, if not NULL: all rows are about this
 * pattern, and pools are its places. What is wrong is told with file:line.
 */
int sim_market_read(struct sim_market *market, const char *path, const char *as, struct error *err);

#endif
