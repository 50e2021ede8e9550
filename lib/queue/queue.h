/*
 * A queue source: tells how much work waits. One const table per source, all of them in queues.c.
 *
 * One open source per pool. poll() may be called again only after its callback came; it always calls
 * back later, exactly once, from the loop. What cannot be known is an error, never a zero.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "base/option.h"
#include "control/signal.h"

struct queue; /* an open source; each implementation has its own */
struct aws_client;
struct aws_settings;
struct gcp_client;
struct gcp_settings;
struct http_client;

struct queue_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct http_client *http; /* shared; NULL in tests of sources that need none */
    struct aws_client *aws;   /* shared; NULL where no AWS is */
    const struct aws_settings *aws_settings;
    struct gcp_client *gcp; /* the same for Google Cloud */
    const struct gcp_settings *gcp_settings;
};

/* err->code 0: sample is filled (borrowed for the call). */
typedef void queue_poll_cb(void *ctx, const struct sample *sample, const struct error *err);

struct queue_plugin {
    struct option_set options; /* options.name is the source's name in files */
    /* `options` is borrowed and lives as long as the source. Connects lazily: an absent server is an
     * error of poll(), not of open(). */
    int (*open)(const struct queue_env *env, const void *options, struct queue **ret,
                struct error *err);
    /* Takes NULL. A poll in flight is dropped: its callback is never called once close returned.
     * What the loop still holds (handles being closed) is freed by the loop later. */
    void (*close)(struct queue *self);
    void (*poll)(struct queue *self, queue_poll_cb *done, void *ctx);
};

/* Ends with NULL. */
extern const struct queue_plugin *const queues[];

const struct queue_plugin *queue_find(const char *name);

#endif
