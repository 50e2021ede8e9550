/* Holds a token while it is good and gets a new one ahead of time. */
#include <stdlib.h>

#include "auth/gcp_credentials.h"
#include "auth/renewal.h"

#define ADVISORY_NS  (225 * NS_PER_S)
#define MANDATORY_NS (60 * NS_PER_S)

struct cache {
    struct gcp_source base;
    struct gcp_source_env env;
    struct gcp_source *inner;
    struct gcp_token held;
    struct renewal renewal;
    gcp_token_cb *done; /* a fetch that waits for the inner one; else NULL */
    void *ctx;
};

static int64_t left_ns(const struct cache *cache)
{
    return cache->held.text ? cache->held.expires_boot_ns - gcp_source_boot_ns(&cache->env) : 0;
}

static void answer(struct cache *cache, const struct error *err)
{
    gcp_token_cb *done = cache->done;
    cache->done = NULL;
    if (done)
        done(cache->ctx, err->code ? NULL : &cache->held, err);
}

/* A failed renewal is no failure while what is held still works. */
static void renewal_missed(struct cache *cache, const struct error *err)
{
    const struct error none = { 0 };
    bool usable = left_ns(cache) > 0 && !cache->renewal.stale;
    renewal_failed(&cache->renewal, gcp_source_boot_ns(&cache->env));
    if (usable)
        log_printf(cache->env.log, LOG_WARNING,
                   "the Google Cloud token is not renewed: %s; continuing: the one held is still "
                   "good",
                   err->text);
    answer(cache, usable ? &none : err);
}

static void on_found(void *ctx, const struct gcp_token *found, const struct error *err)
{
    struct cache *cache = ctx;
    struct gcp_token copy = { 0 };
    struct error failure = *err;
    if (failure.code || gcp_token_copy(&copy, found, &failure) < 0) {
        renewal_missed(cache, &failure);
        return;
    }
    gcp_token_release(&cache->held);
    cache->held = copy;
    renewal_done(&cache->renewal);
    answer(cache, &failure);
}

static void cache_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct cache *cache = (struct cache *)self;
    struct renewal_step step =
        renewal_ask(&cache->renewal, left_ns(cache), gcp_source_boot_ns(&cache->env));
    cache->done = step.give ? NULL : done;
    cache->ctx = ctx;
    if (step.give)
        done(ctx, &cache->held, &(struct error){ 0 });
    if (step.fetch)
        gcp_source_fetch(cache->inner, on_found, cache);
}

static void cache_free(struct gcp_source *self)
{
    struct cache *cache = (struct cache *)self;
    gcp_source_free(cache->inner);
    gcp_token_release(&cache->held);
    free(cache);
}

static const struct gcp_source_ops cache_ops = { cache_fetch, cache_free };

void gcp_source_cache_forget(struct gcp_source *self)
{
    ((struct cache *)self)->renewal.stale = true;
}

int gcp_source_cache(const struct gcp_source_env *env, struct gcp_source *take_inner,
                     struct gcp_source **ret, struct error *err)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache) {
        gcp_source_free(take_inner);
        return error_nomem(err);
    }
    cache->base.ops = &cache_ops;
    cache->env = *env;
    cache->inner = take_inner;
    cache->renewal.advisory_ns = ADVISORY_NS;
    cache->renewal.mandatory_ns = MANDATORY_NS;
    *ret = &cache->base;
    return 0;
}
