/* Reads a small file that a person wrote: a token, a password, a few headers. */
#ifndef QUEUE_SMALL_FILE_H
#define QUEUE_SMALL_FILE_H

#include "base/error.h"
#include "base/str.h"

#define SMALL_FILE_MAX ((size_t)16 << 10)

/* A secret of one line, at most SMALL_FILE_MAX bytes: white space around it is dropped; control bytes and emptiness are errors. */
int small_file_read_secret(const char *path, struct buf *to, struct error *err);

/* Overwrites what the buf holds, then releases it. */
void small_file_wipe(struct buf *secret);

#endif
