#include "policies/tracking.h"

#include <math.h>

#include "base/clock.h"

#define POINT_NS   (60 * NS_PER_S)
#define OUT_POINTS 3
#define IN_POINTS  15

static void count(struct tracking_memory *memory, const struct tracking *metric)
{
    memory->above = metric->value > metric->target ? memory->above + 1 : 0;
    memory->below = metric->value < metric->target * metric->in_below ? memory->below + 1 : 0;
}

static void act(struct tracking_memory *memory, const struct observation *seen,
                const struct tracking *metric)
{
    double in_service = (double)nodes_ready(seen);
    int64_t needed = nodes_count(ceil(in_service * metric->value / metric->target - 1e-9));
    bool warming = seen->slots_booting > 0;
    if (memory->above >= OUT_POINTS && needed > memory->nodes)
        memory->nodes = needed;
    if (memory->below >= IN_POINTS && !warming && needed < memory->nodes)
        memory->nodes = needed;
    if (memory->nodes < 1)
        memory->nodes = 1;
}

int64_t tracking_nodes(struct tracking_memory *memory, const struct observation *seen,
                       const struct tracking *metric)
{
    if (!memory->begun) {
        memory->begun = true;
        memory->nodes = nodes_of(seen, seen->slots_ready + seen->slots_booting);
        memory->next_ns = seen->now_ns;
    }
    if (seen->now_ns >= memory->next_ns) {
        memory->next_ns = seen->now_ns + POINT_NS;
        /* Without a machine in service there is no metric: no alarm, and the group keeps its one. */
        if (seen->slots_ready > 0)
            count(memory, metric);
        act(memory, seen, metric);
    }
    return memory->nodes;
}
