#include "runtime/sources.h"

#include <stdlib.h>

struct source {
    char pool[POOL_NAME_MAX];
    struct sources *all;
    const struct queue_plugin *plugin;
    struct queue *queue; /* NULL: it could not be opened; failure says why */
    struct error failure;
    bool polling;
};

static void on_sample(void *ctx, const struct sample *sample, const struct error *err)
{
    struct source *source = ctx;
    source->polling = false;
    source->all->sampled(source->all->ctx, source->pool, sample, err);
}

static void source_free(struct source *source)
{
    if (!source)
        return;
    if (source->queue)
        source->plugin->close(source->queue);
    free(source);
}

int sources_open(struct sources *s, const struct pool_spec *spec, struct error *err)
{
    if (!spec->queue.set)
        return 0;
    struct source *source = calloc(1, sizeof(*source));
    if (!source)
        return error_nomem(err);
    str_copy_c(source->pool, sizeof(source->pool), spec->name);
    source->all = s;
    source->plugin = queue_find(spec->queue.set->name);
    if (source->plugin->open(&s->env, spec->queue.options, &source->queue, &source->failure) < 0)
        source->queue = NULL;
    if (!map_put(&s->by_pool, source->pool, source)) {
        source_free(source);
        return error_nomem(err);
    }
    return 0;
}

void sources_close(struct sources *s, const char *pool)
{
    struct source *source = map_remove(&s->by_pool, pool);
    for (size_t i = s->unopened.len; source && i-- > 0;) {
        if (s->unopened.at[i] == source)
            vec_remove(&s->unopened, i);
    }
    source_free(source);
}

void sources_poll(struct sources *s, const char *pool)
{
    struct source *source = map_get(&s->by_pool, pool);
    if (!source || source->polling)
        return; /* the answer under way will do */
    if (source->queue) {
        source->polling = true;
        source->plugin->poll(source->queue, on_sample, source);
    } else if (!vec_push(&s->unopened, source)) {
        log_line(s->env.log, LOG_WARNING, "out of memory; continuing: the queue is asked again",
                 LOG_STR("pool", pool));
    }
}

void sources_answer(struct sources *s)
{
    while (s->unopened.len > 0) {
        struct source *source = s->unopened.at[--s->unopened.len];
        s->sampled(s->ctx, source->pool, NULL, &source->failure);
    }
}

void sources_release(struct sources *s)
{
    for (size_t i = 0; i < s->by_pool.size; i++)
        source_free(s->by_pool.slots[i].value);
    map_release(&s->by_pool);
    vec_release(&s->unopened);
}
