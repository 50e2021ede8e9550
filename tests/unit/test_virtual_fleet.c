#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "runtime/virtual_fleet.h"

#include <cmocka.h>

static const struct intent launch = {
    .number = 7,
    .pool = "p",
    .offer = "aws/c6i",
    .inventory = "aws:eu",
    .token = "abcdefghijklmnopqrstuvwxyz234567",
    .slots = 4,
    .count = 2,
};

#define S NS_PER_S

static const struct listed_node *find(const struct listed_nodes *list, const char *id)
{
    for (size_t i = 0; i < list->all.len; i++) {
        if (strcmp(list->all.at[i].id, id) == 0)
            return &list->all.at[i];
    }
    return NULL;
}

static void test_bought_nodes(void **state)
{
    struct virtual_fleet fleet = { 0 };
    struct listed_nodes list = { 0 };
    struct heartbeat beat;
    char id[NODE_ID_MAX];
    (void)state;
    virtual_id(&launch, 1, id);
    assert_string_equal(id, "dry-abcdefghijkl-1");
    assert_null(virtual_due(&fleet));
    assert_true(virtual_launch(&fleet, &launch, 60 * S, 5 * S, 100 * S));
    assert_true(virtual_launch(&fleet, &launch, 60 * S, 5 * S, 120 * S)); /* the same launch */
    assert_int_equal(fleet.nodes.len, 2);

    assert_true(virtual_list(&fleet, "aws:eu", NULL, 0, 150 * S, &list));
    assert_int_equal(list.all.len, 2);
    const struct listed_node *node = find(&list, id);
    assert_int_equal(node->state, LISTED_PENDING);
    assert_string_equal(node->pool, "p");
    assert_string_equal(node->offer, "aws/c6i");
    assert_string_equal(node->token, launch.token);
    assert_int_equal(node->slots, 4);
    assert_int_equal(node->age_ns, 50 * S);
    vec_clear(&list.all);
    assert_true(virtual_list(&fleet, "aws:us", NULL, 0, 150 * S, &list));
    assert_int_equal(list.all.len, 0);
    assert_true(virtual_list(&fleet, "aws:eu", NULL, 0, 160 * S, &list));
    assert_int_equal(find(&list, id)->state, LISTED_RUNNING);

    struct virtual_node *due = virtual_due(&fleet);
    assert_int_equal(due->beat_ns, 160 * S); /* silent while it boots */
    virtual_beat(due, 160 * S, &beat);
    assert_int_equal(beat.state, BEAT_READY);
    assert_int_equal(beat.busy, BUSY_UNKNOWN);
    assert_int_equal(due->beat_ns, 165 * S);
    uint64_t seq = beat.seq;
    due->drained = true;
    virtual_beat(due, 165 * S, &beat);
    assert_int_equal(beat.state, BEAT_DRAINED);
    assert_int_equal(beat.busy, 0);
    assert_true(beat.seq > seq);
    vec_release(&list.all);
    virtual_fleet_release(&fleet);
}

static void test_terminated_is_listed_gone_once(void **state)
{
    struct virtual_fleet fleet = { 0 };
    struct listed_nodes list = { 0 };
    (void)state;
    virtual_launch(&fleet, &launch, 0, S, 0);
    virtual_terminate(&fleet, "dry-abcdefghijkl-0");
    virtual_terminate(&fleet, "nobody");
    assert_string_equal(virtual_due(&fleet)->id, "dry-abcdefghijkl-1");
    virtual_list(&fleet, "aws:eu", NULL, 0, S, &list);
    assert_int_equal(find(&list, "dry-abcdefghijkl-0")->state, LISTED_GONE);
    assert_int_equal(find(&list, "dry-abcdefghijkl-1")->state, LISTED_RUNNING);
    vec_clear(&list.all);
    virtual_list(&fleet, "aws:eu", NULL, 0, S, &list);
    assert_int_equal(list.all.len, 1);
    vec_release(&list.all);
    virtual_fleet_release(&fleet);
}

static void test_real_nodes(void **state)
{
    struct virtual_fleet fleet = { 0 };
    struct listed_nodes list = { 0 };
    struct heartbeat beat;
    struct listed_node real[] = { { .id = "i-1", .pool = "p", .state = LISTED_PENDING, .slots = 2 },
                                  { .id = "i-2", .pool = "p", .state = LISTED_RUNNING },
                                  { .id = "i-3", .pool = "p", .state = LISTED_GONE } };
    (void)state;
    virtual_list(&fleet, "aws:eu", real, 3, 10 * S, &list);
    assert_int_equal(list.all.len, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(list.all.at[i].state, real[i].state);
    /* One that runs is taken to be well; one that boots says nothing yet. */
    assert_string_equal(virtual_due(&fleet)->id, "i-2");
    virtual_beat(virtual_due(&fleet), 10 * S, &beat);
    assert_int_equal(beat.state, BEAT_READY);
    assert_true(beat.seq < 1000);
    vec_clear(&list.all);
    real[0].state = LISTED_RUNNING;
    virtual_list(&fleet, "aws:eu", real, 3, 11 * S, &list);
    assert_string_equal(virtual_due(&fleet)->id, "i-1");
    /* What was terminated here stays hidden, however long it is really there. */
    virtual_terminate(&fleet, "i-1");
    for (int again = 0; again < 2; again++) {
        vec_clear(&list.all);
        virtual_list(&fleet, "aws:eu", real, 3, 12 * S, &list);
        assert_int_equal(find(&list, "i-1")->state, LISTED_GONE);
        assert_int_equal(find(&list, "i-2")->state, LISTED_RUNNING);
    }
    /* Another inventory's listing says nothing about these. */
    vec_clear(&list.all);
    virtual_list(&fleet, "aws:us", NULL, 0, 13 * S, &list);
    assert_int_equal(fleet.nodes.len, 2);
    /* A shadow goes when its node does. */
    virtual_list(&fleet, "aws:eu", real, 1, 13 * S, &list);
    assert_int_equal(fleet.nodes.len, 1);
    assert_non_null(virtual_find(&fleet, "i-1"));
    vec_release(&list.all);
    virtual_fleet_release(&fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bought_nodes),
        cmocka_unit_test(test_terminated_is_listed_gone_once),
        cmocka_unit_test(test_real_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
