/*
 * Whole small files: read with a ceiling, written so that a crash leaves the old text or the new one,
 * never half of either. Both block: call them at start-up or on the thread pool.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"
#include "base/str.h"

/*
 * Appends the file's bytes to `out`. MUSTER_E_NOTFOUND: there is no such file. MUSTER_E_TOOBIG: it
 * has more than `max` bytes. MUSTER_E_CONFIG: it is no regular file (a pipe would stall the caller).
 * On failure `out` may hold a part. Errors name the path and never quote the file.
 */
int file_read(const char *path, size_t max, struct buf *out, struct error *err);

/* The rest of an open file, which errors call `name`; the descriptor stays the caller's. */
int file_read_fd(int fd, const char *name, size_t max, struct buf *out, struct error *err);

/* Replaces the file (mode 0600) durably: written beside it, synced, renamed, folder synced. */
int file_replace(const char *path, struct str text, struct error *err);

/* The same without waiting for the disk: for what is of no use after the machine went down. */
int file_replace_unsynced(const char *path, struct str text, struct error *err);

/* dir + "/" + name into a field of `size` bytes; MUSTER_E_TOOBIG if it does not fit. */
int file_join(char *ret, size_t size, const char *dir, const char *name, struct error *err);

#endif
