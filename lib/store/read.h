/* Reading history back, for people. */
#ifndef STORE_READ_H
#define STORE_READ_H

#include <sqlite3.h>

#include "base/error.h"
#include "base/str.h"

/* See store_decision_at. `path` is for error texts. */
int read_decision(sqlite3 *handle, const char *path, const char *pool, int64_t wall_ns,
                  struct buf *out, struct error *err);

#endif
