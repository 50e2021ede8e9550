/*
 * drain: finish what waits within a promise.
 *
 * The waiting jobs are taken oldest first, in bins by age. W_k is the work (job-seconds) up to and
 * including bin k, what is in flight included; x_k is the time until it must be done: what is left of
 * the promise, less half a job. Slots that are ready do x_k seconds of work by then, slots that are
 * booting x_k minus what is left of their boot, and a slot bought now x_k minus the boot time, but one
 * whole job at least. So the new slots needed are
 *
 *     max over k of  (W_k - done by what there is until x_k) / max(x_k - boot, one job)
 *
 * taken over the bins whose promise a new slot can still keep (boot and one job fit in). Jobs that
 * will join before a slot bought now is ready count too, at the measured arrival rate. Where nothing
 * is missing, the same bound says how few of the slots there are suffice. All of it is reckoned from
 * the moment of the sample: between samples the queue is worked off unseen, and must not look late
 * for it. See docs/internals/drain.md.
 */
#include <math.h>

#include "policies/policies.h"

struct drain_options {
    int64_t within_ns;
    int64_t service_ns;
};

static const struct option drain_rows[] = {
    OPTION_DURATION(struct drain_options, within_ns, "within", .min = 1000000000,
                    .max = INT64_C(2592000000000000),
                    .help = "the promise: a job is finished this long after it joined the queue"),
    OPTION_DURATION(struct drain_options, service_ns, "service", .fallback = "1m", .min = 1000000,
                    .max = INT64_C(2592000000000000),
                    .help = "time one job takes on one slot, assumed until it is measured"),
    { 0 },
};

#define FORECAST_STEPS 4
#define TOLERANCE      0.1
#define SLOTS_MAX      1e15 /* beyond any pool, within int64_t */

struct demand {
    const struct observation *seen;
    double lag_s; /* all of this is reckoned from when the sample was taken, so long ago */
    double arrival_per_s;
    double service_s;
    double boot_s;
    double within_s;
    double missing; /* slots to buy, the largest so far */
    double suffice; /* slots that would do, the largest so far */
    double late;    /* jobs whose promise cannot be kept by any purchase */
};

/* The slots there are, in the order in which they become useful. */
struct group {
    double slots;
    double each; /* work that one of them does until x seconds after the sample */
};

static bool group_at(const struct demand *d, size_t i, double x, struct group *ret)
{
    const struct observation *seen = d->seen;
    if (i >= 2 + seen->booting_len)
        return false;
    if (i == 0)
        *ret = (struct group){ (double)(seen->slots_ready - seen->slots_fresh), x };
    else if (i == 1)
        *ret = (struct group){ (double)seen->slots_fresh, fmax(0, x - d->lag_s) };
    else
        *ret = (struct group){ (double)seen->booting[i - 2].slots,
                               fmax(0, x - d->lag_s - (double)seen->booting[i - 2].eta_ns / 1e9) };
    return true;
}

/* Work that existing and booting slots will have done after x seconds. */
static double done_by(const struct demand *d, double x)
{
    double work = 0;
    struct group group;
    for (size_t i = 0; group_at(d, i, x, &group); i++)
        work += group.slots * group.each;
    return work;
}

/*
 * How few of the slots there are do `work` within x seconds: those that are ready first, then those
 * that will be soonest. What boots counts from when it is ready only; counted as ready it would be
 * given back now and bought again at the next look.
 */
static double enough(const struct demand *d, double work, double x)
{
    double slots = 0;
    struct group group;
    for (size_t i = 0; work > 0 && group_at(d, i, x, &group); i++) {
        double some = group.each > 0 ? fmin(group.slots, work / group.each) : 0;
        slots += some;
        work -= some * group.each;
    }
    return slots;
}

/*
 * `work` seconds must be done by a moment that is `left` seconds away. Jobs are not divisible: when
 * the last of them must end, the others on their slots are half done on average, hence x. And a slot
 * that is ready in time does one whole job at least, hence the least worth of a new one.
 */
static void need(struct demand *d, double work, double left)
{
    double x = left - d->service_s / 2;
    if (left < d->boot_s + d->service_s)
        return;
    double worth = fmax(x - d->boot_s, d->service_s);
    d->missing = fmax(d->missing, (work - done_by(d, x)) / worth);
    d->suffice = fmax(d->suffice, enough(d, work, x));
}

/*
 * The bins, oldest first. What is too late to save gets a fresh promise from the moment a slot bought
 * now could begin: it must be worked off, but buying without bound would not bring it back in time.
 */
static double add_waiting(struct demand *d, double work)
{
    const struct ages *ages = d->seen->ages;
    double late_work = 0;
    for (size_t i = 0; i < ages->len; i++) {
        double age_s = (double)(d->seen->now_ns - ages->bins[i].since_ns) / 1e9 - d->lag_s;
        double left = d->within_s - age_s;
        work += ages->bins[i].jobs * d->service_s;
        if (left < d->boot_s + d->service_s) {
            d->late += ages->bins[i].jobs;
            late_work = work;
        } else {
            need(d, work, left);
        }
    }
    if (late_work > 0)
        need(d, late_work, d->boot_s + fmax(d->within_s, d->service_s));
    return work;
}

/* Jobs that will join while a slot bought now boots; each has its whole promise before it. */
static void add_forecast(struct demand *d, double work)
{
    double step_s = d->boot_s / FORECAST_STEPS;
    for (int i = 1; i <= FORECAST_STEPS && d->arrival_per_s > 0; i++) {
        work += d->arrival_per_s * step_s * d->service_s;
        need(d, work, step_s * (i - 1) + d->within_s);
    }
}

static void tell(const struct demand *d, int64_t slots, struct trail *trail)
{
    const struct observation *seen = d->seen;
    const char *why =
        d->missing > 0
            ? "{jobs} jobs of {service} within {within}: {missing} slots more than those ready and "
              "booting, which take {boot} to boot"
            : "{jobs} jobs of {service} within {within}: what there is does it, {suffice} slots "
              "suffice";
    if (d->late > 0)
        why = "{jobs} jobs of {service} within {within}: {late} are too late for a slot that takes "
              "{boot} to boot and get a fresh promise; {missing} slots more";
    trail_step(trail, STAGE_DECIDE, "drain", seen->desired, slots, why,
               TRAIL_COUNT("jobs", seen->waiting + seen->running),
               TRAIL_DURATION("service", d->service_s * 1e9),
               TRAIL_DURATION("within", d->within_s * 1e9), TRAIL_DURATION("boot", seen->boot_ns),
               TRAIL_COUNT("missing", ceil(fmax(0, d->missing))),
               TRAIL_COUNT("suffice", ceil(d->suffice)), TRAIL_COUNT("late", d->late),
               TRAIL_COUNT("measured", seen->service_count));
}

static enum propose drain_propose(const void *options, const struct observation *seen,
                                  struct trail *trail, int64_t *ret_slots)
{
    const struct drain_options *o = options;
    int64_t service_ns = seen->service_ns > 0 ? seen->service_ns : o->service_ns;
    struct demand d = {
        .seen = seen,
        .service_s = (double)service_ns / 1e9,
        .lag_s = (double)seen->sample_age_ns / 1e9,
        .within_s = (double)o->within_ns / 1e9,
    };
    d.boot_s = (double)seen->boot_ns / 1e9 + d.lag_s;
    /* The measured rate never fades to zero by itself: less than half a job to come is none. */
    bool any = seen->arrival_per_s * (d.boot_s - d.lag_s + d.service_s) >= 0.5;
    d.arrival_per_s = any ? seen->arrival_per_s : 0;
    /* A job in flight has half of its time before it, on average. */
    double work = add_waiting(&d, seen->running * d.service_s / 2);
    add_forecast(&d, work);

    double supply = (double)(seen->slots_ready + seen->slots_booting);
    double slots = supply + ceil(d.missing - 1e-9);
    if (d.missing <= 1e-9) /* what is estimated wavers: a little more is kept than would do */
        slots = fmin(supply, floor(ceil(d.suffice - 1e-9) / (1 - TOLERANCE) + 1e-9));
    /* Running jobs hold their slots; and more slots than jobs would have nothing to do. */
    double coming = d.arrival_per_s * (d.boot_s + d.service_s);
    slots = fmax(slots, ceil(seen->running - 1e-9));
    slots = fmin(slots, ceil(seen->waiting + seen->running + coming - 1e-9));
    *ret_slots = (int64_t)fmax(0, fmin(slots, SLOTS_MAX));
    tell(&d, *ret_slots, trail);
    return PROPOSE_SLOTS;
}

const struct policy policy_drain = {
    .options = {
        .name = "drain",
        .help = "finish what waits within a promise, boot time counted in",
        .size = sizeof(struct drain_options),
        .rows = drain_rows,
        .shorthand = "within",
    },
    .needs_signal = true,
    .propose = drain_propose,
};
