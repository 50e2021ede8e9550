/*
 * A time zone's rules, read once from the system's tz database (RFC 8536 files), so that local time
 * can be computed without the C library's global TZ. Immutable once loaded. "UTC" needs no file.
 */
#ifndef BASE_TIMEZONE_H
#define BASE_TIMEZONE_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct timezone;

/* name: "Europe/Berlin". An unknown name is MUSTER_E_INVALID; no path may leave the database. */
int timezone_load(struct str name, struct timezone **ret, struct error *err);
/* From the bytes of a TZif file, version 2 or later; for tests and fuzzing. */
int timezone_parse(struct str name, struct str bytes, struct timezone **ret, struct error *err);
void timezone_free(struct timezone *zone);
const char *timezone_name(const struct timezone *zone);

/* Seconds to add to UTC at this instant (Unix seconds). zone NULL: UTC. Right past the last stored
 * transition too (the file's POSIX rule). */
int32_t timezone_offset_s(const struct timezone *zone, int64_t unix_s);

#endif
