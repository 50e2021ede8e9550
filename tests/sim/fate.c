/* What becomes of a call: what the scenario says, else what the adversary draws, else all is well. */
#include <stdio.h>

#include "base/str.h"
#include "tests/sim/world.h"

static bool scripted(struct world *w, enum channel channel, const char *offer, struct fate *ret)
{
    struct script *script = &w->scripts[channel];
    if (script->times == 0 || (script->only[0] && strcmp(script->only, offer) != 0))
        return false;
    if (script->times > 0)
        script->times--;
    *ret = script->fate;
    return true;
}

static int64_t some(struct world *w, int64_t most_ns)
{
    return most_ns > 0 ? (int64_t)rng_below(&w->rng, (uint64_t)most_ns) : 0;
}

/* Mostly fast, at times late. */
static int64_t draw_delay(struct world *w)
{
    bool late = rng_chance(&w->rng, w->odds.late);
    return some(w, late ? w->odds.late_ns : 300 * NS_PER_MS);
}

static int draw_refusal(struct world *w, enum channel channel)
{
    static const int launch[] = { MUSTER_E_CAPACITY,  MUSTER_E_QUOTA, MUSTER_E_THROTTLED,
                                  MUSTER_E_TRANSIENT, MUSTER_E_AUTH,  MUSTER_E_CONFIG };
    static const int others[] = { MUSTER_E_THROTTLED, MUSTER_E_TRANSIENT, MUSTER_E_AUTH };
    if (channel == CHANNEL_LAUNCH)
        return launch[rng_below(&w->rng, sizeof(launch) / sizeof(launch[0]))];
    if (channel == CHANNEL_JOURNAL)
        return MUSTER_E_IO;
    return others[rng_below(&w->rng, sizeof(others) / sizeof(others[0]))];
}

static struct fate draw(struct world *w, enum channel channel)
{
    struct rng *r = &w->rng;
    const struct odds *o = &w->odds;
    struct fate fate = {
        .request_ns = draw_delay(w),
        .answer_ns = draw_delay(w),
        .again_ns = draw_delay(w),
        .timeout_ns = 10 * NS_PER_S + some(w, 50 * NS_PER_S),
        .granted = -1,
        .lost = rng_chance(r, o->lost),
        .unanswered = rng_chance(r, o->unanswered),
        .timeout = rng_chance(r, o->timeout),
        .both = rng_chance(r, o->both),
        .twice = rng_chance(r, o->twice),
        .answer_twice = rng_chance(r, o->twice),
    };
    if (rng_chance(r, o->refused))
        fate.code = draw_refusal(w, channel);
    if (fate.code != 0)
        snprintf(fate.text, sizeof(fate.text), "the model refuses: %s", error_word(fate.code));
    if (channel == CHANNEL_LAUNCH && rng_chance(r, o->partial))
        fate.granted = (int64_t)rng_below(r, 3);
    if (channel == CHANNEL_LIST) {
        fate.empty = rng_chance(r, o->empty);
        fate.lag_ns = some(w, o->lag_ns);
    }
    return fate;
}

struct fate fate_draw(struct world *w, enum channel channel, const char *offer)
{
    struct fate fate = { .granted = -1 };
    if (scripted(w, channel, offer, &fate) || !w->hostile || w->spared[channel])
        return fate;
    return draw(w, channel);
}
