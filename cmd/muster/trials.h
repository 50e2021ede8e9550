/* What compare and tune share: policy files many times over, progress, the cheapest possible. */
#ifndef MUSTER_TRIALS_H
#define MUSTER_TRIALS_H

#include "simulation.h"

/* A bar on standard error while runs go on, where that is a terminal. */
struct progress {
    const struct simulation *s;
    const char *what;
    bool shown;
    size_t before, all; /* runs of earlier rounds; expected in all, 0: unknown */
};

/* A setting for trials of this simulation under this promise; ctx is the progress. */
struct trial_setting trials_setting(const struct simulation *s, const struct promise *promise,
                                    struct progress *progress);
void progress_end(struct progress *progress);

/* Reads a file that was read before: without a word. NULL: it is not what it was, or memory is out. */
struct pool_spec *trials_read(const struct simulation *s, const char *file);

/* The cheapest possible for these files; told on standard error when it cannot be. NULL then. */
struct cheapest *trials_cheapest(const struct simulation *s, const struct promise *promise,
                                 struct pool_spec *const *specs, size_t len);

/* The file's policies are replaced by this one; settings are key, value, key, value, and end with NULL. Its
 * own pace is switched off: what it imitates has windows of its own. */
bool trials_replace_policy(struct pool_spec *spec, const char *policy, const char *const *settings);

#endif
