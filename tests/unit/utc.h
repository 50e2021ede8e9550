/* "2026-03-29T01:00:00Z" as Unix seconds, for the tables of tests. */
#ifndef TESTS_UNIT_UTC_H
#define TESTS_UNIT_UTC_H

#include <stdint.h>

#include "base/calendar.h"

static inline int utc_digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static inline int64_t utc_seconds(const char *text)
{
    int64_t days =
        calendar_days(utc_digits(text, 4), utc_digits(text + 5, 2), utc_digits(text + 8, 2));
    return days * SECONDS_PER_DAY + utc_digits(text + 11, 2) * 3600 +
           utc_digits(text + 14, 2) * 60 + utc_digits(text + 17, 2);
}

#endif
