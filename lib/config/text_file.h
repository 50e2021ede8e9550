/* A small file of settings, read whole. */
#ifndef CONFIG_TEXT_FILE_H
#define CONFIG_TEXT_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* Appends the file to *ret, which the caller releases. One of more than `most` bytes is
 * MUSTER_E_TOOBIG, one that does not exist MUSTER_E_NOTFOUND, what is no regular file MUSTER_E_IO. */
int text_file_read(const char *path, size_t most, struct buf *ret, struct error *err);

#endif
