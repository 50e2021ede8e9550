/*
 * A policy that imitates another autoscaler, looked at over time: what it sees is set by hand, time
 * passes in steps of a second, its memory is kept.
 */
#ifndef TESTS_UNIT_BASELINE_FIXTURE_H
#define TESTS_UNIT_BASELINE_FIXTURE_H

#include <stdlib.h>

#include "policy_fixture.h"

struct baseline {
    const struct policy *policy;
    void *options;
    struct ages ages;
    struct observation seen;
    bool instant;  /* what is proposed is there at once */
    int64_t slots; /* the last proposal */
};

static inline void baseline_start(struct baseline *b, const struct policy *policy, void *options,
                                  int64_t slots_ready, int64_t slots_per_node)
{
    *b = (struct baseline){ .policy = policy, .options = options, .slots = -1 };
    b->seen = policy_seen(&b->ages);
    b->seen.slots_ready = slots_ready;
    b->seen.slots_per_node = slots_per_node;
    b->seen.memory = calloc(1, policy->memory_size);
    assert_non_null(b->seen.memory);
}

/* Lets so many seconds pass with a look at each; gives the last proposal. */
static inline int64_t baseline_pass(struct baseline *b, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        b->seen.ages = &b->ages;
        struct proposal p = policy_propose(b->policy, b->options, &b->seen);
        assert_int_equal(p.how, PROPOSE_SLOTS);
        b->slots = p.slots;
        b->seen.desired = p.slots;
        if (b->instant)
            b->seen.slots_ready = p.slots;
        b->seen.now_ns += SECONDS(1);
    }
    return b->slots;
}

static inline void baseline_stop(struct baseline *b)
{
    policy_options_free(b->policy, b->options);
    free(b->seen.memory);
}

#endif
