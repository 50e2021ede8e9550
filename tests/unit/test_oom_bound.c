/* Every allocation of the bounds and of price lists made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "oom.h"
#include "sim/bound.h"
#include "sim/one_job.h"
#include "sim/prices.h"

#define SECOND INT64_C(1000000000)

static int bound_once(struct error *err)
{
    static const double price[20] = { 1, 2, 1 };
    static const double slots[20] = { 1, 1, 2 };
    const struct bound_pool pool = { price, slots };
    const struct bound_options options = { 10 * SECOND, 5 * SECOND, 400 * SECOND, 3,    &pool,
                                           1,           20,         SECOND,       false };
    struct bound *bound = NULL;
    struct bound_result result;
    int rc = bound_new(&options, &bound, err);
    for (int64_t i = 0; rc == 0 && i < 20; i++)
        rc = bound_add(bound, i * 20 * SECOND, (i % 3 + 1) * 30 * SECOND, 1, err);
    if (rc == 0)
        rc = bound_finish(bound, 1, &result, err);
    bound_free(bound);
    return rc;
}

static int job_once(struct error *err)
{
    static const bool spot[40] = { true, true, false, true };
    const struct one_job job = { 10, 100, 400, 5, 3 };
    double cost;
    return one_job_optimum(&job, spot, 40, &cost, err);
}

static char path[] = "/tmp/muster-oom-prices-XXXXXX.csv";

static int prices_once(struct error *err)
{
    struct prices prices = { 0 };
    int rc = prices_read(&prices, path, err);
    prices_release(&prices);
    return rc;
}

static void sweep(int (*once)(struct error *err))
{
    long n = 0;
    for (; oom_sweep(n); n++) {
        struct error err = { 0 };
        oom_arm(n);
        int rc = once(&err);
        bool failed = oom_disarm();
        if (rc != (failed ? MUSTER_E_NOMEM : 0))
            fail_msg("allocation %ld: %d %s", n, rc, err.text);
    }
    assert_true(n > 1);
}

static void bounds(void **state)
{
    (void)state;
    sweep(bound_once);
}

static void one_job(void **state)
{
    (void)state;
    sweep(job_once);
}

static void price_lists(void **state)
{
    (void)state;
    static const char text[] = "provider,type,price_usd_h\naws,a,1\naws,b,1\naws,c,1\n";
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    close(fd);
    sweep(prices_once);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test(one_job),
        cmocka_unit_test(price_lists),
    };
    return cmocka_run_group_tests_name("oom: bounds", tests, NULL, NULL);
}
