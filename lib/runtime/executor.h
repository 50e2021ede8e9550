/*
 * Carries the core's EFFECT_LIST, EFFECT_LAUNCH and EFFECT_TERMINATE out. Two of them exist:
 * executor_live_new (the only place that reaches providers' mutations) and executor_dry_new (a
 * virtual fleet over real listings).
 */
#ifndef RUNTIME_EXECUTOR_H
#define RUNTIME_EXECUTOR_H

#include "control/control.h"
#include "control/effect.h"
#include "control/event.h"
#include "providers/provider.h"

struct executor;

/*
 * Where answers go: an event without its clocks; the runtime adds them and steps the core. Always
 * called from the loop, never from inside list, launch or terminate; it may step the core at once, and
 * so come back into list, launch and terminate.
 */
typedef void executor_event_cb(void *ctx, struct event *ev);

struct executor_ops {
    const char *name; /* "live", "dry-run" */
    void (*list)(struct executor *self, const char *inventory);
    /* spec: of the intent's pool, for the offer's settings; borrowed for the call. */
    void (*launch)(struct executor *self, const struct intent *intent,
                   const struct pool_spec *spec);
    void (*terminate)(struct executor *self, const struct intent *intent);
    /* What is known now of an offer's price; PRICE_UNKNOWN. Never waits. */
    int64_t (*price)(struct executor *self, const struct offer *offer,
                     const struct pool_spec *spec);
    void (*free)(struct executor *self); /* calls in flight are dropped */
};

struct executor {
    const struct executor_ops *ops;
};

struct executor_env {
    const struct provider_env *provider_env;
    executor_event_cb *event;
    /* Dry-run: control_beat_reply, asked right after `event` took a node's heartbeat. */
    struct beat_reply (*reply)(void *ctx, const char *node);
    /* Dry-run: the real listing, before the virtual fleet is laid over it. NULL: nobody asks. */
    void (*listed)(void *ctx, const char *inventory, const struct listed_node *nodes, size_t len);
    void *ctx;
    /* NULL: provider_find. For tests. */
    const struct provider_plugin *(*find)(const char *name);
};

/* Both borrow what is in env, and copy env itself. */
int executor_live_new(const struct executor_env *env, struct executor **ret, struct error *err);

/*
 * Launches become virtual nodes: they boot for the pool's boot_guess, report ready with busy unknown,
 * are drained as soon as they are told, and vanish when terminated. Real nodes are listed, and taken
 * to be well; when the core tells one to drain or to go, that is played, and the node itself never
 * hears of it. (Whoever answers real nodes' heartbeats in a dry run must not pass the core's answer
 * on either: drain false, run true.)
 */
int executor_dry_new(const struct executor_env *env, struct executor **ret, struct error *err);

#endif
