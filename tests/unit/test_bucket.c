#include "net/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"

#define S NS_PER_S

static void test_burst_then_rate(void **state)
{
    (void)state;
    struct bucket b;
    int64_t now = 7 * S;
    bucket_init(&b, 5, 2, now);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(bucket_wait_ns(&b, 1, now), 0);
        bucket_take(&b, 1, now);
    }
    int64_t wait = bucket_wait_ns(&b, 1, now);
    assert_in_range(wait, S / 2, S / 2 + 10);
    now += wait;
    assert_int_equal(bucket_wait_ns(&b, 1, now), 0);
    bucket_take(&b, 1, now);
    /* never fuller than its capacity, and no time runs backwards */
    now += 1000 * S;
    bucket_take(&b, 5, now);
    assert_true(bucket_wait_ns(&b, 1, now - 500 * S) > 0);
}

static void test_more_than_it_holds(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 1000, 2, 0);
    assert_int_equal(bucket_wait_ns(&b, 3000, 0), 0); /* a full bucket is all one can wait for */
    bucket_take(&b, 3000, 0);
    assert_in_range(bucket_wait_ns(&b, 1, 0), 1000 * S, 1001 * S); /* and the debt is paid */
}

static void test_refused(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 100, 10, 0);
    bucket_refused(&b, 0);
    assert_in_range(bucket_wait_ns(&b, 1, 0), S / 10, S / 5); /* at 7 a second */
    for (int i = 0; i < 100; i++)
        bucket_refused(&b, 0);
    assert_in_range(bucket_wait_ns(&b, 1, 0), S - 10, S + 10); /* never below a tenth */
    for (int i = 0; i < 100; i++)
        bucket_served(&b);
    assert_in_range(bucket_wait_ns(&b, 1, 0), S / 10 - 10, S / 10 + 10);
}

/* The whole of a burst takes what the limit says, and not a call more goes out in any second. */
static void test_whole_burst(void **state)
{
    (void)state;
    struct bucket b;
    int64_t now = 0, last_second = 0;
    int sent = 0, in_second = 0, most = 0;
    bucket_init(&b, 50, 5, 0);
    while (sent < 300) {
        int64_t wait = bucket_wait_ns(&b, 1, now);
        if (wait > 0) {
            now += wait;
            continue;
        }
        bucket_take(&b, 1, now);
        sent++;
        in_second = now / S == last_second ? in_second + 1 : 1;
        last_second = now / S;
        most = in_second > most ? in_second : most;
    }
    assert_in_range(now, 50 * S - S / 100, 50 * S + S / 100); /* (300 - 50) / 5 */
    assert_in_range(most, 50, 55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_more_than_it_holds),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_whole_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
