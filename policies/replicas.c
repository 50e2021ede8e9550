#include "policies/replicas.h"

#include <math.h>

#include "base/clock.h"

#define LOOK_EVERY_NS (15 * NS_PER_S)
#define GROW_BY       4 /* or to twice as many, per look */

/* Kubernetes knows no recommendation of before it began; what there is counts as one. */
static void begin(struct replicas_memory *memory, const struct observation *seen,
                  const struct replicas_rule *rule)
{
    if (memory->begun)
        return;
    memory->begun = true;
    memory->nodes = nodes_of(seen, seen->slots_ready + seen->slots_booting);
    memory->next_ns = seen->now_ns;
    window_add(&memory->recommended, seen->now_ns, rule->down_after_ns, memory->nodes);
}

static bool due(struct replicas_memory *memory, const struct observation *seen)
{
    if (seen->now_ns < memory->next_ns)
        return false;
    memory->next_ns = seen->now_ns + LOOK_EVERY_NS;
    return true;
}

static int64_t settle(struct replicas_memory *memory, const struct observation *seen,
                      const struct replicas_rule *rule, int64_t wanted)
{
    int64_t now = memory->nodes;
    int64_t most = now * 2 > now + GROW_BY ? now * 2 : now + GROW_BY;
    window_add(&memory->recommended, seen->now_ns, rule->down_after_ns, wanted);
    if (wanted < now) {
        int64_t recent = window_max(&memory->recommended, seen->now_ns, rule->down_after_ns);
        wanted = recent < now ? recent : now;
    }
    wanted = wanted < most ? wanted : most;
    memory->nodes = wanted > 1 ? wanted : 1;
    return memory->nodes;
}

int64_t replicas_by_value(struct replicas_memory *memory, const struct observation *seen,
                          const struct replicas_rule *rule, double total, double per_node)
{
    begin(memory, seen, rule);
    if (!due(memory, seen))
        return memory->nodes;
    double now = (double)memory->nodes;
    bool near = now > 0 && fabs(total / (per_node * now) - 1) <= rule->tolerance;
    int64_t wanted = near ? memory->nodes : nodes_count(ceil(total / per_node - 1e-9));
    return settle(memory, seen, rule, wanted);
}

/*
 * Nodes that are not ready are taken to be idle when the others say "more", so that what is already
 * on its way counts; if that turns the answer, nothing is done.
 */
int64_t replicas_by_busy(struct replicas_memory *memory, const struct observation *seen,
                         const struct replicas_rule *rule, double busy)
{
    begin(memory, seen, rule);
    if (!due(memory, seen))
        return memory->nodes;
    if (seen->slots_ready <= 0) /* no metric */
        return settle(memory, seen, rule, memory->nodes);
    double of = (double)nodes_ready(seen);
    double ratio = nodes_busy(seen) / busy;
    if (ratio > 1 && seen->slots_booting > 0) {
        double all = of + (double)nodes_booting(seen);
        double diluted = ratio * of / all;
        ratio = diluted < 1 ? 1 : diluted;
        of = all;
    }
    bool near = fabs(ratio - 1) <= rule->tolerance;
    return settle(memory, seen, rule, near ? memory->nodes : nodes_count(ceil(ratio * of - 1e-9)));
}
