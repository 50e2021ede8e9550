/*
 * The proleptic Gregorian calendar as arithmetic: days since 1970-01-01 and back. No zones, no clock.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define SECONDS_PER_DAY INT64_C(86400)

struct civil {
    int64_t year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
};

/* month 1..12; the day may lie outside its month, counting on ("31 February" is 3 March). */
int64_t calendar_days(int64_t year, int month, int day);
struct civil calendar_civil(int64_t days);
int calendar_weekday(int64_t days); /* 0..6, Sunday 0 */
bool calendar_leap(int64_t year);
int calendar_month_days(int64_t year, int month);

/* Division that rounds down, also below zero; divisor > 0. */
int64_t calendar_floor_div(int64_t value, int64_t divisor);

#endif
