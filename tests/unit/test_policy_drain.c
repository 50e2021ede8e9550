/*
 * drain, by hand and in a closed loop. By hand: jobs of 10 s, boot 20 s, promise 100 s, so that work
 * that is all new must be done within x = 100 - 10/2 = 95 s, of which a slot bought now has 75.
 */
#include <stdlib.h>

#include "core_world.h"
#include "policy_fixture.h"

struct drain_case {
    const char *name;
    struct {
        double age_s, jobs;
    } bins[4]; /* oldest first */
    double running, arrivals, sample_age_s;
    int64_t ready;
    struct {
        double eta_s;
        int64_t slots;
    } booting[3];     /* soonest first */
    int64_t slots;    /* proposed */
    const char *text; /* part of the trail; NULL: any */
};

static const struct drain_case cases[] = {
    { .name = "nothing", .slots = 0, .text = "what there is does it" },
    { .name = "one job", .bins = { { 0, 1 } }, .slots = 1 },
    { .name = "1000 s of work in 75 s: 13.3",
      .bins = { { 0, 100 } },
      .slots = 14,
      .text = "100 jobs of 10s within 1m40s: 14 slots more than those ready and booting" },
    { .name = "the older half is the tighter: 500 in 35-20: 33.3",
      .slots = 34,
      .bins = { { 60, 50 }, { 0, 50 } } },
    { .name = "the older half is little: 10 in 15, then 1000 in 75",
      .slots = 14,
      .bins = { { 60, 1 }, { 0, 99 } } },
    { .name = "last moment: a new slot does one job, hence one each",
      .bins = { { 70, 50 } },
      .slots = 50 },
    { .name = "just too late: 500 in a fresh 115-20: 5.3",
      .bins = { { 70.01, 50 } },
      .slots = 6,
      .text = "50 are too late" },
    { .name = "hours too late", .bins = { { 36000, 50 } }, .slots = 6 },
    { .name = "too late ones beside others: 500 in 95, 1000 in 75",
      .slots = 14,
      .bins = { { 1000, 50 }, { 0, 50 } } },

    /* Slots there are. */
    { .name = "11 ready do 1045 of 1000: 10.5 would do",
      .bins = { { 0, 100 } },
      .ready = 11,
      .slots = 11 },
    { .name = "10 ready leave 50 for 75", .bins = { { 0, 100 } }, .ready = 10, .slots = 11 },
    { .name = "far too many ready: 10.5, and a little more",
      .bins = { { 0, 100 } },
      .ready = 50,
      .slots = 12,
      .text = "11 slots suffice" },
    { .name = "one of ten too many: not worth a boot",
      .bins = { { 0, 90 } },
      .ready = 11,
      .slots = 11 }, /* 900/95 = 9.5, hence 10 of 11 */
    { .name = "two of eleven too many: one stays",
      .bins = { { 0, 85 } },
      .ready = 11,
      .slots = 10 },

    /* Slots on their way: counted, so that nothing is ordered twice, and as what they will do. */
    { .name = "14 bought 5 s ago do 14 x 75",
      .bins = { { 5, 100 } },
      .booting = { { 15, 14 } },
      .slots = 14,
      .text = "14 slots suffice" },
    { .name = "13 do not: 25 s of work for 70",
      .bins = { { 5, 100 } },
      .booting = { { 15, 13 } },
      .slots = 14 },
    { .name = "20 are too many, but 14 of them are needed",
      .bins = { { 5, 100 } },
      .booting = { { 15, 20 } },
      .slots = 15,
      .text = "14 slots suffice" },
    { .name = "5 ready and 10 booting: 450 + 7.3 x 75",
      .bins = { { 5, 100 } },
      .ready = 5,
      .booting = { { 15, 10 } },
      .slots = 14,
      .text = "13 slots suffice" },
    { .name = "the soonest count first: 6 x 90, 460/50",
      .bins = { { 5, 100 } },
      .booting = { { 0, 6 }, { 40, 20 } },
      .slots = 17,
      .text = "16 slots suffice" },
    { .name = "what boots too long is none",
      .bins = { { 0, 100 } },
      .booting = { { 95, 50 } },
      .slots = 64 }, /* 14 on top of 50 */
    { .name = "overdue: any moment",
      .bins = { { 0, 100 } },
      .booting = { { 0, 11 } },
      .slots = 11 },

    /* Jobs in flight: half done on average; they hold their slots. */
    { .name = "running jobs hold their slots", .running = 10, .ready = 30, .slots = 10 },
    { .name = "950 + 50 of those in flight",
      .bins = { { 0, 95 } },
      .running = 10,
      .ready = 10,
      .slots = 11 },
    { .name = "never more slots than jobs", .bins = { { 69, 3 } }, .running = 1, .slots = 4 },

    /* Jobs to come: 2/s while a slot boots, 400 s of work at the end of the boot; 400/90 = 4.4. */
    { .name = "arrivals alone", .arrivals = 2, .slots = 5 },
    { .name = "arrivals beside waiting jobs: 1400 in 110-20",
      .bins = { { 0, 100 } },
      .arrivals = 2,
      .slots = 16 },
    { .name = "a rate that has faded", .arrivals = 0.0166, .slots = 0 },
    { .name = "a rate of just half a job", .arrivals = 0.0167, .slots = 1 },

    /* Between samples the queue is worked off unseen. */
    { .name = "5 s ago 950 would have done in time",
      .bins = { { 5, 95 } },
      .ready = 10,
      .sample_age_s = 5,
      .slots = 10 },
    { .name = "a fresh sample of jobs that old is another thing",
      .bins = { { 5, 95 } },
      .ready = 10,
      .slots = 11 },
    { .name = "a slot bought now comes later for it: 1000 in 70",
      .bins = { { 5, 100 } },
      .sample_age_s = 5,
      .slots = 15 },
    { .name = "and so do those on their way: 13 x 75, 25 in 70",
      .bins = { { 5, 100 } },
      .sample_age_s = 5,
      .booting = { { 15, 13 } },
      .slots = 14 },

    /* Numbers at their ends. */
    { .name = "as many jobs as can be believed",
      .bins = { { 0, 1e12 } },
      .slots = INT64_C(133333333334) },
};

static void run_case(const struct drain_case *t, const char *within, int64_t service_ns,
                     int64_t expected)
{
    struct ages ages = { 0 };
    struct observation seen = policy_seen(&ages);
    struct booting booting[3];
    for (size_t i = 0; i < 4 && t->bins[i].jobs > 0; i++) {
        ages.bins[ages.len++] =
            (struct age_bin){ seen.now_ns - SECONDS(t->bins[i].age_s), t->bins[i].jobs };
        seen.waiting += t->bins[i].jobs;
    }
    ages.total = seen.waiting;
    for (size_t i = 0; i < 3 && t->booting[i].slots > 0; i++) {
        booting[seen.booting_len++] =
            (struct booting){ SECONDS(t->booting[i].eta_s), t->booting[i].slots };
        seen.slots_booting += t->booting[i].slots;
    }
    seen.booting = booting;
    seen.running = t->running;
    seen.arrival_per_s = t->arrivals;
    seen.sample_age_ns = SECONDS(t->sample_age_s);
    seen.slots_ready = t->ready;
    seen.boot_ns = SECONDS(20);
    seen.service_ns = service_ns;
    seen.service_count = service_ns > 0 ? 5 : 0;
    void *options = policy_options(&policy_drain, "within", within, "service", "10s", NULL);
    struct proposal p = policy_propose(&policy_drain, options, &seen);
    policy_options_free(&policy_drain, options);
    if (p.slots != expected || (t->text && !strstr(p.text, t->text)))
        fail_msg("%s: %lld, not %lld: %s", t->name, (long long)p.slots, (long long)expected,
                 p.text);
}

static void by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        run_case(&cases[i], "100s", SECONDS(10), cases[i].slots);
}

static void service_time_is_the_settings_until_measured(void **state)
{
    (void)state;
    struct drain_case t = { .name = "100 jobs", .bins = { { 0, 100 } } };
    run_case(&t, "100s", 0, 14);
    run_case(&t, "100s", SECONDS(20), 29); /* 2000 in 90-20 */
}

/* A promise shorter than boot and one job can be kept by no purchase; the work is still done. */
static void a_promise_that_nothing_keeps(void **state)
{
    (void)state;
    struct drain_case t = { .name = "100 jobs", .bins = { { 0, 100 } }, .text = "too late" };
    run_case(&t, "29s", SECONDS(10), 42); /* 1000 in 29+20-5 - 20 */
    run_case(&t, "1s", SECONDS(10), 100); /* 1000 in one job each */
    t.ready = 10;
    run_case(&t, "29s", SECONDS(10), 34); /* 440 of it by the ten: 560/24 more */
}

static void settings_are_checked(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_int_equal(policy_options_try(&policy_drain, &err, "within", "1s", NULL), 0);
    assert_int_equal(policy_options_try(&policy_drain, &err, "within", "30d", NULL), 0);
    assert_true(policy_options_try(&policy_drain, &err, "within", "999ms", NULL) < 0);
    assert_true(policy_options_try(&policy_drain, &err, "within", "31d", NULL) < 0);
    assert_true(policy_options_try(&policy_drain, &err, "within", "600", NULL) < 0);
    assert_true(policy_options_try(&policy_drain, &err, "service", "0s", NULL) < 0);
}

/* ---- in a closed loop ----------------------------------------------------------------------------- */

struct loop_case {
    const char *name;
    double per_s;
    size_t burst;
    int64_t service_s;
    const char *within;
    int64_t within_s;
    int64_t run_s;
    int64_t bought_max;
    int reversals_max;
};

/* No stabilisation, no pace: whatever calm there is, is the policy's own. */
static const struct loop_case loops[] = {
    { "a burst", 0, 300, 60, "10m", 600, 1500, 65, 4 },
    { "a big burst", 0, 1000, 60, "10m", 600, 1800, 210, 8 },
    { "steady work for 30 slots", 0.5, 0, 60, "10m", 600, 7200, 35, 4 },
    { "steady work of short jobs", 1, 0, 10, "5m", 300, 3600, 50, 6 },
    { "a burst on steady work", 0.5, 300, 60, "10m", 600, 5400, 80, 10 },
    { "a promise with little room", 0.5, 0, 60, "3m", 180, 3600, 60, 10 },
};

static void keeps_its_promise_calmly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        const struct loop_case *t = &loops[i];
        struct pool_spec *spec = core_spec("p");
        spec->slots_max = spec->nodes_max = 1000;
        core_scale(spec, &policy_drain, "within", t->within, NULL);
        struct world w;
        world_start(&w, spec);
        w.service_ns = SECONDS(t->service_s);
        int64_t start_ns = w.core.now_ns;
        world_work(&w, t->burst);
        world_run(&w, SECONDS(t->run_s), t->per_s);
        int64_t slowest_ns = world_slowest_ns(&w, start_ns, w.core.now_ns - SECONDS(t->within_s));
        if (w.machines_bought > t->bought_max || w.reversals > t->reversals_max ||
            slowest_ns > SECONDS(t->within_s))
            fail_msg("%s: bought %lld, %d reversals, slowest %lld s", t->name,
                     (long long)w.machines_bought, w.reversals,
                     (long long)(slowest_ns / SECONDS(1)));
        world_stop(&w);
    }
}

/* With the boot and the service time known, a burst is answered with one order, and no second one. */
static void nothing_is_ordered_twice(void **state)
{
    (void)state;
    struct pool_spec *spec = core_spec("p");
    core_scale(spec, &policy_drain, "within", "100s", "service", "10s", NULL);
    spec->boot_guess_ns = SECONDS(20);
    struct world w;
    world_start(&w, spec);
    w.boot_ns = SECONDS(20);
    w.service_ns = SECONDS(10);
    int64_t start_ns = w.core.now_ns;
    world_work(&w, 100);
    world_run(&w, SECONDS(6), 0); /* the next poll sees them */
    int64_t ordered = w.machines_bought;
    assert_true(ordered >= 14 && ordered <= 18);
    world_run(&w, SECONDS(500), 0);
    assert_int_equal(w.machines_bought, ordered);
    assert_true(w.reversals <= 1);
    assert_true(world_slowest_ns(&w, start_ns, w.core.now_ns) <= SECONDS(110));
    assert_int_equal(world_waiting(&w), 0);
    assert_int_equal(world_alive(&w), 0);
    world_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(service_time_is_the_settings_until_measured),
        cmocka_unit_test(a_promise_that_nothing_keeps),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(keeps_its_promise_calmly),
        cmocka_unit_test(nothing_is_ordered_twice),
    };
    return cmocka_run_group_tests_name("policy drain", tests, NULL, NULL);
}
