/* When no schedule of a pool is active. Judged over one plain week, with no clock at hand. */
#ifndef CONFIG_LINT_SCHEDULE_H
#define CONFIG_LINT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cron.h"
#include "base/timezone.h"

#define LINT_WEEK_NS       (INT64_C(1767571200) * 1000000000) /* Monday, 2026-01-05, 00:00 UTC */
#define LINT_SCHEDULES_MAX 32
#define LINT_GAP_TEXT_MAX  96

/* Active from an occurrence of `from` until the next one of `to`. */
struct lint_schedule {
    const struct cron *from, *to;
    const struct timezone *zone; /* NULL: UTC */
};

/* false: some schedule is always active. Otherwise the first gap as "from Fri 18:00 to Mon 08:00
 * (Europe/Berlin)", in the first schedule's zone. */
bool lint_schedule_gap(const struct lint_schedule *schedules, size_t len,
                       char text[static LINT_GAP_TEXT_MAX]);

#endif
