#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct numbers {
    VEC(int) all;
};

static void fill(struct numbers *v, int count)
{
    for (int i = 0; i < count; i++)
        assert_true(vec_push(&v->all, i));
}

static void pushes_in_order(void **state)
{
    (void)state;
    struct numbers v = { 0 };
    fill(&v, 1000);
    assert_int_equal(v.all.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.all.at[i], i);
    vec_clear(&v.all);
    assert_int_equal(v.all.len, 0);
    assert_true(v.all.size >= 1000);
    vec_release(&v.all);
    assert_null(v.all.at);
    assert_int_equal(v.all.size, 0);
    vec_release(&v.all);
}

static void removes_keep_the_order(void **state)
{
    (void)state;
    struct numbers v = { 0 };
    fill(&v, 5);
    vec_remove(&v.all, 1);
    vec_remove(&v.all, 3);
    vec_remove(&v.all, 0);
    assert_int_equal(v.all.len, 2);
    assert_int_equal(v.all.at[0], 2);
    assert_int_equal(v.all.at[1], 3);
    vec_release(&v.all);
}

static void swap_removes_put_the_last_in_place(void **state)
{
    (void)state;
    struct numbers v = { 0 };
    fill(&v, 4);
    vec_remove_swap(&v.all, 0);
    assert_int_equal(v.all.at[0], 3);
    vec_remove_swap(&v.all, 2);
    assert_int_equal(v.all.len, 2);
    assert_int_equal(v.all.at[1], 1);
    vec_release(&v.all);
}

static void reserving_too_much_fails_and_changes_nothing(void **state)
{
    (void)state;
    struct numbers v = { 0 };
    fill(&v, 3);
    const int *before = v.all.at;
    assert_false(vec_reserve(&v.all, SIZE_MAX));
    assert_false(vec_reserve(&v.all, SIZE_MAX / 2));
    assert_false(vec_reserve(&v.all, SIZE_MAX / 4 + 1));
    assert_ptr_equal(v.all.at, before);
    assert_int_equal(v.all.len, 3);
    vec_release(&v.all);
}

static void reserving_less_changes_nothing(void **state)
{
    (void)state;
    struct numbers v = { 0 };
    assert_true(vec_reserve(&v.all, 100));
    size_t size = v.all.size;
    assert_true(size >= 100);
    assert_true(vec_reserve(&v.all, 5));
    assert_int_equal(v.all.size, size);
    vec_release(&v.all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushes_in_order),
        cmocka_unit_test(removes_keep_the_order),
        cmocka_unit_test(swap_removes_put_the_last_in_place),
        cmocka_unit_test(reserving_too_much_fails_and_changes_nothing),
        cmocka_unit_test(reserving_less_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
