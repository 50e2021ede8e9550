/*
 * asg-target-tracking: an EC2 Auto Scaling group that tracks the utilisation of its machines. What
 * stands for CPU utilisation is the share of the slots in service that are busy. It cannot be more than
 * 100 %, so one step grows the group by 1 / busy at most, however long the queue is.
 */
#include "policies/policies.h"
#include "policies/tracking.h"

struct asg_tracking_options {
    double busy;
    double in_below;
};

static const struct option asg_tracking_rows[] = {
    OPTION_PERCENT(struct asg_tracking_options, busy, "busy", .fallback = "50%", .min = 1,
                   .max = 100, .help = "share of the slots in service that should be busy"),
    OPTION_PERCENT(struct asg_tracking_options, in_below, "in_below", .fallback = "70%", .min = 1,
                   .max = 100, .help = "shrinks below this share of the target"),
    { 0 },
};

static enum propose asg_tracking_propose(const void *options, const struct observation *seen,
                                         struct trail *trail, int64_t *ret_slots)
{
    const struct asg_tracking_options *o = options;
    struct tracking metric = { nodes_busy(seen), o->busy, o->in_below };
    int64_t nodes = tracking_nodes(seen->memory, seen, &metric);
    *ret_slots = nodes * nodes_size(seen);
    trail_step(trail, STAGE_DECIDE, "asg-target-tracking", seen->desired, *ret_slots,
               "{busy} of {ready} slots busy, target {target}: {nodes} nodes",
               TRAIL_PERCENT("busy", metric.value), TRAIL_COUNT("ready", seen->slots_ready),
               TRAIL_PERCENT("target", metric.target), TRAIL_COUNT("nodes", nodes));
    return PROPOSE_SLOTS;
}

const struct policy policy_asg_target_tracking = {
    .options = {
        .name = "asg-target-tracking",
        .help = "as an EC2 Auto Scaling group that tracks its utilisation",
        .size = sizeof(struct asg_tracking_options),
        .rows = asg_tracking_rows,
        .shorthand = "busy",
    },
    .needs_signal = true,
    .memory_size = sizeof(struct tracking_memory),
    .propose = asg_tracking_propose,
};
