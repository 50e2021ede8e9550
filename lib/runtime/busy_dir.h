/*
 * Busy slots, told by files: each file in MUSTER_BUSY_DIR is one busy slot, from the moment the worker
 * creates it until it removes it.
 *
 *   - A file whose text is one decimal number names a process; when that process is gone, the file
 *     does not count (a killed job cannot tidy up). Any other file, an empty one too, counts.
 *   - A name that begins with a dot is no job.
 *   - Until a first file has been there nobody knows whether this worker marks its jobs at all: busy
 *     is unknown. A worker that does may say so at once by creating `.used`.
 *
 * How long each file stays is how long its job took (inotify; where the system gives us none, jobs
 * are still counted when we look, but not timed).
 */
#ifndef RUNTIME_BUSY_DIR_H
#define RUNTIME_BUSY_DIR_H

#include <uv.h>

#include "base/clock.h"
#include "base/error.h"

struct busy_report {
    int64_t busy;      /* slots; BUSY_UNKNOWN (control/node.h) */
    int64_t idle_ns;   /* since the last activity; 0: busy now; -1: unknown */
    int64_t served;    /* jobs finished since the beginning */
    int64_t served_ns; /* the time they took, added up */
};

struct busy_dir;

/* Watches `path`, which must exist; marks of an earlier life are removed. `clock` is borrowed. */
int busy_dir_new(uv_loop_t *loop, const struct clock *clock, const char *path,
                 struct busy_dir **ret, struct error *err);
void busy_dir_free(struct busy_dir *dir); /* takes NULL */

void busy_dir_look(struct busy_dir *dir, struct busy_report *ret);

#endif
