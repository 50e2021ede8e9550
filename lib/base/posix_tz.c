#include "base/posix_tz.h"

#include <ctype.h>

#include "base/calendar.h"

/* ---- reading: each take_ moves past what it read and says whether it was there ---- */

static bool take_char(struct str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

static bool take_number(struct str *text, int max, int *ret)
{
    int value = 0;
    size_t digits = 0;
    for (; text->len > 0 && isdigit((unsigned char)text->ptr[0]); digits++) {
        value = value * 10 + (text->ptr[0] - '0');
        if (value > max)
            return false;
        text->ptr++;
        text->len--;
    }
    *ret = value;
    return digits > 0;
}

/* "EST", or "<+03>" where the name is not made of letters. */
static bool take_name(struct str *text)
{
    bool quoted = take_char(text, '<');
    size_t n = 0;
    while (n < text->len && (isalpha((unsigned char)text->ptr[n]) ||
                             (quoted && (isdigit((unsigned char)text->ptr[n]) ||
                                         text->ptr[n] == '+' || text->ptr[n] == '-'))))
        n++;
    text->ptr += n;
    text->len -= n;
    return n >= 3 && (!quoted || take_char(text, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct str *text, int hours_max, int32_t *ret_s)
{
    bool minus = take_char(text, '-');
    if (!minus)
        take_char(text, '+');
    int hours = 0, minutes = 0, seconds = 0;
    if (!take_number(text, hours_max, &hours))
        return false;
    if (take_char(text, ':') && !take_number(text, 59, &minutes))
        return false;
    if (take_char(text, ':') && !take_number(text, 59, &seconds))
        return false;
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *ret_s = minus ? -total : total;
    return true;
}

static bool take_month_week_day(struct str *text, struct tz_date *ret)
{
    return take_number(text, 12, &ret->month) && ret->month >= 1 && take_char(text, '.') &&
           take_number(text, 5, &ret->week) && ret->week >= 1 && take_char(text, '.') &&
           take_number(text, 6, &ret->weekday);
}

static bool take_date(struct str *text, struct tz_date *ret)
{
    struct tz_date date = { .time_s = 2 * 3600 };
    bool ok;
    if (take_char(text, 'M')) {
        date.form = TZ_MONTH_WEEK_DAY;
        ok = take_month_week_day(text, &date);
    } else if (take_char(text, 'J')) {
        date.form = TZ_JULIAN;
        ok = take_number(text, 365, &date.day) && date.day >= 1;
    } else {
        date.form = TZ_DAY_OF_YEAR;
        ok = take_number(text, 365, &date.day);
    }
    if (ok && take_char(text, '/'))
        ok = take_time(text, 167, &date.time_s);
    *ret = date;
    return ok;
}

static bool take_rule(struct str *text, struct posix_tz *tz)
{
    int32_t west_s;
    if (!take_name(text) || !take_time(text, 24, &west_s))
        return false;
    /* POSIX counts westward, everybody else eastward. */
    tz->standard_s = -west_s;
    if (text->len == 0)
        return true;
    tz->has_daylight = true;
    tz->daylight_s = tz->standard_s + 3600;
    if (!take_name(text))
        return false;
    if (text->len > 0 && text->ptr[0] != ',') {
        if (!take_time(text, 24, &west_s))
            return false;
        tz->daylight_s = -west_s;
    }
    return take_char(text, ',') && take_date(text, &tz->start) && take_char(text, ',') &&
           take_date(text, &tz->end) && text->len == 0;
}

int posix_tz_parse(struct str text, struct posix_tz *ret, struct error *err)
{
    struct str rest = text;
    struct posix_tz tz = { 0 };
    if (!take_rule(&rest, &tz))
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a POSIX time zone rule",
                         (int)(text.len < 60 ? text.len : 60), text.ptr);
    *ret = tz;
    return 0;
}

/* ---- asking ---- */

/* Some thirty million years: further away seconds would not fit. */
#define FARTHEST_S INT64_C(1000000000000000)

static int64_t date_days(const struct tz_date *date, int64_t year)
{
    int64_t january = calendar_days(year, 1, 1);
    if (date->form == TZ_DAY_OF_YEAR)
        return january + date->day;
    if (date->form == TZ_JULIAN)
        return january + date->day - 1 + (calendar_leap(year) && date->day >= 60 ? 1 : 0);
    int64_t first = calendar_days(year, date->month, 1);
    int day = 1 + (date->weekday - calendar_weekday(first) + 7) % 7 + (date->week - 1) * 7;
    while (day > calendar_month_days(year, date->month))
        day -= 7;
    return first + day - 1;
}

int32_t posix_tz_offset_s(const struct posix_tz *tz, int64_t unix_s)
{
    if (!tz->has_daylight)
        return tz->standard_s;
    unix_s = unix_s < -FARTHEST_S ? -FARTHEST_S : unix_s > FARTHEST_S ? FARTHEST_S : unix_s;
    int64_t year = calendar_civil(calendar_floor_div(unix_s, SECONDS_PER_DAY)).year;
    int64_t latest = INT64_MIN;
    int32_t offset_s = tz->standard_s;
    /*
     * The latest change at or before the instant decides. Neighbouring years count too, for rules
     * that reach over New Year; where one year's end meets the next one's start, daylight time has
     * no end at all, so the start wins a tie.
     */
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t start =
            date_days(&tz->start, y) * SECONDS_PER_DAY + tz->start.time_s - tz->standard_s;
        int64_t end = date_days(&tz->end, y) * SECONDS_PER_DAY + tz->end.time_s - tz->daylight_s;
        if (start <= unix_s && start >= latest) {
            latest = start;
            offset_s = tz->daylight_s;
        }
        if (end <= unix_s && end > latest) {
            latest = end;
            offset_s = tz->standard_s;
        }
    }
    return offset_s;
}
