#include "runtime/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nothing_yet(void **state)
{
    (void)state;
    struct timing t = { 0 };
    assert_int_equal(timing_quantile(&t, 0.5), 0);
    assert_int_equal(timing_quantile(&t, 1), 0);
}

static void quantiles_of_a_hundred(void **state)
{
    (void)state;
    struct timing t = { 0 };
    for (int64_t i = 100; i >= 1; i--)
        timing_add(&t, i);
    assert_int_equal(timing_quantile(&t, 0), 1);
    assert_int_equal(timing_quantile(&t, 0.5), 51);
    assert_int_equal(timing_quantile(&t, 0.99), 100);
    assert_int_equal(timing_quantile(&t, 1), 100);
    assert_int_equal(t.sum_ns, 5050);
    assert_int_equal(t.max_ns, 100);
}

static void old_values_leave_the_quantiles_not_the_maximum(void **state)
{
    (void)state;
    struct timing t = { 0 };
    timing_add(&t, 1000000);
    for (int i = 0; i < TIMING_KEPT; i++)
        timing_add(&t, 7);
    assert_int_equal(timing_quantile(&t, 1), 7);
    assert_int_equal(t.max_ns, 1000000);
    assert_int_equal(t.count, TIMING_KEPT + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_yet),
        cmocka_unit_test(quantiles_of_a_hundred),
        cmocka_unit_test(old_values_leave_the_quantiles_not_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
