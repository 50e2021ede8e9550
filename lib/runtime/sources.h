/*
 * The open queue sources, one a pool. A source that cannot be opened answers each poll with why, so that
 * a mistake in it becomes the pool's signal like any other failure.
 */
#ifndef RUNTIME_SOURCES_H
#define RUNTIME_SOURCES_H

#include "base/map.h"
#include "base/vec.h"
#include "control/spec.h"
#include "queue/queue.h"

struct source;

struct sources {
    struct queue_env env; /* what plug-ins get */
    /* err->code 0: sample is filled. Never called from inside sources_poll. */
    void (*sampled)(void *ctx, const char *pool, const struct sample *sample,
                    const struct error *err);
    void *ctx;
    struct map by_pool;            /* struct source * */
    VEC(struct source *) unopened; /* polled, but could not be opened: see sources_answer */
};

/* Opens what the spec names, if anything. The spec's settings are borrowed until sources_close: close
 * before a new spec replaces the old one. Fails only for lack of memory. */
int sources_open(struct sources *s, const struct pool_spec *spec, struct error *err);
void sources_close(struct sources *s, const char *pool);

/* Asks the pool's queue, unless an answer is under way. */
void sources_poll(struct sources *s, const char *pool);
/* Answers the polls of sources that could not be opened; to be called when no step is under way. */
void sources_answer(struct sources *s);

void sources_release(struct sources *s);

#endif
