/* The dry run: everything seems to happen, and nothing does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/executor_help.h"

#include <cmocka.h>

static int set_up(void **state)
{
    struct rig *rig = rig_new(executor_dry_new);
    rig->spec->boot_guess_ns = 60 * NS_PER_S;
    *state = rig;
    return 0;
}

/* Whatever a test did: the provider was never asked to change anything. */
static int tear_down(void **state)
{
    int asked = fake.launches + fake.terminates;
    rig_free(*state);
    return asked;
}

static const struct error no_error = { 0 };

#define ID "dry-abcdefghijkl-0"

static void advance(struct rig *rig, int64_t ns)
{
    rig->now_ns += ns;
    uv_sleep(2); /* timers go by the loop's clock, the fleet by ours: let the loop look */
    rig_turn(rig);
}

static void list(struct rig *rig, const struct listed_node *nodes, size_t len)
{
    rig_list(rig, "fake:eu");
    struct fake_call call = fake.calls[--fake.len];
    call.listed(call.ctx, nodes, len, &no_error);
    assert_int_equal(rig_last(rig)->type, EVENT_LISTING);
}

static const struct seen *find(struct rig *rig, enum event_type type)
{
    for (size_t i = 0; i < rig->len; i++) {
        if (rig->seen[i].type == type)
            return &rig->seen[i];
    }
    return NULL;
}

static void test_life_of_a_virtual_node(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1), terminate = rig_terminate_intent(2, ID);
    assert_string_equal(rig->executor->ops->name, "dry-run");
    rig->spec->boot_guess_ns = 20 * NS_PER_MS;
    rig_launch(rig, &launch);
    assert_int_equal(rig->len, 0);
    rig_turn(rig);
    assert_int_equal(rig->len, 1);
    assert_int_equal(rig->seen[0].type, EVENT_LAUNCHED);
    assert_int_equal(rig->seen[0].number, 1);
    assert_string_equal(rig->seen[0].id, ID);
    list(rig, NULL, 0);
    assert_int_equal(rig_last(rig)->nodes[0].state, LISTED_PENDING);

    /* Ready after its boot, by a heartbeat. */
    rig->len = 0;
    rig->reply.heartbeat_ns = 10 * NS_PER_MS;
    rig->now_ns += 20 * NS_PER_MS;
    while (rig->len == 0)
        uv_run(&rig->loop, UV_RUN_ONCE);
    assert_int_equal(rig->seen[0].type, EVENT_HEARTBEAT);
    assert_string_equal(rig->seen[0].beat.node, ID);
    assert_int_equal(rig->seen[0].beat.state, BEAT_READY);
    assert_int_equal(rig->seen[0].beat.busy, BUSY_UNKNOWN);

    /* Told to drain, it is drained at once. */
    rig->len = 0;
    rig->reply.drain = true;
    rig->now_ns += 10 * NS_PER_MS;
    while (rig->len < 2)
        uv_run(&rig->loop, UV_RUN_ONCE);
    assert_int_equal(rig->seen[0].beat.state, BEAT_READY);
    assert_int_equal(rig->seen[1].beat.state, BEAT_DRAINED);
    assert_int_equal(rig->seen[1].beat.busy, 0);

    rig->len = 0;
    rig_terminate(rig, &terminate);
    assert_int_equal(rig->len, 0);
    rig_turn(rig);
    assert_int_equal(find(rig, EVENT_TERMINATED)->number, 2);
    list(rig, NULL, 0);
    assert_int_equal(rig_last(rig)->nodes[0].state, LISTED_GONE);
    list(rig, NULL, 0);
    assert_int_equal(rig_last(rig)->len, 0);
    rig->len = 0;
    advance(rig, NS_PER_S);
    assert_int_equal(rig->len, 0);
}

static void test_same_launch_again(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1);
    rig_launch(rig, &launch);
    rig_launch(rig, &launch);
    rig_turn(rig);
    assert_int_equal(rig->len, 2);
    assert_string_equal(rig->seen[0].id, rig->seen[1].id);
    list(rig, NULL, 0);
    assert_int_equal(rig_last(rig)->len, 1);
}

static void test_real_nodes_are_played(void **state)
{
    struct rig *rig = *state;
    struct listed_node real = { .id = "i-1", .pool = "p", .state = LISTED_RUNNING, .slots = 2 };
    list(rig, &real, 1);
    assert_int_equal(rig_last(rig)->len, 1);
    rig->len = 0;
    rig->reply.drain = true;
    while (rig->len < 2)
        uv_run(&rig->loop, UV_RUN_ONCE);
    assert_string_equal(rig->seen[0].beat.node, "i-1");
    assert_int_equal(rig->seen[0].beat.state, BEAT_READY);
    assert_int_equal(rig->seen[1].beat.state, BEAT_DRAINED);
    /* Should the real one report here as well, it is not to be heard any more. */
    assert_true(rig->seen[1].beat.seq > UINT64_C(9007199254740992));

    struct intent terminate = rig_terminate_intent(2, "i-1");
    rig_terminate(rig, &terminate);
    rig_turn(rig);
    assert_int_equal(find(rig, EVENT_TERMINATED)->number, 2);
    list(rig, &real, 1); /* it still runs, of course */
    assert_int_equal(rig_last(rig)->nodes[0].state, LISTED_GONE);
}

static void test_node_that_the_core_does_not_know(void **state)
{
    struct rig *rig = *state;
    struct listed_node real = { .id = "i-1", .pool = "p", .state = LISTED_RUNNING };
    rig->reply = (struct beat_reply){ .known = false, .drain = true };
    list(rig, &real, 1);
    rig->len = 0;
    while (rig->len < 1)
        uv_run(&rig->loop, UV_RUN_ONCE);
    advance(rig, 0);
    assert_int_equal(rig->len, 1); /* tried again after a while, not at once */
}

static void test_listing_failures_pass_through(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1);
    rig_launch(rig, &launch);
    rig_turn(rig);
    rig_list(rig, "fake:eu");
    struct error err = { .code = MUSTER_E_TRANSIENT, .text = "down" };
    fake.calls[0].listed(fake.calls[0].ctx, NULL, 0, &err);
    assert_int_equal(rig_last(rig)->type, EVENT_LISTING_FAILED);
    rig_list(rig, "other");
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->type, EVENT_LISTING_FAILED);
    assert_string_equal(rig_last(rig)->inventory, "other");
}

static void test_pool_without_a_file(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1);
    struct pool_spec *spec = rig->spec;
    rig->spec = NULL;
    rig_launch(rig, &launch);
    rig->spec = spec;
    rig_turn(rig);
    assert_int_equal(rig_last(rig)->type, EVENT_LAUNCH_FAILED);
    assert_int_equal(rig_last(rig)->code, MUSTER_E_CONFIG);
}

/* The event steps the core, and the core comes back with a termination of the very node. */
static struct rig *rig_to_enter;

static void entering_event(void *ctx, struct event *ev)
{
    struct intent terminate = rig_terminate_intent(3, ID), launch = rig_launch_intent(4);
    rig_event(ctx, ev);
    if (ev->type != EVENT_HEARTBEAT)
        return;
    rig_terminate(rig_to_enter, &terminate);
    for (int i = 0; i < 20; i++) {
        launch.token[0] = (char)('A' + i);
        rig_launch(rig_to_enter, &launch);
    }
}

static void test_core_that_comes_back_in(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1);
    rig->executor->ops->free(rig->executor);
    rig->env.event = entering_event;
    rig_to_enter = rig;
    assert_int_equal(executor_dry_new(&rig->env, &rig->executor, NULL), 0);
    rig->spec->boot_guess_ns = 0;
    rig_launch(rig, &launch);
    rig->spec->boot_guess_ns = 60 * NS_PER_S;
    while (!find(rig, EVENT_HEARTBEAT))
        uv_run(&rig->loop, UV_RUN_ONCE);
    rig->executor->ops->free(rig->executor);
    rig->executor = NULL;
}

static void test_freed_at_work(void **state)
{
    struct rig *rig = *state;
    struct intent launch = rig_launch_intent(1);
    rig_launch(rig, &launch);
    rig_list(rig, "fake:eu");
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
        TEST(test_life_of_a_virtual_node),        TEST(test_same_launch_again),
        TEST(test_real_nodes_are_played),         TEST(test_node_that_the_core_does_not_know),
        TEST(test_listing_failures_pass_through), TEST(test_pool_without_a_file),
        TEST(test_core_that_comes_back_in),       TEST(test_freed_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
