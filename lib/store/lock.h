/*
 * One writer for a state file: a lock file beside it, held by flock(2) as long as the process lives.
 * The kernel drops the lock with the process, however that ends; the file itself stays.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "base/error.h"

/* Makes the folder (mode 0700) where there is none, and locks PATH.lock. The descriptor goes to
 * *ret_fd; closing it gives the lock back. Held by another process: MUSTER_E_CONFIG with its pid. */
int lock_take(const char *path, int *ret_fd, struct error *err);

#endif
