#include "control/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

#define S INT64_C(1000000000)

static void empty_has_none(void **state)
{
    (void)state;
    struct window w = { 0 };
    assert_int_equal(window_max(&w, 10 * S, 5 * S), INT64_MIN);
    window_add(&w, 10 * S, 5 * S, 7);
    assert_int_equal(window_max(&w, 15 * S, 5 * S), 7);
    assert_int_equal(window_max(&w, 15 * S + 1, 5 * S), INT64_MIN);
}

static void largest_counts_while_it_is_within(void **state)
{
    (void)state;
    struct window w = { 0 };
    window_add(&w, 1 * S, 10 * S, 5);
    window_add(&w, 3 * S, 10 * S, 9);
    window_add(&w, 5 * S, 10 * S, 2);
    assert_int_equal(window_max(&w, 5 * S, 10 * S), 9);
    assert_int_equal(window_max(&w, 13 * S, 10 * S), 9);
    assert_int_equal(window_max(&w, 13 * S + 1, 10 * S), 2);
    assert_int_equal(window_max(&w, 15 * S + 1, 10 * S), INT64_MIN);
}

static void odd_spans(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t span_ns;
    } cases[] = {
        { "none: the present instant alone", 0 },
        { "shorter than its sixteen parts", 5 },
        { "never ends", INT64_MAX },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct window w = { 0 };
        for (int64_t k = 0; k < 100; k++) {
            window_add(&w, 10 * S, cases[i].span_ns, 100 - k);
            if (window_max(&w, 10 * S, cases[i].span_ns) != 100)
                fail_msg("%s: %d", cases[i].name, (int)k);
        }
        assert_true(w.len <= WINDOW_MAX);
    }
}

/*
 * Values that fall all the time are the worst case: each of them matters. The answer may be that of up
 * to 1/16 of the span earlier, and a value must not be carried along for ever by merging.
 */
static void steadily_falling_values_expire(void **state)
{
    (void)state;
    const int64_t span_ns = 300 * S;
    struct window w = { 0 };
    for (int64_t t = 1; t <= 2000; t++) {
        window_add(&w, t * S, span_ns, 100000 - t);
        int64_t oldest = t - 300 > 1 ? t - 300 : 1;
        int64_t at_least = 100000 - oldest;
        int64_t at_most = at_least + 300 / 16 + 1;
        int64_t max = window_max(&w, t * S, span_ns);
        if (max < at_least || max > at_most)
            fail_msg("at %d s: %d is not in %d..%d", (int)t, (int)max, (int)at_least, (int)at_most);
    }
}

/* Against the plain answer, computed from all values: never too small, never older than it may be. */
static void any_values_stay_within_the_bound(void **state)
{
    (void)state;
    enum { N = 3000 };
    static int64_t at[N], value[N];
    struct rng rng;
    rng_init(&rng, 7);
    struct window w = { 0 };
    const int64_t span_ns = 60 * S;
    int64_t now_ns = 100 * S;
    for (size_t i = 0; i < N; i++) {
        now_ns += (int64_t)rng_below(&rng, 3) * S / 2;
        at[i] = now_ns;
        value[i] = (int64_t)rng_below(&rng, 1000) - (int64_t)(i % 500) * 4;
        window_add(&w, now_ns, span_ns, value[i]);
        int64_t exact = INT64_MIN;
        int64_t loose = INT64_MIN;
        for (size_t k = 0; k <= i; k++) {
            if (at[k] >= now_ns - span_ns && value[k] > exact)
                exact = value[k];
            if (at[k] >= now_ns - span_ns - span_ns / 16 - 1 && value[k] > loose)
                loose = value[k];
        }
        int64_t max = window_max(&w, now_ns, span_ns);
        assert_true(max >= exact);
        assert_true(max <= loose);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_has_none),
        cmocka_unit_test(largest_counts_while_it_is_within),
        cmocka_unit_test(odd_spans),
        cmocka_unit_test(steadily_falling_values_expire),
        cmocka_unit_test(any_values_stay_within_the_bound),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
