/* What EC2 answers: real documents (if the shared data is there), broken ones, hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "providers/aws/answers.h"
#include "providers/aws/xml.h"

static const char one_instance[] =
    "<?xml version=\"1.0\"?><DescribeInstancesResponse "
    "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\">"
    "<requestId>x</requestId><reservationSet><item><reservationId>r-1</"
    "reservationId><instancesSet><item>"
    "<instanceId>i-1</instanceId><instanceState><code>272</code><name>running</name></"
    "instanceState>"
    "<instanceType>c5.large</instanceType><launchTime>2026-03-14T15:09:26.000Z</launchTime>"
    "<placement><availabilityZone>eu-central-1a</availabilityZone></placement>"
    "<networkInterfaceSet><item><subnetId>subnet-inner</subnetId></item></networkInterfaceSet>"
    "<subnetId>subnet-1</subnetId><instanceLifecycle>spot</instanceLifecycle>"
    "<tagSet><item><key>muster:pool</key><value>a&amp;b</value></item>"
    "<item><value>7</value><key>muster:slots</key></item>"
    "<item><key>muster:intent</key><value>abc</value></item></tagSet>"
    "</item></instancesSet></item></reservationSet><nextToken>N&lt;1</nextToken>"
    "</DescribeInstancesResponse>";

static void an_instance(void **state)
{
    (void)state;
    struct ec2_instances list = { 0 };
    struct error err = { 0 };
    assert_int_equal(ec2_read_instances(str_from(one_instance), &list, &err), 0);
    assert_int_equal(list.all.len, 1);
    const struct ec2_instance *i = &list.all.at[0];
    assert_string_equal(i->id, "i-1");
    assert_int_equal(i->state, 16); /* the high byte is EC2's own */
    assert_string_equal(i->type, "c5.large");
    assert_string_equal(i->zone, "eu-central-1a");
    assert_string_equal(i->subnet, "subnet-1");
    assert_true(i->spot);
    assert_string_equal(i->pool, "a&b");
    assert_int_equal(i->slots, 7);
    assert_string_equal(i->token, "abc");
    assert_string_equal(list.next, "N<1");
    assert_int_equal(i->launched_wall_ns, INT64_C(1773500966) * 1000000000);
    ec2_instances_release(&list);
}

/* Cut off anywhere, a document is not one: nothing of it is kept. */
static void every_cut_is_seen(void **state)
{
    (void)state;
    for (size_t n = 0; n + 1 < sizeof(one_instance); n++) {
        struct ec2_instances list = { 0 };
        struct error err = { 0 };
        struct str part = { one_instance, n };
        assert_int_equal(ec2_read_instances(part, &list, &err), MUSTER_E_INVALID);
        assert_int_equal(list.all.len, 0);
        ec2_instances_release(&list);
    }
}

/* However an answer is cut into pieces, it says the same. */
static void in_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof(one_instance); step = step * 3 / 2 + 1) {
        struct ec2_instances list = { 0 };
        struct ec2_page *page = NULL;
        struct error err = { 0 };
        assert_int_equal(ec2_page_new(&list, &page, &err), 0);
        for (size_t at = 0; at < sizeof(one_instance) - 1; at += step) {
            size_t left = sizeof(one_instance) - 1 - at;
            struct str piece = { one_instance + at, step < left ? step : left };
            assert_int_equal(ec2_page_feed(page, piece, &err), 0);
        }
        assert_int_equal(ec2_page_end(page, &err), 0);
        assert_int_equal(list.all.len, 1);
        assert_string_equal(list.all.at[0].pool, "a&b");
        assert_string_equal(list.next, "N<1");
        ec2_page_free(page);
        ec2_instances_release(&list);
    }
}

/* Its end is missing, or nothing came at all. */
static void pieces_without_an_end(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(one_instance) - 1; n += sizeof(one_instance) / 7) {
        struct ec2_instances list = { 0 };
        struct ec2_page *page = NULL;
        struct error err = { 0 };
        assert_int_equal(ec2_page_new(&list, &page, &err), 0);
        assert_int_equal(ec2_page_feed(page, (struct str){ one_instance, n }, &err), 0);
        assert_int_equal(ec2_page_end(page, &err), MUSTER_E_INVALID);
        ec2_page_free(page);
        ec2_instances_release(&list);
    }
}

static void broken_documents(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        { "<html><body>502<br></body></html>", MUSTER_E_INVALID },
        { "<CreateFleetResponse/>", MUSTER_E_INVALID },
        { "not XML at all", MUSTER_E_INVALID },
        { "<!DOCTYPE a [<!ENTITY b \"c\">]><DescribeInstancesResponse/>", MUSTER_E_INVALID },
        { "<DescribeInstancesResponse><reservationSet><item><instancesSet><item/></instancesSet></"
          "item>"
          "</reservationSet></DescribeInstancesResponse>",
          MUSTER_E_INVALID }, /* an instance without a name */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ec2_instances list = { 0 };
        struct error err = { 0 };
        assert_int_equal(ec2_read_instances(str_from(cases[i].text), &list, &err), cases[i].code);
        assert_int_equal(list.all.len, 0);
        ec2_instances_release(&list);
    }
}

static int ignore(void *ctx, const char *path, struct str text, struct error *err)
{
    (void)ctx, (void)path, (void)text, (void)err;
    return 0;
}

static void bounds(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf deep = { 0 };
    buf_add_c(&deep, "<a>");
    for (int i = 0; i < 10000; i++)
        buf_add_c(&deep, "<b>");
    assert_int_equal(xml_read(buf_str(&deep), "a", ignore, NULL, &err), MUSTER_E_TOOBIG);
    buf_clear(&deep);
    buf_add_c(&deep, "<a><b>");
    for (int i = 0; i < 3000; i++)
        buf_add_c(&deep, "0123456789");
    buf_add_c(&deep, "</b></a>");
    assert_int_equal(xml_read(buf_str(&deep), "a", ignore, NULL, &err), MUSTER_E_TOOBIG);
    buf_clear(&deep);
    buf_add_c(&deep, "<a><");
    for (int i = 0; i < 600; i++)
        buf_add_c(&deep, "n");
    buf_add_c(&deep, "/></a>");
    assert_int_equal(xml_read(buf_str(&deep), "a", ignore, NULL, &err), MUSTER_E_TOOBIG);
    buf_release(&deep);
}

static void a_fleet_filled_in_part(void **state)
{
    (void)state;
    static const char text[] =
        "<CreateFleetResponse><fleetId>fleet-1</fleetId><errorSet><item><errorCode>"
        "InsufficientInstanceCapacity</errorCode><errorMessage>none "
        "left</errorMessage><lifecycle>spot"
        "</lifecycle><launchTemplateAndOverrides><overrides><instanceType>m5.large</instanceType>"
        "<availabilityZone>eu-central-1b</availabilityZone></overrides></"
        "launchTemplateAndOverrides>"
        "</item></errorSet><fleetInstanceSet><item><lifecycle>spot</lifecycle><instanceIds>"
        "<item>i-1</item><item>i-2</item></instanceIds><instanceType>c5.large</instanceType></item>"
        "</fleetInstanceSet></CreateFleetResponse>";
    struct fleet_answer answer = { 0 };
    struct error err = { 0 };
    assert_int_equal(ec2_read_fleet(str_from(text), &answer, &err), 0);
    assert_int_equal(answer.instances.len, 2);
    assert_string_equal(answer.instances.at[1].id, "i-2");
    assert_string_equal(answer.instances.at[1].type, "c5.large");
    assert_true(answer.instances.at[0].spot);
    assert_int_equal(answer.errors.len, 1);
    assert_string_equal(answer.errors.at[0].code, "InsufficientInstanceCapacity");
    assert_string_equal(answer.errors.at[0].type, "m5.large");
    assert_string_equal(answer.errors.at[0].place, "eu-central-1b");
    fleet_answer_release(&answer);
}

static void notices(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        size_t want;
    } cases[] = {
        { "fulfilled", 0 },
        { "instance-terminated-no-capacity", 1 },
        { "instance-terminated-by-price", 1 },
        { "marked-for-termination", 1 },
        { "instance-stopped-no-capacity", 1 },
        { "instance-terminated-by-user", 0 },
        { "spot-instance-terminated-by-user", 0 },
        { "request-canceled-and-instance-running", 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ec2_notices list = { 0 };
        struct error err = { 0 };
        char text[512];
        snprintf(
            text, sizeof(text),
            "<DescribeSpotInstanceRequestsResponse><spotInstanceRequestSet><item><instanceId>i-1"
            "</instanceId><status><code>%s</code></status></item></spotInstanceRequestSet>"
            "</DescribeSpotInstanceRequestsResponse>",
            cases[i].status);
        assert_int_equal(ec2_read_notices(str_from(text), &list, &err), 0);
        assert_int_equal(list.all.len, cases[i].want);
        ec2_notices_release(&list);
    }
}

static void times_and_prices(void **state)
{
    (void)state;
    int64_t n;
    assert_int_equal(wire_time(STR("2006-01-02T15:04:05.999999999Z"), &n, NULL), 0);
    assert_int_equal(n, INT64_C(1136214245999999999));
    assert_int_equal(wire_time(STR("2024-05-21T04:28:04.176-07:00"), &n, NULL), 0);
    assert_int_equal(n, INT64_C(1716290884176000000));
    assert_int_equal(wire_time(STR("2026-03-14T15:09:26+00:00"), &n, NULL), 0);
    assert_int_equal(n, INT64_C(1773500966000000000));
    static const char *const no_times[] = { "",
                                            "2026-03-14",
                                            "2026-03-14T15:09:26",
                                            "2026-13-14T15:09:26Z",
                                            "2026-03-14T15:09:26.Z",
                                            "2026-03-14T15:09:26+0200" };
    for (size_t i = 0; i < sizeof(no_times) / sizeof(no_times[0]); i++)
        assert_int_equal(wire_time(str_from(no_times[i]), &n, NULL), MUSTER_E_INVALID);
    assert_int_equal(wire_price(STR("0.0385000000"), &n, NULL), 0);
    assert_int_equal(n, 38500);
    assert_int_equal(wire_price(STR("0.00001"), &n, NULL), 0);
    assert_int_equal(n, 10);
    assert_int_equal(wire_price(STR("0.0000001"), &n, NULL), 0);
    assert_int_equal(n, 1); /* not for nothing */
    static const char *const no_prices[] = { "", ".5", "1.", "-1", "1e3", "9999999", "0.1 USD" };
    for (size_t i = 0; i < sizeof(no_prices) / sizeof(no_prices[0]); i++)
        assert_int_equal(wire_price(str_from(no_prices[i]), &n, NULL), MUSTER_E_INVALID);
}

/* ---- answers recorded from a real server, and what botocore makes of them ----------------------- */

static const char *text_at(const cJSON *root, const char *pointer)
{
    const cJSON *found = json_at(root, pointer);
    return cJSON_IsString(found) ? found->valuestring : "";
}

static void compare_instances(const cJSON *entry, bool run)
{
    struct ec2_instances list = { 0 };
    struct error err = { 0 };
    struct str body = str_from(text_at(entry, "/body"));
    int rc = run ? ec2_read_run(body, &list, &err) : ec2_read_instances(body, &list, &err);
    assert_int_equal(rc, 0);
    size_t n = 0;
    for (size_t r = 0; r < 100; r++) {
        for (size_t k = 0; k < 100; k++) {
            char at[80];
            snprintf(at, sizeof(at),
                     run ? "/parsed/Instances/%zu" : "/parsed/Reservations/%zu/Instances/%zu",
                     run ? k : r, k);
            const cJSON *want = json_at(entry, at);
            if (!want)
                break;
            assert_true(n < list.all.len);
            assert_string_equal(list.all.at[n].id, text_at(want, "/InstanceId"));
            assert_string_equal(list.all.at[n].type, text_at(want, "/InstanceType"));
            assert_string_equal(list.all.at[n].zone, text_at(want, "/Placement/AvailabilityZone"));
            assert_string_equal(list.all.at[n].subnet, text_at(want, "/SubnetId"));
            assert_int_equal(list.all.at[n].state, (int)json_at(want, "/State/Code")->valuedouble);
            assert_int_equal(list.all.at[n].spot,
                             strcmp(text_at(want, "/InstanceLifecycle"), "spot") == 0);
            n++;
        }
        if (run)
            break;
    }
    assert_int_equal(n, list.all.len);
    assert_string_equal(list.next, text_at(entry, "/parsed/NextToken"));
    ec2_instances_release(&list);
}

static void compare_fleet(const cJSON *entry)
{
    struct fleet_answer answer = { 0 };
    struct error err = { 0 };
    assert_int_equal(ec2_read_fleet(str_from(text_at(entry, "/body")), &answer, &err), 0);
    for (size_t i = 0; i < answer.instances.len; i++) {
        char at[80];
        snprintf(at, sizeof(at), "/parsed/Instances/%zu/InstanceIds/0", i);
        assert_string_equal(answer.instances.at[i].id, text_at(entry, at));
        snprintf(at, sizeof(at), "/parsed/Instances/%zu/Lifecycle", i);
        assert_int_equal(answer.instances.at[i].spot, strcmp(text_at(entry, at), "spot") == 0);
    }
    assert_int_equal(answer.instances.len, 3);
    fleet_answer_release(&answer);
}

static void compare_prices(const cJSON *entry)
{
    struct ec2_prices prices = { 0 };
    struct error err = { 0 };
    assert_int_equal(ec2_read_prices(str_from(text_at(entry, "/body")), &prices, &err), 0);
    assert_int_equal(prices.all.len,
                     cJSON_GetArraySize(json_at(entry, "/parsed/SpotPriceHistory")));
    for (size_t i = 0; i < prices.all.len; i++) {
        char at[80];
        snprintf(at, sizeof(at), "/parsed/SpotPriceHistory/%zu/AvailabilityZone", i);
        assert_string_equal(prices.all.at[i].zone, text_at(entry, at));
        assert_int_equal(prices.all.at[i].usd_micro, 10);
    }
    ec2_prices_release(&prices);
}

static int compare(const cJSON *entry)
{
    const char *name = text_at(entry, "/name");
    if (strncmp(name, "RunInstances", 12) == 0)
        compare_instances(entry, true);
    else if (strcmp(name, "DescribeInstances page1") == 0)
        compare_instances(entry, false);
    else if (strcmp(name, "CreateFleet instant") == 0)
        compare_fleet(entry);
    else if (strcmp(name, "DescribeSpotPriceHistory") == 0)
        compare_prices(entry);
    else
        return 0;
    return 1;
}

static void as_botocore_reads_them(void **state)
{
    (void)state;
    const char *folder = getenv("MUSTER_DATA");
    char path[512];
    struct buf text = { 0 };
    struct error err = { 0 };
    cJSON *root = NULL;
    snprintf(path, sizeof(path), "%s/api/aws_golden_responses.json",
             folder ? folder : "../shared/data");
    if (file_read(path, (size_t)16 << 20, &text, &err) < 0) {
        printf("skipped: %s is not here\n", path);
        buf_release(&text);
        skip();
    }
    assert_int_equal(json_parse(buf_str(&text), &root, &err), 0);
    int compared = 0;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, json_at(root, "/responses")) compared += compare(entry);
    assert_int_equal(compared, 5);
    cJSON_Delete(root);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance),      cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(in_pieces),        cmocka_unit_test(pieces_without_an_end),
        cmocka_unit_test(broken_documents), cmocka_unit_test(bounds),
        cmocka_unit_test(notices),          cmocka_unit_test(a_fleet_filled_in_part),
        cmocka_unit_test(times_and_prices), cmocka_unit_test(as_botocore_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
