#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MINUTE    (60 * NS_PER_S)
#define HOUR      (60 * MINUTE)
#define DAY       (24 * HOUR)
#define UNTOUCHED 4711

/* What every parser must refuse, at least: none of it has a number and a unit. */
static const char *const junk[] = {
    "",    " ",   "-",   "+",   ".",   "x",  "1x",    "--1", "1 2",   "0x10",
    "1e3", "inf", "nan", "NaN", "1,5", "\n", "1.2.3", "٣",   "1\xff",
};

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        { "0s", 0 },
        { "500ms", 500 * NS_PER_MS },
        { "30s", 30 * NS_PER_S },
        { " 5m ", 5 * MINUTE },
        { "2h", 2 * HOUR },
        { "1d", DAY },
        { "1h30m", 90 * MINUTE },
        { "1d2h3m4s5ms6us7ns", DAY + 2 * HOUR + 3 * MINUTE + 4005006007 },
        { "1.5h", 90 * MINUTE },
        { ".5s", 500 * NS_PER_MS },
        { "2.s", 2 * NS_PER_S },
        { "never", UNITS_NEVER },
        { "104166d", INT64_C(104166) * DAY },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = UNTOUCHED;
        if (units_parse_duration(str_from(cases[i].text), &ns, NULL) != 0 || ns != cases[i].ns)
            fail_msg("%s: %lld", cases[i].text, (long long)ns);
    }
}

static void bad_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        { "30", MUSTER_E_INVALID },
        { "-5s", MUSTER_E_INVALID },
        { "5 m", MUSTER_E_INVALID },
        { "1h 30m", MUSTER_E_INVALID },
        { "5M", MUSTER_E_INVALID },
        { "1w", MUSTER_E_INVALID },
        { "Never", MUSTER_E_INVALID },
        { "s", MUSTER_E_INVALID },
        { "1h30", MUSTER_E_INVALID },
        { "104168d", MUSTER_E_RANGE },
        { "1e9s", MUSTER_E_INVALID },
        { "5s-", MUSTER_E_INVALID },
        { "99999999999999999999s", MUSTER_E_RANGE },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = { 0 };
        int64_t ns = UNTOUCHED;
        int rc = units_parse_duration(str_from(cases[i].text), &ns, &err);
        if (rc != cases[i].code || err.code != rc || ns != UNTOUCHED ||
            !strstr(err.text, cases[i].text))
            fail_msg("%s: %d %s", cases[i].text, rc, err.text);
    }
}

/* More digits than a double holds: the range is what is wrong with them. */
static void endless_digits(void **state)
{
    (void)state;
    char text[600];
    memset(text, '9', sizeof(text));
    memcpy(text + sizeof(text) - 2, "s", 2);
    int64_t ns = UNTOUCHED;
    assert_int_equal(units_parse_duration(str_from(text), &ns, NULL), MUSTER_E_RANGE);
    memset(text, '0', sizeof(text) - 2);
    text[1] = '.';
    assert_int_equal(units_parse_duration(str_from(text), &ns, NULL), 0);
    assert_int_equal(ns, 0);
    memset(text, '9', sizeof(text) - 2);
    text[sizeof(text) - 2] = '\0';
    assert_int_equal(units_parse_int(str_from(text), &ns, NULL), MUSTER_E_RANGE);
}

static void money(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t usd_micro;
    } cases[] = {
        { "0.034 USD/h", 34000 }, { "25 USD/h", 25000000 },
        { "25 USD", 25000000 },   { "25USD/h", 25000000 },
        { "0 USD", 0 },           { "0.000001 USD/h", 1 },
        { "0.29 USD/h", 290000 }, { "9000000000000 USD", INT64_C(9000000000000000000) },
        { "1.1 USD", 1100000 },
    };
    static const char *const bad[] = {
        "25", "-1 USD", "25 EUR", "$25", "25 usd", "USD", "9000000000001 USD", "25 USD/m", "1e3 USD"
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = UNTOUCHED;
        if (units_parse_money(str_from(cases[i].text), &got, NULL) != 0 ||
            got != cases[i].usd_micro)
            fail_msg("%s: %lld", cases[i].text, (long long)got);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t got = UNTOUCHED;
        struct error err = { 0 };
        if (units_parse_money(str_from(bad[i]), &got, &err) != MUSTER_E_INVALID || got != UNTOUCHED)
            fail_msg("%s: %lld", bad[i], (long long)got);
        assert_non_null(strstr(err.text, "USD/h"));
    }
}

static void percents(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double fraction;
    } cases[] = {
        { "20%", 0.2 }, { "12.5%", 0.125 }, { "0%", 0 }, { "100 %", 1 }, { "1000000%", 10000 },
    };
    static const char *const bad[] = { "20", "%", "-1%", "20%%", "20 percent", "1000001%" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double got = UNTOUCHED;
        if (units_parse_percent(str_from(cases[i].text), &got, NULL) != 0 ||
            fabs(got - cases[i].fraction) > 1e-12)
            fail_msg("%s: %g", cases[i].text, got);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double got = UNTOUCHED;
        if (units_parse_percent(str_from(bad[i]), &got, NULL) != MUSTER_E_INVALID ||
            islessgreater(got, UNTOUCHED))
            fail_msg("%s: %g", bad[i], got);
    }
}

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        int64_t value;
    } cases[] = {
        { "0", 0, 0 },
        { " 42 ", 0, 42 },
        { "-7", 0, -7 },
        { "+7", 0, 7 },
        { "007", 0, 7 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775808", 0, INT64_MIN },
        { "9223372036854775808", MUSTER_E_RANGE, UNTOUCHED },
        { "-9223372036854775809", MUSTER_E_RANGE, UNTOUCHED },
        { "99999999999999999999x", MUSTER_E_INVALID, UNTOUCHED },
        { "lots", MUSTER_E_INVALID, UNTOUCHED },
        { "1.0", MUSTER_E_INVALID, UNTOUCHED },
        { "1_000", MUSTER_E_INVALID, UNTOUCHED },
        { "- 1", MUSTER_E_INVALID, UNTOUCHED },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = UNTOUCHED;
        int rc = units_parse_int(str_from(cases[i].text), &got, NULL);
        if (rc != cases[i].code || got != cases[i].value)
            fail_msg("%s: %d %lld", cases[i].text, rc, (long long)got);
    }
}

static void rates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct rate rate;
        const char *again; /* printed */
    } cases[] = {
        { "100 slots / 1m", { RATE_SLOTS, 100, MINUTE }, "100 slots / 1m" },
        { "1slot/30s", { RATE_SLOTS, 1, 30 * NS_PER_S }, "1 slots / 30s" },
        { "20% / 1m", { RATE_PERCENT, 0.2, MINUTE }, "20% / 1m" },
        { "7% / 1m", { RATE_PERCENT, 0.07, MINUTE }, "7% / 1m" },
        { "10 nodes / 90s", { RATE_NODES, 10, 90 * NS_PER_S }, "10 nodes / 1m30s" },
        { "0.5 node / 1h", { RATE_NODES, 0.5, HOUR }, "0.5 nodes / 1h" },
        { "1234567 slots / 1d", { RATE_SLOTS, 1234567, DAY }, "1234567 slots / 1d" },
        { "1000000000 slots/1s", { RATE_SLOTS, 1e9, NS_PER_S }, "1000000000 slots / 1s" },
        { "unlimited", { RATE_NONE, 0, 0 }, "unlimited" },
    };
    static const char *const bad[] = {
        "100 slots",
        "100 / 1m",
        "slots / 1m",
        "100 slots / 1",
        "100 slots / 0s",
        "0 slots / 1m",
        "100 slots / never",
        "-1 slots / 1m",
        "100 jobs / 1m",
        "100 slots / 1m / 1m",
        "/",
        "1%/",
        "1000000001 slots / 1m",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rate got = { RATE_NONE, UNTOUCHED, UNTOUCHED };
        char text[UNITS_TEXT_MAX];
        if (units_parse_rate(str_from(cases[i].text), &got, NULL) != 0 ||
            got.unit != cases[i].rate.unit || fabs(got.amount - cases[i].rate.amount) > 1e-9 ||
            got.period_ns != cases[i].rate.period_ns)
            fail_msg("%s", cases[i].text);
        assert_string_equal(units_format_rate(&got, text), cases[i].again);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct rate got = { RATE_NONE, UNTOUCHED, UNTOUCHED };
        if (units_parse_rate(str_from(bad[i]), &got, NULL) != MUSTER_E_INVALID ||
            got.period_ns != UNTOUCHED)
            fail_msg("%s", bad[i]);
    }
}

static void junk_is_refused_by_all(void **state)
{
    (void)state;
    for (size_t i = 0; i <= COUNT(junk); i++) {
        /* The last is a borrowed text of nothing at all. */
        struct str text = i < COUNT(junk) ? str_from(junk[i]) : (struct str){ NULL, 0 };
        int64_t whole = UNTOUCHED;
        double fraction = UNTOUCHED;
        struct rate rate = { .period_ns = UNTOUCHED };
        struct error err;
        if (units_parse_duration(text, &whole, &err) == 0 ||
            units_parse_money(text, &whole, &err) == 0 ||
            units_parse_percent(text, &fraction, &err) == 0 ||
            units_parse_rate(text, &rate, &err) == 0 || units_parse_int(text, &whole, &err) == 0 ||
            whole != UNTOUCHED || rate.period_ns != UNTOUCHED)
            fail_msg("'%.*s' was taken", (int)text.len, text.ptr);
    }
}

static void durations_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        { 0, "0s" },
        { 1, "1ns" },
        { 999, "999ns" },
        { 41999, "41us" },
        { -41000, "-41us" },
        { 1600, "1.6us" },
        { 9990 * NS_PER_US, "9.9ms" },
        { 10999 * NS_PER_US, "10ms" },
        { 41 * NS_PER_MS, "41ms" },
        { 999 * NS_PER_MS + 999999, "999ms" },
        { NS_PER_S, "1s" },
        { 1500 * NS_PER_MS, "1.5s" },
        { 59 * NS_PER_S + 990 * NS_PER_MS, "59.9s" },
        { MINUTE, "1m" },
        { 2 * MINUTE + 10 * NS_PER_S, "2m10s" },
        { HOUR, "1h" },
        { 90 * MINUTE + 20 * NS_PER_S, "1h30m" },
        { 26 * HOUR, "1d2h" },
        { -90 * NS_PER_S, "-1m30s" },
        { -5 * NS_PER_MS, "-5ms" },
        { UNITS_NEVER, "never" },
        { UNITS_NEVER - 1, "106751d23h" },
        { INT64_MIN, "-106751d23h" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[UNITS_TEXT_MAX];
        assert_string_equal(units_format_duration(cases[i].ns, text), cases[i].text);
    }
}

static void money_as_people_say_it(void **state)
{
    (void)state;
    static const struct {
        int64_t usd_micro;
        const char *price, *money;
    } cases[] = {
        { 0, "0.00 USD/h", "$0.00" },
        { 1, "0.000001 USD/h", "$0.000001" },
        { 4200, "0.0042 USD/h", "$0.0042" },
        { 34000, "0.034 USD/h", "$0.03" },
        { 1230000, "1.23 USD/h", "$1.23" },
        { 1000000, "1.00 USD/h", "$1.00" },
        { 999995, "0.999995 USD/h", "$1.00" },
        { 25 * 1000000, "25.00 USD/h", "$25.00" },
        { -500000, "-0.50 USD/h", "-$0.50" },
        { -1, "-0.000001 USD/h", "-$0.000001" },
        { INT64_MIN, "-9223372036854.775808 USD/h", "-$9223372036854.78" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[UNITS_TEXT_MAX];
        assert_string_equal(units_format_price(cases[i].usd_micro, text), cases[i].price);
        assert_string_equal(units_format_money(cases[i].usd_micro, text), cases[i].money);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(bad_durations),
        cmocka_unit_test(endless_digits),
        cmocka_unit_test(money),
        cmocka_unit_test(percents),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(rates),
        cmocka_unit_test(junk_is_refused_by_all),
        cmocka_unit_test(durations_as_people_say_them),
        cmocka_unit_test(money_as_people_say_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
