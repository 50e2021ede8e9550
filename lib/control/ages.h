/*
 * How old the waiting jobs are, kept from samples: sources tell how many wait, and at best how old
 * the oldest is. A FIFO queue of which we see the depth over time is enough to know the rest: what
 * joined between two samples has an age between theirs, and what left was the oldest.
 *
 * Bounded: AGES_MAX bins; neighbours are merged, keeping the older time, when more are needed (a job
 * is then taken to be older than it is, never younger).
 */
#ifndef CONTROL_AGES_H
#define CONTROL_AGES_H

#include <stddef.h>
#include <stdint.h>

#define AGES_MAX 24

struct age_bin {
    int64_t since_ns; /* boot clock: none of its jobs has waited longer than since this instant */
    double jobs;      /* > 0 */
};

struct ages {
    struct age_bin bins[AGES_MAX]; /* oldest first */
    size_t len;
    double total;
};

/*
 * A new sample: `waiting` jobs wait now, of which `joined` came since the last update (an estimate;
 * at least the growth of the depth is taken). oldest_ns: age of the oldest, or -1 if unknown.
 */
void ages_update(struct ages *ages, int64_t now_ns, int64_t last_ns, double waiting, double joined,
                 int64_t oldest_ns);

#endif
