/*
 * hpa: as Kubernetes' HorizontalPodAutoscaler (autoscaling/v2) with its defaults, one node a replica,
 * either on an external metric with an average value (the jobs that wait) or on a utilisation.
 */
#include "policies/policies.h"
#include "policies/replicas.h"

struct hpa_options {
    int64_t per_node;
    double busy;
    double tolerance;
    int64_t down_after_ns;
};

static const struct option hpa_rows[] = {
    OPTION_INT(struct hpa_options, per_node, "per_node", .optional = true, .min = 1,
               .max = 1000000000, .help = "waiting jobs per node (a target of type AverageValue)"),
    OPTION_PERCENT(struct hpa_options, busy, "busy", .optional = true, .min = 1, .max = 100,
                   .help = "share of the slots that should be busy (a target of type Utilization)"),
    OPTION_PERCENT(struct hpa_options, tolerance, "tolerance", .fallback = "10%", .min = 0,
                   .max = 100, .help = "nothing changes while the metric is so near its target"),
    OPTION_DURATION(struct hpa_options, down_after_ns, "down_after", .fallback = "5m",
                    .max = INT64_C(3600000000000), .help = "the window of scaling down"),
    { 0 },
};

static int hpa_check(const void *options, const char **ret_key, struct error *err)
{
    const struct hpa_options *o = options;
    *ret_key = NULL;
    if ((o->per_node > 0) == (o->busy > 0))
        return error_set(err, MUSTER_E_INVALID, "exactly one target: per_node or busy");
    return 0;
}

static enum propose hpa_propose(const void *options, const struct observation *seen,
                                struct trail *trail, int64_t *ret_slots)
{
    const struct hpa_options *o = options;
    struct replicas_rule rule = { o->tolerance, o->down_after_ns };
    int64_t nodes;
    if (o->per_node > 0)
        nodes = replicas_by_value(seen->memory, seen, &rule, seen->waiting, (double)o->per_node);
    else
        nodes = replicas_by_busy(seen->memory, seen, &rule, o->busy);
    *ret_slots = nodes * nodes_size(seen);
    if (o->per_node > 0)
        trail_step(trail, STAGE_DECIDE, "hpa", seen->desired, *ret_slots,
                   "{waiting} waiting, {target} per node: {nodes} nodes",
                   TRAIL_COUNT("waiting", seen->waiting), TRAIL_COUNT("target", o->per_node),
                   TRAIL_COUNT("nodes", nodes));
    else
        trail_step(trail, STAGE_DECIDE, "hpa", seen->desired, *ret_slots,
                   "{busy} of {ready} slots busy, target {target}: {nodes} nodes",
                   TRAIL_PERCENT("busy", nodes_busy(seen)), TRAIL_COUNT("ready", seen->slots_ready),
                   TRAIL_PERCENT("target", o->busy), TRAIL_COUNT("nodes", nodes));
    return PROPOSE_SLOTS;
}

const struct policy policy_hpa = {
    .options = {
        .name = "hpa",
        .help = "as Kubernetes' HorizontalPodAutoscaler, a node being a replica",
        .size = sizeof(struct hpa_options),
        .rows = hpa_rows,
        .shorthand = "per_node",
        .check = hpa_check,
    },
    .needs_signal = true,
    .memory_size = sizeof(struct replicas_memory),
    .propose = hpa_propose,
};
