/* Token files: secrets of one line each that only their owner may read. */
#ifndef RUNTIME_TOKEN_FILE_H
#define RUNTIME_TOKEN_FILE_H

#include "base/error.h"
#include "base/str.h"

/*
 * Appends the file's text to *out. make: a file that is absent is made first, mode 0600, holding a
 * fresh 256-bit token. A file that others may read is refused: MUSTER_E_CONFIG says how to mend it.
 */
int token_file_read(const char *path, bool make, struct buf *out, struct error *err);

#endif
