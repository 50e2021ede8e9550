/*
 * backlog: enough slots that each has at most per_slot jobs, waiting and running ones together.
 *
 * A running job counts: a queue whose last job has been taken is not idle.
 */
#include <math.h>

#include "policies/policies.h"

struct backlog_options {
    int64_t per_slot;
};

static const struct option backlog_rows[] = {
    OPTION_INT(struct backlog_options, per_slot, "per_slot", .fallback = "1", .min = 1,
               .max = 1000000000, .help = "jobs, waiting and running, that one slot may have"),
    { 0 },
};

static enum propose backlog_propose(const void *options, const struct observation *seen,
                                    struct trail *trail, int64_t *ret_slots)
{
    const struct backlog_options *o = options;
    double slots = ceil((seen->waiting + seen->running) / (double)o->per_slot);
    *ret_slots = (int64_t)slots;
    trail_step(trail, STAGE_DECIDE, "backlog", seen->desired, *ret_slots,
               "({waiting} waiting + {running} running) / {per_slot} per slot",
               TRAIL_COUNT("waiting", seen->waiting), TRAIL_COUNT("running", seen->running),
               TRAIL_COUNT("per_slot", o->per_slot));
    return PROPOSE_SLOTS;
}

const struct policy policy_backlog = {
    .options = {
        .name = "backlog",
        .help = "so many slots that each has at most per_slot jobs",
        .size = sizeof(struct backlog_options),
        .rows = backlog_rows,
        .shorthand = "per_slot",
    },
    .needs_signal = true,
    .propose = backlog_propose,
};
