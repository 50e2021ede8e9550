/* One policy to test: its options from text, an observation by hand, its proposal and its words. */
#ifndef TESTS_UNIT_POLICY_FIXTURE_H
#define TESTS_UNIT_POLICY_FIXTURE_H

#include "core_fixture.h"

struct proposal {
    enum propose how;
    int64_t slots; /* -1: untouched */
    struct trail trail;
    char text[512]; /* of the trail */
};

/* Settings are "key", "value" pairs ending in NULL; they must be right. */
void *policy_options(const struct policy *policy, ...) __attribute__((sentinel));
void policy_options_free(const struct policy *policy, void *options);
/* The same, for settings that may be wrong: the code of the first thing wrong, its text in err. */
int policy_options_try(const struct policy *policy, struct error *err, ...)
    __attribute__((sentinel));

/* With seen->memory NULL, a policy that needs memory gets a blank one for this once. */
struct proposal policy_propose(const struct policy *policy, const void *options,
                               const struct observation *seen);

/* A known, empty queue at 1000 s; boot 60 s; `ages` must outlive it. */
struct observation policy_seen(const struct ages *ages);

#endif
