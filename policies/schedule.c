/*
 * schedule: so many slots between two recurring moments, in a time zone's own local time (see
 * base/cron.h for what a clock change does to them). It needs no signal: it also holds while the
 * queue is unknown.
 */
#include "policies/policies.h"

struct schedule_options {
    struct cron from;
    struct cron to;
    struct timezone *timezone;
    int64_t slots;
};

static const struct option schedule_rows[] = {
    OPTION_CRON(struct schedule_options, from, "from", .help = "when it begins, as a cron line"),
    OPTION_CRON(struct schedule_options, to, "to", .help = "when it ends, as a cron line"),
    OPTION_TIMEZONE(struct schedule_options, timezone, "timezone", .fallback = "UTC",
                    .help = "whose local time, like Europe/Berlin"),
    OPTION_INT(struct schedule_options, slots, "slots", .min = 0, .max = 1000000000,
               .help = "slots to have meanwhile"),
    { 0 },
};

static enum propose schedule_propose(const void *options, const struct observation *seen,
                                     struct trail *trail, int64_t *ret_slots)
{
    const struct schedule_options *o = options;
    int64_t from_ns = cron_last(&o->from, o->timezone, seen->wall_ns);
    int64_t to_ns = cron_last(&o->to, o->timezone, seen->wall_ns);
    /* Within it if it began and has not ended since. Where both fall together, the end wins. */
    if (from_ns > to_ns) {
        int64_t end_ns = cron_next(&o->to, o->timezone, seen->wall_ns);
        *ret_slots = o->slots;
        trail_step(
            trail, STAGE_DECIDE, "schedule", seen->desired, o->slots,
            "within the schedule for another {left}",
            TRAIL_DURATION("left", end_ns == INT64_MAX ? INT64_MAX : end_ns - seen->wall_ns));
        return PROPOSE_SLOTS;
    }
    int64_t begin_ns = cron_next(&o->from, o->timezone, seen->wall_ns);
    *ret_slots = 0;
    trail_step(
        trail, STAGE_DECIDE, "schedule", seen->desired, 0, "it begins again in {left}",
        TRAIL_DURATION("left", begin_ns == INT64_MAX ? INT64_MAX : begin_ns - seen->wall_ns));
    return PROPOSE_SLOTS;
}

const struct policy policy_schedule = {
    .options = {
        .name = "schedule",
        .help = "so many slots between two recurring moments",
        .size = sizeof(struct schedule_options),
        .rows = schedule_rows,
    },
    .needs_signal = false,
    .propose = schedule_propose,
};
