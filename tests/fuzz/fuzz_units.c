/*
 * Quantities as people might write them. What a parser takes, printed and read again, must be nearly
 * the same quantity; what it refuses must leave its output alone.
 */
#include "base/units.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNTOUCHED INT64_C(-4711)

/* Printed with its two largest units, so that it may have lost a fiftieth. */
static void check_duration(struct str text)
{
    char printed[UNITS_TEXT_MAX];
    int64_t ns = UNTOUCHED;
    int64_t again = UNTOUCHED;
    struct error err;
    if (units_parse_duration(text, &ns, &err) < 0) {
        assert(ns == UNTOUCHED);
        return;
    }
    assert(ns >= 0);
    units_format_duration(ns, printed);
    int rc = units_parse_duration(str_from(printed), &again, &err);
    assert(rc == 0 && again <= ns && again >= ns - ns / 10 - 1);
}

static void check_money(struct str text)
{
    char printed[UNITS_TEXT_MAX];
    int64_t usd_micro = UNTOUCHED;
    int64_t again = UNTOUCHED;
    struct error err;
    if (units_parse_money(text, &usd_micro, &err) < 0) {
        assert(usd_micro == UNTOUCHED);
        return;
    }
    assert(usd_micro >= 0);
    units_format_money(usd_micro, printed);
    units_format_price(usd_micro, printed);
    int rc = units_parse_money(str_from(printed), &again, &err);
    /* Beyond 2^53 micro-dollars (9 billion dollars) a double rounds. */
    assert(rc == 0 && llabs(again - usd_micro) <= usd_micro >> 50);
}

static void check_rate(struct str text)
{
    char printed[UNITS_TEXT_MAX];
    struct rate rate = { .period_ns = UNTOUCHED };
    struct error err;
    if (units_parse_rate(text, &rate, &err) < 0) {
        assert(rate.period_ns == UNTOUCHED);
        return;
    }
    assert(rate.unit == RATE_NONE || (rate.amount > 0 && rate.period_ns > 0));
    units_format_rate(&rate, printed);
}

static void check_numbers(struct str text)
{
    char printed[UNITS_TEXT_MAX];
    double fraction = -1;
    int64_t number = UNTOUCHED;
    int64_t again = UNTOUCHED;
    struct error err;
    if (units_parse_percent(text, &fraction, &err) == 0)
        assert(fraction >= 0 && fraction <= 1e4);
    if (units_parse_int(text, &number, &err) < 0) {
        assert(number == UNTOUCHED);
        return;
    }
    snprintf(printed, sizeof(printed), "%lld", (long long)number);
    int rc = units_parse_int(str_from(printed), &again, &err);
    assert(rc == 0 && again == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    check_duration(text);
    check_money(text);
    check_rate(text);
    check_numbers(text);
    return 0;
}
