#include "base/timestamp.h"

#include "base/calendar.h"
#include "base/clock.h"

/* Digits at `at`, as a number; -1 when one of them is none. */
static int64_t digits(struct str text, size_t at, size_t len)
{
    int64_t value = 0;
    for (size_t i = at; i < at + len; i++) {
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

static bool char_at(struct str text, size_t at, char c)
{
    return at < text.len && text.ptr[at] == c;
}

/* "Z", "+00:00", "-0700": what to add to get UTC. */
static bool parse_zone(struct str zone, int64_t *ret_ns)
{
    int64_t sign = char_at(zone, 0, '-') ? 1 : -1;
    size_t minutes_at = char_at(zone, 3, ':') ? 4 : 3;
    int64_t hours = digits(zone, 1, 2), minutes = digits(zone, minutes_at, 2);
    *ret_ns = 0;
    if (str_eq_c(zone, "Z"))
        return true;
    *ret_ns = sign * (hours * 3600 + minutes * 60) * NS_PER_S;
    return (char_at(zone, 0, '+') || char_at(zone, 0, '-')) && hours >= 0 && hours <= 23 &&
           minutes >= 0 && minutes <= 59 && zone.len == minutes_at + 2;
}

/* What follows the seconds: a fraction, at most to the nanosecond, and the zone. */
static bool parse_tail(struct str tail, int64_t *ret_ns)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    size_t i = 0;
    if (char_at(tail, 0, '.')) {
        for (i = 1; digits(tail, i, 1) >= 0; i++, unit /= 10)
            ns += unit * digits(tail, i, 1);
        if (i == 1)
            return false;
    }
    struct str zone = { tail.ptr + i, tail.len - i };
    int64_t offset_ns;
    if (!parse_zone(zone, &offset_ns))
        return false;
    *ret_ns = ns + offset_ns;
    return true;
}

int timestamp_parse(struct str text, int64_t *ret_wall_ns, struct error *err)
{
    int64_t year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    int64_t hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    int64_t ns = 0;
    bool shape = char_at(text, 4, '-') && char_at(text, 7, '-') && char_at(text, 10, 'T') &&
                 char_at(text, 13, ':') && char_at(text, 16, ':') && text.len > 19;
    /* Years whose nanoseconds an int64_t holds. */
    bool range = year >= 1970 && year <= 2250 && month >= 1 && month <= 12 && day >= 1 &&
                 day <= 31 && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 &&
                 second >= 0 && second <= 60;
    if (!shape || !range || day > calendar_month_days(year, (int)month) ||
        !parse_tail((struct str){ text.ptr + 19, text.len - 19 }, &ns))
        return error_set(err, MUSTER_E_INVALID, "not a time like 2026-03-14T15:09:26Z");
    int64_t seconds = calendar_days(year, (int)month, (int)day) * SECONDS_PER_DAY + hour * 3600 +
                      minute * 60 + second;
    *ret_wall_ns = seconds * NS_PER_S + ns;
    return 0;
}
