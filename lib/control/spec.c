#include "control/spec.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "control/policy.h"

const char *const market_words[] = { "on-demand", "spot", NULL };
const char *const on_rebalance_words[] = { "replace", "drain", "ignore", NULL };

struct pool_spec *pool_spec_new(const char *name)
{
    struct pool_spec *spec = calloc(1, sizeof(*spec));
    if (!spec)
        return NULL;
    str_copy_c(spec->name, sizeof(spec->name), name);
    spec->poll_every_ns = 5 * NS_PER_S;
    spec->stale_after_ns = 60 * NS_PER_S;
    spec->in.after_ns = 300 * NS_PER_S;
    spec->in.rate = (struct rate){ RATE_PERCENT, 0.2, 60 * NS_PER_S };
    spec->ready_within_ns = 300 * NS_PER_S;
    spec->boot_guess_ns = 60 * NS_PER_S;
    spec->heartbeat_ns = 30 * NS_PER_S;
    spec->lost_after = 3;
    spec->release_lost_ns = UNITS_NEVER;
    spec->panic_above = 0.4;
    spec->prefer_victims[0] = VICTIM_IDLE;
    spec->prefer_victims[1] = VICTIM_OLD_VERSION;
    spec->prefer_victims[2] = VICTIM_DEAREST;
    spec->prefer_victims[3] = -1;
    spec->drain_timeout_ns = UNITS_NEVER;
    spec->budget_per_hour_usd_micro = -1;
    return spec;
}

void pool_spec_free(struct pool_spec *spec)
{
    if (!spec)
        return;
    free(spec->file);
    free(spec->version_expect);
    option_choice_release(&spec->queue);
    for (size_t i = 0; i < spec->scale.len; i++) {
        struct scale_entry *entry = &spec->scale.at[i];
        if (entry->policy && entry->options)
            option_set_release(&entry->policy->options, entry->options);
        free(entry->options);
    }
    vec_release(&spec->scale);
    for (size_t i = 0; i < spec->offer_entries.len; i++)
        option_choice_release(&spec->offer_entries.at[i]);
    vec_release(&spec->offer_entries);
    vec_release(&spec->offers);
    free(spec);
}
