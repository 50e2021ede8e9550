/* fixed: always so many slots. A floor beside other policies, or a fleet of constant size. */
#include "policies/policies.h"

struct fixed_options {
    int64_t slots;
};

static const struct option fixed_rows[] = {
    OPTION_INT(struct fixed_options, slots, "slots", .min = 0, .max = 1000000000,
               .help = "slots to have at all times"),
    { 0 },
};

static enum propose fixed_propose(const void *options, const struct observation *seen,
                                  struct trail *trail, int64_t *ret_slots)
{
    const struct fixed_options *o = options;
    trail_step(trail, STAGE_DECIDE, "fixed", seen->desired, o->slots, "always {slots} slots",
               TRAIL_COUNT("slots", o->slots));
    *ret_slots = o->slots;
    return PROPOSE_SLOTS;
}

const struct policy policy_fixed = {
    .options = {
        .name = "fixed",
        .help = "a constant number of slots, whatever the queue says",
        .size = sizeof(struct fixed_options),
        .rows = fixed_rows,
        .shorthand = "slots",
    },
    .needs_signal = false,
    .propose = fixed_propose,
};
