/*
 * Cron expressions of five fields: minute hour day-of-month month day-of-week, as crontab(5) has
 * them: lists, ranges, steps, names (jan, mon), 0 and 7 both Sunday; where both day fields are
 * restricted (neither begins with a star) a day matches when either does. Local time; the zone is
 * given when asking.
 *
 * Daylight saving: a local time that the clock jumps over (02:30 in spring) happens at the instant of
 * the jump; a local time that occurs twice (02:30 in autumn) happens at its first occurrence only.
 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct timezone;

struct cron {
    uint64_t minutes; /* bit 0..59 */
    uint32_t hours;   /* bit 0..23 */
    uint32_t days;    /* bit 1..31 */
    uint16_t months;  /* bit 1..12 */
    uint8_t weekdays; /* bit 0..6, Sunday 0 */
    bool any_day;     /* day-of-month began with '*' */
    bool any_weekday; /* day-of-week began with '*' */
    char text[48];    /* as written, for printing */
};

int cron_parse(struct str text, struct cron *ret, struct error *err);

/*
 * The latest occurrence at or before wall_ns, and the earliest after it; INT64_MIN or INT64_MAX when
 * there is none within five years (29 February on a Monday, say).
 */
int64_t cron_last(const struct cron *cron, const struct timezone *zone, int64_t wall_ns);
int64_t cron_next(const struct cron *cron, const struct timezone *zone, int64_t wall_ns);

#endif
