/*
 * Which samples are worth a row: one that differs from its pool's last, and of equal ones one every
 * THIN_NS. An idle pool then costs six rows a minute, however often its queue is asked.
 */
#ifndef STORE_THIN_H
#define STORE_THIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "control/signal.h"

#define THIN_NS INT64_C(10000000000)
/* Pools remembered; beyond, all are forgotten, at the price of one row more for each. */
#define THIN_POOLS_MAX 4096

struct thin {
    struct map last; /* by pool */
};

/* True: write it (and it is the pool's last now). Out of memory: true. */
bool thin_keeps(struct thin *thin, const char *pool, int64_t wall_ns, const struct sample *sample);
void thin_release(struct thin *thin);

#endif
