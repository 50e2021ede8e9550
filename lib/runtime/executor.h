/*
 * Carries the core's EFFECT_LIST, EFFECT_LAUNCH and EFFECT_TERMINATE out. Two of them exist:
 * executor_live_new (the only place that reaches providers' mutations) and executor_dry_new (a
 * virtual fleet over real listings).
 */
#ifndef RUNTIME_EXECUTOR_H
#define RUNTIME_EXECUTOR_H

#include "control/effect.h"
#include "control/event.h"
#include "providers/provider.h"

struct executor;

/* Where answers go: an event without its clocks; the runtime adds them and steps the core. */
typedef void executor_event_cb(void *ctx, struct event *ev);

struct executor_ops {
    const char *name; /* "live", "dry-run" */
    void (*list)(struct executor *self, const char *inventory);
    /* spec: of the intent's pool, for the offer's settings; borrowed for the call. */
    void (*launch)(struct executor *self, const struct intent *intent,
                   const struct pool_spec *spec);
    void (*terminate)(struct executor *self, const struct intent *intent);
    void (*free)(struct executor *self); /* calls in flight are dropped */
};

struct executor {
    const struct executor_ops *ops;
};

struct executor_env {
    const struct provider_env *provider_env;
    executor_event_cb *event;
    void *ctx;
};

int executor_live_new(const struct executor_env *env, struct executor **ret, struct error *err);
int executor_dry_new(const struct executor_env *env, struct executor **ret, struct error *err);

#endif
