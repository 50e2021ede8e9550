#include "store/thin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"

static void differing_or_every_ten_seconds(void **state)
{
    (void)state;
    static const struct sample two = { .waiting = 2 };
    static const struct sample two_running = { .waiting = 2, .running = 0, .has_running = true };
    static const struct sample unknown = { .waiting = 2, .running = NAN, .has_running = true };
    static const struct sample three = { .waiting = 3 };
    static const struct {
        const char *name;
        int64_t ms;
        const struct sample *sample;
        bool kept;
    } steps[] = {
        { "first", 0, &two, true },
        { "the same", 1000, &two, false },
        { "the same, just before its time", 9999, &two, false },
        { "the same, at its time", 10000, &two, true },
        { "the same, counted from the last that was kept", 19999, &two, false },
        { "another number", 20000, &three, true },
        { "back again", 20001, &two, true },
        { "more told", 20002, &two_running, true },
        { "more told, the same", 20003, &two_running, false },
        { "not a number", 20004, &unknown, true },
        { "not a number again", 20005, &unknown, false },
        { "clock set back", 5000, &unknown, true },
        { "after the clock was set back", 6000, &unknown, false },
    };
    struct thin thin = { 0 };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (thin_keeps(&thin, "render", steps[i].ms * NS_PER_MS, steps[i].sample) != steps[i].kept)
            fail_msg("%s", steps[i].name);
    }
    assert_true(thin_keeps(&thin, "encode", 6000 * NS_PER_MS, &unknown));
    thin_release(&thin);
}

static void many_pools_are_bounded(void **state)
{
    (void)state;
    struct thin thin = { 0 };
    struct sample sample = { .waiting = 1 };
    for (int i = 0; i < THIN_POOLS_MAX * 2 + 10; i++) {
        char pool[32];
        snprintf(pool, sizeof(pool), "pool-%d", i);
        assert_true(thin_keeps(&thin, pool, 0, &sample));
        assert_false(thin_keeps(&thin, pool, 1, &sample));
        assert_true(thin.last.len <= THIN_POOLS_MAX);
    }
    thin_release(&thin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differing_or_every_ten_seconds),
        cmocka_unit_test(many_pools_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
