/*
 * The spool source: a directory of files (queue/spool_scan.h), for which no server is needed. The
 * scan runs on libuv's thread pool: a directory can be large and a disk slow.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "queue/sources.h"
#include "queue/spool_scan.h"

struct spool_options {
    char *dir;
    char *waiting, *running, *done;
};

static const struct option spool_rows[] = {
    OPTION_STRING(struct spool_options, dir, "dir", .help = "the directory of the spool"),
    OPTION_STRING(struct spool_options, waiting, "waiting", .fallback = "waiting",
                  .help = "directory in it of the jobs that wait, one file each"),
    OPTION_STRING(struct spool_options, running, "running", .fallback = "running",
                  .help =
                      "directory in it of the jobs being worked on, or of one directory per node"),
    OPTION_STRING(struct spool_options, done, "done", .fallback = "done",
                  .help = "directory in it of finished jobs; need not exist"),
    { 0 },
};

/*
 * One object for the source and its scan, made at open, so that a poll cannot run out of memory. A
 * source that is closed while the thread scans is freed when the thread is done, hence the copies of
 * the options.
 */
struct queue {
    uv_loop_t *loop;
    const struct clock *clock;
    struct spool_options names; /* copies */
    uv_work_t work;
    bool scanning, closed;
    int64_t wall_ns;
    struct sample sample;
    struct error err;
    queue_poll_cb *done;
    void *ctx;
};

static void spool_free(struct queue *self)
{
    free(self->names.dir);
    free(self->names.waiting);
    free(self->names.running);
    free(self->names.done);
    free(self);
}

static int spool_open(const struct queue_env *env, const void *options, struct queue **ret,
                      struct error *err)
{
    const struct spool_options *names = options;
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->loop = env->loop;
    self->clock = env->clock;
    self->work.data = self;
    self->names.dir = str_dup(str_from(names->dir));
    self->names.waiting = str_dup(str_from(names->waiting));
    self->names.running = str_dup(str_from(names->running));
    self->names.done = str_dup(str_from(names->done));
    if (!self->names.dir || !self->names.waiting || !self->names.running || !self->names.done) {
        spool_free(self);
        return error_nomem(err);
    }
    *ret = self;
    return 0;
}

static void spool_close(struct queue *self)
{
    if (!self)
        return;
    self->closed = true;
    if (!self->scanning)
        spool_free(self);
}

static void scan_on_thread(uv_work_t *work)
{
    struct queue *self = work->data;
    const struct spool_options *names = &self->names;
    const struct spool_places places = { names->dir, names->waiting, names->running, names->done };
    error_clear(&self->err);
    spool_scan(&places, self->wall_ns, &self->sample, &self->err);
}

static void on_scanned(uv_work_t *work, int status)
{
    struct queue *self = work->data;
    (void)status; /* never cancelled */
    self->scanning = false;
    if (self->closed) {
        spool_free(self);
        return;
    }
    /* Copies: the callback may close the source, or poll again. */
    struct sample sample = self->sample;
    struct error failure = self->err;
    self->done(self->ctx, failure.code ? NULL : &sample, &failure);
}

static void spool_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    self->done = done;
    self->ctx = ctx;
    self->scanning = true;
    self->wall_ns = self->clock->wall_ns(self->clock->ctx);
    uv_queue_work(self->loop, &self->work, scan_on_thread, on_scanned);
}

const struct queue_plugin queue_spool = {
    .options = { .name = "spool",
                 .help = "a directory in which every file is a job; needs no server",
                 .size = sizeof(struct spool_options),
                 .rows = spool_rows,
                 .shorthand = "dir" },
    .open = spool_open,
    .close = spool_close,
    .poll = spool_poll,
};
