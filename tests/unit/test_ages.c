#include "control/ages.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

#define S INT64_C(1000000000)

static double sum(const struct ages *ages)
{
    double jobs = 0;
    for (size_t i = 0; i < ages->len; i++)
        jobs += ages->bins[i].jobs;
    return jobs;
}

static void check(const struct ages *ages, double waiting)
{
    assert_true(ages->len <= AGES_MAX);
    assert_true(fabs(sum(ages) - waiting) <= 1e-6 * fmax(1, waiting));
    assert_true(fabs(ages->total - waiting) <= 1e-6 * fmax(1, waiting));
    for (size_t i = 0; i < ages->len; i++) {
        assert_true(ages->bins[i].jobs > 0);
        assert_true(i == 0 || ages->bins[i].since_ns >= ages->bins[i - 1].since_ns);
    }
}

static void growth_is_as_old_as_the_last_look(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 100 * S, 95 * S, 10, 10, -1); /* seen empty before: came since */
    check(&ages, 10);
    assert_int_equal(ages.bins[0].since_ns, 95 * S);
    ages_update(&ages, 105 * S, 100 * S, 30, 20, -1);
    check(&ages, 30);
    assert_int_equal(ages.bins[ages.len - 1].since_ns, 100 * S);
    assert_true(fabs(ages.bins[ages.len - 1].jobs - 20) < 1e-9);
}

static void the_oldest_leave_first(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 100 * S, 95 * S, 10, 10, -1);
    ages_update(&ages, 105 * S, 100 * S, 30, 20, -1);
    ages_update(&ages, 110 * S, 105 * S, 15, 0, -1);
    check(&ages, 15);
    assert_int_equal(ages.len, 1);
    assert_int_equal(ages.bins[0].since_ns, 100 * S);
    /* As many joined as left: the depth stays, the ages move on. */
    ages_update(&ages, 115 * S, 110 * S, 15, 15, -1);
    check(&ages, 15);
    assert_int_equal(ages.bins[0].since_ns, 110 * S);
    /* More joined than wait now: all of them are new. */
    ages_update(&ages, 120 * S, 115 * S, 15, 40, -1);
    check(&ages, 15);
    assert_int_equal(ages.len, 1);
    assert_int_equal(ages.bins[0].since_ns, 115 * S);
}

static void an_empty_queue_forgets(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 100 * S, 0, 10, 0, 50 * S);
    ages_update(&ages, 105 * S, 100 * S, 0, 0, -1);
    assert_int_equal(ages.len, 0);
    assert_true(fabs(ages.total) < 1e-12);
    ages_update(&ages, 110 * S, 105 * S, 3, 3, -1);
    check(&ages, 3);
    assert_int_equal(ages.bins[0].since_ns, 105 * S);
}

/* A backlog that was found: spread over the age of its oldest, or new where nothing is known. */
static void what_was_found_is_spread(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 1000 * S, 0, 80, 0, 80 * S);
    check(&ages, 80);
    assert_int_equal(ages.bins[0].since_ns, 920 * S);
    assert_true(ages.bins[ages.len - 1].since_ns < 1000 * S);
    struct ages unknown = { 0 };
    ages_update(&unknown, 1000 * S, 0, 80, 0, -1);
    check(&unknown, 80);
    assert_int_equal(unknown.bins[0].since_ns, 1000 * S);
}

static void the_source_knows_its_oldest(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 100 * S, 95 * S, 10, 10, -1);
    ages_update(&ages, 105 * S, 100 * S, 20, 10, -1);
    struct ages older = ages;
    ages_update(&older, 110 * S, 105 * S, 20, 0, 60 * S);
    check(&older, 20);
    assert_int_equal(older.bins[0].since_ns, 50 * S);
    struct ages younger = ages;
    ages_update(&younger, 110 * S, 105 * S, 20, 0, 2 * S);
    check(&younger, 20);
    for (size_t i = 0; i < younger.len; i++)
        assert_int_equal(younger.bins[i].since_ns, 108 * S);
}

/* Merging may make a job older than it is, never younger. */
static void merging_never_makes_younger(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    ages_update(&ages, 1 * S, 0, 1, 0, 0);
    for (int64_t t = 2; t <= 200; t++) {
        ages_update(&ages, t * S, (t - 1) * S, (double)t, 1, -1);
        check(&ages, (double)t);
        /* t - k jobs came after second k; no more than that may be taken to be younger. */
        double seen = 0;
        for (size_t i = ages.len; i-- > 0;) {
            seen += ages.bins[i].jobs;
            assert_true(seen <= (double)(t - ages.bins[i].since_ns / S) + 1 + 1e-9);
        }
    }
    assert_int_equal(ages.len, AGES_MAX);
}

/* Whatever is told, there are exactly as many jobs in the bins as wait. */
static void any_history_adds_up(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    struct ages ages = { 0 };
    int64_t now_ns = 1000 * S;
    for (int i = 0; i < 20000; i++) {
        static const double scale[] = { 1, 10, 1000, 1e12 };
        double waiting = floor(rng_unit(&rng) * scale[rng_below(&rng, 4)]);
        double joined = rng_below(&rng, 2) ? floor(rng_unit(&rng) * 1e3) : 0;
        int64_t oldest_ns = rng_below(&rng, 3) ? -1 : (int64_t)(rng_unit(&rng) * 9e18);
        int64_t last_ns = now_ns;
        now_ns += 1 + (int64_t)rng_below(&rng, 10000000000);
        ages_update(&ages, now_ns, last_ns, waiting, joined, oldest_ns);
        if (waiting < 1)
            assert_int_equal(ages.len, 0);
        else
            assert_true(ages.len > 0);
        check(&ages, waiting);
        for (size_t k = 0; k < ages.len; k++)
            assert_true(ages.bins[k].since_ns <= now_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_as_old_as_the_last_look),
        cmocka_unit_test(the_oldest_leave_first),
        cmocka_unit_test(an_empty_queue_forgets),
        cmocka_unit_test(what_was_found_is_spread),
        cmocka_unit_test(the_source_knows_its_oldest),
        cmocka_unit_test(merging_never_makes_younger),
        cmocka_unit_test(any_history_adds_up),
    };
    return cmocka_run_group_tests_name("ages", tests, NULL, NULL);
}
