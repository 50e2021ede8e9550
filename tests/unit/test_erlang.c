#include "base/erlang.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Computed with 50 digits. */
static void test_values(void **state)
{
    (void)state;
    static const struct {
        int64_t c;
        double a, share;
    } cases[] = {
        { 1, 0.5, 0.5 },        { 2, 1, 0.333333 },      { 5, 4, 0.554113 },
        { 10, 8, 0.409180 },    { 20, 18, 0.550769 },    { 100, 90, 0.216940 },
        { 250, 230, 0.130808 }, { 1000, 950, 0.068253 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_true(fabs(erlang_c(cases[i].c, cases[i].a) - cases[i].share) < 1e-6);
    assert_true(fabs(erlang_b(2, 1) - 0.2) < 1e-12);
    assert_true(fabs(erlang_wait(10, 8) - 0.204590075) < 1e-8);
}

static void test_edges(void **state)
{
    (void)state;
    assert_true(fabs(erlang_c(3, 3) - 1) < 1e-12);
    assert_true(isinf(erlang_wait(3, 4)));
    assert_true(fabs(erlang_c(5, 0)) < 1e-12);
    assert_true(fabs(erlang_b(0, 2) - 1) < 1e-12);
}

static void test_servers(void **state)
{
    (void)state;
    static const double loads[] = { 0.1, 3, 8, 90, 950.5 };
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        double a = loads[i];
        int64_t c = erlang_servers(a, 0.5, 0.05);
        assert_true(erlang_c(c, a) * exp(-((double)c - a) * 0.5) <= 0.05);
        bool fewest =
            (double)(c - 1) <= a || erlang_c(c - 1, a) * exp(-((double)(c - 1) - a) * 0.5) > 0.05;
        assert_true(fewest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
