/*
 * Busy slots, told by a command that prints their number (`celery inspect active | ...`). It is run
 * by /bin/sh -c, and killed when it takes longer than ten seconds. Anything but a whole number, or an
 * exit status other than 0, leaves busy unknown.
 */
#ifndef RUNTIME_BUSY_COMMAND_H
#define RUNTIME_BUSY_COMMAND_H

#include <stdbool.h>

#include <sys/types.h>

#include "runtime/busy_dir.h"

struct busy_command;

/* `command` and `environment` (ends with NULL) are borrowed. */
int busy_command_new(uv_loop_t *loop, const struct clock *clock, const char *command,
                     char *const *environment, struct busy_command **ret, struct error *err);
/* Takes NULL. Kills a run in flight. */
void busy_command_free(struct busy_command *command);

/* Calls back when the number is there, always later; asked again meanwhile, nothing happens. */
typedef void busy_done_cb(void *ctx);
void busy_command_run(struct busy_command *command, busy_done_cb *done, void *ctx);

/* Whoever waits for children tells of this one: true if it was ours. */
bool busy_command_reaped(struct busy_command *command, pid_t pid, int status);

/* The last answer. */
void busy_command_look(struct busy_command *command, struct busy_report *ret);

#endif
