#include "control/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The whole table, once more and by hand: a row per state, a column per state moved to. */
static const char *const allowed[NODE_STATES] = {
    /*                   R B r d t L g */
    [NODE_REQUESTED] = "  .x....x", [NODE_BOOTING] = "  ..xxxxx",     [NODE_READY] = "  ...xxxx",
    [NODE_DRAINING] = "  ....x.x",  [NODE_TERMINATING] = "  ...x..x", [NODE_LOST] = "  ..xxx.x",
    [NODE_GONE] = "  .......",
};

static void moves(void **state)
{
    (void)state;
    for (int from = 0; from < NODE_STATES; from++) {
        for (int to = 0; to < NODE_STATES; to++) {
            struct node node = { .state = (uint8_t)from, .state_since_ns = 5 };
            bool may = allowed[from][2 + to] == 'x';
            assert_int_equal(node_may_move((enum node_state)from, (enum node_state)to), may);
            if (node_move(&node, (enum node_state)to, 9) != may)
                fail_msg("%s -> %s", node_state_word((enum node_state)from),
                         node_state_word((enum node_state)to));
            assert_int_equal(node.state, may ? to : from);
            assert_int_equal(node.state_since_ns, may ? 9 : 5);
        }
    }
}

static void words(void **state)
{
    (void)state;
    static const char *const expected[] = { "requested",   "booting", "ready", "draining",
                                            "terminating", "lost",    "gone" };
    for (int i = 0; i < NODE_STATES; i++)
        assert_string_equal(node_state_word((enum node_state)i), expected[i]);
}

static void supply_is_capacity_now_or_soon(void **state)
{
    (void)state;
    for (int i = 0; i < NODE_STATES; i++) {
        struct node node = { .state = (uint8_t)i };
        assert_int_equal(node_is_supply(&node),
                         i == NODE_REQUESTED || i == NODE_BOOTING || i == NODE_READY);
    }
}

static void idle_is_a_fresh_word(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t busy;
        int64_t heard_ns;
        bool idle;
    } cases[] = {
        { "just said so", 0, 1000, true },
        { "said so as long ago as counts", 0, 900, true },
        { "said so longer ago", 0, 899, false },
        { "busy", 1, 1000, false },
        { "does not tell", BUSY_UNKNOWN, 1000, false },
        { "never heard", 0, 0, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node node = { .busy = cases[i].busy, .heard_ns = cases[i].heard_ns };
        if (node_is_idle(&node, 1000, 100) != cases[i].idle)
            fail_msg("%s", cases[i].name);
        assert_false(node_is_free(&node)); /* idle is no proof */
    }
    struct node drained = { .drained = true };
    assert_true(node_is_free(&drained));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves),
        cmocka_unit_test(words),
        cmocka_unit_test(supply_is_capacity_now_or_soon),
        cmocka_unit_test(idle_is_a_fresh_word),
    };
    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
