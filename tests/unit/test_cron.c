#include "base/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/timezone.h"
#include "tests/unit/utc.h"

struct occurrence {
    const char *name, *cron, *zone, *now, *last, *next;
};

static void check_instant(const struct occurrence *c, const char *what, int64_t ns,
                          const char *want)
{
    char text[CLOCK_TEXT_MAX] = "none";
    if (ns != INT64_MIN && ns != INT64_MAX)
        clock_format_wall(ns, text);
    if (strcmp(text, want) != 0)
        fail_msg("%s: %s is %s, not %s", c->name, what, text, want);
}

static void check_occurrence(const struct occurrence *c)
{
    struct cron cron;
    struct timezone *zone = NULL;
    struct error err = { 0 };
    assert_int_equal(cron_parse(str_from(c->cron), &cron, &err), 0);
    assert_int_equal(timezone_load(str_from(c->zone), &zone, &err), 0);
    int64_t now_ns = utc_seconds(c->now) * NS_PER_S;
    check_instant(c, "last", cron_last(&cron, zone, now_ns), c->last);
    check_instant(c, "next", cron_next(&cron, zone, now_ns), c->next);
    timezone_free(zone);
}

/* 2026-01-01 is a Thursday. */
static const struct occurrence plain[] = {
    { "on the minute", "0 8 * * *", "UTC", "2026-01-01T08:00:00Z", "2026-01-01T08:00:00Z",
      "2026-01-02T08:00:00Z" },
    { "a second before", "0 8 * * *", "UTC", "2026-01-01T07:59:59Z", "2025-12-31T08:00:00Z",
      "2026-01-01T08:00:00Z" },
    { "every five minutes", "*/5 * * * *", "UTC", "2026-01-01T08:03:10Z", "2026-01-01T08:00:00Z",
      "2026-01-01T08:05:00Z" },
    { "every minute", "* * * * *", "UTC", "2026-12-31T23:59:59Z", "2026-12-31T23:59:00Z",
      "2027-01-01T00:00:00Z" },
    { "working days", "0 8 * * 1-5", "UTC", "2026-01-03T12:00:00Z", "2026-01-02T08:00:00Z",
      "2026-01-05T08:00:00Z" },
    { "names", "30 6 * jan-mar mon,WED", "UTC", "2026-01-01T00:00:00Z", "2025-03-31T06:30:00Z",
      "2026-01-05T06:30:00Z" },
    { "seven is Sunday", "0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", "2025-12-28T00:00:00Z",
      "2026-01-04T00:00:00Z" },
    { "five to seven", "0 0 * * 5-7", "UTC", "2026-01-04T12:00:00Z", "2026-01-04T00:00:00Z",
      "2026-01-09T00:00:00Z" },
    { "day or weekday", "0 0 13 * fri", "UTC", "2026-01-10T00:00:00Z", "2026-01-09T00:00:00Z",
      "2026-01-13T00:00:00Z" },
    { "day or weekday, on", "0 0 13 * fri", "UTC", "2026-01-13T00:00:00Z", "2026-01-13T00:00:00Z",
      "2026-01-16T00:00:00Z" },
    { "a stepped star restricts nothing", "0 0 */2 * fri", "UTC", "2026-01-02T00:00:00Z",
      "2025-12-19T00:00:00Z", "2026-01-09T00:00:00Z" },
    { "the 31st", "0 0 31 * *", "UTC", "2026-02-01T00:00:00Z", "2026-01-31T00:00:00Z",
      "2026-03-31T00:00:00Z" },
    { "29 February", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2024-02-29T00:00:00Z",
      "2028-02-29T00:00:00Z" },
    { "30 February", "0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", "none", "none" },
    { "29 February over 2100", "0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", "2096-02-29T00:00:00Z",
      "none" },
    { "steps in a range", "10-40/15 * * * *", "UTC", "2026-01-01T00:30:00Z", "2026-01-01T00:25:00Z",
      "2026-01-01T00:40:00Z" },
    { "before 1970", "0 8 * * *", "UTC", "1969-12-31T12:00:00Z", "1969-12-31T08:00:00Z",
      "1970-01-01T08:00:00Z" },
};

static const struct occurrence zones[] = {
    { "Berlin winter", "0 8 * * *", "Europe/Berlin", "2026-01-01T00:00:00Z", "2025-12-31T07:00:00Z",
      "2026-01-01T07:00:00Z" },
    { "Berlin summer", "0 8 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-06-30T06:00:00Z",
      "2026-07-01T06:00:00Z" },
    { "Kolkata", "0 8 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", "2025-12-31T02:30:00Z",
      "2026-01-01T02:30:00Z" },
    { "Kathmandu", "15 8 * * *", "Asia/Kathmandu", "2026-01-01T02:30:00Z", "2026-01-01T02:30:00Z",
      "2026-01-02T02:30:00Z" },
    { "the weekday is local", "0 0 * * mon", "Pacific/Auckland", "2026-01-01T00:00:00Z",
      "2025-12-28T11:00:00Z", "2026-01-04T11:00:00Z" },
    { "past the stored transitions", "0 8 * * *", "Europe/Berlin", "2060-07-01T00:00:00Z",
      "2060-06-30T06:00:00Z", "2060-07-01T06:00:00Z" },
};

/* Berlin 2026: 02:00 jumps to 03:00 on 29 March (01:00 UTC); 03:00 goes back to 02:00 on 25 October
 * (01:00 UTC). New York: 8 March 07:00 UTC, 1 November 06:00 UTC. Lord Howe moves by half an hour. */
static const struct occurrence jumps[] = {
    { "Berlin spring, before", "30 2 * * *", "Europe/Berlin", "2026-03-29T00:59:59Z",
      "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z" },
    { "Berlin spring, at the jump", "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z",
      "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" },
    { "Berlin spring, after", "30 2 * * *", "Europe/Berlin", "2026-03-29T01:20:00Z",
      "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" },
    { "Berlin spring, 03:00 itself", "0 3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
      "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z" },
    { "Berlin spring, quarters", "*/15 * * * *", "Europe/Berlin", "2026-03-29T01:00:00Z",
      "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z" },
    { "Berlin autumn, before", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
      "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z" },
    { "Berlin autumn, between", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:00:00Z",
      "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" },
    { "Berlin autumn, second 02:30", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:30:00Z",
      "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" },
    { "Berlin autumn, 03:00", "0 3 * * *", "Europe/Berlin", "2026-10-25T00:59:59Z",
      "2026-10-24T01:00:00Z", "2026-10-25T02:00:00Z" },
    { "Berlin autumn, 02:00", "0 2 * * *", "Europe/Berlin", "2026-10-25T01:00:00Z",
      "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z" },
    { "New York spring", "30 2 * * *", "America/New_York", "2026-03-08T06:59:00Z",
      "2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z" },
    { "New York autumn, first 01:30", "30 1 * * *", "America/New_York", "2026-11-01T05:00:00Z",
      "2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z" },
    { "New York autumn, second 01:30", "30 1 * * *", "America/New_York", "2026-11-01T06:30:00Z",
      "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z" },
    { "Lord Howe spring", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T15:29:00Z",
      "2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z" },
    { "Lord Howe autumn", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T15:15:00Z",
      "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z" },
    { "Samoa left out a day", "0 12 * * *", "Pacific/Apia", "2011-12-30T09:59:59Z",
      "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z" },
};

static void check_all(const struct occurrence *cases, size_t len)
{
    for (size_t i = 0; i < len; i++)
        check_occurrence(&cases[i]);
}

static void occurrences_in_utc(void **state)
{
    (void)state;
    check_all(plain, sizeof(plain) / sizeof(plain[0]));
}

static void occurrences_in_zones(void **state)
{
    (void)state;
    check_all(zones, sizeof(zones) / sizeof(zones[0]));
}

static void occurrences_around_jumps(void **state)
{
    (void)state;
    check_all(jumps, sizeof(jumps) / sizeof(jumps[0]));
}

/* Walking forward through a year of Berlin meets what walking back meets. */
static void next_and_last_agree(void **state)
{
    (void)state;
    struct cron cron;
    struct timezone *zone = NULL;
    assert_int_equal(cron_parse(STR("20 * * * *"), &cron, NULL), 0);
    assert_int_equal(timezone_load(STR("Europe/Berlin"), &zone, NULL), 0);
    int64_t at_ns = utc_seconds("2026-01-01T00:00:00Z") * NS_PER_S;
    int64_t end_ns = utc_seconds("2027-01-01T00:00:00Z") * NS_PER_S;
    int count = 0;
    while ((at_ns = cron_next(&cron, zone, at_ns)) < end_ns) {
        assert_int_equal(cron_last(&cron, zone, at_ns), at_ns);
        int64_t next_ns = cron_next(&cron, zone, at_ns);
        assert_true(next_ns > at_ns);
        assert_int_equal(cron_last(&cron, zone, next_ns - 1), at_ns);
        count++;
    }
    /* 8760 hours; the 02:20 of March comes at the jump, the second 02:20 of October not at all. */
    assert_int_equal(count, 8760);
    timezone_free(zone);
}

static void ends_of_time(void **state)
{
    (void)state;
    struct cron cron;
    assert_int_equal(cron_parse(STR("0 0 1 1 *"), &cron, NULL), 0);
    assert_int_equal(cron_next(&cron, NULL, INT64_MAX), INT64_MAX);
    assert_int_equal(cron_last(&cron, NULL, INT64_MIN), INT64_MIN);
}

static void fields_as_bits(void **state)
{
    (void)state;
    struct cron cron;
    assert_int_equal(cron_parse(STR(" 0,30  0-23/6 1 * SUN,1-2 "), &cron, NULL), 0);
    assert_true(cron.minutes == (UINT64_C(1) | UINT64_C(1) << 30));
    assert_int_equal(cron.hours, 1 | 1 << 6 | 1 << 12 | 1 << 18);
    assert_int_equal(cron.days, 2);
    assert_int_equal(cron.months, 0x1ffe);
    assert_int_equal(cron.weekdays, 7);
    assert_false(cron.any_day);
    assert_false(cron.any_weekday);
    assert_string_equal(cron.text, "0,30  0-23/6 1 * SUN,1-2");
}

static void refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "five fields" },
        { "0 8 * *", "five fields" },
        { "0 8 * * * *", "five fields" },
        { "@daily", "five fields" },
        { "60 8 * * *", "'60' is no minute (0 to 59)" },
        { "0 24 * * *", "'24' is no hour (0 to 23)" },
        { "0 8 0 * *", "'0' is no day of the month (1 to 31)" },
        { "0 8 * 13 *", "'13' is no month (1 to 12, or a name of three letters)" },
        { "0 8 * * 8", "'8' is no day of the week" },
        { "0 8 * * monday", "'monday' is no day of the week" },
        { "0 8 * jab *", "'jab' is no month" },
        { "0 8 * * 5-1", "'5-1': the range of the day of the week ends before it begins" },
        { "5/10 * * * *", "write 5-59/10 or */10" },
        { "*/0 * * * *", "'/0' is not a step" },
        { "*/ * * * *", "'/' is not a step" },
        { "*/100 * * * *", "'/100' is not a step" },
        { "*/x * * * *", "'/x' is not a step" },
        { "1- * * * *", "'' is no minute" },
        { "-5 * * * *", "'' is no minute" },
        { "1,,2 * * * *", "'' is no minute" },
        { "1, * * * *", "'' is no minute" },
        { "1-2-3 * * * *", "'2-3' is no minute" },
        { "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19 * * * *", "longer than 47" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cron cron = { .minutes = 77 };
        struct error err = { 0 };
        assert_int_equal(cron_parse(str_from(cases[i].text), &cron, &err), MUSTER_E_INVALID);
        if (!strstr(err.text, cases[i].says))
            fail_msg("'%s': %s", cases[i].text, err.text);
        assert_int_equal(cron.minutes, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(occurrences_in_utc),
        cmocka_unit_test(occurrences_in_zones),
        cmocka_unit_test(occurrences_around_jumps),
        cmocka_unit_test(next_and_last_agree),
        cmocka_unit_test(ends_of_time),
        cmocka_unit_test(fields_as_bits),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
