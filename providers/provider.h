/*
 * A provider: where machines are bought. One const table per provider, all of them in providers.c.
 *
 * Reading (list, expand) and changing (launch, terminate) are two tables: only the live executor
 * ever asks for the second, so a dry run has no way to change anything.
 *
 * All calls happen on the loop's thread. A call that takes a `done` callback returns at once and
 * always calls back later, exactly once, from the loop, never from inside the call.
 */
#ifndef PROVIDERS_PROVIDER_H
#define PROVIDERS_PROVIDER_H

#include <uv.h>

#include "base/error.h"
#include "base/finding.h"
#include "base/log.h"
#include "base/option.h"
#include "control/event.h"
#include "control/intent.h"
#include "control/spec.h"

struct aws_client;
struct aws_settings;
struct gcp_client;
struct gcp_settings;
struct provider; /* an open provider; each implementation has its own */

/* What a provider needs from its surroundings; borrowed, lives longer than the provider. */
struct provider_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    const char *controller; /* tag value: only machines carrying it are ours */
    const char *state_dir;  /* musterd's state directory; a provider may keep a directory there */
    const char *agent_url;  /* where nodes send heartbeats: "http://127.0.0.1:8420" */
    const char *agent_token_file;
    struct aws_client *aws; /* shared; NULL where no AWS is */
    const struct aws_settings *aws_settings;
    struct gcp_client *gcp; /* the same for Google Cloud */
    const struct gcp_settings *gcp_settings;
};

/* ok: nodes are borrowed for the call; otherwise err says why (the whole listing is void). */
typedef void provider_list_cb(void *ctx, const struct listed_node *nodes, size_t len,
                              const struct error *err);

/*
 * `len` nodes exist now, and if err->code is 0 or len > 0 the rest of `count` certainly does not; code
 * and text then say why. No node and a code: the launch failed. MUSTER_E_NOTFOUND is for one thing only:
 * what this token bought has ended since, and the token buys nothing any more.
 */
typedef void provider_launch_cb(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                                const struct error *err);

typedef void provider_terminate_cb(void *ctx, const struct error *err);

/* What a launch needs to know; borrowed for the call. */
struct launch_request {
    const struct intent *intent; /* token, pool, offer, count, slots */
    const struct offer *offer;
    const void *options; /* of the offer's buy.offers entry, by the provider's table */
    int64_t heartbeat_ns;
};

/*
 * A look at one entry of a pool's buy.offers. The entry's settings are
 * spec->offer_entries.at[entry].options, its offers those of spec->offers with that `entry`. All of it
 * is borrowed until `done`, or until the provider is closed.
 */
struct provider_check {
    const struct pool_spec *spec;
    size_t entry;
    finding_cb *tell;
    void (*done)(void *ctx);
    void *ctx;
};

/* The part that changes things. */
struct provider_mutations {
    /* Idempotent by intent->token: the same token again gives the same nodes. */
    void (*launch)(struct provider *self, const struct launch_request *request,
                   provider_launch_cb *done, void *ctx);
    /* Asking again for a node that is gone succeeds. */
    void (*terminate)(struct provider *self, const struct intent *intent,
                      provider_terminate_cb *done, void *ctx);
};

struct provider_plugin {
    struct option_set options; /* of one buy.offers entry; options.name is the provider's name */
    /* Appends the offers that one entry stands for; pure but for reading files it names. */
    int (*expand)(const void *options, size_t entry, struct pool_spec *spec, struct error *err);
    int (*open)(const struct provider_env *env, struct provider **ret, struct error *err);
    /* Takes NULL. Calls in flight are dropped: their callbacks never come once close returned. */
    void (*close)(struct provider *self);
    void (*list)(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx);
    /*
     * What the offer costs per node and hour, as far as is known now; PRICE_UNKNOWN: no more than its
     * entry says. Never waits; asked after each listing. May be NULL: prices never change.
     */
    int64_t (*price)(struct provider *self, const struct offer *offer, const void *options);
    /*
     * `muster check --live`: could this entry be bought from, as things are now? Who we are, what we
     * may do (by whatever trial the cloud has that changes nothing), whether what the entry names
     * exists and is to be had in its places, quota where that is cheap, what a node costs. Tells a
     * finding for each, in an order that people read, and says `done` after the last; both from the
     * loop, never from inside the call. Goes on after a finding that is no, as far as that makes sense:
     * all mistakes at once. Changes nothing, anywhere. May be NULL.
     */
    void (*check)(struct provider *self, const struct provider_check *check);
    const struct provider_mutations *mutations;
};

/* Ends with NULL. */
extern const struct provider_plugin *const providers[];

const struct provider_plugin *provider_find(const char *name);

/* Fills spec->offers from spec->offer_entries; an entry's mistake names its index in *ret_entry. */
int providers_expand(struct pool_spec *spec, size_t *ret_entry, struct error *err);

#endif
