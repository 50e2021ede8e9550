#include "base/calendar.h"

/*
 * Years are counted from March, so that the leap day comes last; 400 years of 146097 days repeat.
 * (Hinnant, "chrono-Compatible Low-Level Date Algorithms".)
 */
#define DAYS_PER_ERA     INT64_C(146097)
#define DAYS_BEFORE_1970 INT64_C(719468) /* from 0000-03-01 */

int64_t calendar_floor_div(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

int64_t calendar_days(int64_t year, int month, int day)
{
    int64_t from_march = month > 2 ? month - 3 : month + 9;
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = calendar_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

struct civil calendar_civil(int64_t days)
{
    int64_t from_start = days + DAYS_BEFORE_1970;
    int64_t era = calendar_floor_div(from_start, DAYS_PER_ERA);
    int64_t day_of_era = from_start - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    return (struct civil){
        .year = era * 400 + year_of_era + (month <= 2 ? 1 : 0),
        .month = month,
        .day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1),
    };
}

int calendar_weekday(int64_t days)
{
    /* 1970-01-01 was a Thursday. */
    int64_t from_sunday = days + 4;
    return (int)(from_sunday - calendar_floor_div(from_sunday, 7) * 7);
}

bool calendar_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int calendar_month_days(int64_t year, int month)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && calendar_leap(year) ? 29 : lengths[month - 1];
}
