/*
 * asg-backlog: what AWS describes for an Auto Scaling group behind a queue: target tracking on the
 * backlog per instance. The acceptable backlog is the longest acceptable latency over the time one
 * message takes; AWS's example: 10 s over 0.1 s is 100 messages an instance, so that 1,500 messages on
 * 10 instances, 150 each, call for 15.
 *
 * For comparison with `drain`: its fixed point is a queue that is always as long as may be accepted.
 */
#include "policies/policies.h"
#include "policies/tracking.h"

struct asg_backlog_options {
    int64_t latency_ns;
    int64_t service_ns;
    double in_below;
};

static const struct option asg_backlog_rows[] = {
    OPTION_DURATION(struct asg_backlog_options, latency_ns, "latency", .min = 1000000,
                    .max = INT64_C(2592000000000000),
                    .help = "the longest a job may wait: sets how many may wait per node"),
    OPTION_DURATION(struct asg_backlog_options, service_ns, "service", .fallback = "1m",
                    .min = 1000000, .max = INT64_C(2592000000000000),
                    .help =
                        "time one job takes on one slot, as the person who sets it up knows it"),
    OPTION_PERCENT(struct asg_backlog_options, in_below, "in_below", .fallback = "90%", .min = 1,
                   .max = 100, .help = "shrinks below this share of the target"),
    { 0 },
};

static enum propose asg_backlog_propose(const void *options, const struct observation *seen,
                                        struct trail *trail, int64_t *ret_slots)
{
    const struct asg_backlog_options *o = options;
    double size = (double)nodes_size(seen);
    double ready = (double)nodes_ready(seen);
    struct tracking metric = {
        .value = ready > 0 ? seen->waiting / ready : 0,
        .target = (double)o->latency_ns / (double)o->service_ns * size,
        .in_below = o->in_below,
    };
    int64_t nodes = tracking_nodes(seen->memory, seen, &metric);
    *ret_slots = nodes * nodes_size(seen);
    trail_step(trail, STAGE_DECIDE, "asg-backlog", seen->desired, *ret_slots,
               "{waiting} waiting on {ready} nodes, {each} each, target {target}: {nodes} nodes",
               TRAIL_COUNT("waiting", seen->waiting), TRAIL_COUNT("ready", ready),
               TRAIL_COUNT("each", metric.value), TRAIL_COUNT("target", metric.target),
               TRAIL_COUNT("nodes", nodes));
    return PROPOSE_SLOTS;
}

const struct policy policy_asg_backlog = {
    .options = {
        .name = "asg-backlog",
        .help = "as an EC2 Auto Scaling group that tracks its backlog per instance",
        .size = sizeof(struct asg_backlog_options),
        .rows = asg_backlog_rows,
        .shorthand = "latency",
    },
    .needs_signal = true,
    .memory_size = sizeof(struct tracking_memory),
    .propose = asg_backlog_propose,
};
