/*
 * What is due when: a heap by time, and in the order of planning at one time, so that a run is the same
 * whatever the heap looks like inside.
 */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

struct agenda_entry {
    int64_t at_ns;
    uint64_t order; /* given by agenda_add */
    void *what;     /* the caller's: borrowed */
    uint32_t kind;
    uint32_t n;
    uint64_t mark;
};

struct agenda {
    VEC(struct agenda_entry) heap;
    uint64_t order;
};

/* INT64_MAX when nothing is due. */
static inline int64_t agenda_next_ns(const struct agenda *agenda)
{
    return agenda->heap.len > 0 ? agenda->heap.at[0].at_ns : INT64_MAX;
}

bool agenda_add(struct agenda *agenda, struct agenda_entry entry); /* false: out of memory */
struct agenda_entry agenda_take(struct agenda *agenda);            /* of one that is not empty */
void agenda_release(struct agenda *agenda);

#endif
