#include "providers/values.h"

#include <ctype.h>
#include <stdio.h>

#include "base/calendar.h"
#include "base/clock.h"

/* `digits` decimal digits at the front of *at. */
static bool take_number(struct str *at, size_t digits, int64_t *ret)
{
    int64_t n = 0;
    if (at->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)at->ptr[i]))
            return false;
        n = n * 10 + (at->ptr[i] - '0');
    }
    *at = (struct str){ at->ptr + digits, at->len - digits };
    *ret = n;
    return true;
}

static bool take_char(struct str *at, char c)
{
    if (at->len == 0 || *at->ptr != c)
        return false;
    *at = (struct str){ at->ptr + 1, at->len - 1 };
    return true;
}

/* ".123": digits up to nine, in units of 10^-places; false if there is none after the point. */
static bool take_fraction(struct str *at, int places, int64_t *ret)
{
    int64_t n = 0;
    int64_t unit = 1;
    for (int i = 0; i < places; i++)
        unit *= 10;
    if (at->len == 0 || !isdigit((unsigned char)*at->ptr))
        return false;
    while (at->len > 0 && isdigit((unsigned char)*at->ptr)) {
        unit /= 10;
        n += unit * (*at->ptr - '0');
        *at = (struct str){ at->ptr + 1, at->len - 1 };
    }
    *ret = n;
    return true;
}

/* "Z" or "-07:00", in seconds east of Greenwich, and then the end. */
static bool take_offset(struct str *at, int64_t *ret)
{
    int64_t hours, minutes;
    bool west = at->len > 0 && *at->ptr == '-';
    if (str_eq_c(*at, "Z")) {
        *ret = 0;
        return true;
    }
    if ((!take_char(at, '+') && !take_char(at, '-')) || !take_number(at, 2, &hours) ||
        !take_char(at, ':') || !take_number(at, 2, &minutes) || at->len > 0 || hours > 23 ||
        minutes > 59)
        return false;
    *ret = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

int wire_time(struct str text, int64_t *ret_wall_ns, struct error *err)
{
    struct str at = str_trim(text);
    int64_t year, month, day, hour, minute, second;
    int64_t fraction = 0;
    bool good = take_number(&at, 4, &year) && take_char(&at, '-') && take_number(&at, 2, &month) &&
                take_char(&at, '-') && take_number(&at, 2, &day) && take_char(&at, 'T') &&
                take_number(&at, 2, &hour) && take_char(&at, ':') && take_number(&at, 2, &minute) &&
                take_char(&at, ':') && take_number(&at, 2, &second);
    if (good && take_char(&at, '.'))
        good = take_fraction(&at, 9, &fraction);
    int64_t east = 0;
    good = good && take_offset(&at, &east);
    if (!good || year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour > 23 || minute > 59 || second > 60)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a time", (int)text.len, text.ptr);
    int64_t days = calendar_days(year, (int)month, (int)day);
    int64_t seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - east;
    *ret_wall_ns = seconds * NS_PER_S + fraction;
    return 0;
}

#define DOLLARS_DIGITS 6

int wire_price(struct str text, int64_t *ret_usd_micro, struct error *err)
{
    struct str at = str_trim(text);
    int64_t dollars = 0;
    int64_t nano = 0;
    size_t digits = 0;
    while (digits < at.len && isdigit((unsigned char)at.ptr[digits]))
        digits++;
    bool good = digits > 0 && digits <= DOLLARS_DIGITS && take_number(&at, digits, &dollars);
    if (good && take_char(&at, '.'))
        good = take_fraction(&at, 9, &nano);
    if (!good || at.len > 0)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a price", (int)text.len, text.ptr);
    *ret_usd_micro = dollars * 1000000 + (nano + 999) / 1000;
    return 0;
}
