#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/executor_help.h"

#include <cmocka.h>

static int set_up(void **state)
{
    *state = rig_new(executor_live_new);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static const struct error no_error = { 0 };

static void test_list(void **state)
{
    struct rig *rig = *state;
    struct listed_node node = { .id = "n1", .state = LISTED_RUNNING };
    assert_string_equal(rig->executor->ops->name, "live");
    rig_list(rig, "fake:eu");
    rig->now_ns += 7;
    rig_list(rig, "fake:us");
    assert_int_equal(fake.opens, 1);
    assert_int_equal(fake.lists, 2);
    fake.calls[1].listed(fake.calls[1].ctx, &node, 1, &no_error);
    assert_int_equal(rig->seen[0].type, EVENT_LISTING);
    assert_string_equal(rig->seen[0].inventory, "fake:us");
    assert_int_equal(rig->seen[0].asked_ns, 1000 * NS_PER_S + 7);
    assert_string_equal(rig->seen[0].nodes[0].id, "n1");
    struct error err = { .code = MUSTER_E_THROTTLED, .text = "slow down" };
    fake.calls[0].listed(fake.calls[0].ctx, NULL, 0, &err);
    assert_int_equal(rig->seen[1].type, EVENT_LISTING_FAILED);
    assert_string_equal(rig->seen[1].inventory, "fake:eu");
    assert_int_equal(rig->seen[1].code, MUSTER_E_THROTTLED);
    assert_string_equal(rig->seen[1].text, "slow down");
}

static void test_launch(void **state)
{
    struct rig *rig = *state;
    struct intent intent = rig_launch_intent(7);
    const char ids[][NODE_ID_MAX] = { "n1" };
    rig_launch(rig, &intent);
    assert_int_equal(fake.launches, 1);
    assert_int_equal(fake.heartbeat_ns, 3 * NS_PER_S);
    fake.calls[0].launched(fake.calls[0].ctx, ids, 1, &no_error);
    assert_int_equal(rig_last(rig)->type, EVENT_LAUNCHED);
    assert_int_equal(rig_last(rig)->number, 7);
    assert_string_equal(rig_last(rig)->id, "n1");
    intent.number = 8;
    rig_launch(rig, &intent);
    struct error err = { .code = MUSTER_E_CAPACITY, .text = "sold out" };
    fake.calls[1].launched(fake.calls[1].ctx, NULL, 0, &err);
    assert_int_equal(rig_last(rig)->type, EVENT_LAUNCH_FAILED);
    assert_int_equal(rig_last(rig)->number, 8);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_CAPACITY);
}

static void test_terminate(void **state)
{
    struct rig *rig = *state;
    struct intent intent = rig_terminate_intent(9, "n1");
    rig_terminate(rig, &intent);
    assert_string_equal(fake.calls[0].name, "n1");
    fake.calls[0].terminated(fake.calls[0].ctx, &no_error);
    assert_int_equal(rig_last(rig)->type, EVENT_TERMINATED);
    rig_terminate(rig, &intent);
    struct error err = { .code = MUSTER_E_UNKNOWN, .text = "no answer" };
    fake.calls[1].terminated(fake.calls[1].ctx, &err);
    assert_int_equal(rig_last(rig)->type, EVENT_TERMINATE_FAILED);
    assert_int_equal(rig_last(rig)->number, 9);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_UNKNOWN);
}

/* What cannot even be asked is answered all the same: later, like everything. */
static void test_no_such_provider(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1), terminate = rig_terminate_intent(2, "n1");
    str_copy_c(launch.inventory, sizeof(launch.inventory), "other:eu");
    str_copy_c(terminate.inventory, sizeof(terminate.inventory), "other");
    rig_list(rig, "other:eu");
    rig_launch(rig, &launch);
    rig_terminate(rig, &terminate);
    assert_int_equal(rig->len, 0);
    rig_turn(rig);
    assert_int_equal(rig->len, 3);
    assert_int_equal(rig->seen[0].type, EVENT_LISTING_FAILED);
    assert_int_equal(rig->seen[1].type, EVENT_LAUNCH_FAILED);
    assert_int_equal(rig->seen[2].type, EVENT_TERMINATE_FAILED);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rig->seen[i].code, MUSTER_E_CONFIG);
        assert_non_null(strstr(rig->seen[i].text, "other"));
    }
    assert_int_equal(rig->seen[2].number, 2);
}

static void test_provider_that_does_not_open(void **state)
{
    struct rig *rig = *state;
    fake.open_code = MUSTER_E_AUTH;
    rig_list(rig, "fake:eu");
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_AUTH);
    assert_string_equal(rig_last(rig)->text, "provider fake: no credentials");
    /* Tried again with the next call. */
    fake.open_code = 0;
    rig_list(rig, "fake:eu");
    assert_int_equal(fake.opens, 2);
    assert_int_equal(fake.lists, 1);
}

static void test_offer_that_is_gone(void **state)
{
    struct rig *rig = *state;
    struct intent intent = rig_launch_intent(1);
    str_copy_c(intent.offer, sizeof(intent.offer), "fake/y");
    rig_launch(rig, &intent);
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_CONFIG);
    /* Asked a second time: the first may have arrived. */
    intent.tries = 2;
    rig_launch(rig, &intent);
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_UNKNOWN);
    intent.tries = 1;
    struct pool_spec *spec = rig->spec;
    rig->spec = NULL;
    rig_launch(rig, &intent);
    rig->spec = spec;
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_CONFIG);
    assert_int_equal(fake.launches, 0);
}

static void test_freed_with_calls_in_flight(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1), terminate = rig_terminate_intent(2, "n1");
    rig_list(rig, "fake:eu");
    rig_launch(rig, &launch);
    rig_terminate(rig, &terminate);
    rig_list(rig, "other"); /* an answer that waits for the next turn */
    rig->executor->ops->free(rig->executor);
    rig->executor = NULL;
    rig_turn(rig);
    assert_int_equal(rig->len, 0);
    assert_int_equal(fake.closes, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_launch),
        TEST(test_terminate),
        TEST(test_no_such_provider),
        TEST(test_provider_that_does_not_open),
        TEST(test_offer_that_is_gone),
        TEST(test_freed_with_calls_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
