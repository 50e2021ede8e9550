/* Reading history back, for people. */
#ifndef STORE_READ_H
#define STORE_READ_H

#include <sqlite3.h>

#include "base/error.h"
#include "base/str.h"

/* See store_decision_at. `path` is for error texts. */
int read_decision(sqlite3 *handle, const char *path, const char *pool, int64_t wall_ns,
                  struct buf *out, struct error *err);

/* Of one pool (?1); read_put_decision makes a row of it an object. */
#define READ_DECISIONS                                                                             \
    "SELECT wall_ns, number, before, desired, held, trail, steps_dropped FROM decisions"           \
    " WHERE pool = ?1"
void read_put_decision(struct buf *out, const char *pool, sqlite3_stmt *row);

#endif
