/* Traces: what is read, and what is wrong with them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/trace.h"
#include "tests/unit/scratch.h"

#define S NS_PER_S

static int open_text(const char *name, const char *text, const struct sim_trace_options *options,
                     struct sim_work **ret, struct error *err)
{
    struct scratch scratch;
    scratch_make(&scratch);
    scratch_write(&scratch, name, text);
    int rc = sim_work_open(scratch_path(&scratch, name), options, ret, err);
    scratch_drop(&scratch);
    return rc;
}

static struct sim_trace_options with_service(int64_t seconds)
{
    struct sim_trace_options options;
    sim_trace_options_default(&options);
    options.has_service = seconds > 0;
    options.service = sim_dist_constant(seconds * S);
    return options;
}

/* ---- what is right ---------------------------------------------------------------------------------- */

struct totals {
    int64_t jobs, last_ns;
    double work_s;
};

static struct totals take_all(struct sim_work *work)
{
    struct totals n = { 0 };
    struct sim_job job;
    struct error err = { 0 };
    int rc;
    while ((rc = sim_work_next(work, &job, &err)) > 0) {
        assert_true(job.arrival_ns >= n.last_ns);
        assert_true(job.service_ns >= 1 && job.count >= 1);
        n.jobs += job.count;
        n.last_ns = job.arrival_ns;
        n.work_s += (double)job.count * (double)job.service_ns / 1e9;
    }
    assert_int_equal(rc, 0);
    return n;
}

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t service_s; /* 0: recorded */
        int64_t jobs, last_s, span_s;
        double work_s;
    } cases[] = {
        { "jobs.csv", "t_s,service_s\n0,10\n5,2.5\n5,1e1\n", 0, 3, 5, 5, 22.5 },
        { "later.csv", "# from a log\nid;arrival_ms;service_ms\na;9000;500\n\nb;9500;500\n", 0, 2,
          0, 0, 1 },
        { "dates.csv",
          "time,run_s\n2026-01-05T09:00:00Z,1\n2026-01-05 09:01:00.5,2\n2026-01-06T09:00:00,3\n", 0,
          3, 86400, 86400, 6 },
        { "slots.csv", "\xef\xbb\xbft_s,run_s,procs\r\n0,10,4\r\n1,1,\"2\"\r\n", 0, 6, 1, 1, 42 },
        { "no-service.csv", "t_s\n1\n3\n", 7, 2, 2, 2, 14 },
        { "a.swf",
          "; Version: 2.2\n 1 0 5 100 4 -1 -1 4 -1 -1 1 1 1 1 1 1 -1 -1\n"
          " 2 10 5 -1 4 -1 -1 4 -1 -1 0 1 1 1 1 1 -1 -1\n"
          " 3 20 5 50 -1 -1 -1 2 -1 -1 1 1 1 1 1 1 -1 -1\n",
          0, 6, 20, 20, 500 },
        { "counts.csv", "t_s,count\n0,3\n60,0\n120,2\n", 5, 5, -1, 180, 25 },
        { "depths.csv", "t_s,waiting,running,completed\n0,4,0,0\n60,0,2,2\n120,3,0,7\n", 5, 10, -1,
          120, 50 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_trace_options options = with_service(cases[i].service_s);
        struct sim_work *work = NULL;
        struct error err = { 0 };
        if (open_text(cases[i].name, cases[i].text, &options, &work, &err) < 0)
            fail_msg("%s", err.text);
        for (int again = 0; again < 2; again++) {
            struct totals n = take_all(work);
            assert_int_equal(n.jobs, cases[i].jobs);
            assert_true(fabs(n.work_s - cases[i].work_s) < 1e-6);
            if (cases[i].last_s >= 0)
                assert_int_equal(n.last_ns / S, cases[i].last_s);
            assert_int_equal(work->facts.span_ns / S, cases[i].span_s);
            assert_int_equal(sim_work_rewind(work, NULL), 0);
        }
        sim_work_free(work);
    }
}

static void test_wall_time(void **state)
{
    (void)state;
    struct sim_trace_options options = with_service(1);
    struct sim_work *work = NULL;
    assert_int_equal(
        open_text("a.csv", "time,run_s\n2026-01-05T00:00:00Z,1\n", &options, &work, NULL), 0);
    assert_int_equal(work->facts.wall_zero_ns, INT64_C(1767571200) * S);
    sim_work_free(work);
}

/* Arrivals lie in their interval, evenly. */
static void test_arrivals_in_their_interval(void **state)
{
    (void)state;
    struct sim_trace_options options = with_service(1);
    struct sim_work *work = NULL;
    struct sim_job job;
    assert_int_equal(
        open_text("c.csv", "t_s,count\n100,20000\n200,0\n300,10000\n", &options, &work, NULL), 0);
    int64_t tenths[30] = { 0 };
    while (sim_work_next(work, &job, NULL) > 0)
        tenths[job.arrival_ns / (10 * S)]++;
    for (int i = 0; i < 30; i++) {
        int64_t expected = i < 10 ? 2000 : i < 20 ? 0 : 1000;
        assert_true(llabs(tenths[i] - expected) < 200);
    }
    sim_work_free(work);
}

static void test_gaps(void **state)
{
    (void)state;
    static const char text[] = "t_s,count\n0,6\n60,6\n240,6\n";
    struct sim_trace_options options = with_service(1);
    struct sim_work *work = NULL;
    options.gaps = SIM_GAPS_ZERO;
    assert_int_equal(open_text("c.csv", text, &options, &work, NULL), 0);
    assert_int_equal(take_all(work).jobs, 18);
    assert_int_equal(work->facts.gap_ns, 120 * S);
    sim_work_free(work);
    options.gaps = SIM_GAPS_FILL;
    assert_int_equal(open_text("c.csv", text, &options, &work, NULL), 0);
    assert_int_equal(take_all(work).jobs, 30);
    assert_int_equal(work->facts.span_ns, 300 * S);
    sim_work_free(work);
}

static void test_scale(void **state)
{
    (void)state;
    struct sim_trace_options options = with_service(1);
    struct sim_work *work = NULL;
    options.scale = 0.25;
    assert_int_equal(open_text("c.csv", "t_s,count\n0,1000\n60,3001\n", &options, &work, NULL), 0);
    assert_int_equal(take_all(work).jobs, 1000);
    sim_work_free(work);
    options.scale = 2.5;
    assert_int_equal(open_text("j.csv", "t_s,run_s,slots\n0,1,40000\n", &options, &work, NULL), 0);
    assert_int_equal(take_all(work).jobs, 100000);
    sim_work_free(work);
}

/* ---- what is wrong ------------------------------------------------------------------------------------ */

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t service_s;
        const char *where, *what;
    } cases[] = {
        { "j.csv", "t_s,service_s\n5,1\n3,1\n", 0, "j.csv:3: ", "sorted" },
        { "j.csv", "t_s,service_s\n5,1\n6,-1\n", 0, "j.csv:3: ", "expected 0 or more" },
        { "j.csv", "t_s,service_s\n5,1\n6,nan\n", 0, "j.csv:3: ", "expected a number" },
        { "j.csv", "t_s,service_s\n5,1\ninf,1\n", 0, "j.csv:3: ", "expected a number" },
        { "j.csv", "t_s,service_s\n5,1\n6,\n", 0, "j.csv:3: ", "empty" },
        { "j.csv", "t_s,service_s\n5,1\n6\n", 0, "j.csv:3: ", "expected 2" },
        { "j.csv", "t_s,service_s\n5,1,7\n", 0, "j.csv:2: ", "expected 2" },
        { "j.csv", "t_s,service_s\n5,0x10\n", 0, "j.csv:2: ", "expected a number" },
        { "j.csv", "when,service_s\n5,1\n", 0, "j.csv:1: ", "t_s" },
        { "j.csv", "t_s,took\n5,1\n", 0, "j.csv:1: ", "service_s" },
        { "j.csv", "t_s,service_s\n", 0, "j.csv", "no job" },
        { "j.csv", "", 0, "j.csv", "header" },
        { "j.csv", "t_s,service_s\n1767571200000,1\n", 0, "j.csv:2: ", "t_ms" },
        { "j.csv", "t_s,service_s\n5,1\n2592000000,1\n", 0, "j.csv:3: ", "82 years" },
        { "j.csv", "t_s,service_s\n5,9000000000\n", 0, "j.csv:2: ", "service_ms" },
        { "j.csv", "t_s,service_s,slots\n5,1,1e9\n", 0, "j.csv:2: ", "slots" },
        { "c.csv", "t_s,count\n0,3\n60,4\n", 0, "c.csv", "--service" },
        { "c.csv", "t_s,count\n0,3\n60,4\n180,1\n", 1, "c.csv:4: ", "missing is not zero" },
        { "c.csv", "t_s,count\n0,3\n60,4\n90,1\n", 1, "c.csv:3: ", "--gaps" },
        { "c.csv", "t_s,count\n0,3\n60,4\n135,1\n", 1, "c.csv:4: ", "expected intervals of 60 s" },
        { "c.csv", "t_s,count\n0,3\n60,4\n60,1\n", 1, "c.csv:4: ", "twice" },
        { "c.csv", "t_s,count\n0,3\n60,-4\n", 1, "c.csv:3: ", "0 or more" },
        { "c.csv", "t_s,count\n0,3\n60,NaN\n", 1, "c.csv:3: ", "expected a number" },
        { "c.csv", "t_s,count\n0,3\n", 1, "c.csv", "two rows" },
        { "d.csv", "t_s,waiting\n0,3\n60,4\n", 1, "d.csv:1: ", "completed" },
        { "d.csv", "t_s,waiting,running\n0,3,1\n60,-4,1\n", 1, "d.csv:3: ", "0 or more" },
        { "a.swf", "; x\n1 0 5\n", 0, "a.swf:2: ", "Standard Workload" },
        { "a.swf", "1 20 5 10 1\n2 10 5 10 1\n", 0, "a.swf:2: ", "sorted" },
        { "a.swf", "1 x 5 10 1\n", 0, "a.swf:1: ", "expected a number" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_trace_options options = with_service(cases[i].service_s);
        struct sim_work *work = NULL;
        struct error err = { 0 };
        int rc = open_text(cases[i].name, cases[i].text, &options, &work, &err);
        assert_int_equal(rc, MUSTER_E_INVALID);
        assert_null(work);
        if (!strstr(err.text, cases[i].where) || !strstr(err.text, cases[i].what))
            fail_msg("case %zu: '%s' lacks '%s' or '%s'", i, err.text, cases[i].where,
                     cases[i].what);
    }
}

static void test_no_file(void **state)
{
    (void)state;
    struct sim_trace_options options = with_service(1);
    struct sim_work *work = NULL;
    struct error err = { 0 };
    assert_true(sim_work_open("/nowhere/jobs.csv", &options, &work, &err) < 0);
    assert_non_null(strstr(err.text, "/nowhere/jobs.csv"));
}

/* ---- real ones ------------------------------------------------------------------------------------------ */

static void test_real(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t service_s, rows;
        enum sim_gaps gaps;
    } cases[] = {
        { "arrivals/alibaba_genai_requests_2024.csv", 0, 26823, SIM_GAPS_REFUSE },
        { "arrivals/aws_elb_requests_5min.csv", 1, 249327, SIM_GAPS_ZERO },
        { "arrivals/twitter_amzn_5min.csv", 1, 0, SIM_GAPS_FILL },
    };
    const char *data = getenv("MUSTER_DATA");
    data = data ? data : "../shared/data";
    if (access(data, R_OK) != 0) {
        print_message("skipped: no traces in %s (MUSTER_DATA)\n", data);
        skip();
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_trace_options options = with_service(cases[i].service_s);
        struct sim_work *work = NULL;
        struct error err = { 0 };
        char path[300];
        options.gaps = cases[i].gaps;
        snprintf(path, sizeof(path), "%s/%s", data, cases[i].name);
        if (sim_work_open(path, &options, &work, &err) < 0)
            fail_msg("%s", err.text);
        struct totals n = take_all(work);
        print_message("%s: %lld jobs in %.1f days\n", cases[i].name, (long long)n.jobs,
                      (double)work->facts.span_ns / 86400e9);
        if (cases[i].rows > 0)
            assert_int_equal(n.jobs, cases[i].rows);
        sim_work_free(work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wall_time),
        cmocka_unit_test(test_arrivals_in_their_interval),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
