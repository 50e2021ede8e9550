/*
 * Counts the jobs of a spool: a directory in which a file is a job.
 *
 *     DIR/waiting/FILE        nobody has it yet
 *     DIR/running/FILE        somebody works on it; one level of directories is looked into,
 *     DIR/running/NODE/FILE   so that each node can have its own
 *     DIR/done/FILE           finished (this directory may be absent)
 *
 * A worker takes a job with rename(2) from waiting to running and gives it back, or finishes it, the
 * same way. Who adds a job writes it as waiting/.NAME and renames it to waiting/NAME: names with a
 * leading dot are not counted. Only regular files count; symbolic links are neither counted nor
 * followed below the directories named here.
 */
#ifndef QUEUE_SPOOL_SCAN_H
#define QUEUE_SPOOL_SCAN_H

#include <stdint.h>

#include "base/error.h"
#include "control/signal.h"

/* Entries looked at per directory; from here on a count is "at least this many". */
#define SPOOL_SCAN_MAX 1000000

struct spool_places {
    const char *dir;
    const char *waiting, *running, *done; /* relative to dir, or absolute */
};

/*
 * Blocks on the disk: call it from a thread of its own. wall_ns: now, for the age of the oldest file
 * (since its last modification; a file from the future is 0 old).
 *
 * MUSTER_E_CONFIG: waiting or running is not there, which is never taken for an empty queue.
 */
int spool_scan(const struct spool_places *places, int64_t wall_ns, struct sample *ret,
               struct error *err);

#endif
