/* Every allocation of the AWS provider's readers and writers made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oom.h"
#include "providers/asg/answers.h"
#include "providers/aws/check_answers.h"
#include "providers/aws/plugin.h"
#include "providers/aws/price_list.h"
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

static void a_group(void **state)
{
    (void)state;
    static const char text[] =
        "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>"
        "<member><MinSize>0</MinSize><MaxSize>1</MaxSize><DesiredCapacity>1</DesiredCapacity>"
        "<Instances><member><InstanceId>i-1</InstanceId></member></Instances></member>"
        "</AutoScalingGroups></DescribeAutoScalingGroupsResult>"
        "</DescribeAutoScalingGroupsResponse>";
    for (long n = 0; oom_sweep(n); n++) {
        struct asg_group group = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = asg_read_group(str_from(text), &group, &err);
        oom_disarm();
        assert_int_equal(group.members.len, rc == 0 ? 1 : 0);
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        asg_group_release(&group);
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

static const char types_text[] =
    "<DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>a</instanceType></item>"
    "<item><instanceType>b</instanceType></item></instanceTypeSet></DescribeInstanceTypesResponse>";

static void answers_of_a_check(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct ec2_types list = { 0 };
        oom_arm(n);
        int rc = ec2_read_types(str_from(types_text), &list, NULL);
        bool failed = oom_disarm();
        assert_true(rc == 0 ? list.all.len == 2 : failed && rc == MUSTER_E_NOMEM);
        ec2_types_release(&list);
    }
}

/* JSON that could not be read for lack of memory is an error, or one entry less: never a wrong price. */
static void a_price_list(void **state)
{
    static const char body[] =
        "{\"PriceList\":[\"{\\\"terms\\\":{\\\"OnDemand\\\":{\\\"a\\\":{\\\"priceDimensions\\\":{"
        "\\\"b\\\":{\\\"unit\\\":\\\"Hrs\\\",\\\"pricePerUnit\\\":{\\\"USD\\\":\\\"1\\\"}}}}}}}\"]"
        "}";
    static const char file[] = "{\"on_demand_prices\":[{\"region\":\"r\",\"type\":\"t\","
                               "\"usd_per_hour\":\"1\",\"read\":\"2026-01-01T00:00:00Z\"}]}";
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_price_list list = { 0 };
        struct buf text = { 0 };
        int64_t price = -77;
        oom_arm(n);
        int rc = aws_read_products(str_from(body), &price, NULL);
        (void)aws_price_list_parse(str_from(file), &list, NULL);
        aws_price_list_print(&list, &text);
        bool failed = oom_disarm();
        assert_true(price == 1000000 || (failed && (rc < 0 || price == PRICE_UNKNOWN)));
        assert_true(list.all.len == 1 || failed);
        buf_release(&text);
        aws_price_list_release(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group),
        cmocka_unit_test(a_listing),
        cmocka_unit_test(a_page_in_pieces),
        cmocka_unit_test(a_fleet),
        cmocka_unit_test(a_body),
        cmocka_unit_test(memory),
        cmocka_unit_test(answers_of_a_check),
        cmocka_unit_test(a_price_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
