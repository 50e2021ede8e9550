/* Observations counted in whole nodes, as the autoscalers of clouds and clusters count. */
#ifndef POLICIES_NODES_H
#define POLICIES_NODES_H

#include "control/policy.h"

static inline int64_t nodes_size(const struct observation *seen)
{
    return seen->slots_per_node > 0 ? seen->slots_per_node : 1;
}

static inline int64_t nodes_of(const struct observation *seen, int64_t slots)
{
    return (slots + nodes_size(seen) - 1) / nodes_size(seen);
}

static inline int64_t nodes_ready(const struct observation *seen)
{
    return nodes_of(seen, seen->slots_ready);
}

static inline int64_t nodes_booting(const struct observation *seen)
{
    return nodes_of(seen, seen->slots_booting);
}

/* Of the slots that are ready, the share that is busy: what stands for CPU utilisation; 0..1. */
static inline double nodes_busy(const struct observation *seen)
{
    double slots = (double)seen->slots_ready;
    if (slots <= 0)
        return 0;
    return seen->running < slots ? seen->running / slots : 1;
}

/* A double as a count of nodes: beyond any pool it is cut off. */
static inline int64_t nodes_count(double nodes)
{
    return nodes < 1e12 ? (int64_t)nodes : INT64_C(1000000000000);
}

#endif
