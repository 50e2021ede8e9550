/*
 * Starts a program that cannot outlive its starter unnoticed: what uv_spawn has no word for (a death
 * signal, a group of its own in the same session) is why this exists. Only muster-agent uses it.
 *
 * The child is the caller's to wait for. It must be started from the thread that lives as long as the
 * process: the death signal is sent when that very thread ends.
 */
#ifndef RUNTIME_SPAWN_H
#define RUNTIME_SPAWN_H

#include <sys/types.h>

#include "base/error.h"

struct spawn_request {
    char *const *argv;        /* found on the PATH unless it has a slash; ends with NULL */
    char *const *environment; /* all of it; ends with NULL */
    const char *directory;    /* "": where we are */
    int output;               /* becomes its standard output; -1: ours */
    int death_signal;         /* sent to it when we die without having stopped it */
};

/*
 * The process leads a process group of its own, reads from /dev/null, and starts with every signal at
 * its default. Fails when the program cannot be started: MUSTER_E_CONFIG (it or the directory is not
 * there, not executable ...), MUSTER_E_TRANSIENT (no more processes).
 */
int spawn_process(const struct spawn_request *request, pid_t *ret_pid, struct error *err);

#endif
