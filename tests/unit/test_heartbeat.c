#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "status/heartbeat.h"

#include <cmocka.h>

static void whole_heartbeat(void **state)
{
    (void)state;
    struct heartbeat beat;
    char pool[POOL_NAME_MAX];
    struct error err = { 0 };
    struct str json = STR(
        "{\"pool\": \"render\", \"state\": \"draining\", \"seq\": 17, \"slots\": 4,"
        " \"busy\": 2, \"idle_s\": 1.5, \"served\": 3, \"served_mean_s\": 12.5,"
        " \"version\": \"2026.11.3\", \"interrupted\": true, \"rebalance\": true, \"later\": {}}");
    assert_int_equal(heartbeat_parse(json, "n1", &beat, pool, &err), 0);
    assert_string_equal(beat.node, "n1");
    assert_string_equal(pool, "render");
    assert_int_equal(beat.state, BEAT_DRAINING);
    assert_int_equal(beat.seq, 17);
    assert_int_equal(beat.slots, 4);
    assert_int_equal(beat.busy, 2);
    assert_true(beat.idle_ns == 1500 * NS_PER_MS);
    assert_true(beat.served_mean_ns == 12500 * NS_PER_MS);
    assert_float_equal(beat.served, 3, 1e-9);
    assert_string_equal(beat.version, "2026.11.3");
    assert_true(beat.interrupted);
    assert_true(beat.rebalance);
}

static void what_is_not_told_is_unknown(void **state)
{
    static const char *const texts[] = {
        "{\"state\":\"ready\",\"seq\":1}",
        "{\"state\":\"ready\",\"seq\":1,\"busy\":null,\"idle_s\":null,\"version\":null}",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct heartbeat beat;
        char pool[POOL_NAME_MAX];
        assert_int_equal(heartbeat_parse(str_from(texts[i]), "n1", &beat, pool, NULL), 0);
        assert_int_equal(beat.busy, BUSY_UNKNOWN);
        assert_int_equal(beat.idle_ns, -1);
        assert_int_equal(beat.slots, 0);
        assert_string_equal(beat.version, "");
        assert_string_equal(pool, "");
        assert_false(beat.interrupted);
        assert_false(beat.rebalance);
    }
}

static void bad_ones_are_refused(void **state)
{
    static const struct {
        const char *json, *text; /* a part of the error's text */
    } cases[] = {
        { "", "JSON" },
        { "[]", "object" },
        { "7", "object" },
        { "{\"seq\":1}", "state: must be" },
        { "{\"state\":\"dead\",\"seq\":1}", "state: must be" },
        { "{\"state\":7,\"seq\":1}", "state: must be" },
        { "{\"state\":\"ready\"}", "seq: required" },
        { "{\"state\":\"ready\",\"seq\":0}", "seq: required" },
        { "{\"state\":\"ready\",\"seq\":-1}", "seq: must be from 0" },
        { "{\"state\":\"ready\",\"seq\":1.5}", "seq: not a whole" },
        { "{\"state\":\"ready\",\"seq\":\"1\"}", "seq: not a number" },
        { "{\"state\":\"ready\",\"seq\":1e300}", "seq: must be" },
        { "{\"state\":\"ready\",\"seq\":1,\"busy\":-1}", "busy: must be" },
        { "{\"state\":\"ready\",\"seq\":1,\"busy\":1.5}", "busy: not a whole" },
        { "{\"state\":\"ready\",\"seq\":1,\"busy\":true}", "busy: not a number" },
        { "{\"state\":\"ready\",\"seq\":1,\"busy\":5,\"slots\":4}", "busy: more than slots" },
        { "{\"state\":\"ready\",\"seq\":1,\"slots\":1e9}", "slots: must be" },
        { "{\"state\":\"ready\",\"seq\":1,\"idle_s\":-0.1}", "idle_s: must be" },
        { "{\"state\":\"ready\",\"seq\":1,\"idle_s\":1e30}", "idle_s: must be" },
        { "{\"state\":\"ready\",\"seq\":1,\"served\":\"x\"}", "served: not a number" },
        { "{\"state\":\"ready\",\"seq\":1,\"served_mean_s\":[]}", "served_mean_s: not" },
        { "{\"state\":\"ready\",\"seq\":1,\"version\":1}", "version: not a text" },
        { "{\"state\":\"ready\",\"seq\":1,\"version\":\"a\\nb\"}", "version: has characters" },
        { "{\"state\":\"ready\",\"seq\":1,\"version\":\"123456789012345678901234\"}",
          "version: longer than 23" },
        { "{\"state\":\"ready\",\"seq\":1,\"pool\":{}}", "pool: not a text" },
        { "{\"state\":\"ready\",\"seq\":1,\"interrupted\":1}", "interrupted: not true" },
        { "{\"state\":\"ready\",\"seq\":1} x", "after the JSON" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct heartbeat beat = { .seq = 99 };
        char pool[POOL_NAME_MAX] = "untouched";
        struct error err = { 0 };
        int rc = heartbeat_parse(str_from(cases[i].json), "n1", &beat, pool, &err);
        if (rc >= 0 || !strstr(err.text, cases[i].text))
            fail_msg("%s: %d '%s'", cases[i].json, rc, err.text);
        assert_int_equal(beat.seq, 99);
        assert_string_equal(pool, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_heartbeat),
        cmocka_unit_test(what_is_not_told_is_unknown),
        cmocka_unit_test(bad_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
