#include "baseline_fixture.h"

static void mig_start(struct baseline *b, int64_t nodes, const char *key, const char *value,
                      const char *also, const char *also_value)
{
    baseline_start(b, &policy_mig, policy_options(&policy_mig, key, value, also, also_value, NULL),
                   nodes, 1);
}

/* The size serves the peak of the last ten minutes, and falls in one step when that has passed. */
static void the_stabilization_period(void **state)
{
    (void)state;
    struct baseline b;
    mig_start(&b, 10, "per_node", "20", NULL, NULL);
    b.seen.waiting = 200;
    assert_int_equal(baseline_pass(&b, 60), 10);
    b.seen.waiting = 1000;
    assert_int_equal(baseline_pass(&b, 60), 50);
    b.seen.waiting = 100;
    assert_int_equal(baseline_pass(&b, 590), 50);
    assert_int_equal(baseline_pass(&b, 130), 5);
    b.seen.waiting = 0;
    assert_int_equal(baseline_pass(&b, 800), 0);
    baseline_stop(&b);
}

/* Google's example: ten machines in twenty minutes at most, where half of a hundred would go. */
static void scale_in_controls(void **state)
{
    (void)state;
    struct baseline b;
    mig_start(&b, 100, "per_node", "10", "in_at_most", "10 nodes / 20m");
    b.seen.waiting = 1000;
    baseline_pass(&b, 60);
    b.seen.waiting = 500;
    assert_int_equal(baseline_pass(&b, 720), 90);
    assert_int_equal(baseline_pass(&b, 400), 90);
    assert_int_equal(baseline_pass(&b, 1000), 80);
    baseline_stop(&b);
}

/* Google's example: at 0.7, a load of 1.5 machines more makes two more. */
static void by_utilisation(void **state)
{
    (void)state;
    struct baseline b;
    mig_start(&b, 10, "busy", "70%", NULL, NULL);
    b.seen.running = 8; /* 11.43 machines would be at 70 % */
    assert_int_equal(baseline_pass(&b, 60), 12);
    b.seen.running = 0;
    b.seen.slots_ready = 12;
    assert_int_equal(baseline_pass(&b, 3600), 1); /* never none */
    baseline_stop(&b);
}

static void a_long_initialization_is_the_period(void **state)
{
    (void)state;
    struct baseline b;
    mig_start(&b, 10, "per_node", "10", "initialize", "20m");
    b.seen.waiting = 100;
    baseline_pass(&b, 60);
    b.seen.waiting = 0;
    assert_int_equal(baseline_pass(&b, 1100), 10);
    assert_int_equal(baseline_pass(&b, 300), 0);
    baseline_stop(&b);
}

static void settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(policy_options_try(&policy_mig, &err, NULL) < 0);
    assert_true(policy_options_try(&policy_mig, &err, "per_node", "5", "busy", "5%", NULL) < 0);
    assert_int_equal(policy_options_try(&policy_mig, &err, "per_node", "5", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stabilization_period),
        cmocka_unit_test(scale_in_controls),
        cmocka_unit_test(by_utilisation),
        cmocka_unit_test(a_long_initialization_is_the_period),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests_name("policy mig", tests, NULL, NULL);
}
