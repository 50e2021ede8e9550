#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void wall_times(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ns;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { NS_PER_S - 1, "1970-01-01T00:00:00Z" },
        { INT64_C(1795340414) * NS_PER_S, "2026-11-22T09:40:14Z" },
        { INT64_C(2147483648) * NS_PER_S, "2038-01-19T03:14:08Z" },
        { -NS_PER_S, "1969-12-31T23:59:59Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { INT64_MAX, "2262-04-11T23:47:16Z" },
        { INT64_MIN, "1677-09-21T00:12:43Z" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_TEXT_MAX];
        clock_format_wall(cases[i].wall_ns, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void system_clock_goes_on(void **state)
{
    (void)state;
    int64_t before = clock_system.boot_ns(clock_system.ctx);
    int64_t after = clock_system.boot_ns(clock_system.ctx);
    assert_true(before > 0);
    assert_true(after >= before);
    int64_t wall_s = clock_system.wall_ns(clock_system.ctx) / NS_PER_S;
    assert_in_range(wall_s - time(NULL) + 1, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_times),
        cmocka_unit_test(system_clock_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
