#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const struct {
    const char *name;
    int64_t ns;
} duration_units[] = {
    { "d", 86400 * NS_PER_S },
    { "h", 3600 * NS_PER_S },
    { "m", 60 * NS_PER_S },
    { "s", NS_PER_S },
    { "ms", NS_PER_MS },
    { "us", NS_PER_US },
    { "ns", 1 },
};

/*
 * Reads digits[.digits] at the start of *text and moves past it. Hand-made because strtod follows
 * the locale's decimal sign, wants a terminator, and takes "inf", "nan" and hexadecimal.
 */
static bool take_decimal(struct str *text, double *ret)
{
    size_t i = 0;
    double value = 0;
    double scale = 1;
    bool digits = false;
    for (; i < text->len && isdigit((unsigned char)text->ptr[i]); i++, digits = true)
        value = value * 10 + (text->ptr[i] - '0');
    if (i < text->len && text->ptr[i] == '.') {
        for (i++; i < text->len && isdigit((unsigned char)text->ptr[i]); i++, digits = true) {
            scale /= 10;
            value += (text->ptr[i] - '0') * scale;
        }
    }
    if (!digits)
        return false;
    text->ptr += i;
    text->len -= i;
    *ret = value;
    return true;
}

static struct str take_letters(struct str *text)
{
    size_t i = 0;
    while (i < text->len && isalpha((unsigned char)text->ptr[i]))
        i++;
    struct str word = { text->ptr, i };
    text->ptr += i;
    text->len -= i;
    return word;
}

static int bad_duration(struct str whole, struct error *err)
{
    return error_set(
        err, MUSTER_E_INVALID,
        "'%.*s' is not a duration: write a number with its unit, like 30s, 5m, 2h or 1d",
        (int)whole.len, whole.ptr);
}

int units_parse_duration(struct str text, int64_t *ret_ns, struct error *err)
{
    struct str whole = str_trim(text);
    if (str_eq_c(whole, "never")) {
        *ret_ns = UNITS_NEVER;
        return 0;
    }
    struct str rest = whole;
    double total = 0;
    if (rest.len == 0)
        return bad_duration(whole, err);
    while (rest.len > 0) {
        double number;
        if (!take_decimal(&rest, &number))
            return bad_duration(whole, err);
        struct str unit = take_letters(&rest);
        int64_t ns = 0;
        for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
            if (str_eq_c(unit, duration_units[i].name))
                ns = duration_units[i].ns;
        }
        if (ns == 0)
            return bad_duration(whole, err);
        total += number * (double)ns;
    }
    if (total > 9.0e18)
        return error_set(err, MUSTER_E_RANGE, "'%.*s' is longer than 285 years", (int)whole.len,
                         whole.ptr);
    *ret_ns = llround(total);
    return 0;
}

int units_parse_money(struct str text, int64_t *ret_usd_micro, struct error *err)
{
    struct str whole = str_trim(text);
    struct str rest = whole;
    double number;
    if (take_decimal(&rest, &number)) {
        struct str unit = str_trim(rest);
        bool known = str_eq_c(unit, "USD") || str_eq_c(unit, "USD/h");
        if (known && number <= 9.0e12) {
            *ret_usd_micro = llround(number * 1e6);
            return 0;
        }
    }
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' is not an amount of money: write it like 0.034 USD/h", (int)whole.len,
                     whole.ptr);
}

int units_parse_percent(struct str text, double *ret_fraction, struct error *err)
{
    struct str whole = str_trim(text);
    struct str rest = whole;
    double number;
    if (take_decimal(&rest, &number) && str_eq_c(str_trim(rest), "%") && number <= 1e6) {
        *ret_fraction = number / 100;
        return 0;
    }
    return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a percentage: write it like 20%%",
                     (int)whole.len, whole.ptr);
}

int units_parse_int(struct str text, int64_t *ret, struct error *err)
{
    struct str whole = str_trim(text);
    struct str rest = whole;
    bool minus = rest.len > 0 && rest.ptr[0] == '-';
    if (rest.len > 0 && (rest.ptr[0] == '-' || rest.ptr[0] == '+')) {
        rest.ptr++;
        rest.len--;
    }
    int64_t value = 0;
    bool digits = rest.len > 0;
    bool fits = true;
    for (size_t i = 0; digits && i < rest.len; i++) {
        digits = isdigit((unsigned char)rest.ptr[i]);
        int digit = minus ? '0' - rest.ptr[i] : rest.ptr[i] - '0';
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, digit, &value);
    }
    if (!digits)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a whole number", (int)whole.len,
                         whole.ptr);
    if (!fits)
        return error_set(err, MUSTER_E_RANGE, "'%.*s' has too many digits", (int)whole.len,
                         whole.ptr);
    *ret = value;
    return 0;
}

static bool take_rate_amount(struct str text, struct rate *rate)
{
    struct str rest = str_trim(text);
    if (!take_decimal(&rest, &rate->amount))
        return false;
    struct str unit = str_trim(rest);
    if (str_eq_c(unit, "%")) {
        rate->unit = RATE_PERCENT;
        rate->amount /= 100;
    } else if (str_eq_c(unit, "slots") || str_eq_c(unit, "slot")) {
        rate->unit = RATE_SLOTS;
    } else if (str_eq_c(unit, "nodes") || str_eq_c(unit, "node")) {
        rate->unit = RATE_NODES;
    } else {
        return false;
    }
    return rate->amount > 0 && rate->amount <= 1e9;
}

int units_parse_rate(struct str text, struct rate *ret, struct error *err)
{
    struct str whole = str_trim(text);
    struct rate rate = { 0 };
    if (str_eq_c(whole, "unlimited")) {
        *ret = rate;
        return 0;
    }
    const char *slash = whole.len > 0 ? memchr(whole.ptr, '/', whole.len) : NULL;
    if (slash) {
        struct str amount = { whole.ptr, (size_t)(slash - whole.ptr) };
        struct str period = { slash + 1, whole.len - amount.len - 1 };
        if (take_rate_amount(amount, &rate) &&
            units_parse_duration(period, &rate.period_ns, NULL) == 0 && rate.period_ns > 0 &&
            rate.period_ns != UNITS_NEVER) {
            *ret = rate;
            return 0;
        }
    }
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' is not a rate: write it like 100 slots / 1m or 20%% / 1m",
                     (int)whole.len, whole.ptr);
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

const char *units_format_duration(int64_t ns, char text[static UNITS_TEXT_MAX])
{
    const char *sign = ns < 0 ? "-" : "";
    if (ns == UNITS_NEVER) {
        snprintf(text, UNITS_TEXT_MAX, "never");
        return text;
    }
    uint64_t left = magnitude(ns);
    if (left < (uint64_t)NS_PER_S) {
        uint64_t each = left < 1000 ? 1 : left < 1000000 ? 1000 : 1000000;
        const char *unit = left == 0 ? "s" : each == 1 ? "ns" : each == 1000 ? "us" : "ms";
        uint64_t tenths = left * 10 / each;
        double value = tenths < 100 ? (double)tenths / 10 : (double)(tenths / 10);
        snprintf(text, UNITS_TEXT_MAX, "%s%g%s", sign, value, unit);
        return text;
    }
    if (left < (uint64_t)(60 * NS_PER_S)) {
        double tenths = floor((double)left / 1e8) / 10;
        snprintf(text, UNITS_TEXT_MAX, "%s%gs", sign, tenths);
        return text;
    }
    size_t first = 0;
    while (left < (uint64_t)duration_units[first].ns)
        first++;
    uint64_t big = left / (uint64_t)duration_units[first].ns;
    uint64_t rest = left % (uint64_t)duration_units[first].ns;
    uint64_t small = rest / (uint64_t)duration_units[first + 1].ns;
    if (small > 0)
        snprintf(text, UNITS_TEXT_MAX, "%s%llu%s%llu%s", sign, (unsigned long long)big,
                 duration_units[first].name, (unsigned long long)small,
                 duration_units[first + 1].name);
    else
        snprintf(text, UNITS_TEXT_MAX, "%s%llu%s", sign, (unsigned long long)big,
                 duration_units[first].name);
    return text;
}

/* At least two decimals, and as many more as the number needs, micro-dollars being the last. */
static void format_dollars(uint64_t usd_micro, char text[static UNITS_TEXT_MAX])
{
    int n = snprintf(text, UNITS_TEXT_MAX, "%llu.%06llu", (unsigned long long)usd_micro / 1000000,
                     (unsigned long long)usd_micro % 1000000);
    while (n > 3 && text[n - 1] == '0' && text[n - 3] != '.')
        text[--n] = '\0';
}

const char *units_format_price(int64_t usd_micro, char text[static UNITS_TEXT_MAX])
{
    char number[UNITS_TEXT_MAX];
    format_dollars(magnitude(usd_micro), number);
    snprintf(text, UNITS_TEXT_MAX, "%s%.30s USD/h", usd_micro < 0 ? "-" : "", number);
    return text;
}

const char *units_format_money(int64_t usd_micro, char text[static UNITS_TEXT_MAX])
{
    char number[UNITS_TEXT_MAX];
    /* Below a cent the digits that matter come later; above, cents are enough. */
    uint64_t amount = magnitude(usd_micro);
    if (amount >= 10000)
        snprintf(number, sizeof(number), "%.2f", (double)amount / 1e6);
    else
        format_dollars(amount, number);
    snprintf(text, UNITS_TEXT_MAX, "%s$%.30s", usd_micro < 0 ? "-" : "", number);
    return text;
}

const char *units_format_rate(const struct rate *rate, char text[static UNITS_TEXT_MAX])
{
    static const char *const words[] = { "", " slots", " nodes", "%" };
    char period[UNITS_TEXT_MAX];
    if (rate->unit == RATE_NONE) {
        snprintf(text, UNITS_TEXT_MAX, "unlimited");
        return text;
    }
    double amount = rate->unit == RATE_PERCENT ? rate->amount * 100 : rate->amount;
    snprintf(text, UNITS_TEXT_MAX, "%.15g%s / %.20s", amount, words[rate->unit],
             units_format_duration(rate->period_ns, period));
    return text;
}
