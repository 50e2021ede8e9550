/*
 * mig: as the autoscaler of a Compute Engine managed instance group. The recommended size serves the
 * largest load of the stabilization period; machines in their initialization period do not count in
 * the load; scale-in controls limit how far the size may fall below the largest of their window.
 * Either by single instance assignment (so many jobs a machine) or by a utilisation target.
 */
#include <math.h>

#include "base/clock.h"
#include "control/window.h"
#include "policies/nodes.h"
#include "policies/policies.h"

#define LOOK_EVERY_NS (60 * NS_PER_S)

struct mig_options {
    int64_t per_node;
    double busy;
    int64_t window_ns;
    int64_t initialize_ns;
    struct rate in_at_most;
};

struct mig_memory {
    bool begun;
    int64_t next_ns;
    int64_t nodes;
    struct window needed; /* stabilization */
    struct window sizes;  /* scale-in controls */
};

static const struct option mig_rows[] = {
    OPTION_INT(struct mig_options, per_node, "per_node", .optional = true, .min = 1,
               .max = 1000000000,
               .help = "waiting jobs per machine (singleInstanceAssignment of a metric)"),
    OPTION_PERCENT(struct mig_options, busy, "busy", .optional = true, .min = 1, .max = 100,
                   .help = "share of the slots that should be busy (utilizationTarget)"),
    OPTION_DURATION(struct mig_options, window_ns, "window", .fallback = "10m",
                    .max = INT64_C(3600000000000), .help = "the stabilization period"),
    OPTION_DURATION(struct mig_options, initialize_ns, "initialize", .fallback = "1m",
                    .max = INT64_C(3600000000000),
                    .help = "the initialization period; a longer one is the stabilization period"),
    OPTION_RATE(struct mig_options, in_at_most, "in_at_most", .fallback = "unlimited",
                .help = "scale-in control: nodes, or a share, that the size may fall per window"),
    { 0 },
};

static int mig_check(const void *options, const char **ret_key, struct error *err)
{
    const struct mig_options *o = options;
    *ret_key = NULL;
    if ((o->per_node > 0) == (o->busy > 0))
        return error_set(err, MUSTER_E_INVALID, "exactly one target: per_node or busy");
    return 0;
}

static int64_t span_ns(const struct mig_options *o)
{
    return o->initialize_ns > o->window_ns ? o->initialize_ns : o->window_ns;
}

/* Machines that boot are in neither number, so they are not bought twice: the load is all there is. */
static double needed(const struct mig_options *o, const struct observation *seen)
{
    if (o->per_node > 0)
        return ceil(seen->waiting / (double)o->per_node - 1e-9);
    return ceil(nodes_busy(seen) / o->busy * (double)nodes_ready(seen) - 1e-9);
}

static int64_t controlled(const struct mig_options *o, const struct observation *seen,
                          struct mig_memory *memory, int64_t size)
{
    const struct rate *rate = &o->in_at_most;
    if (rate->unit == RATE_NONE)
        return size;
    int64_t most = window_max(&memory->sizes, seen->now_ns, rate->period_ns);
    most = most > memory->nodes ? most : memory->nodes;
    double step = rate->amount;
    if (rate->unit == RATE_PERCENT)
        step = rate->amount * (double)most;
    if (rate->unit == RATE_SLOTS)
        step = rate->amount / (double)nodes_size(seen);
    int64_t least = most - nodes_count(floor(step + 1e-9));
    return size > least ? size : least;
}

static void look(const struct mig_options *o, const struct observation *seen,
                 struct mig_memory *memory)
{
    if (!memory->begun) {
        memory->begun = true;
        memory->nodes = nodes_of(seen, seen->slots_ready + seen->slots_booting);
        memory->next_ns = seen->now_ns;
        window_add(&memory->needed, seen->now_ns, span_ns(o), memory->nodes);
    }
    if (seen->now_ns < memory->next_ns)
        return;
    memory->next_ns = seen->now_ns + LOOK_EVERY_NS;
    int64_t now = nodes_count(needed(o, seen));
    /* By utilisation nothing can be said of an empty group, so it never is one. */
    if (o->busy > 0 && now < 1)
        now = 1;
    window_add(&memory->needed, seen->now_ns, span_ns(o), now);
    int64_t size = window_max(&memory->needed, seen->now_ns, span_ns(o));
    memory->nodes = controlled(o, seen, memory, size);
    window_add(&memory->sizes, seen->now_ns, o->in_at_most.period_ns, memory->nodes);
}

static enum propose mig_propose(const void *options, const struct observation *seen,
                                struct trail *trail, int64_t *ret_slots)
{
    const struct mig_options *o = options;
    struct mig_memory *memory = seen->memory;
    look(o, seen, memory);
    *ret_slots = memory->nodes * nodes_size(seen);
    trail_step(trail, STAGE_DECIDE, "mig", seen->desired, *ret_slots,
               "{nodes} nodes for the most of the last {window}; now {now} would do",
               TRAIL_COUNT("nodes", memory->nodes), TRAIL_DURATION("window", span_ns(o)),
               TRAIL_COUNT("now", needed(o, seen)));
    return PROPOSE_SLOTS;
}

const struct policy policy_mig = {
    .options = {
        .name = "mig",
        .help = "as the autoscaler of a Compute Engine managed instance group",
        .size = sizeof(struct mig_options),
        .rows = mig_rows,
        .shorthand = "per_node",
        .check = mig_check,
    },
    .needs_signal = true,
    .memory_size = sizeof(struct mig_memory),
    .propose = mig_propose,
};
