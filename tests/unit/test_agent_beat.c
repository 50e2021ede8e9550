#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "control/node.h"
#include "runtime/agent_beat.h"

#include <cmocka.h>

static void test_print(void **state)
{
    static const struct {
        struct beat_report report;
        const char *json;
    } cases[] = {
        { { .pool = "p",
            .state = BEAT_BOOTING,
            .seq = 1,
            .boot_id = "b",
            .slots = 4,
            .busy = BUSY_UNKNOWN,
            .idle_ns = -1,
            .version = "",
            .exit_status = -1 },
          "{\"pool\":\"p\",\"state\":\"booting\",\"seq\":1,\"boot_id\":\"b\",\"slots\":4}" },
        { { .pool = "p",
            .state = BEAT_READY,
            .seq = 1795342814123,
            .boot_id = "b",
            .slots = 4,
            .busy = 2,
            .idle_ns = 0,
            .served = 3,
            .served_mean_ns = 1500 * NS_PER_MS,
            .version = "v1",
            .exit_status = -1 },
          "{\"pool\":\"p\",\"state\":\"ready\",\"seq\":1795342814123,\"boot_id\":\"b\",\"slots\":4,"
          "\"busy\":2,\"idle_s\":0,\"served\":3,\"served_mean_s\":1.5,\"version\":\"v1\"}" },
        { { .pool = "p",
            .state = BEAT_DRAINED,
            .seq = 9,
            .boot_id = "b",
            .slots = 1,
            .busy = 0,
            .idle_ns = -1,
            .version = "",
            .exit_status = 137 },
          "{\"pool\":\"p\",\"state\":\"drained\",\"seq\":9,\"boot_id\":\"b\",\"slots\":1,\"busy\":"
          "0,"
          "\"exit_status\":137}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text = { 0 };
        beat_print(&cases[i].report, &text);
        assert_string_equal(buf_text(&text), cases[i].json);
        buf_release(&text);
    }
}

static void test_answer(void **state)
{
    static const struct {
        const char *text;
        int rc;
        bool drain, run;
        int64_t every_ns;
    } cases[] = {
        { "{\"known\":true,\"drain\":false,\"run\":true,\"every_s\":5}\n", 0, false, true,
          5 * NS_PER_S },
        { "{\"drain\":true,\"run\":false,\"every_s\":0.2}", 0, true, false, 200 * NS_PER_MS },
        { "{\"drain\":true,\"run\":false,\"every_s\":0}", 0, true, false, 10 * NS_PER_MS },
        { "{\"drain\":true,\"run\":false,\"every_s\":-1}", 0, true, false, 10 * NS_PER_MS },
        { "{\"drain\":true,\"run\":false,\"every_s\":1e300}", 0, true, false, 3600 * NS_PER_S },
        { "", MUSTER_E_INVALID, false, false, 0 },
        { "<html>", MUSTER_E_INVALID, false, false, 0 },
        { "{}", MUSTER_E_INVALID, false, false, 0 },
        { "[true,true,5]", MUSTER_E_INVALID, false, false, 0 },
        { "{\"drain\":0,\"run\":true,\"every_s\":5}", MUSTER_E_INVALID, false, false, 0 },
        { "{\"drain\":false,\"run\":\"true\",\"every_s\":5}", MUSTER_E_INVALID, false, false, 0 },
        { "{\"drain\":false,\"run\":true}", MUSTER_E_INVALID, false, false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct beat_answer answer = { .every_ns = -7 };
        int rc = beat_parse_answer(str_from(cases[i].text), &answer, NULL);
        if (rc != cases[i].rc)
            fail_msg("%s: %d", cases[i].text, rc);
        assert_int_equal(answer.every_ns, rc < 0 ? -7 : cases[i].every_ns);
        if (rc == 0) {
            assert_int_equal(answer.drain, cases[i].drain);
            assert_int_equal(answer.run, cases[i].run);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
