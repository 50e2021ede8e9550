#include <math.h>

#include "policy_fixture.h"

static void by_hand(void **state)
{
    (void)state;
    static const struct {
        double waiting, running;
        const char *per_slot;
        int64_t slots;
    } cases[] = {
        { 0, 0, "20", 0 },
        { 1, 0, "20", 1 },
        { 0, 1, "20", 1 }, /* its last job was taken: it is not idle */
        { 20, 0, "20", 1 },
        { 21, 0, "20", 2 },
        { 19, 2, "20", 2 },
        { 100, 2, "20", 6 },
        { 7, 3, "1", 10 },
        { 0.5, 0, "1", 1 },
        { 1e12, 1e12, "1", INT64_C(2000000000000) },
        { 1e12, 0, "1000000000", 1000 },
    };
    struct ages ages = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *options = policy_options(&policy_backlog, "per_slot", cases[i].per_slot, NULL);
        struct observation seen = policy_seen(&ages);
        seen.waiting = cases[i].waiting;
        seen.running = cases[i].running;
        seen.desired = 4;
        struct proposal p = policy_propose(&policy_backlog, options, &seen);
        policy_options_free(&policy_backlog, options);
        if (p.slots != cases[i].slots)
            fail_msg("case %zu: %s", i, p.text);
    }
}

static void says_why(void **state)
{
    (void)state;
    struct ages ages = { 0 };
    struct observation seen = policy_seen(&ages);
    seen.waiting = 100;
    seen.running = 2;
    seen.desired = 3;
    void *options = policy_options(&policy_backlog, "per_slot", "20", NULL);
    struct proposal p = policy_propose(&policy_backlog, options, &seen);
    policy_options_free(&policy_backlog, options);
    assert_string_equal(p.text, "decide   backlog        3 -> 6  "
                                "(100 waiting + 2 running) / 20 per slot\n");
}

static void settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(policy_backlog.needs_signal);
    assert_int_equal(policy_options_try(&policy_backlog, &err, NULL), 0); /* one job a slot */
    assert_int_equal(policy_options_try(&policy_backlog, &err, "per_slot", "1", NULL), 0);
    assert_true(policy_options_try(&policy_backlog, &err, "per_slot", "0", NULL) < 0);
    assert_true(policy_options_try(&policy_backlog, &err, "per_slot", "-1", NULL) < 0);
    assert_true(policy_options_try(&policy_backlog, &err, "per_slot", "1000000001", NULL) < 0);
    assert_true(policy_options_try(&policy_backlog, &err, "per_slot", "many", NULL) < 0);
}

static void all_policies_are_found_by_name(void **state)
{
    (void)state;
    size_t n = 0;
    for (; policies[n]; n++) {
        assert_ptr_equal(policy_find(policies[n]->options.name), policies[n]);
        assert_non_null(policies[n]->propose);
        assert_non_null(policies[n]->options.help);
    }
    assert_true(n >= 5);
    assert_null(policy_find("magic"));
    assert_null(policy_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(says_why),
        cmocka_unit_test(settings),
        cmocka_unit_test(all_policies_are_found_by_name),
    };
    return cmocka_run_group_tests_name("policy backlog", tests, NULL, NULL);
}
