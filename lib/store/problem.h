/* SQLite's failures in words for people: what happened, what muster does, what the person can do. */
#ifndef STORE_PROBLEM_H
#define STORE_PROBLEM_H

#include <stdbool.h>

#include "base/error.h"

/*
 * rc              SQLite's (extended) result code, not SQLITE_OK
 * system_errno    of the system call that failed, 0 if none
 * what            what was being done: "commit"
 * detail          SQLite's own words
 *
 * Returns the code, by remedy: MUSTER_E_IO, _CONFIG (permissions, damage), _TRANSIENT (locked), _NOMEM.
 */
int problem_text(const char *path, int rc, int system_errno, const char *what, const char *detail,
                 struct error *err);

/* The connection cannot be trusted after this one. A full disk is none of these: what was not written
 * is known. */
bool problem_is_lasting(int rc, int system_errno);

#endif
