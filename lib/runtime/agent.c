#include "runtime/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sys/random.h>
#include <sys/wait.h>

#include "base/file.h"
#include "control/node.h"
#include "runtime/agent_home.h"
#include "runtime/agent_link.h"
#include "runtime/agent_log.h"
#include "runtime/agent_worker.h"
#include "runtime/busy_command.h"
#include "runtime/notice_watch.h"

#define LOOK_MS           100 /* while waiting for processes to end */
#define LOG_CHECK_MS      1000
#define POLITE_NS         (2 * NS_PER_S)   /* leftovers get SIGTERM, and so long after it SIGKILL */
#define LAST_WORD_TOLD_NS (2 * NS_PER_S)   /* "drained" is tried so long when told to leave ... */
#define LAST_WORD_OWN_NS  (300 * NS_PER_S) /* ... and so long when the worker ended by itself */

enum phase { PHASE_DELAY, PHASE_CONTACT, PHASE_WORK, PHASE_DRAIN, PHASE_SWEEP, PHASE_DRAINED };

struct agent {
    uv_loop_t *loop;
    struct log *log;
    const struct agent_options *options;
    struct agent_home home;
    struct agent_link *link;
    struct agent_worker *worker;
    struct busy_dir *busy_dir;
    struct busy_command *busy_command;
    struct notice_watch *notice_watch;
    uv_signal_t on_child, on_stop[3];
    uv_timer_t delay, look;
    enum phase phase;
    int64_t phase_since_ns;
    bool leave;                  /* told to go when drained */
    bool own_end;                /* the worker ended without having been told to */
    bool started;                /* a worker ran */
    bool failed;                 /* it could not be started */
    bool interrupted, rebalance; /* what the cloud said */
    char boot_id[17];
    uint64_t seq;
    enum beat_state said;                /* state of the heartbeat last composed */
    int64_t said_served, said_served_ns; /* and its counters */
    int64_t told_served, told_served_ns; /* those of the last one that was answered */
};

static int64_t now(void)
{
    return clock_system.boot_ns(clock_system.ctx);
}

static void look(struct agent *a);

static void enter(struct agent *a, enum phase phase)
{
    a->phase = phase;
    a->phase_since_ns = now();
}

static void finish(struct agent *a)
{
    uv_stop(a->loop);
}

/* ---- what is said ---- */

static enum beat_state beat_state(const struct agent *a)
{
    switch (a->phase) {
    case PHASE_WORK:
        return BEAT_READY;
    case PHASE_DRAIN:
    case PHASE_SWEEP:
        return BEAT_DRAINING;
    case PHASE_DRAINED:
        return BEAT_DRAINED;
    case PHASE_DELAY:
    case PHASE_CONTACT:
    default:
        return BEAT_BOOTING;
    }
}

static struct busy_report busy_report(struct agent *a)
{
    /* Before and after the worker's life nothing is busy. */
    struct busy_report report = { .busy = 0, .idle_ns = -1 };
    bool working = a->phase == PHASE_WORK || a->phase == PHASE_DRAIN;
    if (working && a->busy_command)
        busy_command_look(a->busy_command, &report);
    else if (a->busy_dir)
        busy_dir_look(a->busy_dir, &report);
    if (!working)
        report.busy = 0;
    /* A worker may mark its next job before it unmarks the last. */
    if (report.busy > a->options->slots)
        report.busy = a->options->slots;
    return report;
}

static void compose(void *ctx, struct buf *body)
{
    struct agent *a = ctx;
    struct busy_report busy = busy_report(a);
    int64_t served = busy.served - a->told_served;
    int64_t served_ns = busy.served_ns - a->told_served_ns;
    a->said = beat_state(a);
    a->said_served = busy.served;
    a->said_served_ns = busy.served_ns;
    struct beat_report report = {
        .pool = a->options->pool,
        .state = a->said,
        .seq = a->seq++,
        .boot_id = a->boot_id,
        .slots = a->options->slots,
        .busy = busy.busy,
        .idle_ns = busy.idle_ns,
        .served = served,
        .served_mean_ns = served > 0 ? served_ns / served : 0,
        .version = a->options->worker_version,
        .interrupted = a->interrupted,
        .rebalance = a->rebalance,
        .exit_status = a->own_end  ? agent_worker_status(a->worker)
                       : a->failed ? 127
                                   : -1,
    };
    beat_print(&report, body);
}

/* ---- drain, sweep, leave ---- */

static void drain(struct agent *a, const char *why)
{
    if (a->phase >= PHASE_DRAIN)
        return;
    log_line(a->log, LOG_INFO, "draining: the worker finishes its jobs", LOG_STR("because", why));
    enter(a, PHASE_DRAIN);
    agent_link_poke(a->link);
    look(a);
}

static void drained(struct agent *a)
{
    log_line(a->log, LOG_INFO, "drained", LOG_INT("worker_status", agent_worker_status(a->worker)));
    enter(a, PHASE_DRAINED);
    agent_link_poke(a->link);
}

static bool has_child(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static void sweep(struct agent *a)
{
    if (!has_child())
        drained(a);
    else
        agent_worker_sweep(now() - a->phase_since_ns < POLITE_NS ? SIGTERM : SIGKILL);
}

static void look_drained(struct agent *a)
{
    int64_t patience_ns = a->leave ? LAST_WORD_TOLD_NS : LAST_WORD_OWN_NS;
    bool leaving = a->leave || a->own_end || a->failed;
    if (leaving && now() - a->phase_since_ns >= patience_ns)
        finish(a);
}

/* Goes on to the next phase when its time has come. */
static void advance(struct agent *a)
{
    if (a->phase == PHASE_WORK && agent_worker_lost_one(a->worker)) {
        a->own_end = true;
        drain(a, "the worker ended by itself");
        return;
    }
    if (a->phase == PHASE_DRAIN) {
        agent_worker_drain(a->worker);
        if (agent_worker_running(a->worker) == 0) {
            busy_command_free(a->busy_command);
            a->busy_command = NULL;
            enter(a, PHASE_SWEEP);
        }
    }
    if (a->phase == PHASE_SWEEP)
        sweep(a);
    else if (a->phase == PHASE_DRAINED)
        look_drained(a);
}

static void look_again(uv_timer_t *timer);

/* Most ends announce themselves (SIGCHLD). Those of processes that are not our children yet do not. */
static void look(struct agent *a)
{
    advance(a);
    bool waiting = (a->phase == PHASE_DRAIN && agent_worker_lost_one(a->worker)) ||
                   a->phase == PHASE_SWEEP ||
                   (a->phase == PHASE_DRAINED && (a->leave || a->own_end || a->failed));
    if (waiting)
        uv_timer_start(&a->look, look_again, LOOK_MS, 0);
    else if (*a->options->log)
        uv_timer_start(&a->look, look_again, LOG_CHECK_MS, 0);
}

static void look_again(uv_timer_t *timer)
{
    struct agent *a = timer->data;
    if (*a->options->log)
        agent_log_bound(a->options->log, AGENT_LOG_MAX);
    look(a);
}

static void child_ended(uv_signal_t *handle, int signal_number)
{
    struct agent *a = handle->data;
    pid_t pid;
    int status;
    (void)signal_number;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (!busy_command_reaped(a->busy_command, pid, status))
            agent_worker_reaped(a->worker, pid, status);
    }
    look(a);
}

static void stop_asked(uv_signal_t *handle, int signal_number)
{
    struct agent *a = handle->data;
    (void)signal_number;
    a->leave = true;
    if (a->phase < PHASE_WORK || a->phase == PHASE_DRAINED)
        finish(a);
    else
        drain(a, "told to stop by a signal");
}

/* ---- what the cloud says ---- */

/* A worker that cares looks for it: no long jobs from now on. */
static void mark_rebalance(const struct agent *a)
{
    struct error err = { 0 };
    char path[sizeof(a->home.busy_dir) + 16];
    (void)snprintf(path, sizeof(path), "%s/.rebalance", a->home.busy_dir);
    if (file_replace_unsynced(path, STR(""), &err) < 0)
        log_line(a->log, LOG_WARNING, "continuing: the worker cannot be told",
                 LOG_STR("error", err.text));
}

/* The worker has minutes, or less: it is told to finish at once, whatever musterd is doing. */
static void noticed(void *ctx, enum notice_word word, const char *what)
{
    struct agent *a = ctx;
    log_line(a->log, LOG_WARNING, what);
    if (word == NOTICE_WORD_END) {
        a->interrupted = true;
        if (a->phase > PHASE_DELAY)
            drain(a, what);
    } else {
        a->rebalance = true;
        mark_rebalance(a);
    }
    if (a->phase > PHASE_DELAY)
        agent_link_poke(a->link);
}

/* ---- what is answered ---- */

static void start_worker(struct agent *a)
{
    struct error err = { 0 };
    if (agent_worker_start(a->worker, &err) < 0) {
        log_line(a->log, LOG_ERROR, "the worker cannot be started", LOG_STR("error", err.text));
        a->failed = true;
        drain(a, "the worker cannot be started");
        return;
    }
    a->started = true;
    log_line(a->log, LOG_INFO, "ready: the worker runs", LOG_STR("command", a->options->command[0]),
             LOG_INT("copies", a->options->copies));
    enter(a, PHASE_WORK);
    agent_link_poke(a->link);
}

static void answered(void *ctx, const struct beat_answer *answer)
{
    struct agent *a = ctx;
    a->told_served = a->said_served;
    a->told_served_ns = a->said_served_ns;
    if (a->said == BEAT_DRAINED && (a->leave || a->own_end || a->failed))
        finish(a);
    else if (answer->drain)
        drain(a, "the controller says so");
    else if (a->phase == PHASE_CONTACT && answer->run)
        start_worker(a);
}

static void busy_is_known(void *ctx)
{
    agent_link_poke(((struct agent *)ctx)->link);
}

static void beat_due(void *ctx)
{
    struct agent *a = ctx;
    bool working = a->phase == PHASE_WORK || a->phase == PHASE_DRAIN;
    if (a->busy_command && working)
        busy_command_run(a->busy_command, busy_is_known, a);
    else
        agent_link_poke(a->link);
}

static void delay_over(uv_timer_t *timer)
{
    struct agent *a = timer->data;
    enter(a, PHASE_CONTACT);
    agent_link_poke(a->link);
}

/* ---- beginning and end ---- */

/*
 * Heartbeats are numbered from the wall clock on, so that an agent that was started again on its
 * machine is not taken for late messages of the one before.
 */
static int identify(struct agent *a, struct error *err)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return error_errno(err, errno, "random numbers");
    snprintf(a->boot_id, sizeof(a->boot_id), "%016llx", (unsigned long long)random);
    a->seq = (uint64_t)(clock_system.wall_ns(clock_system.ctx) / NS_PER_MS);
    return 0;
}

static int build(struct agent *a, struct error *err)
{
    const struct agent_link_owner owner = { compose, answered, beat_due, a };
    int rc = identify(a, err);
    if (rc == 0)
        rc = agent_link_new(a->loop, a->log, a->options, &owner, &a->link, err);
    if (rc == 0)
        rc = agent_worker_new(a->options, a->home.environment_array, &a->worker, err);
    if (rc == 0 && *a->options->busy_command)
        rc = busy_command_new(a->loop, &clock_system, a->options->busy_command,
                              a->home.environment_array, &a->busy_command, err);
    else if (rc == 0)
        rc = busy_dir_new(a->loop, &clock_system, a->home.busy_dir, &a->busy_dir, err);
    if (rc == 0 && a->options->watch != WATCH_NONE)
        rc = notice_watch_new(a->loop, a->log, (enum watch_cloud)a->options->watch, noticed, a,
                              &a->notice_watch, err);
    return rc;
}

static void watch(struct agent *a)
{
    static const int stops[] = { SIGTERM, SIGINT, SIGHUP };
    uv_signal_init(a->loop, &a->on_child);
    a->on_child.data = a;
    uv_signal_start(&a->on_child, child_ended, SIGCHLD);
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(a->loop, &a->on_stop[i]);
        a->on_stop[i].data = a;
        uv_signal_start(&a->on_stop[i], stop_asked, stops[i]);
    }
    uv_timer_init(a->loop, &a->delay);
    a->delay.data = a;
    uv_timer_start(&a->delay, delay_over, (uint64_t)(a->options->boot_delay_ns / NS_PER_MS), 0);
    uv_timer_init(a->loop, &a->look);
    a->look.data = a;
    look(a);
}

static void unwatch(struct agent *a)
{
    uv_close((uv_handle_t *)&a->on_child, NULL);
    for (size_t i = 0; i < 3; i++)
        uv_close((uv_handle_t *)&a->on_stop[i], NULL);
    uv_close((uv_handle_t *)&a->delay, NULL);
    uv_close((uv_handle_t *)&a->look, NULL);
}

static void take_down(struct agent *a)
{
    notice_watch_free(a->notice_watch);
    agent_link_free(a->link);
    agent_worker_free(a->worker);
    busy_dir_free(a->busy_dir);
    busy_command_free(a->busy_command);
    uv_run(a->loop, UV_RUN_DEFAULT); /* until every handle is closed */
    agent_home_release(&a->home);
}

int agent_run(uv_loop_t *loop, struct log *log, const struct agent_options *options,
              char *const *environment, int *ret_status, struct error *err)
{
    struct agent a = { .loop = loop, .log = log, .options = options };
    int rc = agent_home_init(options, environment, &a.home, err);
    if (rc < 0)
        return rc;
    rc = build(&a, err);
    if (rc == 0) {
        watch(&a);
        uv_run(loop, UV_RUN_DEFAULT);
        *ret_status = a.failed || (a.own_end && agent_worker_status(a.worker) != 0);
        unwatch(&a);
    }
    take_down(&a);
    return rc;
}
