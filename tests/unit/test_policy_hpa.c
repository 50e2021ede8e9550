/* hpa and keda: replicas as Kubernetes counts them. */
#include "baseline_fixture.h"

static void hpa_start(struct baseline *b, const char *key, const char *value, int64_t nodes)
{
    baseline_start(b, &policy_hpa, policy_options(&policy_hpa, key, value, NULL), nodes, 1);
}

/* Kubernetes' own: a metric of twice the target doubles the replicas, one of half of it halves them. */
static void the_published_ratio(void **state)
{
    (void)state;
    struct baseline b;
    hpa_start(&b, "per_node", "100", 10);
    b.seen.waiting = 2000;
    assert_int_equal(baseline_pass(&b, 1), 20);
    b.seen.waiting = 1000;
    assert_int_equal(baseline_pass(&b, 299), 20); /* the stabilization window */
    assert_int_equal(baseline_pass(&b, 20), 10);
    baseline_stop(&b);
}

static void nothing_within_the_tolerance(void **state)
{
    (void)state;
    static const struct {
        double waiting;
        int64_t nodes;
    } cases[] = { { 1000, 10 }, { 1099, 10 }, { 900, 10 }, { 1101, 12 }, { 899, 9 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct baseline b;
        hpa_start(&b, "per_node", "100", 10);
        b.seen.waiting = cases[i].waiting;
        if (baseline_pass(&b, 330) != cases[i].nodes)
            fail_msg("%g waiting: %lld", cases[i].waiting, (long long)b.slots);
        baseline_stop(&b);
    }
}

/* Per 15 s it doubles or grows by four, whichever is more. */
static void how_fast_it_grows(void **state)
{
    (void)state;
    static const int64_t expected[] = { 5, 10, 20, 40, 80, 100, 100 };
    struct baseline b;
    hpa_start(&b, "per_node", "10", 1);
    b.seen.waiting = 1000;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(baseline_pass(&b, 15), expected[i]);
    baseline_stop(&b);
}

static void the_window_takes_the_largest_recommendation(void **state)
{
    (void)state;
    struct baseline b;
    hpa_start(&b, "per_node", "10", 20);
    b.seen.waiting = 200;
    baseline_pass(&b, 400);
    b.seen.waiting = 50;
    baseline_pass(&b, 200);
    b.seen.waiting = 150;
    baseline_pass(&b, 15);
    b.seen.waiting = 50;
    assert_int_equal(baseline_pass(&b, 150), 15); /* 20 is forgotten, 15 is not */
    assert_int_equal(baseline_pass(&b, 330), 5);
    b.seen.waiting = 0;
    assert_int_equal(baseline_pass(&b, 700), 1);
    baseline_stop(&b);
}

static void by_utilisation_what_boots_counts(void **state)
{
    (void)state;
    struct baseline b;
    hpa_start(&b, "busy", "50%", 10);
    b.seen.running = 10;
    assert_int_equal(baseline_pass(&b, 1), 20);
    b.seen.slots_booting = 10; /* all busy, but ten are on their way: at the target, if idle */
    assert_int_equal(baseline_pass(&b, 60), 20);
    b.seen.slots_ready = 20;
    b.seen.slots_booting = 0;
    b.seen.running = 15;
    assert_int_equal(baseline_pass(&b, 15), 30);
    baseline_stop(&b);
}

static void hpa_settings(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(policy_options_try(&policy_hpa, &err, NULL) < 0);
    assert_string_equal(err.text, "exactly one target: per_node or busy");
    assert_true(policy_options_try(&policy_hpa, &err, "per_node", "5", "busy", "5%", NULL) < 0);
    assert_int_equal(policy_options_try(&policy_hpa, &err, "busy", "50%", NULL), 0);
}

/* ---- keda ---- */

static void keda_from_none_and_back(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_keda, policy_options(&policy_keda, "per_node", "5", NULL), 0, 1);
    assert_int_equal(baseline_pass(&b, 120), 0);
    b.seen.waiting = 40;
    assert_int_equal(baseline_pass(&b, 10), 1);
    assert_int_equal(baseline_pass(&b, 15), 5);
    assert_int_equal(baseline_pass(&b, 15), 8);
    b.seen.waiting = 0;
    b.seen.running = 3; /* in flight: not idle */
    assert_int_equal(baseline_pass(&b, 290), 8);
    assert_int_equal(baseline_pass(&b, 60), 1);
    assert_int_equal(baseline_pass(&b, 600), 1);
    b.seen.running = 0;
    assert_int_equal(baseline_pass(&b, 270), 1);
    assert_int_equal(baseline_pass(&b, 60), 0); /* five minutes without work */
    assert_int_equal(baseline_pass(&b, 600), 0);
    b.seen.waiting = 1;
    assert_int_equal(baseline_pass(&b, 31), 1);
    baseline_stop(&b);
}

static void keda_activation(void **state)
{
    (void)state;
    struct baseline b;
    baseline_start(&b, &policy_keda,
                   policy_options(&policy_keda, "activation", "10", "in_flight", "no", NULL), 0, 1);
    b.seen.waiting = 10;
    assert_int_equal(baseline_pass(&b, 90), 0);
    b.seen.running = 5;
    assert_int_equal(baseline_pass(&b, 90), 0);
    b.seen.waiting = 11;
    assert_int_equal(baseline_pass(&b, 90), 3);
    baseline_stop(&b);
}

/* The core keeps a policy's memory from one decision to the next, and forgets it with the file. */
static void the_core_keeps_the_memory(void **state)
{
    (void)state;
    struct core core;
    for (int reload = 0; reload < 2; reload++) {
        struct pool_spec *spec = core_spec("p");
        core_scale(spec, &policy_hpa, "per_node", "10", NULL);
        core_start(&core);
        core_pool(&core, spec);
        core_sample(&core, "p", 1000, 0);
        assert_int_equal(core_view(&core, "p").desired, 4);
        core_tick(&core, SECONDS(15));
        assert_int_equal(core_view(&core, "p").desired, 8);
        if (reload) {
            spec = core_spec("p");
            core_scale(spec, &policy_hpa, "per_node", "10", NULL);
            core_policy(&core, spec);
        }
        core_tick(&core, SECONDS(15));
        /* Begun anew it starts from what is there, which the launches so far have not brought. */
        assert_true((core_view(&core, "p").desired == 16) == !reload);
        core_stop(&core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_ratio),
        cmocka_unit_test(nothing_within_the_tolerance),
        cmocka_unit_test(how_fast_it_grows),
        cmocka_unit_test(the_window_takes_the_largest_recommendation),
        cmocka_unit_test(by_utilisation_what_boots_counts),
        cmocka_unit_test(hpa_settings),
        cmocka_unit_test(keda_from_none_and_back),
        cmocka_unit_test(keda_activation),
        cmocka_unit_test(the_core_keeps_the_memory),
    };
    return cmocka_run_group_tests_name("policies hpa and keda", tests, NULL, NULL);
}
