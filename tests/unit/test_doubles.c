#include "providers/doubles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_later_view_is_kept(void **state)
{
    struct listed_node nodes[] = {
        { .id = "c", .state = LISTED_GONE },    { .id = "a", .state = LISTED_STOPPING },
        { .id = "b", .state = LISTED_PENDING }, { .id = "a", .state = LISTED_RUNNING },
        { .id = "c", .state = LISTED_RUNNING }, { .id = "a", .state = LISTED_PENDING },
    };
    (void)state;
    assert_int_equal(drop_doubles(nodes, 6), 3);
    assert_string_equal(nodes[0].id, "a");
    assert_int_equal(nodes[0].state, LISTED_STOPPING);
    assert_string_equal(nodes[1].id, "b");
    assert_int_equal(nodes[1].state, LISTED_PENDING);
    assert_string_equal(nodes[2].id, "c");
    assert_int_equal(nodes[2].state, LISTED_GONE);
}

static void few_are_left_alone(void **state)
{
    struct listed_node one = { .id = "a", .state = LISTED_RUNNING };
    (void)state;
    assert_int_equal(drop_doubles(NULL, 0), 0);
    assert_int_equal(drop_doubles(&one, 1), 1);
    assert_string_equal(one.id, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_view_is_kept),
        cmocka_unit_test(few_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
