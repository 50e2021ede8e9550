/*
 * The worker of a node: one or more copies of a command, each leading a process group of its own.
 *
 * The process that uses this becomes the reaper of all descendants (PR_SET_CHILD_SUBREAPER): whatever
 * a worker leaves behind, however it detached itself, ends up as our child. So "no child left" means
 * that nothing of the node runs any more.
 *
 * A copy is over when its process and all of its group are gone: where `sh -c` dies of a signal while
 * the program it ran works on, the job is not over. Should this process be killed, each copy gets the
 * drain signal from the kernel (a death signal), finishes its job and ends.
 */
#ifndef RUNTIME_AGENT_WORKER_H
#define RUNTIME_AGENT_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/error.h"
#include "runtime/agent_options.h"

struct agent_worker;

/* Borrows `options`; `environment` (ends with NULL) is what each copy gets, and MUSTER_COPY=n. */
int agent_worker_new(const struct agent_options *options, char *const *environment,
                     struct agent_worker **ret, struct error *err);
void agent_worker_free(struct agent_worker *worker); /* takes NULL; leaves processes alone */

/* Starts all copies. On failure those that were started already have got SIGKILL. */
int agent_worker_start(struct agent_worker *worker, struct error *err);

/* Asks every copy to finish (the drain signal, to its main process; to the group where that is gone).
 * Once per process and group, so it may be repeated. */
void agent_worker_drain(struct agent_worker *worker);

/* A child of ours ended; true if it was the main process of a copy. */
bool agent_worker_reaped(struct agent_worker *worker, pid_t pid, int status);

/* Copies that are not over. */
size_t agent_worker_running(struct agent_worker *worker);
/* Did a copy's main process end? */
bool agent_worker_lost_one(const struct agent_worker *worker);
/* The first exit status that was not 0 (128 + signal), or 0. */
int agent_worker_status(const struct agent_worker *worker);

/* Signals every process that descends from us. Asked again until we have no child left. */
void agent_worker_sweep(int signal_number);

#endif
