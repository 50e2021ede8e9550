#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The reference implementation's first numbers (splitmix64.c by Sebastiano Vigna). */
static void known_numbers(void **state)
{
    (void)state;
    static const uint64_t first[] = { 6457827717110365317ULL, 3203168211198807973ULL,
                                      9817491932198370423ULL, 4593380528125082431ULL,
                                      16408922859458223821ULL };
    struct rng r;
    rng_init(&r, 1234567);
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        assert_true(rng_next(&r) == first[i]);
}

static void same_seed_same_numbers(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_init(&a, 7);
    rng_init(&b, 7);
    rng_init(&c, 8);
    assert_true(rng_next(&a) == rng_next(&b));
    assert_true(rng_next(&a) != rng_next(&c));
}

static void below_is_below_and_even(void **state)
{
    (void)state;
    struct rng r;
    int seen[6] = { 0 };
    rng_init(&r, 1);
    for (int i = 0; i < 60000; i++) {
        uint64_t x = rng_below(&r, 6);
        assert_true(x < 6);
        seen[x]++;
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(seen[i], 9500, 10500);
    for (int i = 0; i < 100; i++) {
        assert_true(rng_below(&r, 1) == 0);
        assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
        assert_true(rng_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

static void unit_is_in_its_interval(void **state)
{
    (void)state;
    struct rng r;
    double sum = 0;
    rng_init(&r, 2);
    for (int i = 0; i < 100000; i++) {
        double x = rng_unit(&r);
        assert_true(x >= 0 && x < 1);
        sum += x;
    }
    assert_true(sum > 49500 && sum < 50500);
}

static void chance_keeps_to_its_odds(void **state)
{
    (void)state;
    struct rng r;
    int hits = 0;
    rng_init(&r, 3);
    for (int i = 0; i < 10000; i++) {
        assert_false(rng_chance(&r, 0));
        assert_true(rng_chance(&r, 1));
        hits += rng_chance(&r, 0.1);
    }
    assert_in_range(hits, 900, 1100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers),
        cmocka_unit_test(same_seed_same_numbers),
        cmocka_unit_test(below_is_below_and_even),
        cmocka_unit_test(unit_is_in_its_interval),
        cmocka_unit_test(chance_keeps_to_its_odds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
