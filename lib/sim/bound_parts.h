/* What bound.c, bound_windows.c and bound_spot.c share. */
#ifndef SIM_BOUND_PARTS_H
#define SIM_BOUND_PARTS_H

#include <stdbool.h>

#include "base/vec.h"
#include "sim/bound.h"

/* ---- windows ---- */

#define WINDOWS_MAX   65536 /* of one division of time */
#define DIVISIONS_MAX 32

/* Time cut into windows of one length, beginning `shift` before 0. */
struct division {
    double length_s;
    double shift_s;
    VEC(double) work;  /* slot-seconds that must be served within the window, edges of jobs */
    VEC(double) whole; /* changes of the number of jobs that fill windows whole */
};

struct divisions {
    struct division all[DIVISIONS_MAX];
    size_t len;
    double wait_s;
};

int divisions_init(struct divisions *d, const struct bound_options *options, struct error *err);
void divisions_release(struct divisions *d);
int divisions_add(struct divisions *d, double arrival_s, double service_s, double count,
                  struct error *err);
/* The largest bound of all divisions, in slot-seconds. */
int divisions_best(struct divisions *d, double start_s, double *ret, struct error *err);

/* ---- spot ---- */

struct chunk { /* work that may be served in bins first..last */
    uint32_t first, last;
    double seconds;
};

struct chunks {
    VEC(struct chunk) all;
};

int chunks_add(struct chunks *chunks, const struct bound_options *options, double arrival_s,
               double service_s, double count, struct error *err);
/* The cheapest service of all chunks, in micro-dollars. */
int chunks_cost(const struct chunks *chunks, const struct bound_options *options, double *ret,
                struct error *err);

#endif
