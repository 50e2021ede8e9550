/* Holds credentials while they are good and gets new ones ahead of time. */
#include <stdlib.h>

#include "auth/aws_credentials.h"
#include "auth/renewal.h"

#define ADVISORY_NS  (10 * 60 * NS_PER_S)
#define MANDATORY_NS (5 * 60 * NS_PER_S)

struct cache {
    struct aws_source base;
    struct aws_source_env env;
    struct aws_source *inner;
    struct aws_credentials held; /* access_key NULL: none */
    struct renewal renewal;
    aws_source_cb *done; /* a fetch that waits for the inner one; else NULL */
    void *ctx;
};

static int64_t left_ns(const struct cache *cache)
{
    int64_t now_ns = cache->env.clock->wall_ns(cache->env.clock->ctx);
    if (!cache->held.access_key)
        return 0;
    return cache->held.expires_wall_ns == AWS_NEVER_EXPIRES ? AWS_NEVER_EXPIRES
                                                            : cache->held.expires_wall_ns - now_ns;
}

static int64_t boot_ns(const struct cache *cache)
{
    return cache->env.clock->boot_ns(cache->env.clock->ctx);
}

static void answer(struct cache *cache, const struct error *err)
{
    aws_source_cb *done = cache->done;
    cache->done = NULL;
    if (done)
        done(cache->ctx, err->code ? NULL : &cache->held, err);
}

/* A failed refresh is no failure while what is held still works. */
static void refresh_failed(struct cache *cache, const struct error *err)
{
    const struct error none = { 0 };
    bool usable = left_ns(cache) > 0 && !cache->renewal.stale;
    renewal_failed(&cache->renewal, boot_ns(cache));
    if (usable)
        log_printf(cache->env.log, LOG_WARNING,
                   "AWS credentials are not renewed: %s; continuing: those held are still good",
                   err->text);
    answer(cache, usable ? &none : err);
}

static void on_found(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct cache *cache = ctx;
    struct aws_credentials copy = { 0 };
    struct error failure = *err;
    if (!failure.code && aws_credentials_copy(&copy, found, &failure) == 0) {
        aws_credentials_release(&cache->held);
        cache->held = copy;
        renewal_done(&cache->renewal);
        answer(cache, &failure);
        return;
    }
    refresh_failed(cache, &failure);
}

static void cache_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct cache *cache = (struct cache *)self;
    struct renewal_step step = renewal_ask(&cache->renewal, left_ns(cache), boot_ns(cache));
    cache->done = step.give ? NULL : done;
    cache->ctx = ctx;
    if (step.give)
        done(ctx, &cache->held, &(struct error){ 0 });
    if (step.fetch)
        aws_source_fetch(cache->inner, on_found, cache);
}

static void cache_free(struct aws_source *self)
{
    struct cache *cache = (struct cache *)self;
    aws_source_free(cache->inner);
    aws_credentials_release(&cache->held);
    free(cache);
}

static const struct aws_source_ops cache_ops = { cache_fetch, cache_free };

void aws_source_cache_forget(struct aws_source *self)
{
    ((struct cache *)self)->renewal.stale = true;
}

int aws_source_cache(const struct aws_source_env *env, struct aws_source *take_inner,
                     struct aws_source **ret, struct error *err)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache) {
        aws_source_free(take_inner);
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
