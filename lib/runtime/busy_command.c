#include "runtime/busy_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/wait.h>

#include "base/units.h"
#include "control/node.h"
#include "runtime/spawn.h"

#define PATIENCE_MS  10000
#define ANSWER_BYTES 256

struct busy_command {
    uv_loop_t *loop;
    const struct clock *clock;
    const char *command;
    char *const *environment;
    uv_timer_t timer;
    pid_t pid;  /* 0: not running */
    int output; /* what it prints; -1 */
    busy_done_cb *done;
    void *ctx;
    int64_t busy;
    int64_t active_ns; /* last moment at which it was not known to be idle */
};

static int64_t now(const struct busy_command *c)
{
    return c->clock->boot_ns(c->clock->ctx);
}

int busy_command_new(uv_loop_t *loop, const struct clock *clock, const char *command,
                     char *const *environment, struct busy_command **ret, struct error *err)
{
    struct busy_command *c = calloc(1, sizeof(*c));
    if (!c)
        return error_nomem(err);
    *c = (struct busy_command){ .loop = loop,
                                .clock = clock,
                                .command = command,
                                .environment = environment,
                                .output = -1,
                                .busy = BUSY_UNKNOWN };
    c->active_ns = now(c);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    *ret = c;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void kill_run(struct busy_command *c)
{
    if (c->pid)
        kill(-c->pid, SIGKILL);
}

void busy_command_free(struct busy_command *c)
{
    if (!c)
        return;
    kill_run(c);
    if (c->output >= 0)
        close(c->output);
    uv_close((uv_handle_t *)&c->timer, timer_closed);
}

static void took_too_long(uv_timer_t *timer)
{
    kill_run(timer->data);
}

static void could_not_start(uv_timer_t *timer)
{
    struct busy_command *c = timer->data;
    c->done(c->ctx);
}

static int start(struct busy_command *c)
{
    int ends[2];
    char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, NULL, NULL };
    char *copy = str_dup(str_from(c->command));
    if (!copy || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        free(copy);
        return -1;
    }
    argv[2] = copy;
    struct spawn_request request = { .argv = argv,
                                     .environment = c->environment,
                                     .directory = "",
                                     .output = ends[1],
                                     .death_signal = SIGKILL };
    int rc = spawn_process(&request, &c->pid, NULL);
    close(ends[1]);
    free(copy);
    if (rc < 0) {
        close(ends[0]);
        return -1;
    }
    c->output = ends[0];
    return 0;
}

void busy_command_run(struct busy_command *c, busy_done_cb *done, void *ctx)
{
    if (c->pid || uv_is_active((uv_handle_t *)&c->timer))
        return;
    c->done = done;
    c->ctx = ctx;
    if (start(c) < 0) {
        c->busy = BUSY_UNKNOWN;
        uv_timer_start(&c->timer, could_not_start, 0, 0);
    } else {
        uv_timer_start(&c->timer, took_too_long, PATIENCE_MS, 0);
    }
}

/* It has ended: whatever it printed is in the pipe. More than a few bytes is no number. */
static int64_t read_number(int fd)
{
    char text[ANSWER_BYTES];
    int64_t number = BUSY_UNKNOWN;
    ssize_t n = read(fd, text, sizeof(text));
    if (n > 0 && n < ANSWER_BYTES &&
        (units_parse_int(str_trim((struct str){ text, (size_t)n }), &number, NULL) < 0 ||
         number < 0 || number > INT32_MAX))
        number = BUSY_UNKNOWN;
    return number;
}

bool busy_command_reaped(struct busy_command *c, pid_t pid, int status)
{
    if (!c || !c->pid || pid != c->pid)
        return false;
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    c->busy = well ? read_number(c->output) : BUSY_UNKNOWN;
    if (c->busy != 0)
        c->active_ns = now(c);
    close(c->output);
    c->output = -1;
    c->pid = 0;
    uv_timer_stop(&c->timer);
    c->done(c->ctx);
    return true;
}

void busy_command_look(struct busy_command *c, struct busy_report *ret)
{
    *ret = (struct busy_report){
        .busy = c->busy,
        .idle_ns = c->busy == BUSY_UNKNOWN ? -1 : now(c) - c->active_ns,
    };
}
