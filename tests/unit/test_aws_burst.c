/*
 * 3,000 machines at once: the core, the provider, the AWS client and HTTP over loopback, against an EC2
 * with the published limits, in virtual time. It must not take much longer than the limits allow, no call
 * may be refused for a limit that is known, and not one machine too many may come of the waiting.
 */
#include "core_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "tests/unit/aws_world.h"
#include "tests/unit/provider_help.h"

#define WANTED 3000

/* Gives how long it took, in seconds. */
static double burst(struct aws_world *w, int64_t most_ns)
{
    w->ec2.jitter_ns = 100 * NS_PER_MS;
    aws_world_sample(w, WANTED);
    aws_world_run(w, most_ns, WANTED);
    double took_s = (double)(w->ec2.last_ns - w->begun_ns) / (double)NS_PER_S;
    /* What was given up, or asked for again, must not come after all. */
    int calls = w->ec2.calls;
    aws_world_run(w, 1800 * NS_PER_S, 0);
    assert_int_equal(w->ec2.calls, calls);
    return took_s;
}

/* ---- bursts ------------------------------------------------------------------------------------- */

static void check(const struct aws_world *w, const char *what, double took_s, double bound_s)
{
    printf("%s: %zu machines in %.1f s, by %d calls; the limits allow %.1f s; %d refused\n", what,
           w->ec2.machines.len, took_s, w->ec2.calls, bound_s, w->ec2.refused);
    assert_int_equal(w->ec2.machines.len, WANTED);
    assert_int_equal(w->ec2.refused, 0);
    assert_int_equal(w->ec2.again, 0);
    assert_true(took_s <= 1.1 * bound_s);
}

/* 60 fleets of 50, and 50 + 5 a second may be asked for. */
static void by_fleets(void **state)
{
    (void)state;
    struct aws_world w;
    aws_world_start(&w,
                    SETTINGS("region", "eu-central-1", "zones", "a", "zones", "b", "zones", "c",
                             "types", "{ c5.large: 1, m5.large: 1 }", "market", "[spot]",
                             "launch_template", "lt-1"),
                    WANTED);
    double took_s = burst(&w, 600 * NS_PER_S);
    check(&w, "CreateFleet", took_s, (60 - 50) / 5.0);
    aws_world_stop(&w);
}

/* One type in one place: 1,000 machines at once, and then 2 a second. */
static void by_runs(void **state)
{
    (void)state;
    struct aws_world w;
    aws_world_start(&w,
                    SETTINGS("region", "eu-central-1", "zones", "a", "types", "{ c5.large: 1 }",
                             "market", "[spot]", "launch_template", "lt-1"),
                    WANTED);
    double took_s = burst(&w, 3600 * NS_PER_S);
    check(&w, "RunInstances", took_s, (WANTED - 1000) / 2.0);
    aws_world_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_fleets),
        cmocka_unit_test(by_runs),
    };
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
