#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void empty_map_has_nothing(void **state)
{
    (void)state;
    struct map m = { 0 };
    assert_null(map_get(&m, "a"));
    assert_null(map_remove(&m, "a"));
    map_release(&m);
    map_release(NULL);
}

static void puts_replace(void **state)
{
    (void)state;
    struct map m = { 0 };
    int one, two;
    char key[] = "key";
    assert_true(map_put(&m, "key", &one));
    assert_true(map_put(&m, key, &two));
    assert_int_equal(m.len, 1);
    assert_ptr_equal(map_get(&m, "key"), &two);
    /* The new value's key is the one borrowed from here on. */
    for (size_t i = 0; i < m.size; i++)
        assert_true(!m.slots[i].key || m.slots[i].key == key);
    assert_ptr_equal(map_remove(&m, "key"), &two);
    assert_int_equal(m.len, 0);
    map_release(&m);
}

/* The mark of a removed slot is an empty key; an empty key of the caller must not meet it. */
static void empty_key_is_a_key(void **state)
{
    (void)state;
    struct map m = { 0 };
    int one, two;
    assert_true(map_put(&m, "x", &one));
    map_remove(&m, "x");
    assert_null(map_get(&m, ""));
    assert_true(map_put(&m, "", &two));
    assert_ptr_equal(map_get(&m, ""), &two);
    assert_ptr_equal(map_remove(&m, ""), &two);
    assert_null(map_get(&m, ""));
    map_release(&m);
}

static void churn_does_not_grow_it(void **state)
{
    (void)state;
    struct map m = { 0 };
    int value;
    static char keys[5000][8];
    for (int i = 0; i < 5000; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
        assert_true(map_put(&m, keys[i], &value));
        if (i >= 3)
            assert_ptr_equal(map_remove(&m, keys[i - 3]), &value);
    }
    assert_int_equal(m.len, 3);
    assert_true(m.size <= 32);
    map_release(&m);
}

#define KEYS 400

/* Against an array that is looked through from end to end. */
static void agrees_with_a_plain_array(void **state)
{
    (void)state;
    static char keys[KEYS][8];
    static int values[KEYS];
    int *model[KEYS] = { 0 };
    size_t live = 0;
    struct map m = { 0 };
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof(keys[i]), "%zx", i * 7919);
    for (int round = 0; round < 20000; round++) {
        size_t k = rng_below(&rng, KEYS);
        if (rng_chance(&rng, 0.5)) {
            live += !model[k];
            model[k] = &values[rng_below(&rng, KEYS)];
            assert_true(map_put(&m, keys[k], model[k]));
        } else {
            live -= !!model[k];
            assert_ptr_equal(map_remove(&m, keys[k]), model[k]);
            model[k] = NULL;
        }
        assert_int_equal(m.len, live);
        assert_true(m.used <= m.size * 3 / 4);
        size_t look = rng_below(&rng, KEYS);
        assert_ptr_equal(map_get(&m, keys[look]), model[look]);
    }
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_has_nothing),     cmocka_unit_test(puts_replace),
        cmocka_unit_test(empty_key_is_a_key),        cmocka_unit_test(churn_does_not_grow_it),
        cmocka_unit_test(agrees_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
