#include "config/policy_sections.h"

#include <stddef.h>

#include "base/clock.h"
#include "control/spec.h"

static const char *const prefer_offer_words[] = {
    [PREFER_PRICE] = "price", [PREFER_LISTED] = "listed", NULL
};
static const char *const prefer_victim_words[] = {
    [VICTIM_IDLE] = "idle",     [VICTIM_OLD_VERSION] = "old-version", [VICTIM_DEAREST] = "dearest",
    [VICTIM_NEWEST] = "newest", [VICTIM_OLDEST] = "oldest",           NULL,
};

#define S    NS_PER_S
#define DAY  (86400 * S)
#define MANY 1000000 /* more than any pool has: a typo, surely */

static const struct option queue_rows[] = {
    OPTION_DURATION(struct pool_spec, poll_every_ns, "every", .fallback = "5s",
                    .min = 100 * NS_PER_MS, .max = DAY, .help = "poll interval"),
    OPTION_DURATION(struct pool_spec, stale_after_ns, "stale_after", .fallback = "1m",
                    .min = 100 * NS_PER_MS, .max = DAY,
                    .help = "an older sample is unknown, never zero"),
    { 0 },
};

static const struct option slots_rows[] = {
    OPTION_INT(struct pool_spec, slots_min, "min", .fallback = "0", .min = 0, .max = MANY,
               .help = "never fewer slots than this"),
    OPTION_INT(struct pool_spec, slots_max, "max", .min = 0, .max = MANY,
               .help = "never more slots than this"),
    { 0 },
};

static const struct option nodes_rows[] = {
    OPTION_INT(struct pool_spec, nodes_max, "max", .optional = true, .min = 1, .max = MANY,
               .help = "never more machines than this; as many as slots.max when absent"),
    { 0 },
};

static const struct option out_rows[] = {
    OPTION_RATE(struct pool_spec, out.rate, "at_most", .fallback = "unlimited",
                .help = "fastest growth: slots, nodes or a share of the pool per period"),
    OPTION_DURATION(struct pool_spec, out.after_ns, "after", .fallback = "0s", .max = DAY,
                    .help = "more is bought once more was wanted for so long"),
    { 0 },
};

static const struct option in_rows[] = {
    OPTION_DURATION(struct pool_spec, in.after_ns, "after", .fallback = "5m", .max = DAY,
                    .help = "slots are given back once fewer were wanted for so long"),
    OPTION_RATE(struct pool_spec, in.rate, "at_most", .fallback = "20% / 1m",
                .help = "fastest shrinking: slots, nodes or a share of the pool per period"),
    { 0 },
};

static const struct section pace_sections[] = {
    { .key = "out", .help = "growing", .rows = out_rows },
    { .key = "in", .help = "shrinking", .rows = in_rows },
    { 0 },
};

static const struct option on_demand_rows[] = {
    OPTION_SLOTS(struct pool_spec, on_demand_base, "base", .fallback = "0 slots", .min = 0,
                 .max = MANY, .help = "slots that are never bought on the spot market"),
    OPTION_PERCENT(struct pool_spec, on_demand_share, "share", .fallback = "0%", .min = 0,
                   .max = 100, .help = "of the slots above the base, so many are not spot either"),
    { 0 },
};

static const struct section buy_sections[] = {
    { .key = "on_demand", .help = "what is kept off the spot market", .rows = on_demand_rows },
    { 0 },
};

static const struct option buy_rows[] = {
    OPTION_CHOICE(struct pool_spec, prefer, "prefer", .fallback = "price",
                  .choices = prefer_offer_words,
                  .help = "which offer first: the cheapest slot, or as listed"),
    { 0 },
};

static const struct option health_rows[] = {
    OPTION_DURATION(struct pool_spec, ready_within_ns, "ready_within", .fallback = "5m", .min = S,
                    .max = DAY, .help = "a node not ready by then is replaced"),
    OPTION_DURATION(struct pool_spec, boot_guess_ns, "boot", .fallback = "1m", .min = NS_PER_MS,
                    .max = DAY, .help = "boot time assumed until it has been measured"),
    OPTION_DURATION(struct pool_spec, heartbeat_ns, "heartbeat", .fallback = "30s",
                    .min = 100 * NS_PER_MS, .max = DAY, .help = "how often nodes report"),
    OPTION_INT(struct pool_spec, lost_after, "lost_after", .fallback = "3", .min = 2, .max = 1000,
               .help = "missed heartbeats until a node counts as lost"),
    OPTION_DURATION(struct pool_spec, release_lost_ns, "release_lost", .fallback = "never",
                    .min = S, .max = UNITS_NEVER,
                    .help = "a node lost for so long is given back, busy or not"),
    OPTION_PERCENT(struct pool_spec, panic_above, "panic_above", .fallback = "40%", .min = 1,
                   .max = 100, .help = "more unhealthy at once: the check is broken, hold"),
    { 0 },
};

static const struct option release_rows[] = {
    OPTION_CHOICES(struct pool_spec, prefer_victims, "prefer",
                   .fallback = "[idle, old-version, dearest]", .choices = prefer_victim_words,
                   .help = "which nodes go first"),
    OPTION_DURATION(struct pool_spec, drain_timeout_ns, "drain_timeout", .fallback = "never",
                    .max = UNITS_NEVER, .help = "how long a draining node may finish its jobs"),
    OPTION_BOOL(struct pool_spec, drain_force, "force", .fallback = "no",
                .help = "after drain_timeout terminate even a busy node"),
    OPTION_CHOICE(struct pool_spec, on_rebalance, "rebalance", .fallback = "replace",
                  .choices = on_rebalance_words,
                  .help = "a node that the cloud recommends to replace: replace it and then drain "
                          "it, drain it at once, or ignore the recommendation"),
    { 0 },
};

static const struct option version_rows[] = {
    OPTION_STRING(struct pool_spec, version_expect, "expect", .optional = true,
                  .help = "nodes that report another version go first; absent: any will do"),
    OPTION_PERCENT(
        struct pool_spec, version_replace, "replace", .fallback = "0%", .min = 0, .max = 100,
        .help = "so many of the nodes may be replaced for their version at once, when idle"),
    { 0 },
};

static const struct option budget_rows[] = {
    OPTION_MONEY(struct pool_spec, budget_per_hour_usd_micro, "per_hour", .fallback = "none",
                 .min = -1, .help = "never more machines than this pays for"),
    { 0 },
};

const struct section policy_sections[] = {
    { .key = "pool",
      .help = "the pool's name, " POLICY_NAME_PATTERN "; the file's name when absent",
      .special = POLICY_NAME },
    { .key = "queue",
      .help = "where work waits: exactly one source",
      .rows = queue_rows,
      .special = POLICY_QUEUE },
    { .key = "slots", .help = "capacity; a slot is room for one job", .rows = slots_rows },
    { .key = "nodes", .help = "a second, hard ceiling on machines", .rows = nodes_rows },
    { .key = "scale",
      .help = "each policy proposes slots; the largest proposal wins",
      .special = POLICY_SCALE },
    { .key = "pace", .help = "how fast the pool may change", .inside = pace_sections },
    { .key = "buy",
      .help = "what may be bought",
      .rows = buy_rows,
      .inside = buy_sections,
      .special = POLICY_BUY },
    { .key = "health", .help = "when a node counts as broken", .rows = health_rows },
    { .key = "release", .help = "how nodes are given back", .rows = release_rows },
    { .key = "version", .help = "which version nodes should run", .rows = version_rows },
    { .key = "budget", .help = "what the pool may cost", .rows = budget_rows },
    { 0 },
};

const struct option_set *config_kinds_at(const struct config_kinds *kinds, enum config_kind kind,
                                         size_t i)
{
    if (kind == CONFIG_POLICY)
        return kinds->policies[i] ? &kinds->policies[i]->options : NULL;
    return kind == CONFIG_QUEUE ? kinds->queues[i] : kinds->providers[i];
}
