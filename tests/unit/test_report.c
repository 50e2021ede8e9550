#include "sim/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_NS (3600 * (int64_t)1000000000)

static void write_page(struct sim_result *result, double cheapest_usd, struct buf *out)
{
    const struct sim_options options = { .promise_ns = HOUR_NS, .promise = SIM_PROMISE_START };
    const struct sim_report report = { .policy = "<b>.yaml",
                                       .policy_text = "pool: \"a\" # & <i>",
                                       .work = "jobs.csv",
                                       .seed = 7,
                                       .options = &options,
                                       .result = result,
                                       .cheapest_usd = cheapest_usd,
                                       .summary = "cost $1" };
    sim_report_write(&report, out);
    assert_int_equal(buf_failed(out), 0);
}

static void texts_are_shown_as_they_are(void **state)
{
    struct sim_result result = { .duration_ns = HOUR_NS };
    struct buf out = { 0 };
    (void)state;
    write_page(&result, (double)NAN, &out);
    assert_non_null(strstr(buf_text(&out), "<h1>&lt;b&gt;.yaml</h1>"));
    assert_non_null(strstr(buf_text(&out), "pool: &quot;a&quot; # &amp; &lt;i&gt;"));
    assert_null(strstr(buf_text(&out), "the cheapest possible"));
    assert_null(strstr(buf_text(&out), "nan"));
    buf_release(&out);
}

/* The areas of machines stand on one another, and the largest value is the top. */
static void curves_are_where_they_belong(void **state)
{
    struct sim_result result = { .duration_ns = 2 * HOUR_NS };
    struct buf out = { 0 };
    (void)state;
    const struct sim_point points[] = {
        { .at_ns = HOUR_NS, .ready = { 1, 3 }, .cost_usd_micro = 1000000 },
        { .at_ns = 2 * HOUR_NS, .ready = { 1, 1 }, .cost_usd_micro = 4000000 },
    };
    assert_true(vec_push(&result.series, points[0]) && vec_push(&result.series, points[1]));
    write_page(&result, 3.0, &out);
    const char *machines = strstr(buf_text(&out), "<h2>Machines</h2>");
    assert_non_null(machines);
    assert_non_null(strstr(machines, "<span>4</span>"));
    assert_non_null(strstr(machines, "d=\"M500.0 150.0L1000.0 150.0L1000.0 200.0L500.0 200.0Z\""));
    assert_non_null(strstr(machines, "d=\"M500.0 0.0L1000.0 100.0L1000.0 150.0L500.0 150.0Z\""));
    const char *cost = strstr(machines, "<h2>Cost</h2>");
    assert_non_null(cost);
    assert_non_null(strstr(cost, "<span>$4.00</span>"));
    assert_non_null(strstr(cost, "M500.0 150.0L1000.0 0.0"));
    assert_non_null(strstr(cost, "d=\"M0 50.0L1000 50.0\"")); /* 3 of 4: the cheapest possible */
    vec_release(&result.series);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shown_as_they_are),
        cmocka_unit_test(curves_are_where_they_belong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
