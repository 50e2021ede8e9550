#include "queue/exec_run.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <signal.h>

#include "base/clock.h"
#include "base/units.h"

#define STDERR_MAX       1024
#define FIRST_LINE_SHOWN 200

struct exec_run {
    uv_process_t process;
    uv_pipe_t out, errors;
    uv_timer_t timer;
    int handles; /* still open; the last one to close frees the run */
    int running; /* the process, and the two pipes it writes to */
    int64_t timeout_ns;
    exec_run_cb *done; /* NULL: answered, or cancelled */
    void *ctx;
    int64_t exit_status;
    int exit_signal;
    struct buf output, complaints;
    char chunk[4096];
};

/* ---- ending ------------------------------------------------------------------------------------ */

static void on_handle_closed(uv_handle_t *handle)
{
    struct exec_run *run = handle->data;
    if (--run->handles > 0)
        return;
    buf_release(&run->output);
    buf_release(&run->complaints);
    free(run);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_handle_closed);
}

/* The process handle stays until the process is gone: closing it earlier would leave a zombie. */
static void close_all_but_process(struct exec_run *run)
{
    close_handle(&run->out);
    close_handle(&run->errors);
    close_handle(&run->timer);
}

/* Not after the leader was waited for: its number, and with it the group's, may be another's by then. */
static void kill_group(struct exec_run *run)
{
    if (uv_is_active((uv_handle_t *)&run->process))
        kill(-run->process.pid, SIGKILL);
}

static void answer(struct exec_run *run, const struct error *err)
{
    exec_run_cb *done = run->done;
    run->done = NULL;
    close_all_but_process(run);
    /* run lives on: its handles are closed by the loop, later. */
    if (done)
        done(run->ctx, err->code ? STR("") : buf_str(&run->output), err);
}

static void give_up(struct exec_run *run, const struct error *err)
{
    kill_group(run);
    answer(run, err);
}

void exec_run_cancel(struct exec_run *run)
{
    if (!run)
        return;
    run->done = NULL;
    kill_group(run);
    close_all_but_process(run);
}

/* The first line of what it said on stderr, for a message: no control bytes, cut short. */
static void first_complaint(const struct exec_run *run, char text[static FIRST_LINE_SHOWN])
{
    struct str said = str_trim(buf_str(&run->complaints));
    size_t n = 0;
    for (; n < said.len && n < FIRST_LINE_SHOWN - 1 && said.ptr[n] != '\n'; n++)
        text[n] = (unsigned char)said.ptr[n] < ' ' || said.ptr[n] == 0x7f ? '?' : said.ptr[n];
    text[n] = '\0';
}

static void explain_exit(struct exec_run *run, struct error *err)
{
    char complaint[FIRST_LINE_SHOWN];
    first_complaint(run, complaint);
    const char *colon = complaint[0] ? ": " : "";
    if (run->exit_signal)
        error_set(err, MUSTER_E_INVALID, "killed by signal %d%s%s", run->exit_signal, colon,
                  complaint);
    else if (run->exit_status)
        error_set(err, MUSTER_E_INVALID, "exit status %d%s%s", (int)run->exit_status, colon,
                  complaint);
}

/* The process is gone and its pipes are at their end: nothing more can come. */
static void part_ended(struct exec_run *run)
{
    struct error err = { 0 };
    if (--run->running > 0 || !run->done)
        return;
    explain_exit(run, &err);
    answer(run, &err);
}

/* ---- what the loop tells ----------------------------------------------------------------------- */

static void on_process_exit(uv_process_t *process, int64_t status, int signal_number)
{
    struct exec_run *run = process->data;
    run->exit_status = status;
    run->exit_signal = signal_number;
    close_handle(process);
    part_ended(run);
}

static void on_timeout(uv_timer_t *timer)
{
    struct exec_run *run = timer->data;
    struct error err = { 0 };
    char limit[UNITS_TEXT_MAX];
    units_format_duration(run->timeout_ns, limit);
    if (uv_is_active((uv_handle_t *)&run->process))
        error_set(&err, MUSTER_E_UNKNOWN, "not finished after %s, and killed", limit);
    else
        error_set(&err, MUSTER_E_UNKNOWN,
                  "it ended, but something it started still has its output open after %s", limit);
    give_up(run, &err);
}

static void lend_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct exec_run *run = handle->data;
    (void)suggested;
    *buf = uv_buf_init(run->chunk, sizeof(run->chunk));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct exec_run *run = stream->data;
    struct error err = { 0 };
    if (n < 0) {
        close_handle(stream);
        part_ended(run);
        return;
    }
    buf_add(&run->output, bytes->base, (size_t)n);
    if (!buf_failed(&run->output))
        return;
    if (buf_failed(&run->output) == MUSTER_E_TOOBIG)
        error_set(&err, MUSTER_E_TOOBIG, "printed more than %zu bytes, and was killed",
                  EXEC_RUN_OUTPUT_MAX);
    else
        error_nomem(&err);
    give_up(run, &err);
}

/* Only the beginning is kept; the rest is read too, so that the command is not held up. */
static void on_complaint(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct exec_run *run = stream->data;
    if (n < 0) {
        close_handle(stream);
        part_ended(run);
        return;
    }
    size_t room = STDERR_MAX - run->complaints.len;
    buf_add(&run->complaints, bytes->base, (size_t)n < room ? (size_t)n : room);
}

/* ---- starting ---------------------------------------------------------------------------------- */

#define ENV_NAMES 8
static const char *const env_names[ENV_NAMES] = { "PATH",   "HOME", "USER", "LOGNAME",
                                                  "LC_ALL", "LANG", "TZ",   "TMPDIR" };

/* "NAME=value" for those that are set, in one block of memory with the pointers to them. */
static char **environment(void)
{
    struct buf text = { 0 };
    size_t offsets[ENV_NAMES], count = 0;
    for (size_t i = 0; i < ENV_NAMES; i++) {
        const char *value = getenv(env_names[i]);
        if (!value)
            continue;
        offsets[count++] = text.len;
        buf_addf(&text, "%s=%s", env_names[i], value);
        buf_add_char(&text, '\0');
    }
    size_t head = (count + 1) * sizeof(char *);
    char **env = buf_failed(&text) ? NULL : malloc(head + text.len + 1);
    if (env) {
        char *bytes = (char *)env + head;
        for (size_t i = 0; i < text.len; i++)
            bytes[i] = text.ptr[i];
        for (size_t i = 0; i < count; i++)
            env[i] = bytes + offsets[i];
        env[count] = NULL;
    }
    buf_release(&text);
    return env;
}

static int spawn(uv_loop_t *loop, struct exec_run *run, const char *const *argv, struct error *err)
{
    char **env = environment();
    if (!env)
        return error_nomem(err);
    const unsigned pipe_flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_IGNORE },
        { .flags = (uv_stdio_flags)pipe_flags, .data.stream = (uv_stream_t *)&run->out },
        { .flags = (uv_stdio_flags)pipe_flags, .data.stream = (uv_stream_t *)&run->errors },
    };
    uv_process_options_t options = { .exit_cb = on_process_exit,
                                     .file = argv[0],
                                     .args = (char **)(uintptr_t)argv,
                                     .env = env,
                                     .flags = UV_PROCESS_DETACHED, /* a group of its own */
                                     .stdio_count = 3,
                                     .stdio = stdio };
    int rc = uv_spawn(loop, &run->process, &options);
    run->handles++; /* initialised even when it fails */
    free(env);
    if (rc < 0)
        close_handle(&run->process);
    if (rc == UV_ENOENT)
        return error_set(err, MUSTER_E_CONFIG, "there is no program %s", argv[0]);
    return rc < 0 ? error_set(err, MUSTER_E_CONFIG, "cannot start %s: %s", argv[0], uv_strerror(rc))
                  : 0;
}

static void init_handles(uv_loop_t *loop, struct exec_run *run)
{
    uv_pipe_init(loop, &run->out, 0);
    uv_pipe_init(loop, &run->errors, 0);
    uv_timer_init(loop, &run->timer);
    run->process.data = run->out.data = run->errors.data = run->timer.data = run;
    run->handles = 3;
    run->running = 3;
}

int exec_run_start(uv_loop_t *loop, const char *const *argv, int64_t timeout_ns, exec_run_cb *done,
                   void *ctx, struct exec_run **ret, struct error *err)
{
    struct exec_run *run = calloc(1, sizeof(*run));
    if (!run)
        return error_nomem(err);
    run->timeout_ns = timeout_ns;
    buf_init(&run->output, EXEC_RUN_OUTPUT_MAX);
    buf_init(&run->complaints, STDERR_MAX);
    init_handles(loop, run);
    int rc = spawn(loop, run, argv, err);
    if (rc < 0) {
        close_all_but_process(run);
        return rc;
    }
    uv_timer_start(&run->timer, on_timeout, (uint64_t)(timeout_ns / NS_PER_MS), 0);
    uv_read_start((uv_stream_t *)&run->out, lend_chunk, on_output);
    uv_read_start((uv_stream_t *)&run->errors, lend_chunk, on_complaint);
    run->done = done;
    run->ctx = ctx;
    *ret = run;
    return 0;
}
