#include "auth/aws_process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"
#include "base/json.h"

#define TIMEOUT_MS 60000
#define OUTPUT_MAX ((size_t)64 << 10)

struct process;

/* One run; it outlives its source by as long as the loop needs to close its handles. */
struct run {
    uv_process_t child;
    uv_pipe_t out;
    uv_timer_t limit;
    struct process *owner; /* NULL: nobody waits any more */
    int handles, running;
    int64_t status;
    int signal;
    bool late;
    struct buf output;
    char chunk[4096];
};

struct process {
    struct aws_source base;
    struct aws_source_env env;
    char *command;
    struct run *run;
    aws_source_cb *done;
    void *ctx;
};

/* ---- words -------------------------------------------------------------------------------------- */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* One word, its quotes taken away; NULL: a quote stays open. */
static const char *take_word(const char *at, char **to)
{
    char quote = 0;
    for (; *at && (quote || !blank(*at)); at++) {
        if (!quote && (*at == '"' || *at == '\''))
            quote = *at;
        else if (quote && *at == quote)
            quote = 0;
        else if (*at == '\\' && quote != '\'' && at[1])
            *(*to)++ = *++at;
        else
            *(*to)++ = *at;
    }
    *(*to)++ = '\0';
    return quote ? NULL : at;
}

char **aws_process_split(const char *command)
{
    size_t len = strlen(command), count = 0;
    /* At most every other character begins a word; each word shrinks, plus its NUL. */
    size_t head = (len / 2 + 2) * sizeof(char *);
    char **argv = calloc(1, head + len + 2);
    if (!argv)
        return NULL;
    char *to = (char *)argv + head;
    for (const char *at = command; at;) {
        while (blank(*at))
            at++;
        if (!*at && count > 0)
            return argv;
        if (!*at)
            break;
        argv[count++] = to;
        at = take_word(at, &to);
    }
    free(argv);
    return NULL;
}

/* ---- the end of a run --------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;
    if (--run->handles > 0)
        return;
    explicit_bzero(run->chunk, sizeof(run->chunk));
    secret_release(&run->output);
    free(run);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static int read_output(const struct run *run, struct aws_credentials *found, struct error *err)
{
    if (run->late)
        return error_set(err, MUSTER_E_TRANSIENT,
                         "credential_process: not finished after a minute");
    if (run->signal || run->status)
        return error_set(err, MUSTER_E_AUTH, "credential_process: it ended with %s %d",
                         run->signal ? "signal" : "exit status",
                         run->signal ? run->signal : (int)run->status);
    if (buf_failed(&run->output))
        return error_set(err, buf_failed(&run->output), "credential_process: it printed too much");
    cJSON *root = NULL;
    struct error reason;
    if (json_parse(buf_str(&run->output), &root, &reason) < 0)
        return error_set(err, MUSTER_E_INVALID, "credential_process: it did not print JSON");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "Version");
    bool known = cJSON_IsNumber(version) && version->valueint == 1;
    cJSON_Delete(root);
    if (!known)
        return error_set(err, MUSTER_E_INVALID, "credential_process: its Version is not 1");
    return aws_credentials_parse(buf_str(&run->output), "credential_process", found, err);
}

static void finish(struct run *run)
{
    struct process *owner = run->owner;
    struct aws_credentials found = { 0 };
    struct error err = { 0 };
    close_handle(&run->out);
    close_handle(&run->limit);
    run->owner = NULL;
    if (!owner)
        return;
    owner->run = NULL;
    (void)read_output(run, &found, &err);
    owner->done(owner->ctx, err.code ? NULL : &found, &err);
    aws_credentials_release(&found);
}

static void part_ended(struct run *run)
{
    if (--run->running == 0)
        finish(run);
}

static void on_exit_of(uv_process_t *child, int64_t status, int signal_number)
{
    struct run *run = child->data;
    run->status = status;
    run->signal = signal_number;
    close_handle(child);
    part_ended(run);
}

static void lend_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct run *run = handle->data;
    (void)suggested;
    *buf = uv_buf_init(run->chunk, sizeof(run->chunk));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct run *run = stream->data;
    if (n > 0) {
        buf_add(&run->output, bytes->base, (size_t)n);
    } else if (n < 0) {
        close_handle(stream);
        part_ended(run);
    }
}

static void kill_child(struct run *run)
{
    if (uv_is_active((uv_handle_t *)&run->child))
        uv_process_kill(&run->child, SIGKILL);
}

static void on_limit(uv_timer_t *timer)
{
    struct run *run = timer->data;
    run->late = true;
    kill_child(run);
    finish(run); /* something it started may hold its output open */
}

/* ---- starting ----------------------------------------------------------------------------------- */

static int spawn(struct process *self, struct run *run, char **argv, struct error *err)
{
    const unsigned pipe_flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_IGNORE },
        { .flags = (uv_stdio_flags)pipe_flags, .data.stream = (uv_stream_t *)&run->out },
        { .flags = UV_IGNORE },
    };
    uv_process_options_t options = {
        .exit_cb = on_exit_of, .file = argv[0], .args = argv, .stdio_count = 3, .stdio = stdio
    };
    uv_pipe_init(self->env.loop, &run->out, 0);
    uv_timer_init(self->env.loop, &run->limit);
    run->child.data = run->out.data = run->limit.data = run;
    run->handles = 3;
    run->running = 2;
    buf_init(&run->output, OUTPUT_MAX);
    int rc = uv_spawn(self->env.loop, &run->child, &options);
    if (rc < 0) {
        close_handle(&run->child);
        close_handle(&run->out);
        close_handle(&run->limit);
        return error_set(err, MUSTER_E_CONFIG, "credential_process: cannot start %s: %s", argv[0],
                         uv_strerror(rc));
    }
    run->owner = self;
    self->run = run;
    uv_timer_start(&run->limit, on_limit, TIMEOUT_MS, 0);
    uv_read_start((uv_stream_t *)&run->out, lend_chunk, on_output);
    return 0;
}

static int start(struct process *self, struct error *err)
{
    char **argv = aws_process_split(self->command);
    struct run *run = calloc(1, sizeof(*run));
    int rc;
    if (argv && run) {
        rc = spawn(self, run, argv, err);
    } else {
        rc = run ? error_set(err, MUSTER_E_CONFIG,
                             "credential_process: no command, or a quote stays open")
                 : error_nomem(err);
        free(run);
    }
    free(argv);
    return rc;
}

static void process_fetch(struct aws_source *base, aws_source_cb *done, void *ctx)
{
    struct process *self = (struct process *)base;
    struct error err = { 0 };
    self->done = done;
    self->ctx = ctx;
    if (start(self, &err) < 0)
        done(ctx, NULL, &err);
}

static void process_free(struct aws_source *base)
{
    struct process *self = (struct process *)base;
    if (self->run) {
        self->run->owner = NULL;
        kill_child(self->run);
        close_handle(&self->run->out);
        close_handle(&self->run->limit);
    }
    secret_free(self->command); /* people put passwords into commands */
    free(self);
}

static const struct aws_source_ops process_ops = { process_fetch, process_free };

int aws_source_process(const struct aws_source_env *env, const char *command,
                       struct aws_source **ret, struct error *err)
{
    struct process *self = calloc(1, sizeof(*self));
    char *copy = str_dup(str_from(command));
    if (!self || !copy) {
        free(self);
        free(copy);
        return error_nomem(err);
    }
    self->base.ops = &process_ops;
    self->env = *env;
    self->command = copy;
    *ret = &self->base;
    return 0;
}
