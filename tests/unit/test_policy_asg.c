/* asg-backlog and asg-target-tracking: the alarms of EC2 Auto Scaling. */
#include "baseline_fixture.h"

static void *backlog_options(const char *latency, const char *service)
{
    return policy_options(&policy_asg_backlog, "latency", latency, "service", service, NULL);
}

/* AWS's own example: 10 s of latency, 0.1 s a message, 1,500 messages on 10 instances: 15. */
static void the_published_example(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 10, 1);
    b.seen.waiting = 1500;
    assert_int_equal(baseline_pass(&b, 60), 10);
    assert_int_equal(baseline_pass(&b, 60), 10);
    assert_int_equal(baseline_pass(&b, 60), 15); /* the third point in a row */
    baseline_stop(&b);
}

static void instances_of_several_slots(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 40, 4);
    b.seen.waiting = 6000; /* 600 on each of 10 instances, 400 accepted */
    assert_int_equal(baseline_pass(&b, 180), 60);
    baseline_stop(&b);
}

static void one_quiet_point_starts_the_count_anew(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 10, 1);
    b.seen.waiting = 1500;
    baseline_pass(&b, 120);
    b.seen.waiting = 500;
    baseline_pass(&b, 60);
    b.seen.waiting = 1500;
    assert_int_equal(baseline_pass(&b, 120), 10);
    assert_int_equal(baseline_pass(&b, 60), 15);
    baseline_stop(&b);
}

static void shrinks_after_fifteen_points(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 10, 1);
    b.seen.waiting = 450;
    assert_int_equal(baseline_pass(&b, 14 * 60), 10);
    b.seen.slots_booting = 1; /* what warms up is in the way of shrinking */
    assert_int_equal(baseline_pass(&b, 60), 10);
    b.seen.slots_booting = 0;
    assert_int_equal(baseline_pass(&b, 60), 5);
    baseline_stop(&b);
}

/* 95 on each, target 100: neither above it nor below 90 % of it. */
static void holds_between_the_alarms(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 10, 1);
    b.seen.waiting = 950;
    assert_int_equal(baseline_pass(&b, 3600), 10);
    baseline_stop(&b);
}

static void keeps_one_instance_and_starts_with_one(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_backlog, backlog_options("10s", "100ms"), 0, 2);
    assert_int_equal(baseline_pass(&b, 1), 2);
    b.instant = true;
    assert_int_equal(baseline_pass(&b, 3600), 2); /* an empty queue, all day */
    baseline_stop(&b);
}

/* Half busy is the target; all busy doubles, once in three minutes and then every minute. */
static void tracks_utilisation(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_asg_target_tracking,
                   policy_options(&policy_asg_target_tracking, NULL), 10, 1);
    b.seen.running = 10;
    b.seen.waiting = 1e6;
    assert_int_equal(baseline_pass(&b, 180), 20);
    assert_int_equal(baseline_pass(&b, 60), 20); /* still 10 in service, all busy: 20 */
    b.seen.slots_ready = 20;
    b.seen.running = 12; /* 60 %, still above */
    assert_int_equal(baseline_pass(&b, 60), 24);
    b.seen.slots_ready = 24;
    b.seen.running = 9; /* 37.5 %: not below 35 % */
    assert_int_equal(baseline_pass(&b, 1200), 24);
    b.seen.running = 8; /* 33 % */
    assert_int_equal(baseline_pass(&b, 15 * 60), 16);
    baseline_stop(&b);
}

static void settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(policy_asg_backlog.needs_signal);
    assert_true(policy_asg_target_tracking.needs_signal);
    assert_true(policy_options_try(&policy_asg_backlog, &err, NULL) == 0);
    assert_true(policy_options_try(&policy_asg_backlog, &err, "latency", "0s", NULL) < 0);
    assert_true(policy_options_try(&policy_asg_target_tracking, &err, "busy", "0%", NULL) < 0);
    assert_true(policy_options_try(&policy_asg_target_tracking, &err, "busy", "101%", NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example),
        cmocka_unit_test(instances_of_several_slots),
        cmocka_unit_test(one_quiet_point_starts_the_count_anew),
        cmocka_unit_test(shrinks_after_fifteen_points),
        cmocka_unit_test(holds_between_the_alarms),
        cmocka_unit_test(keeps_one_instance_and_starts_with_one),
        cmocka_unit_test(tracks_utilisation),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests_name("policies asg-*", tests, NULL, NULL);
}
