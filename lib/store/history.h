/*
 * Reading the recorded history of a state file, whether a musterd writes to it or not: on a connection of
 * its own, read only. Blocks.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "base/error.h"
#include "base/str.h"
#include "control/signal.h"

#define HISTORY_POOLS_MAX 64

/* "a, b, c": the pools of which samples are recorded. */
int history_pools(const char *path, struct buf *out, size_t *ret_count, struct error *err);

/* Anything but 0 ends the reading and is passed on. */
typedef int history_sample_cb(void *ctx, int64_t wall_ns, const struct sample *sample);

/*
 * The samples of a pool from since_wall_ns on, in the order of time. What a sample did not tell is NaN and
 * its has_ member false. MUSTER_E_NOTFOUND: there is no such file.
 */
int history_samples(const char *path, const char *pool, int64_t since_wall_ns,
                    history_sample_cb *each, void *ctx, struct error *err);

/* The same as CSV with the columns time, waiting, and those of running, oldest_s and completed that are
 * known at all: what muster simulate reads. Nothing recorded: MUSTER_E_NOTFOUND. */
int history_write_samples(const char *path, const char *pool, int64_t since_wall_ns, int fd,
                          struct error *err);

/* The decisions, a JSON object on each line, as store_decision_at gives them. */
int history_write_decisions(const char *path, const char *pool, int64_t since_wall_ns, int fd,
                            struct error *err);

#endif
