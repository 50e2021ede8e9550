/*
 * guard: what may be wanted, whatever the policies propose. In this order: hold (unknown demand),
 * retirement, bounds, stabilisation, pace, panic, bounds once more. Bounds come last because they are
 * hard: neither a window nor a pace may leave a pool outside them.
 */
#include <math.h>

#include "control/state.h"

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* A pool that starts (or is found again after a restart) wants what it has, for one window. */
void guard_start(struct control *c, struct pool *p, int64_t supply)
{
    p->desired = supply;
    p->proposals_max.len = p->proposals_min.len = 0;
    p->desired_max.len = p->desired_min.len = 0;
    window_add(&p->proposals_max, c->now_ns, p->spec->in.after_ns, supply);
    window_add(&p->proposals_min, c->now_ns, p->spec->out.after_ns, -supply);
    window_add(&p->desired_max, c->now_ns, p->spec->in.rate.period_ns, supply);
    window_add(&p->desired_min, c->now_ns, p->spec->out.rate.period_ns, -supply);
}

/*
 * The demand is unknown: capacity is not lowered, and raised only for reasons that do not depend on
 * the demand (a schedule, a floor).
 */
static int64_t hold_still(const struct pool *p, int64_t proposed, struct trail *trail)
{
    int64_t held = proposed > p->desired ? proposed : p->desired;
    trail_step(trail, STAGE_GUARD, "hold", proposed, held,
               "what is not known neither lowers nor raises capacity: {desired} slots are held",
               TRAIL_COUNT("desired", p->desired));
    return held;
}

static int64_t bound(const struct pool *p, int64_t wanted, const char *who, struct trail *trail)
{
    int64_t after = clamp(wanted, p->spec->slots_min, p->spec->slots_max);
    if (after < wanted)
        trail_step(trail, STAGE_GUARD, who, wanted, after, "slots.max is {max}",
                   TRAIL_COUNT("max", p->spec->slots_max));
    else if (after > wanted)
        trail_step(trail, STAGE_GUARD, who, wanted, after, "slots.min is {min}",
                   TRAIL_COUNT("min", p->spec->slots_min));
    return after;
}

/*
 * Less is wanted only if nothing more was wanted all through the window, more only if nothing less
 * was. (The largest demand within the last W is the same as an idle timer of W on every slot.)
 */
static int64_t stabilise(const struct control *c, struct pool *p, int64_t wanted,
                         struct trail *trail)
{
    const struct pace *in = &p->spec->in;
    const struct pace *out = &p->spec->out;
    window_add(&p->proposals_max, c->now_ns, in->after_ns, wanted);
    window_add(&p->proposals_min, c->now_ns, out->after_ns, -wanted);
    if (wanted < p->desired && in->after_ns > 0) {
        int64_t most = window_max(&p->proposals_max, c->now_ns, in->after_ns);
        int64_t after = clamp(most, wanted, p->desired);
        if (after != wanted)
            trail_step(trail, STAGE_GUARD, "stabilise", wanted, after,
                       "{most} slots were wanted within the last {window}",
                       TRAIL_COUNT("most", most), TRAIL_DURATION("window", in->after_ns));
        return after;
    }
    if (wanted > p->desired && out->after_ns > 0) {
        int64_t least = -window_max(&p->proposals_min, c->now_ns, out->after_ns);
        int64_t after = clamp(least, p->desired, wanted);
        if (after != wanted)
            trail_step(trail, STAGE_GUARD, "stabilise", wanted, after,
                       "only {least} slots were wanted within the last {window}",
                       TRAIL_COUNT("least", least), TRAIL_DURATION("window", out->after_ns));
        return after;
    }
    return wanted;
}

/* Slots that one period allows, starting from `from`; at least one node, or nothing would ever move. */
static int64_t step_size(const struct pool *p, const struct rate *rate, int64_t from)
{
    int64_t node = p->spec->offers.len > 0 ? p->spec->offers.at[0].slots : 1;
    double slots = rate->amount;
    if (rate->unit == RATE_NODES)
        slots = rate->amount * (double)node;
    if (rate->unit == RATE_PERCENT)
        slots = ceil(rate->amount * (double)from - 1e-9);
    int64_t whole = slots > 1e15 ? INT64_C(1000000000000000) : (int64_t)slots;
    return whole > node ? whole : node;
}

static int64_t pace_in(const struct control *c, const struct pool *p, int64_t wanted,
                       struct trail *trail)
{
    const struct rate *rate = &p->spec->in.rate;
    if (rate->unit == RATE_NONE)
        return wanted;
    int64_t from = window_max(&p->desired_max, c->now_ns, rate->period_ns);
    if (from < p->desired)
        from = p->desired;
    int64_t step = step_size(p, rate, from);
    int64_t after = clamp(from - step, wanted, p->desired);
    if (after != wanted)
        trail_step(trail, STAGE_GUARD, "pace-in", wanted, after,
                   "at most {step} slots less than the {from} of the last {period}",
                   TRAIL_COUNT("step", step), TRAIL_COUNT("from", from),
                   TRAIL_DURATION("period", rate->period_ns));
    return after;
}

static int64_t pace_out(const struct control *c, const struct pool *p, int64_t wanted,
                        struct trail *trail)
{
    const struct rate *rate = &p->spec->out.rate;
    if (rate->unit == RATE_NONE)
        return wanted;
    int64_t least = window_max(&p->desired_min, c->now_ns, rate->period_ns); /* negated; or none */
    int64_t from = least == INT64_MIN || -least > p->desired ? p->desired : -least;
    int64_t step = step_size(p, rate, from);
    int64_t after = clamp(from + step, p->desired, wanted);
    if (after != wanted)
        trail_step(trail, STAGE_GUARD, "pace-out", wanted, after,
                   "at most {step} slots more than the {from} of the last {period}",
                   TRAIL_COUNT("step", step), TRAIL_COUNT("from", from),
                   TRAIL_DURATION("period", rate->period_ns));
    return after;
}

/*
 * Many nodes unwell at once is far more often the observer's fault than theirs: then nothing is
 * replaced and nothing is taken away. Two nodes of three can be a coincidence; three are not.
 */
static bool judge_health(struct pool *p, const struct census *census, struct trail *trail)
{
    double share = census->judged > 0 ? (double)census->unhealthy / (double)census->judged : 0;
    p->panic = census->unhealthy >= 3 && share > p->spec->panic_above;
    if (p->panic)
        trail_step(
            trail, STAGE_GUARD, "panic", p->desired, p->desired,
            "{unhealthy} of {judged} nodes look unhealthy at once (panic_above {limit}): the "
            "check is taken to be broken, nothing is replaced or given back",
            TRAIL_COUNT("unhealthy", census->unhealthy), TRAIL_COUNT("judged", census->judged),
            TRAIL_PERCENT("limit", p->spec->panic_above));
    return p->panic;
}

int64_t guard(struct control *c, struct pool *p, const struct census *census, int64_t proposed,
              bool hold, struct trail *trail)
{
    int64_t wanted = proposed;
    if (p->retiring) {
        trail_step(trail, STAGE_GUARD, "retire", proposed, 0,
                   "the policy file was removed: no new nodes, the old ones drain");
        judge_health(p, census, trail);
        p->desired = 0;
        return 0;
    }
    if (hold)
        wanted = hold_still(p, wanted, trail);
    wanted = bound(p, wanted, "bounds", trail);
    /*
     * What was held counts as wanted: the first sample after an outage is no more certain than any
     * other, so giving capacity back waits a whole window from there.
     */
    wanted = stabilise(c, p, wanted, trail);
    if (wanted < p->desired)
        wanted = pace_in(c, p, wanted, trail);
    else if (wanted > p->desired)
        wanted = pace_out(c, p, wanted, trail);
    if (judge_health(p, census, trail) && wanted < p->desired)
        wanted = p->desired;
    wanted = bound(p, wanted, "bounds", trail);
    p->desired = wanted;
    window_add(&p->desired_max, c->now_ns, p->spec->in.rate.period_ns, wanted);
    window_add(&p->desired_min, c->now_ns, p->spec->out.rate.period_ns, -wanted);
    return wanted;
}

void guard_found(struct control *c, struct pool *p)
{
    struct census census;
    pool_census(c, p, &census);
    int64_t there = clamp(census.supply, 0, p->spec->slots_max);
    if (!p->started || p->retiring || there <= p->desired)
        return;
    p->desired = there;
    window_add(&p->desired_max, c->now_ns, p->spec->in.rate.period_ns, there);
}
