/* Times as APIs write them (RFC 3339). clock_format_wall() writes one. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* "2026-03-14T15:09:26.123456Z", with any number of digits after the dot, "+00:00" or "-07:00"; the years
 * 1970 to 2250. MUSTER_E_INVALID: it is none. */
int timestamp_parse(struct str text, int64_t *ret_wall_ns, struct error *err);

#endif
