/*
 * The exec source: a command that prints how much work waits, as a number or as JSON
 * {"waiting": n, "running": n, "oldest": seconds, "completed": n}.
 */
#include <stdlib.h>

#include "queue/exec_run.h"
#include "queue/exec_words.h"
#include "queue/payload.h"
#include "queue/sources.h"

struct exec_options {
    char *command;
    int64_t timeout_ns;
    bool shell;
};

static const struct option exec_rows[] = {
    OPTION_STRING(struct exec_options, command, "command",
                  .help =
                      "prints the number of waiting jobs, or JSON with waiting, running, oldest "
                      "(seconds) and completed"),
    OPTION_DURATION(struct exec_options, timeout_ns, "timeout", .fallback = "10s", .min = NS_PER_MS,
                    .max = 3600 * NS_PER_S,
                    .help = "the command and all it started are killed after this"),
    OPTION_BOOL(struct exec_options, shell, "shell", .fallback = "no",
                .help = "give the command to /bin/sh -c"),
    { 0 },
};

static int exec_check(const void *options, const char **ret_key, struct error *err)
{
    const struct exec_options *o = options;
    struct exec_words words = { 0 };
    if (o->shell)
        return 0;
    int rc = exec_words_split(o->command, &words, err);
    if (rc < 0)
        *ret_key = "command";
    exec_words_release(&words);
    return rc;
}

struct queue {
    uv_loop_t *loop;
    uv_timer_t late; /* answers a poll that failed at once */
    struct error failure;
    struct exec_words words;
    const char *shell_argv[4];
    const char *const *argv;
    int64_t timeout_ns;
    struct exec_run *run;
    queue_poll_cb *done;
    void *ctx;
};

static int exec_open(const struct queue_env *env, const void *options, struct queue **ret,
                     struct error *err)
{
    const struct exec_options *o = options;
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    int rc = o->shell ? 0 : exec_words_split(o->command, &self->words, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->shell_argv[0] = "/bin/sh";
    self->shell_argv[1] = "-c";
    self->shell_argv[2] = o->command;
    self->argv = o->shell ? self->shell_argv : (const char *const *)self->words.argv;
    self->loop = env->loop;
    self->timeout_ns = o->timeout_ns;
    uv_timer_init(env->loop, &self->late);
    self->late.data = self;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct queue *self = handle->data;
    exec_words_release(&self->words);
    free(self);
}

static void exec_close(struct queue *self)
{
    if (!self)
        return;
    exec_run_cancel(self->run);
    uv_close((uv_handle_t *)&self->late, on_closed);
}

static void give(struct queue *self, const struct sample *sample, struct error *err)
{
    if (err->code)
        error_wrap(err, "exec %s", self->argv[0]);
    self->done(self->ctx, err->code ? NULL : sample, err);
}

static void on_late(uv_timer_t *timer)
{
    struct queue *self = timer->data;
    struct error failure = self->failure;
    give(self, NULL, &failure);
}

static void on_run(void *ctx, struct str output, const struct error *err)
{
    static const struct payload_places places = { .waiting = "/waiting",
                                                  .running = "/running",
                                                  .oldest = "/oldest",
                                                  .completed = "/completed",
                                                  .lenient = true };
    struct queue *self = ctx;
    struct error failure = *err;
    struct sample sample = { 0 };
    self->run = NULL;
    if (!failure.code && payload_read(output, &places, &sample, &failure) < 0)
        error_wrap(&failure, "its output");
    give(self, &sample, &failure);
}

static void exec_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    self->done = done;
    self->ctx = ctx;
    error_clear(&self->failure);
    if (exec_run_start(self->loop, self->argv, self->timeout_ns, on_run, self, &self->run,
                       &self->failure) < 0)
        uv_timer_start(&self->late, on_late, 0, 0);
}

const struct queue_plugin queue_exec = {
    .options = { .name = "exec",
                 .help = "a command that prints how much work waits",
                 .size = sizeof(struct exec_options),
                 .rows = exec_rows,
                 .shorthand = "command",
                 .check = exec_check },
    .open = exec_open,
    .close = exec_close,
    .poll = exec_poll,
};
