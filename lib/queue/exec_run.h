/*
 * Runs one command to its end: its output, bounded, or why there is none. The command is the leader
 * of a process group of its own; after its time is up the whole group is killed.
 */
#ifndef QUEUE_EXEC_RUN_H
#define QUEUE_EXEC_RUN_H

#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "base/str.h"

#define EXEC_RUN_OUTPUT_MAX ((size_t)64 << 10)

struct exec_run;

/* err->code 0: the command ended with status 0, and this is what it printed. */
typedef void exec_run_cb(void *ctx, struct str output, const struct error *err);

/*
 * Calls back later, exactly once, unless it fails at once (then never). A callback may come while the
 * process is still on its way out; that is cleaned up without anybody's help.
 *
 * The command sees PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ, TMPDIR of our environment and nothing
 * else, so that no secret that was given to us is handed on.
 */
int exec_run_start(uv_loop_t *loop, const char *const *argv, int64_t timeout_ns, exec_run_cb *done,
                   void *ctx, struct exec_run **ret, struct error *err);

/* Kills the group; the callback is never called. Takes NULL. Not after the callback came. */
void exec_run_cancel(struct exec_run *run);

#endif
