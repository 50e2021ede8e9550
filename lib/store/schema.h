/*
 * The tables, and how a file of an earlier schema becomes one of this.
 *
 * The schema's number is in PRAGMA user_version; step i of the list takes a file from i to i + 1. A
 * step that was released is never changed: a later one is added. All the steps a file needs are one
 * transaction, so a file is of one schema or of another, never between.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/error.h"

/* "mstr": tells a state file from any other SQLite database (PRAGMA application_id). */
#define SCHEMA_APPLICATION 0x6d737472

extern const char *const schema_steps[];
extern const size_t schema_steps_len;

/*
 * Brings the database to the last of `steps`. A file of a newer schema, or another program's:
 * MUSTER_E_CONFIG with a text for people. SQLite's failures: MUSTER_E_IO, *ret_sqlite says which;
 * it is SQLITE_OK otherwise.
 */
int schema_apply(sqlite3 *handle, const char *path, const char *const *steps, size_t len,
                 int *ret_sqlite, struct error *err);

#endif
