/*
 * keda: as a KEDA ScaledObject with its defaults, one node a replica. Every 30 s it looks whether there
 * is work: from none it starts one node, and after five minutes without work it stops the last; in
 * between the HorizontalPodAutoscaler that it makes does the counting, on jobs per node.
 */
#include "base/clock.h"
#include "policies/policies.h"
#include "policies/replicas.h"

#define POLL_NS (30 * NS_PER_S)

struct keda_options {
    int64_t per_node;
    int64_t activation;
    bool in_flight;
    int64_t cooldown_ns;
};

struct keda_memory {
    struct replicas_memory replicas;
    int64_t poll_ns;
    int64_t active_ns; /* when there was work the last time */
    bool begun, off;
};

static const struct option keda_rows[] = {
    OPTION_INT(struct keda_options, per_node, "per_node", .fallback = "5", .min = 1,
               .max = 1000000000, .help = "jobs per node: the scaler's queueLength"),
    OPTION_INT(struct keda_options, activation, "activation", .fallback = "0", .min = 0,
               .max = 1000000000,
               .help = "the first node starts when there are more jobs than this"),
    OPTION_BOOL(struct keda_options, in_flight, "in_flight", .fallback = "yes",
                .help = "running jobs count too, as KEDA's SQS scaler counts them"),
    OPTION_DURATION(struct keda_options, cooldown_ns, "cooldown", .fallback = "5m",
                    .max = INT64_C(86400000000000),
                    .help = "the last node stops after so long without work"),
    { 0 },
};

/* Switches the whole on and off; the rest is the autoscaler's. */
static void poll(const struct keda_options *o, const struct observation *seen, double jobs,
                 struct keda_memory *memory)
{
    if (!memory->begun) {
        memory->begun = true;
        memory->active_ns = seen->now_ns;
        memory->poll_ns = seen->now_ns;
        memory->off = seen->slots_ready + seen->slots_booting == 0;
    }
    if (seen->now_ns < memory->poll_ns)
        return;
    memory->poll_ns = seen->now_ns + POLL_NS;
    if (jobs > (double)o->activation) {
        memory->active_ns = seen->now_ns;
        if (memory->off) /* its autoscaler begins with the one node that is started now */
            memory->replicas = (struct replicas_memory){ .begun = true,
                                                         .nodes = 1,
                                                         .next_ns = seen->now_ns + 15 * NS_PER_S };
        memory->off = false;
    } else if (seen->now_ns - memory->active_ns >= o->cooldown_ns) {
        memory->off = true;
    }
}

static enum propose keda_propose(const void *options, const struct observation *seen,
                                 struct trail *trail, int64_t *ret_slots)
{
    const struct keda_options *o = options;
    const struct replicas_rule rule = { 0.1, 300 * NS_PER_S };
    struct keda_memory *memory = seen->memory;
    double jobs = seen->waiting + (o->in_flight ? seen->running : 0);
    poll(o, seen, jobs, memory);
    int64_t nodes = 0;
    if (!memory->off)
        nodes = replicas_by_value(&memory->replicas, seen, &rule, jobs, (double)o->per_node);
    *ret_slots = nodes * nodes_size(seen);
    trail_step(trail, STAGE_DECIDE, "keda", seen->desired, *ret_slots,
               memory->off ? "{jobs} jobs: no work for a while, no node"
                           : "{jobs} jobs, {target} per node: {nodes} nodes",
               TRAIL_COUNT("jobs", jobs), TRAIL_COUNT("target", o->per_node),
               TRAIL_COUNT("nodes", nodes));
    return PROPOSE_SLOTS;
}

const struct policy policy_keda = {
    .options = {
        .name = "keda",
        .help = "as a KEDA ScaledObject, a node being a replica",
        .size = sizeof(struct keda_options),
        .rows = keda_rows,
        .shorthand = "per_node",
    },
    .needs_signal = true,
    .memory_size = sizeof(struct keda_memory),
    .propose = keda_propose,
};
