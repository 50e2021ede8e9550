/*
 * The POSIX rule of a time zone, "CET-1CEST,M3.5.0,M10.5.0/3": standard time, and daylight saving time
 * between two dates of every year. It stands at the end of a tz database file and holds for all times
 * after the file's last transition (RFC 8536 3.3; hours from -167 to 167 are taken, as in version 3).
 */
#ifndef BASE_POSIX_TZ_H
#define BASE_POSIX_TZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum tz_date_form { TZ_MONTH_WEEK_DAY, TZ_JULIAN, TZ_DAY_OF_YEAR };

struct tz_date {
    enum tz_date_form form;
    int month, week, weekday; /* TZ_MONTH_WEEK_DAY: week 5 is the last */
    int day;                  /* TZ_JULIAN: 1..365, no leap day; TZ_DAY_OF_YEAR: 0..365 */
    int32_t time_s;           /* local time of that day, may be negative */
};

struct posix_tz {
    int32_t standard_s; /* add to UTC */
    int32_t daylight_s;
    bool has_daylight;
    struct tz_date start, end; /* of daylight saving time */
};

int posix_tz_parse(struct str text, struct posix_tz *ret, struct error *err);

/* Seconds to add to UTC at this instant (Unix seconds). */
int32_t posix_tz_offset_s(const struct posix_tz *tz, int64_t unix_s);

#endif
