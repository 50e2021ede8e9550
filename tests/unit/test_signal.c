#include "control/signal.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static struct sample depth(double waiting)
{
    return (struct sample){ .waiting = waiting };
}

static struct sample counted(double waiting, double running, double completed)
{
    return (struct sample){ .waiting = waiting,
                            .running = running,
                            .completed = completed,
                            .has_running = true,
                            .has_completed = true };
}

static void states_have_words(void **state)
{
    (void)state;
    assert_string_equal(signal_state_word(SIGNAL_NONE), "none");
    assert_string_equal(signal_state_word(SIGNAL_FRESH), "fresh");
    assert_string_equal(signal_state_word(SIGNAL_STALE), "stale");
    assert_string_equal(signal_state_word(SIGNAL_FAILED), "failed");
    assert_string_equal(signal_state_word(SIGNAL_ABSURD), "absurd");
}

/* Unknown is not zero: nothing that no queue can say replaces what was known. */
static void the_unbelievable_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct sample sample;
        const char *problem; /* NULL: believed */
    } cases[] = {
        { "nothing waits", { .waiting = 0 }, NULL },
        { "one", { .waiting = 1 }, NULL },
        { "minus one", { .waiting = -1 }, "waiting = -1, which is negative" },
        { "just below zero", { .waiting = -DBL_MIN }, "is negative" },
        { "NaN", { .waiting = NAN }, "is not a number" },
        { "infinite", { .waiting = INFINITY }, "is infinite" },
        { "minus infinite", { .waiting = -INFINITY }, "is infinite" },
        { "the most there can be", { .waiting = SIGNAL_JOBS_MAX }, NULL },
        { "one more", { .waiting = SIGNAL_JOBS_MAX + 1 }, "more than any queue" },
        { "running NaN, not told", { .waiting = 1, .running = NAN }, NULL },
        { "running NaN", { .running = NAN, .has_running = true }, "running = nan" },
        { "running negative", { .running = -2, .has_running = true }, "running = -2" },
        { "oldest negative", { .oldest_s = -1, .has_oldest = true }, "oldest = -1" },
        { "oldest absurd, not told", { .oldest_s = -1 }, NULL },
        { "oldest beyond the clock",
          { .waiting = 1, .oldest_s = 9.5e9, .has_oldest = true },
          NULL },
        { "completed infinite",
          { .completed = INFINITY, .has_completed = true },
          "completed = inf" },
        { "completed beyond", { .completed = 1.1e12, .has_completed = true }, "more than any" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct signal signal = { 0 };
        struct sample before = depth(42);
        signal_sample(&signal, 100 * S, &before);
        signal_sample(&signal, 105 * S, &cases[i].sample);
        bool believed = cases[i].problem == NULL;
        if (signal_known(&signal) != believed ||
            (!believed && !strstr(signal.problem, cases[i].problem)))
            fail_msg("%s: %s '%s'", cases[i].name, signal_state_word(signal.state), signal.problem);
        if (believed)
            continue;
        assert_int_equal(signal.state, SIGNAL_ABSURD);
        assert_true(fabs(signal.last.waiting - 42) < 1e-9);
        assert_int_equal(signal.sampled_ns, 100 * S);
        assert_int_equal(signal.failing_since_ns, 105 * S);
        assert_int_equal(signal.failures, 1);
        assert_int_equal(signal.samples, 1);
    }
}

static void a_source_that_fails_is_unknown_until_it_speaks(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    assert_false(signal_known(&signal));
    struct sample sample = depth(7);
    signal_sample(&signal, 100 * S, &sample);
    assert_true(signal_known(&signal));
    signal_fail(&signal, 105 * S, "connection refused");
    assert_int_equal(signal.state, SIGNAL_FAILED);
    signal_fail(&signal, 110 * S, "still refused");
    assert_int_equal(signal.failing_since_ns, 105 * S);
    assert_string_equal(signal.problem, "still refused");
    assert_int_equal(signal.failures, 2);
    signal_age(&signal, 1000 * S, 60 * S); /* failed says more than stale */
    assert_int_equal(signal.state, SIGNAL_FAILED);
    signal_sample(&signal, 1005 * S, &sample);
    assert_true(signal_known(&signal));
    assert_int_equal(signal.failing_since_ns, 0);
    assert_string_equal(signal.problem, "");
}

static void a_sample_grows_stale(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    signal_age(&signal, 1000 * S, 60 * S);
    assert_int_equal(signal.state, SIGNAL_NONE);
    struct sample sample = depth(7);
    signal_sample(&signal, 100 * S, &sample);
    signal_age(&signal, 160 * S, 60 * S);
    assert_true(signal_known(&signal));
    signal_age(&signal, 160 * S + 1, 60 * S);
    assert_int_equal(signal.state, SIGNAL_STALE);
    assert_non_null(strstr(signal.problem, "stale_after"));
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct signal signal = { 0 };
    signal_fail(&signal, S, text);
    assert_int_equal(strlen(signal.problem), SIGNAL_TEXT_MAX - 1);
}

static void the_arrival_rate_has_a_half_life(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    int64_t now_ns = 100 * S;
    struct sample sample = depth(0);
    signal_sample(&signal, now_ns, &sample);
    for (int i = 1; i <= 12; i++) { /* a minute of 2 jobs a second */
        sample.waiting += 10;
        signal_sample(&signal, now_ns += 5 * S, &sample);
    }
    assert_true(fabs(signal.arrival_per_s - 1) < 1e-9);
    for (int i = 0; i < 12; i++)
        signal_sample(&signal, now_ns += 5 * S, &sample);
    assert_true(fabs(signal.arrival_per_s - 0.5) < 1e-9);
}

/* Jobs that came and went between two samples are seen only by a source that counts. */
static void joined_jobs_are_counted_where_the_source_counts(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    struct sample a = counted(10, 4, 100);
    struct sample b = counted(10, 4, 130);
    signal_sample(&signal, 100 * S, &a);
    signal_sample(&signal, 160 * S, &b);
    assert_true(fabs(signal.arrival_per_s - 0.25) < 1e-9); /* 30 in 60 s, half counted */
    /* A counter that was reset says nothing about what finished. */
    struct sample c = counted(10, 4, 5);
    signal_sample(&signal, 220 * S, &c);
    assert_true(fabs(signal.arrival_per_s - 0.125) < 1e-9);
}

/* The same instant twice (or a clock that stands still) must not divide by nothing. */
static void two_samples_at_once(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    struct sample a = counted(0, 0, 0);
    struct sample b = counted(1e12, 1e12, 1e12);
    signal_sample(&signal, 100 * S, &a);
    signal_sample(&signal, 100 * S, &b);
    assert_true(signal.arrival_per_s >= 0 && signal.arrival_per_s < 1e-9);
    signal_sample(&signal, 100 * S + 1, &b);
    assert_true(isfinite(signal.arrival_per_s));
}

/* ---- how long a job takes ------------------------------------------------------------------------ */

/* Feeds the samples of a queue whose `slots` slots are always busy with jobs of job_s seconds. */
static int64_t measured_ns(int slots, int job_s, bool in_step, int seconds)
{
    struct signal signal = { 0 };
    double completed = 0;
    int left[64];
    for (int i = 0; i < slots; i++)
        left[i] = in_step ? job_s : 1 + job_s * (i + 1) / slots;
    struct sample sample = counted(100, 0, 0);
    signal_sample(&signal, 1000 * S, &sample);
    for (int t = 1; t <= seconds; t++) {
        for (int i = 0; i < slots; i++) {
            if (--left[i] > 0)
                continue;
            completed++;
            left[i] = job_s;
        }
        sample = counted(100, slots, completed);
        if (t % 5 == 0)
            signal_sample(&signal, (1000 + t) * S, &sample);
    }
    return signal.service_ns;
}

static void service_time_by_littles_law(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int slots, job_s;
        bool in_step;
    } cases[] = {
        { "many short jobs", 20, 10, false },
        { "jobs longer than the interval", 20, 60, false },
        { "all in step: most intervals see none finish", 10, 60, true },
        { "one slot", 1, 60, true },
        { "shorter than the interval", 4, 2, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = measured_ns(cases[i].slots, cases[i].job_s, cases[i].in_step, 1800);
        double ratio = (double)ns / 1e9 / cases[i].job_s;
        if (ratio < 0.95 || ratio > 1.05)
            fail_msg("%s: %f s measured, %d true", cases[i].name, (double)ns / 1e9, cases[i].job_s);
    }
}

/* The first jobs to finish must not be charged for all the others that run beside them. */
static void the_first_finished_job_is_not_charged_for_the_others(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    double completed = 0;
    for (int t = 0; t <= 65; t += 5) { /* one job joins and starts every second, each takes 60 s */
        double began = t;
        completed = t > 60 ? t - 60 : 0;
        struct sample sample = counted(0, began - completed, completed);
        signal_sample(&signal, (1000 + t) * S, &sample);
    }
    double seconds = (double)signal.service_ns / 1e9;
    assert_true(seconds > 50 && seconds < 70);
}

/* A job that hangs over a quiet night keeps a slot busy; it is not what jobs usually take. */
static void a_hanging_job_does_not_spoil_the_mean(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    int64_t now_ns = 1000 * S;
    for (int i = 0; i <= 200; i++) {
        struct sample sample = counted(5, 2, i);
        signal_sample(&signal, now_ns += 5 * S, &sample); /* two slots, 10 s each */
    }
    assert_true(llabs(signal.service_ns - 10 * S) < S);
    for (int i = 0; i < 8 * 720; i++) { /* eight hours of one hung job */
        struct sample sample = counted(0, 1, 200);
        signal_sample(&signal, now_ns += 5 * S, &sample);
    }
    struct sample sample = counted(0, 2, 201);
    signal_sample(&signal, now_ns += 5 * S, &sample);
    assert_true(signal.service_ns < 15 * S);
}

/* Jobs may vanish from running without ever finishing (a worker died): nothing breaks. */
static void vanished_jobs_are_not_finished_jobs(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    struct sample a = counted(0, 1000, 0);
    struct sample b = counted(1000, 0, 1);
    signal_sample(&signal, 1000 * S, &a);
    signal_sample(&signal, 1005 * S, &b);
    assert_true(signal.service_ns >= 0);
    for (int i = 0; i < 100; i++) {
        struct sample c = counted(1000, 10, 2 + i * 5); /* 10 slots, 5 in 5 s: 10 s each */
        signal_sample(&signal, (1010 + i * 5) * S, &c);
    }
    assert_true(llabs(signal.service_ns - 10 * S) < 2 * S);
}

/* What a node says of its jobs is checked, and counts for so much only. */
static void what_nodes_say_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double jobs, mean_ns;
        bool counts;
    } cases[] = {
        { "one job of a minute", 1, 60e9, true },
        { "half a job", 0.5, 60e9, true },
        { "none", 0, 60e9, false },
        { "a negative number", -1, 60e9, false },
        { "NaN jobs", NAN, 60e9, false },
        { "no time", 1, 0, false },
        { "negative time", 1, -1, false },
        { "NaN time", 1, NAN, false },
        { "infinite time", 1, INFINITY, false },
        { "30 days", 1, 2.592e15, true },
        { "more than 30 days", 1, 2.593e15, false },
        { "the largest whole number", 1, 9.3e18, false },
        { "infinitely many jobs", INFINITY, 60e9, true },
        { "more jobs than there are numbers", 1e300, 60e9, true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct signal signal = { 0 };
        signal_served(&signal, 0, cases[i].jobs, cases[i].mean_ns);
        bool counted_in = signal.service_count > 0;
        int64_t expected = cases[i].counts ? (int64_t)cases[i].mean_ns : 0;
        if (counted_in != cases[i].counts || signal.service_ns != expected ||
            signal.service_count > 1000)
            fail_msg("%s: %lld jobs, %lld ns", cases[i].name, (long long)signal.service_count,
                     (long long)signal.service_ns);
    }
}

static void one_node_cannot_spoil_the_mean(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    for (int i = 0; i < 300; i++)
        signal_served(&signal, 0, 1, 10e9);
    assert_int_equal(signal.service_ns, 10 * S);
    signal_served(&signal, 0, 1e9, 1);
    assert_true(signal.service_ns > 5 * S);
    for (int i = 0; i < 1000; i++) {
        signal_served(&signal, 0, 1e300, 2.592e15);
        assert_true(signal.service_ns > 0 && signal.service_count > 0);
    }
    for (int i = 0; i < 5000; i++) /* once others speak it is forgotten */
        signal_served(&signal, 0, 1, 10e9);
    assert_true(llabs(signal.service_ns - 10 * S) < S);
}

static void served_jobs_are_weighed_by_their_number(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    signal_served(&signal, 0, 3, 10e9);
    signal_served(&signal, 0, 1, 30e9);
    assert_int_equal(signal.service_ns, 15 * S);
    assert_int_equal(signal.service_count, 4);
}

/* A count that comes late, of all of the work: 100 jobs two minutes ago. */
static struct signal late_signal(void)
{
    struct signal signal = { 0 };
    const struct sample sample = {
        .waiting = 100, .running = NAN, .lag_s = 120, .has_lag = true, .whole = true
    };
    signal_sample(&signal, 1000 * S, &sample);
    return signal;
}

static void a_late_count_has_the_running_jobs_in_it(void **state)
{
    (void)state;
    struct signal signal = late_signal();
    struct reckoned r = signal_reckon(&signal, 1000 * S, 8, 0);
    assert_int_equal(signal_true_ns(&signal), 880 * S);
    assert_int_equal(r.basis, BASIS_QUEUE);
    assert_true(fabs(r.running - 8) < 1e-9 && fabs(r.waiting - 92) < 1e-9);
    r = signal_reckon(&signal, 1000 * S, 200, 0);
    assert_true(fabs(r.running - 200) < 1e-9 && fabs(r.waiting) < 1e-9);
}

static void what_nodes_finished_since_is_taken_off_a_late_count(void **state)
{
    (void)state;
    struct signal signal = late_signal();
    signal_served(&signal, 870 * S, 50, 0); /* before the count was true */
    signal_served(&signal, 900 * S, 30, 0);
    signal_served(&signal, 990 * S, 20, 0);
    struct reckoned r = signal_reckon(&signal, 1000 * S, 10, 4);
    assert_int_equal(r.basis, BASIS_HEARTBEATS);
    assert_true(fabs(r.running - 6) < 1e-9 && fabs(r.waiting - 44) < 1e-9);
    signal_served(&signal, 1005 * S, 500, 0); /* never below nothing */
    r = signal_reckon(&signal, 1005 * S, 0, 0);
    assert_true(fabs(r.waiting) < 1e-9);
    /* The next point is the truth again. */
    const struct sample next = {
        .waiting = 70, .running = NAN, .lag_s = 10, .has_lag = true, .whole = true
    };
    signal_sample(&signal, 1020 * S, &next);
    r = signal_reckon(&signal, 1020 * S, 0, 0);
    assert_int_equal(r.basis, BASIS_QUEUE);
    assert_true(fabs(r.waiting - 70) < 1e-9);
}

static void arrivals_are_measured_from_point_to_point(void **state)
{
    (void)state;
    struct signal signal = late_signal();
    struct sample again = signal.last;
    again.lag_s = 130; /* the same point, told again */
    signal_sample(&signal, 1010 * S, &again);
    assert_true(fabs(signal.arrival_per_s) < 1e-9);
    signal_served(&signal, 905 * S, 60, 0);
    const struct sample next = {
        .waiting = 100, .running = NAN, .lag_s = 80, .has_lag = true, .whole = true
    };
    signal_sample(&signal, 1020 * S, &next); /* true at 940: 60 in 60 s came and went */
    assert_true(signal.arrival_per_s > 0.4 && signal.arrival_per_s <= 1);
    /* And what arrives goes on arriving while the count grows older. */
    signal_served(&signal, 1020 * S, 1, 0);
    struct reckoned r = signal_reckon(&signal, 1040 * S, 0, 0);
    assert_true(fabs(r.waiting - (99 + 100 * signal.arrival_per_s)) < 1e-6);
}

static void ordinary_numbers_are_left_alone(void **state)
{
    (void)state;
    struct signal signal = { 0 };
    const struct sample sample = { .waiting = 10, .running = 3, .has_running = true };
    signal_sample(&signal, 100 * S, &sample);
    signal_served(&signal, 100 * S, 7, 1e9);
    struct reckoned r = signal_reckon(&signal, 105 * S, 5, 1);
    assert_int_equal(r.basis, BASIS_QUEUE);
    assert_true(fabs(r.waiting - 10) < 1e-9 && fabs(r.running - 4) < 1e-9);
}

static void finished_jobs_are_forgotten_in_time(void **state)
{
    (void)state;
    struct signal signal = late_signal();
    signal_served(&signal, 950 * S, 40, 0);
    signal_served(&signal, 950 * S + 2 * SERVED_BINS * SERVED_BIN_NS, 1, 0);
    signal.sampled_ns = 950 * S + 2 * SERVED_BINS * SERVED_BIN_NS;
    signal.last.lag_s = 1e9;
    struct reckoned r = signal_reckon(&signal, signal.sampled_ns, 0, 0);
    assert_true(fabs(r.waiting - 99) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_words),
        cmocka_unit_test(the_unbelievable_is_not_believed),
        cmocka_unit_test(a_source_that_fails_is_unknown_until_it_speaks),
        cmocka_unit_test(a_sample_grows_stale),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(the_arrival_rate_has_a_half_life),
        cmocka_unit_test(joined_jobs_are_counted_where_the_source_counts),
        cmocka_unit_test(two_samples_at_once),
        cmocka_unit_test(service_time_by_littles_law),
        cmocka_unit_test(the_first_finished_job_is_not_charged_for_the_others),
        cmocka_unit_test(a_hanging_job_does_not_spoil_the_mean),
        cmocka_unit_test(vanished_jobs_are_not_finished_jobs),
        cmocka_unit_test(what_nodes_say_is_checked),
        cmocka_unit_test(one_node_cannot_spoil_the_mean),
        cmocka_unit_test(served_jobs_are_weighed_by_their_number),
        cmocka_unit_test(a_late_count_has_the_running_jobs_in_it),
        cmocka_unit_test(what_nodes_finished_since_is_taken_off_a_late_count),
        cmocka_unit_test(arrivals_are_measured_from_point_to_point),
        cmocka_unit_test(ordinary_numbers_are_left_alone),
        cmocka_unit_test(finished_jobs_are_forgotten_in_time),
    };
    return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
