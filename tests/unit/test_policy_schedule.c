/* schedule: within its hours or not, in a zone's own time, also where the clock is changed. */
#include "policy_fixture.h"
#include "utc.h"

struct moment {
    const char *name;
    int64_t wall_ns;
    int64_t slots;
    const char *text;
};

static void check(const char *from, const char *to, const char *zone, const struct moment *m)
{
    struct ages ages = { 0 };
    void *options = policy_options(&policy_schedule, "from", from, "to", to, "timezone", zone,
                                   "slots", "40", NULL);
    struct observation seen = policy_seen(&ages);
    seen.wall_ns = m->wall_ns;
    seen.signal_known = false; /* it holds while the queue is unknown, too */
    struct proposal p = policy_propose(&policy_schedule, options, &seen);
    policy_options_free(&policy_schedule, options);
    if (p.slots != m->slots || (m->text && !strstr(p.text, m->text)))
        fail_msg("%s: %s", m->name, p.text);
}

#define UTC(text) (utc_seconds(text) * INT64_C(1000000000))

static void check_all(const char *from, const char *to, const char *zone,
                      const struct moment *moments, size_t len)
{
    for (size_t i = 0; i < len; i++)
        check(from, to, zone, &moments[i]);
}

static void office_hours(void **state)
{
    (void)state;
    const struct moment moments[] = {
        { "a second early", UTC("2026-06-01T05:59:59Z"), 0, "it begins again in 1s" },
        { "Monday at eight", UTC("2026-06-01T06:00:00Z"), 40, "for another 10h" },
        { "a second to six", UTC("2026-06-01T15:59:59Z"), 40, "for another 1s" },
        { "Monday at six", UTC("2026-06-01T16:00:00Z"), 0, "it begins again in 14h" },
        { "Friday evening", UTC("2026-06-05T20:00:00Z"), 0, NULL },
        { "Saturday noon", UTC("2026-06-06T10:00:00Z"), 0, NULL },
        { "Monday again", UTC("2026-06-08T06:00:00Z"), 40, NULL },
        { "in winter, a second early", UTC("2026-01-05T06:59:59Z"), 0, NULL },
        { "in winter, at eight", UTC("2026-01-05T07:00:00Z"), 40, NULL },
    };
    check_all("0 8 * * 1-5", "0 18 * * 1-5", "Europe/Berlin", moments,
              sizeof(moments) / sizeof(moments[0]));
}

static void over_midnight(void **state)
{
    (void)state;
    const struct moment moments[] = {
        { "before", UTC("2026-06-01T21:59:59Z"), 0, NULL },
        { "in the evening", UTC("2026-06-01T22:00:00Z"), 40, NULL },
        { "at midnight", UTC("2026-06-02T00:00:00Z"), 40, NULL },
        { "early", UTC("2026-06-02T05:59:59Z"), 40, NULL },
        { "in the morning", UTC("2026-06-02T06:00:00Z"), 0, NULL },
    };
    check_all("0 22 * * *", "0 6 * * *", "UTC", moments, sizeof(moments) / sizeof(moments[0]));
}

/* 29 March 2026: at 01:00Z the clock goes from 02:00 to 03:00. */
static void the_clock_goes_forward(void **state)
{
    (void)state;
    const struct moment night[] = {
        { "a night of seven hours", UTC("2026-03-28T21:00:00Z"), 40, "for another 7h" },
        { "a second to six", UTC("2026-03-29T03:59:59Z"), 40, NULL },
        { "six", UTC("2026-03-29T04:00:00Z"), 0, NULL },
    };
    check_all("0 22 * * *", "0 6 * * *", "Europe/Berlin", night, sizeof(night) / sizeof(night[0]));
    const struct moment gap[] = {
        { "before the gap", UTC("2026-03-29T00:59:59Z"), 40, NULL },
        { "half past two never comes: it ends as the clock jumps", UTC("2026-03-29T01:00:00Z"), 0,
          NULL },
    };
    check_all("0 1 * * *", "30 2 * * *", "Europe/Berlin", gap, sizeof(gap) / sizeof(gap[0]));
}

/* 25 October 2026: at 01:00Z the clock goes from 03:00 back to 02:00. */
static void the_clock_goes_back(void **state)
{
    (void)state;
    const struct moment moments[] = {
        { "before", UTC("2026-10-25T00:29:59Z"), 0, NULL },
        { "half past two, the first", UTC("2026-10-25T00:30:00Z"), 40, NULL },
        { "a quarter past two, the second", UTC("2026-10-25T01:15:00Z"), 40, NULL },
        { "a second to five", UTC("2026-10-25T03:59:59Z"), 40, NULL },
        { "five", UTC("2026-10-25T04:00:00Z"), 0, NULL },
    };
    check_all("30 2 * * *", "0 5 * * *", "Europe/Berlin", moments,
              sizeof(moments) / sizeof(moments[0]));
}

static void odd_ones(void **state)
{
    (void)state;
    const struct moment together = { "where both fall together the end wins",
                                     UTC("2026-06-01T12:00:00Z"), 0, NULL };
    check("0 8 * * *", "0 8 * * *", "UTC", &together);
    const struct moment leap = { "a day in four years", UTC("2028-02-29T12:00:00Z"), 40, NULL };
    check("0 0 29 2 *", "0 0 1 3 *", "UTC", &leap);
    const struct moment never = { "a day that does not come", UTC("2026-03-01T12:00:00Z"), 0,
                                  "it begins again in never" };
    check("0 0 31 2 *", "0 0 1 3 *", "UTC", &never);
    const struct moment epoch = { "long ago", 0, 0, NULL };
    check("0 8 * * 1-5", "0 18 * * 1-5", "UTC", &epoch);
}

static void settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_false(policy_schedule.needs_signal);
    assert_int_equal(policy_options_try(&policy_schedule, &err, "from", "0 8 * * *", "to",
                                        "0 9 * * *", "slots", "1", NULL),
                     0);
    assert_true(policy_options_try(&policy_schedule, &err, "from", "0 25 * * *", NULL) < 0);
    assert_true(policy_options_try(&policy_schedule, &err, "timezone", "Mars/Olympus", NULL) < 0);
    assert_true(policy_options_try(&policy_schedule, &err, "slots", "-1", NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(office_hours),
        cmocka_unit_test(over_midnight),
        cmocka_unit_test(the_clock_goes_forward),
        cmocka_unit_test(the_clock_goes_back),
        cmocka_unit_test(odd_ones),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests_name("policy schedule", tests, NULL, NULL);
}
