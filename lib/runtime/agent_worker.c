#include "runtime/agent_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/process.h"
#include "runtime/spawn.h"

struct copy {
    pid_t pid;       /* of its main process, and of its group; 0: never started */
    bool main_gone;  /* reaped */
    bool told_main;  /* got the drain signal */
    bool told_group; /* so did those that outlived the main process */
    bool over;
};

struct agent_worker {
    const struct agent_options *options;
    char *const *environment;
    struct copy *copies;
    size_t len;
    int status;
};

int agent_worker_new(const struct agent_options *options, char *const *environment,
                     struct agent_worker **ret, struct error *err)
{
    struct agent_worker *worker = calloc(1, sizeof(*worker));
    if (worker)
        worker->copies = calloc((size_t)options->copies, sizeof(*worker->copies));
    if (!worker || !worker->copies) {
        free(worker);
        return error_nomem(err);
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0) {
        int failed = errno;
        agent_worker_free(worker);
        return error_errno(err, failed, "become the reaper of the worker's processes");
    }
    worker->options = options;
    worker->environment = environment;
    worker->len = (size_t)options->copies;
    *ret = worker;
    return 0;
}

void agent_worker_free(struct agent_worker *worker)
{
    if (!worker)
        return;
    free(worker->copies);
    free(worker);
}

static int start_copy(struct agent_worker *worker, size_t number, struct error *err)
{
    char variable[40];
    size_t len = 0;
    while (worker->environment[len])
        len++;
    char **environment = calloc(len + 2, sizeof(char *));
    if (!environment)
        return error_nomem(err);
    for (size_t i = 0; i < len; i++)
        environment[i] = worker->environment[i];
    snprintf(variable, sizeof(variable), "MUSTER_COPY=%zu", number);
    environment[len] = variable;
    struct spawn_request request = {
        .argv = worker->options->command,
        .environment = environment,
        .directory = worker->options->directory,
        .output = -1,
        .death_signal = process_signal_number(worker->options->drain_signal),
    };
    int rc = spawn_process(&request, &worker->copies[number].pid, err);
    free(environment);
    return rc;
}

int agent_worker_start(struct agent_worker *worker, struct error *err)
{
    for (size_t i = 0; i < worker->len; i++) {
        int rc = start_copy(worker, i, err);
        if (rc < 0) {
            for (size_t k = 0; k < i; k++)
                kill(-worker->copies[k].pid, SIGKILL);
            return rc;
        }
    }
    return 0;
}

static bool group_left(const struct copy *copy)
{
    return kill(-copy->pid, 0) == 0 || errno == EPERM;
}

/* Found once, not asked again: the number of a group that is gone may come to stand for another. */
static bool is_over(struct copy *copy)
{
    if (!copy->over)
        copy->over = copy->pid == 0 || (copy->main_gone && !group_left(copy));
    return copy->over;
}

void agent_worker_drain(struct agent_worker *worker)
{
    int signal_number = process_signal_number(worker->options->drain_signal);
    for (size_t i = 0; i < worker->len; i++) {
        struct copy *copy = &worker->copies[i];
        if (is_over(copy))
            continue;
        if (!copy->main_gone && !copy->told_main) {
            kill(copy->pid, signal_number);
            copy->told_main = true;
        } else if (copy->main_gone && !copy->told_group) {
            kill(-copy->pid, signal_number);
            copy->told_group = true;
        }
    }
}

bool agent_worker_reaped(struct agent_worker *worker, pid_t pid, int status)
{
    for (size_t i = 0; i < worker->len; i++) {
        struct copy *copy = &worker->copies[i];
        if (copy->pid != pid || copy->main_gone)
            continue;
        copy->main_gone = true;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (worker->status == 0)
            worker->status = code;
        return true;
    }
    return false;
}

size_t agent_worker_running(struct agent_worker *worker)
{
    size_t running = 0;
    for (size_t i = 0; i < worker->len; i++)
        running += !is_over(&worker->copies[i]);
    return running;
}

bool agent_worker_lost_one(const struct agent_worker *worker)
{
    for (size_t i = 0; i < worker->len; i++) {
        if (worker->copies[i].main_gone)
            return true;
    }
    return false;
}

int agent_worker_status(const struct agent_worker *worker)
{
    return worker->status;
}

struct descent {
    pid_t *pids; /* known descendants, we first */
    size_t len, size;
    bool grew;
    int signal_number;
};

static bool is_descendant(const struct descent *d, pid_t pid)
{
    for (size_t i = 0; i < d->len; i++) {
        if (d->pids[i] == pid)
            return true;
    }
    return false;
}

static bool sweep_one(void *ctx, const struct process *p)
{
    struct descent *d = ctx;
    if (!is_descendant(d, p->parent) || is_descendant(d, p->pid))
        return true;
    if (d->len < d->size) {
        d->pids[d->len++] = p->pid;
        d->grew = true;
    }
    if (p->state != 'Z')
        process_signal(p->pid, p->start, d->signal_number, NULL);
    return true;
}

#define SWEEP_MAX 1024

void agent_worker_sweep(int signal_number)
{
    pid_t pids[SWEEP_MAX];
    struct descent d = { .pids = pids, .size = SWEEP_MAX, .signal_number = signal_number };
    pids[d.len++] = getpid();
    /* /proc is in the order of pids, which need not be the order of birth: once more while it grows. */
    do {
        d.grew = false;
        process_each(sweep_one, &d, NULL);
    } while (d.grew && d.len < d.size);
}
