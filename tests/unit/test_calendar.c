#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void known_days(void **state)
{
    static const struct {
        int64_t year;
        int month, day;
        int64_t days;
        int weekday;
    } cases[] = {
        { 1970, 1, 1, 0, 4 },        { 1969, 12, 31, -1, 3 },     { 2000, 2, 29, 11016, 2 },
        { 2000, 3, 1, 11017, 3 },    { 1900, 3, 1, -25508, 4 },   { 2026, 11, 22, 20779, 0 },
        { 1600, 2, 29, -135081, 2 }, { 2400, 12, 31, 157419, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t days = calendar_days(cases[i].year, cases[i].month, cases[i].day);
        struct civil back = calendar_civil(days);
        assert_int_equal(days, cases[i].days);
        assert_int_equal(calendar_weekday(days), cases[i].weekday);
        assert_int_equal(back.year, cases[i].year);
        assert_int_equal(back.month, cases[i].month);
        assert_int_equal(back.day, cases[i].day);
    }
}

/* Every day of 800 years follows the one before it. */
static void days_follow_each_other(void **state)
{
    (void)state;
    struct civil last = calendar_civil(calendar_days(1599, 12, 31));
    for (int64_t days = calendar_days(1600, 1, 1); last.year < 2400; days++) {
        struct civil date = calendar_civil(days);
        bool same_month = last.day < calendar_month_days(last.year, last.month);
        assert_int_equal(date.day, same_month ? last.day + 1 : 1);
        assert_int_equal(date.month, same_month ? last.month : last.month % 12 + 1);
        assert_int_equal(calendar_days(date.year, date.month, date.day), days);
        last = date;
    }
}

static void leap_years(void **state)
{
    (void)state;
    assert_true(calendar_leap(2024));
    assert_false(calendar_leap(2026));
    assert_false(calendar_leap(2100));
    assert_true(calendar_leap(2000));
    assert_int_equal(calendar_month_days(2024, 2), 29);
    assert_int_equal(calendar_month_days(2100, 2), 28);
}

static void floor_division(void **state)
{
    (void)state;
    assert_int_equal(calendar_floor_div(7, 3), 2);
    assert_int_equal(calendar_floor_div(-7, 3), -3);
    assert_int_equal(calendar_floor_div(-6, 3), -2);
    assert_int_equal(calendar_floor_div(INT64_MIN, 1), INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(days_follow_each_other),
        cmocka_unit_test(leap_years),
        cmocka_unit_test(floor_division),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
