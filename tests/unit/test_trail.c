#include "control/trail.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The sentence of a step with one value. */
static const char *told(const char *why, struct trail_value value, struct buf *text)
{
    struct trail trail = { 0 };
    trail_step(&trail, STAGE_DECIDE, "who", 0, 0, why, value);
    buf_clear(text);
    trail_step_text(&trail.steps[0], text);
    return buf_text(text);
}

static void values_as_people_read_them(void **state)
{
    (void)state;
    const struct {
        struct trail_value value;
        const char *text;
    } cases[] = {
        { TRAIL_COUNT("v", 0), "0" },
        { TRAIL_COUNT("v", 6), "6" },
        { TRAIL_COUNT("v", -1), "-1" },
        { TRAIL_COUNT("v", 1234567), "1234567" },
        { TRAIL_COUNT("v", 1e12), "1000000000000" },
        { TRAIL_COUNT("v", 1e18), "1e+18" },
        { TRAIL_COUNT("v", 13.3333), "13.3" },
        { TRAIL_COUNT("v", 0.0123456), "0.0123" },
        { TRAIL_COUNT("v", NAN), "nan" },
        { TRAIL_COUNT("v", INFINITY), "inf" },
        { TRAIL_DURATION("v", 0), "0s" },
        { TRAIL_DURATION("v", 90e9), "1m30s" },
        { TRAIL_DURATION("v", (double)INT64_MAX), "never" },
        { TRAIL_DURATION("v", 1e300), "never" },
        { TRAIL_DURATION("v", NAN), "0s" },
        { TRAIL_PERCENT("v", 0.4), "40%" },
        { TRAIL_PERCENT("v", 0.125), "12.5%" },
        { TRAIL_MONEY("v", 34000), "0.034 USD/h" },
    };
    struct buf text = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(told("{v}", cases[i].value, &text), cases[i].text);
    buf_release(&text);
}

static void placeholders(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
    } cases[] = {
        { "", "" },
        { "no value at all", "no value at all" },
        { "{n}", "7" },
        { "a {n} b {n} c", "a 7 b 7 c" },
        { "{unknown} stays", "{unknown} stays" },
        { "an open { brace", "an open { brace" },
        { "an open {n", "an open {n" },
        { "empty {}", "empty {}" },
        { "{ {n} }", "{ 7 }" },
        { "{{n}}", "{7}" },
        { "100%d %s", "100%d %s" }, /* a sentence is no format */
    };
    struct buf text = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(told(cases[i].why, TRAIL_COUNT("n", 7), &text), cases[i].text);
    buf_release(&text);
}

static void lines(void **state)
{
    (void)state;
    struct trail trail = { 0 };
    trail_step(&trail, STAGE_OBSERVE, "signal", 2, 2, "{n} waiting", TRAIL_COUNT("n", 100));
    trail_step(&trail, STAGE_DECIDE, "backlog", 0, 6, "{w} / {p}", TRAIL_COUNT("w", 100),
               TRAIL_COUNT("p", 20));
    trail_about(&trail, STAGE_PLACE, "drain", "i-1", "{busy} busy", TRAIL_COUNT("busy", 0));
    trail_step(&trail, STAGE_GATE, "launch", 0, 0, "no values");
    struct buf text = { 0 };
    trail_text(&trail, &text);
    assert_string_equal(buf_text(&text), "observe  signal         2 -> 2  100 waiting\n"
                                         "decide   backlog        0 -> 6  100 / 20\n"
                                         "place    drain          i-1: 0 busy\n"
                                         "gate     launch         0 -> 0  no values\n");
    buf_release(&text);
}

static void as_json(void **state)
{
    (void)state;
    struct trail trail = { 0 };
    trail_step(&trail, STAGE_GUARD, "pace-in", 9, 8, "{step} in {period}", TRAIL_COUNT("step", 1),
               TRAIL_DURATION("period", 60e9), TRAIL_MONEY("price", 34000),
               TRAIL_PERCENT("share", 0.4), TRAIL_COUNT("odd", NAN));
    trail_about(&trail, STAGE_PLACE, "buy", "local/\"x\"", "quoted");
    struct buf text = { 0 };
    struct json_out j = json_begin(&text);
    json_open(&j, NULL, '{');
    trail_json(&trail, &j, "trail");
    json_close(&j, '}');
    assert_string_equal(
        buf_text(&text),
        "{\"trail\":[{\"stage\":\"guard\",\"who\":\"pace-in\",\"before\":9,\"after\":8,"
        "\"why\":\"1 in 1m\",\"values\":{\"step\":1,\"period\":60,\"price\":0.034,\"share\":0.4,"
        "\"odd\":null}},"
        "{\"stage\":\"place\",\"who\":\"buy\",\"subject\":\"local/\\\"x\\\"\",\"before\":0,"
        "\"after\":0,\"why\":\"quoted\",\"values\":{}}]}");
    buf_release(&text);
}

static void bounded(void **state)
{
    (void)state;
    struct trail trail = { 0 };
    for (int i = 0; i < TRAIL_STEPS_MAX + 5; i++)
        trail_step(&trail, STAGE_GATE, "who", i, i, "why");
    assert_int_equal(trail.len, TRAIL_STEPS_MAX);
    assert_int_equal(trail.dropped, 5);
    struct buf text = { 0 };
    trail_text(&trail, &text);
    assert_non_null(strstr(buf_text(&text), "... and 5 more\n"));
    trail_clear(&trail);
    assert_int_equal(trail.len, 0);
    assert_int_equal(trail.dropped, 0);
    /* Values and subjects past their ends. */
    char subject[200];
    memset(subject, 's', sizeof(subject) - 1);
    subject[sizeof(subject) - 1] = '\0';
    trail_about(&trail, STAGE_GATE, "who", subject, "why", TRAIL_COUNT("a", 1), TRAIL_COUNT("b", 2),
                TRAIL_COUNT("c", 3), TRAIL_COUNT("d", 4), TRAIL_COUNT("e", 5), TRAIL_COUNT("f", 6),
                TRAIL_COUNT("g", 7), TRAIL_COUNT("h", 8), TRAIL_COUNT("i", 9));
    assert_int_equal(trail.steps[0].values_len, TRAIL_VALUES_MAX);
    assert_int_equal(strlen(trail.steps[0].subject), TRAIL_SUBJECT_MAX - 1);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_as_people_read_them),
        cmocka_unit_test(placeholders),
        cmocka_unit_test(lines),
        cmocka_unit_test(as_json),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
