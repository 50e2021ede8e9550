/*
 * What one policy file says, checked and with every default filled in: the core's view of a pool.
 *
 * Made by lib/config, handed over to the core inside an event (the core frees it), never changed
 * afterwards. The settings of the queue source and of the offers are opaque here: the core only says
 * "poll this pool's queue" and "buy this offer".
 */
#ifndef CONTROL_SPEC_H
#define CONTROL_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
#include "base/units.h"
#include "base/vec.h"

#define POOL_NAME_MAX  64
#define OFFER_NAME_MAX 112

enum market { MARKET_ON_DEMAND, MARKET_SPOT };

extern const char *const market_words[]; /* "on-demand", "spot", NULL */

#define PRICE_UNKNOWN INT64_C(-1)

/* One thing that can be bought: provider + place + machine type + market. */
struct offer {
    char name[OFFER_NAME_MAX]; /* unique in its pool and stable: "local/small",
                                   "aws/eu-central-1a/c6i.xlarge/spot" */
    char inventory[64];        /* which listing shows its nodes: "local", "aws:eu-central-1" */
    char provider[16];         /* "local" */
    char zone[32];             /* "" where the provider has none */
    char type[40];             /* machine type */
    enum market market;
    int64_t slots;           /* per node, >= 1 */
    int64_t price_usd_micro; /* per node and hour; PRICE_UNKNOWN. The one field
                                   that the core changes later (EVENT_PRICE) */
    int64_t nodes_max;       /* of this offer at once; 0: no limit of its own */
    int64_t batch;           /* nodes one launch call may ask for, >= 1 */
    int64_t settle_ns;       /* a launch younger than this may be missing from a listing */
    size_t entry;            /* index of the buy.offers entry it was made from */
};

struct policy; /* control/policy.h */

struct scale_entry {
    const struct policy *policy;
    void *options; /* owned; filled by policy->options */
    int line;      /* in the policy file */
};

struct pace {
    struct rate rate; /* at_most */
    int64_t after_ns; /* stabilisation window; 0: none */
};

enum prefer_offer { PREFER_PRICE, PREFER_LISTED };
enum prefer_victim {
    VICTIM_IDLE,
    VICTIM_OLD_VERSION,
    VICTIM_DEAREST,
    VICTIM_NEWEST,
    VICTIM_OLDEST
};
#define VICTIM_ORDER_MAX 5

/* What becomes of a node that the cloud recommends to replace. */
enum on_rebalance { REBALANCE_REPLACE, REBALANCE_DRAIN, REBALANCE_IGNORE };
extern const char *const on_rebalance_words[]; /* "replace", "drain", "ignore", NULL */

struct pool_spec {
    char name[POOL_NAME_MAX];
    char *file; /* the policy file, for messages; may be NULL in tests */

    struct option_choice queue; /* the source and its settings; opaque to the core */
    int64_t poll_every_ns;      /* > 0 */
    int64_t stale_after_ns;     /* > 0: an older sample is unknown */

    int64_t slots_min, slots_max; /* 0 <= min <= max */
    int64_t nodes_max;            /* > 0 */

    VEC(struct scale_entry) scale; /* at least one */
    struct pace out, in;

    int64_t on_demand_base; /* slots never bought on the spot market */
    double on_demand_share; /* of the slots above the base, 0..1 */
    enum prefer_offer prefer;
    VEC(struct option_choice) offer_entries; /* buy.offers as written; opaque to the core */
    VEC(struct offer) offers;                /* what they come to; at least one */

    int64_t ready_within_ns; /* boot deadline */
    int64_t boot_guess_ns;   /* boot time assumed until one is measured */
    int64_t heartbeat_ns;    /* interval nodes are told to report at */
    int64_t lost_after;      /* missed heartbeats until a node is lost, >= 2 */
    int64_t release_lost_ns; /* a node lost this long is given back; UNITS_NEVER: never */
    double panic_above;      /* share of unhealthy nodes that means: the check is broken */

    int prefer_victims[VICTIM_ORDER_MAX]; /* enum prefer_victim, in order; -1 ends */
    int64_t drain_timeout_ns;             /* UNITS_NEVER: wait for ever */
    bool drain_force;                     /* after drain_timeout: terminate even if busy */
    int on_rebalance;                     /* enum on_rebalance */

    char *version_expect; /* owned; NULL: any */
    double
        version_replace; /* share of the nodes that may drain for their version at once; 0: none */

    int64_t budget_per_hour_usd_micro; /* -1: none */
};

struct pool_spec *pool_spec_new(
    const char *name); /* every number at its default; NULL: no memory */
void pool_spec_free(struct pool_spec *spec);

#endif
