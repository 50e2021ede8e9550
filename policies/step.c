/*
 * step: a table from jobs to slots: `step: { at: { 1: 4, 100: 20, 1000: 80 } }` wants 4 slots from 1
 * job on, 20 from 100 on, 80 from 1000 on, and none below the first.
 */
#include <stdlib.h>

#include "policies/policies.h"

enum step_on { STEP_WAITING, STEP_JOBS, STEP_OLDEST };

static const char *const step_on_words[] = { "waiting", "jobs", "oldest", NULL };

struct step_options {
    int on;
    struct option_counts at;
};

static const struct option step_rows[] = {
    /* Not "on": many YAML readers, editors' among them, take that word for a truth value. */
    OPTION_CHOICE(struct step_options, on, "by", .fallback = "jobs", .choices = step_on_words,
                  .help = "what is looked up: waiting jobs, all jobs (waiting and running), or the "
                          "age in seconds of the oldest waiting job"),
    OPTION_COUNTS(struct step_options, at, "at", .min = 0, .max = 1000000000,
                  .help = "slots wanted from each number on, as { number: slots }"),
    { 0 },
};

/* Thresholds are keys of a map in the file, hence text; check() made sure they are numbers. */
static double threshold(const struct option_count *entry)
{
    int64_t value = 0;
    units_parse_int(str_from(entry->name), &value, NULL);
    return (double)value;
}

static int step_check(const void *options, const char **ret_key, struct error *err)
{
    const struct step_options *o = options;
    *ret_key = "at";
    if (o->at.len == 0)
        return error_set(err, MUSTER_E_INVALID, "the table is empty: write { 1: 4, 100: 20 }");
    for (size_t i = 0; i < o->at.len; i++) {
        int64_t value;
        if (units_parse_int(str_from(o->at.at[i].name), &value, NULL) < 0 || value < 0)
            return error_set(err, MUSTER_E_INVALID, "'%s' is not a whole number", o->at.at[i].name);
        if (i > 0 && threshold(&o->at.at[i]) <= threshold(&o->at.at[i - 1]))
            return error_set(err, MUSTER_E_INVALID, "%s stands after %s: the numbers must rise",
                             o->at.at[i].name, o->at.at[i - 1].name);
    }
    return 0;
}

static bool step_metric(const struct step_options *o, const struct observation *seen, double *ret)
{
    switch (o->on) {
    case STEP_WAITING:
        *ret = seen->waiting;
        return true;
    case STEP_OLDEST:
        *ret = seen->oldest_ns > 0 ? (double)seen->oldest_ns / 1e9 : 0;
        return seen->oldest_ns >= 0 || seen->waiting < 1;
    default:
        *ret = seen->waiting + seen->running;
        return true;
    }
}

static enum propose step_propose(const void *options, const struct observation *seen,
                                 struct trail *trail, int64_t *ret_slots)
{
    const struct step_options *o = options;
    double value;
    if (!step_metric(o, seen, &value)) {
        trail_step(trail, STAGE_DECIDE, "step", seen->desired, seen->desired,
                   "holds: the queue does not tell how old its oldest job is");
        return PROPOSE_HOLD;
    }
    const struct option_count *found = NULL;
    for (size_t i = 0; i < o->at.len && threshold(&o->at.at[i]) <= value; i++)
        found = &o->at.at[i];
    *ret_slots = found ? found->value : 0;
    if (found)
        trail_step(trail, STAGE_DECIDE, "step", seen->desired, *ret_slots,
                   "{value} is at or above the step at {step}", TRAIL_COUNT("value", value),
                   TRAIL_COUNT("step", threshold(found)));
    else
        trail_step(trail, STAGE_DECIDE, "step", seen->desired, 0, "{value} is below the first step",
                   TRAIL_COUNT("value", value));
    return PROPOSE_SLOTS;
}

const struct policy policy_step = {
    .options = {
        .name = "step",
        .help = "slots from a table of thresholds",
        .size = sizeof(struct step_options),
        .rows = step_rows,
        .check = step_check,
    },
    .needs_signal = true,
    .propose = step_propose,
};
