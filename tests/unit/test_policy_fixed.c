#include "policy_fixture.h"

static void always_the_same(void **state)
{
    (void)state;
    assert_false(policy_fixed.needs_signal);
    static const char *const slots[] = { "0", "1", "7", "1000000000" };
    static const int64_t expected[] = { 0, 1, 7, 1000000000 };
    struct ages ages = { 0 };
    for (size_t i = 0; i < 4; i++) {
        void *options = policy_options(&policy_fixed, "slots", slots[i], NULL);
        struct observation seen = policy_seen(&ages);
        assert_int_equal(policy_propose(&policy_fixed, options, &seen).slots, expected[i]);
        seen = (struct observation){ .ages = &ages, .waiting = 1e9 }; /* whatever the queue says */
        assert_int_equal(policy_propose(&policy_fixed, options, &seen).slots, expected[i]);
        policy_options_free(&policy_fixed, options);
    }
}

static void settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(policy_options_try(&policy_fixed, &err, "slots", "-1", NULL) < 0);
    assert_true(policy_options_try(&policy_fixed, &err, "slots", "1000000001", NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(always_the_same),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests_name("policy fixed", tests, NULL, NULL);
}
