/* Every allocation of the AWS provider's readers and writers made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oom.h"
#include "providers/aws/plugin.h"
#include "providers/aws/requests.h"
#include "providers/memory.h"

#define ITEM                                                                                       \
    "<item><instanceId>i-1</instanceId><tagSet><item><key>a</key><value>b</value></item></"        \
    "tagSet></item>"

static const char listing[] =
    "<DescribeInstancesResponse><reservationSet><item><instancesSet>" ITEM ITEM ITEM
    "</instancesSet></item></reservationSet></DescribeInstancesResponse>";

/* A listing that lost a machine must not pass for whole. */
static void a_listing(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct ec2_instances list = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = ec2_read_instances(str_from(listing), &list, &err);
        bool failed = oom_disarm();
        if (rc < 0)
            assert_int_equal(list.all.len, 0);
        else
            assert_int_equal(list.all.len, 3);
        assert_true(failed || rc == 0);
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        ec2_instances_release(&list);
    }
}

static void a_page_in_pieces(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct ec2_instances list = { 0 };
        struct ec2_page *page = NULL;
        struct error err = { 0 };
        oom_arm(n);
        int rc = ec2_page_new(&list, &page, &err);
        for (size_t at = 0; rc == 0 && at + 1 < sizeof(listing); at++)
            rc = ec2_page_feed(page, (struct str){ listing + at, 1 }, &err);
        if (rc == 0)
            rc = ec2_page_end(page, &err);
        bool failed = oom_disarm();
        assert_true(rc < 0 || list.all.len == 3);
        assert_true(failed || rc == 0);
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        ec2_page_free(page);
        ec2_instances_release(&list);
    }
}

static void a_fleet(void **state)
{
    (void)state;
    static const char text[] = "<CreateFleetResponse><fleetInstanceSet><item><instanceIds><item>i-"
                               "1</item></instanceIds></item>"
                               "</fleetInstanceSet><errorSet><item><errorCode>x</errorCode></"
                               "item></errorSet></CreateFleetResponse>";
    for (long n = 0; oom_sweep(n); n++) {
        struct fleet_answer answer = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = ec2_read_fleet(str_from(text), &answer, &err);
        oom_disarm();
        assert_int_equal(answer.instances.len, rc == 0 ? 1 : 0);
        assert_int_equal(answer.errors.len, rc == 0 ? 1 : 0);
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        fleet_answer_release(&answer);
    }
}

static void a_body(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf body = { 0 };
        oom_arm(n);
        ec2_write_list("me", "next", &body);
        bool failed = oom_disarm();
        assert_int_equal(buf_failed(&body), failed ? MUSTER_E_NOMEM : 0);
        buf_release(&body);
    }
}

static void memory(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct place_memory m = { 0 };
        oom_arm(n);
        place_memory_sold_out(&m, "t", "a", MARKET_SPOT, 1);
        bool failed = oom_disarm();
        assert_int_equal(place_memory_open(&m, "t", "a", MARKET_SPOT, 2), failed);
        place_memory_release(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listing), cmocka_unit_test(a_page_in_pieces), cmocka_unit_test(a_fleet),
        cmocka_unit_test(a_body),    cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
