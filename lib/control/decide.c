/* decide: each policy proposes slots; the largest proposal wins. */
#include "control/state.h"

int64_t decide(const struct pool *p, const struct observation *seen, struct trail *trail,
               bool *ret_hold)
{
    int64_t largest = 0;
    bool hold = false;
    for (size_t i = 0; i < p->spec->scale.len; i++) {
        const struct scale_entry *entry = &p->spec->scale.at[i];
        const char *name = entry->policy->options.name;
        int64_t slots = 0;
        if (entry->policy->needs_signal && !seen->signal_known) {
            trail_step(trail, STAGE_DECIDE, name, p->desired, p->desired,
                       "holds: it needs to know the queue");
            hold = true;
            continue;
        }
        struct observation mine = *seen;
        mine.memory = p->memories.len > i ? p->memories.at[i] : NULL;
        if (entry->policy->propose(entry->options, &mine, trail, &slots) == PROPOSE_HOLD) {
            hold = true;
            continue;
        }
        if (slots > largest)
            largest = slots;
    }
    *ret_hold = hold;
    return largest;
}
