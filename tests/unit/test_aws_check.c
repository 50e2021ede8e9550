/* What `muster check --live` reads of AWS's answers, and the price list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/spec.h"
#include "providers/aws/check_answers.h"
#include "providers/aws/price_list.h"

/* ---- answers ------------------------------------------------------------------------------------ */

static void identity(void **state)
{
    char arn[64] = "untouched";
    struct error err = { 0 };
    (void)state;
    const struct str good =
        STR("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn>"
            "<Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
    const struct str without =
        STR("<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>");
    assert_int_equal(sts_read_identity(without, arn, sizeof(arn), &err), MUSTER_E_INVALID);
    assert_int_equal(sts_read_identity(STR("<html/>"), arn, sizeof(arn), &err), MUSTER_E_INVALID);
    assert_string_equal(arn, "untouched");
    assert_int_equal(sts_read_identity(good, arn, sizeof(arn), &err), 0);
    assert_string_equal(arn, "arn:aws:iam::1:user/x");
}

#define TEMPLATES(items)                                                                           \
    STR("<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet>" items                 \
        "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>")

static void a_template(void **state)
{
    struct ec2_template t = { 0 };
    (void)state;
    const struct str good = TEMPLATES(
        "<item><launchTemplateId>lt-1</launchTemplateId><launchTemplateName>n</launchTemplateName>"
        "<versionNumber>7</versionNumber><launchTemplateData><imageId>ami-1</imageId>"
        "<userData>IyE=</userData></launchTemplateData></item>");
    assert_int_equal(ec2_read_template(good, &t, NULL), 0);
    assert_string_equal(t.id, "lt-1");
    assert_string_equal(t.version, "7");
    assert_string_equal(t.image, "ami-1");
    assert_true(t.user_data);
    assert_int_equal(ec2_read_template(TEMPLATES(""), &t, NULL), 0);
    assert_string_equal(t.id, "");
    assert_int_equal(ec2_read_template(TEMPLATES("<item>"), &t, NULL), MUSTER_E_INVALID);
}

static void an_image(void **state)
{
    struct ec2_image image = { 0 };
    (void)state;
    const struct str good =
        STR("<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId><name>Debian</name>"
            "<imageState>pending</imageState><architecture>arm64</architecture></item></imagesSet>"
            "</DescribeImagesResponse>");
    assert_int_equal(ec2_read_image(good, &image, NULL), 0);
    assert_string_equal(image.state, "pending");
    assert_string_equal(image.architecture, "arm64");
}

static void subnets(void **state)
{
    struct ec2_subnets list = { 0 };
    (void)state;
    const struct str good = STR(
        "<DescribeSubnetsResponse><subnetSet>"
        "<item><subnetId>subnet-1</subnetId><availabilityZone>z-1a</availabilityZone>"
        "<availableIpAddressCount>250</availableIpAddressCount></item>"
        "<item><subnetId>subnet-2</subnetId><availableIpAddressCount>lots</availableIpAddressCount>"
        "</item></subnetSet></DescribeSubnetsResponse>");
    assert_int_equal(ec2_read_subnets(good, &list, NULL), 0);
    assert_int_equal(list.all.len, 2);
    assert_int_equal(list.all.at[0].free_addresses, 250);
    assert_string_equal(list.all.at[0].zone, "z-1a");
    assert_int_equal(list.all.at[1].free_addresses, 0);
    assert_string_equal(list.all.at[1].zone, "");
    ec2_subnets_release(&list);
}

static void types(void **state)
{
    struct ec2_types list = { 0 };
    (void)state;
    const struct str page = STR(
        "<DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>c5.large</"
        "instanceType>"
        "<supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>"
        "<processorInfo><supportedArchitectures><item>i386</item><item>x86_64</item>"
        "</supportedArchitectures></processorInfo><vCpuInfo><defaultVCpus>2</defaultVCpus>"
        "</vCpuInfo><memoryInfo><sizeInMiB>4096</sizeInMiB></memoryInfo></item></instanceTypeSet>"
        "<nextToken>more</nextToken></DescribeInstanceTypesResponse>");
    const struct str last =
        STR("<DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>mac1.metal"
            "</instanceType></item></instanceTypeSet></DescribeInstanceTypesResponse>");
    assert_int_equal(ec2_read_types(page, &list, NULL), 0);
    assert_string_equal(list.next, "more");
    assert_int_equal(ec2_read_types(last, &list, NULL), 0);
    assert_string_equal(list.next, "");
    assert_int_equal(list.all.len, 2);
    const struct ec2_type *c5 = &list.all.at[0];
    assert_int_equal(c5->vcpus, 2);
    assert_int_equal(c5->mib, 4096);
    assert_string_equal(c5->architecture, "x86_64");
    assert_string_equal(c5->other_architecture, "i386");
    assert_true(c5->spot && c5->on_demand);
    assert_false(list.all.at[1].spot || list.all.at[1].vcpus);
    ec2_types_release(&list);
}

static void offerings(void **state)
{
    struct ec2_offerings list = { 0 };
    (void)state;
    const struct str page =
        STR("<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet><item><instanceType>"
            "c5.large</instanceType><locationType>availability-zone</locationType><location>z-1a"
            "</location></item></instanceTypeOfferingSet><nextToken/>"
            "</DescribeInstanceTypeOfferingsResponse>");
    assert_int_equal(ec2_read_offerings(page, &list, NULL), 0);
    assert_int_equal(list.all.len, 1);
    assert_string_equal(list.all.at[0].zone, "z-1a");
    assert_string_equal(list.next, "");
    ec2_offerings_release(&list);
}

/* ---- the price list ----------------------------------------------------------------------------- */

#define TERM(unit, currency, price)                                                                \
    "\\\"terms\\\":{\\\"OnDemand\\\":{\\\"A.B\\\":{\\\"priceDimensions\\\":{\\\"A.B.C\\\":{"       \
    "\\\"unit\\\":\\\"" unit "\\\",\\\"pricePerUnit\\\":{\\\"" currency "\\\":\\\"" price          \
    "\\\"}}}}}}"
#define ENTRY(attributes, term)                                                                    \
    "\"{\\\"product\\\":{\\\"attributes\\\":{" attributes "}}," term "}\""
#define LIST(entries) "{\"PriceList\":[" entries "]}"
#define BLOCK         "\\\"marketoption\\\":\\\"CapacityBlock\\\""

static void products(void **state)
{
    static const struct {
        const char *name, *body;
        int code;
        int64_t usd_micro;
    } cases[] = {
        { "one", LIST(ENTRY("", TERM("Hrs", "USD", "0.1940000000"))), 0, 194000 },
        { "none", LIST(""), 0, PRICE_UNKNOWN },
        { "the highest",
          LIST(ENTRY("", TERM("Hrs", "USD", "0.1")) "," ENTRY("", TERM("Hrs", "USD", "0.2"))), 0,
          200000 },
        { "free is no price", LIST(ENTRY("", TERM("Hrs", "USD", "0.0000000000"))), 0,
          PRICE_UNKNOWN },
        { "another currency", LIST(ENTRY("", TERM("Hrs", "CNY", "1.2"))), 0, PRICE_UNKNOWN },
        { "another unit", LIST(ENTRY("", TERM("Quantity", "USD", "99"))), 0, PRICE_UNKNOWN },
        { "a block of capacity", LIST(ENTRY(BLOCK, TERM("Hrs", "USD", "5"))), 0, PRICE_UNKNOWN },
        { "an entry that is no document", LIST("\"<html>\"," ENTRY("", TERM("Hrs", "USD", "1"))), 0,
          1000000 },
        { "an entry that is no text", LIST("7,null,{}"), 0, PRICE_UNKNOWN },
        { "no list", "{}", MUSTER_E_INVALID, 0 },
        { "a list that is none", "{\"PriceList\":7}", MUSTER_E_INVALID, 0 },
        { "no JSON", "<html/>", MUSTER_E_INVALID, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t price = -77;
        int rc = aws_read_products(str_from(cases[i].body), &price, NULL);
        if (rc != cases[i].code || price != (rc < 0 ? -77 : cases[i].usd_micro))
            fail_msg("%s: %d, %lld", cases[i].name, rc, (long long)price);
    }
}

static void what_is_asked(void **state)
{
    struct buf out = { 0 };
    (void)state;
    aws_write_products("eu-central-1", "c5.large", &out);
    assert_non_null(strstr(buf_text(&out), "{\"Type\":\"TERM_MATCH\",\"Field\":\"regionCode\","
                                           "\"Value\":\"eu-central-1\"}"));
    assert_non_null(strstr(buf_text(&out), "\"Field\":\"instanceType\",\"Value\":\"c5.large\""));
    buf_release(&out);
}

static void put(struct aws_price_list *list, const char *region, const char *type, int64_t price)
{
    struct aws_listed listed = { .usd_micro = price,
                                 .read_wall_ns = INT64_C(1763800000) * NS_PER_S };
    str_copy_c(listed.region, sizeof(listed.region), region);
    str_copy_c(listed.type, sizeof(listed.type), type);
    aws_price_list_put(list, &listed);
}

static void the_file_gives_back_what_was_kept(void **state)
{
    struct aws_price_list list = { 0 }, again = { 0 };
    struct buf text = { 0 };
    (void)state;
    put(&list, "eu-central-1", "c5.large", 97000);
    put(&list, "us-east-1", "c5.large", 85000);
    put(&list, "eu-central-1", "u-24tb1.metal", INT64_C(265000001));
    put(&list, "eu-central-1", "c5.large", 98000);
    assert_int_equal(list.all.len, 3);
    aws_price_list_print(&list, &text);
    assert_int_equal(aws_price_list_parse(buf_str(&text), &again, NULL), 0);
    assert_int_equal(again.all.len, 3);
    for (size_t i = 0; i < list.all.len; i++) {
        const struct aws_listed *a = &list.all.at[i];
        const struct aws_listed *b = aws_price_list_find(&again, a->region, a->type);
        assert_non_null(b);
        assert_int_equal(a->usd_micro, b->usd_micro);
        assert_int_equal(a->read_wall_ns, b->read_wall_ns);
    }
    assert_null(aws_price_list_find(&again, "eu-west-1", "c5.large"));
    buf_release(&text);
    aws_price_list_release(&list);
    aws_price_list_release(&again);
}

static void a_file_that_makes_no_sense(void **state)
{
    static const char *const broken[] = { "", "{", "[]", "{\"on_demand_prices\":{}}", "null" };
    static const char *const skipped[] = {
        "7",
        "{}",
        "{\"region\":\"r\",\"type\":\"t\",\"usd_per_hour\":\"-1\",\"read\":\"2026-01-01T00:00:"
        "00Z\"}",
        "{\"region\":\"r\",\"type\":\"t\",\"usd_per_hour\":\"1\",\"read\":\"yesterday\"}",
        "{\"region\":\"r\",\"type\":\"0123456789012345678901234567890123456789\","
        "\"usd_per_hour\":\"1\",\"read\":\"2026-01-01T00:00:00Z\"}",
    };
    struct aws_price_list list = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_int_equal(aws_price_list_parse(str_from(broken[i]), &list, NULL), MUSTER_E_INVALID);
    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
        struct buf text = { 0 };
        buf_addf(&text, "{\"on_demand_prices\":[%s]}", skipped[i]);
        assert_int_equal(aws_price_list_parse(buf_str(&text), &list, NULL), 0);
        assert_int_equal(list.all.len, 0);
        buf_release(&text);
    }
}

static void it_has_an_end(void **state)
{
    struct aws_price_list list = { 0 };
    (void)state;
    for (int i = 0; i < AWS_PRICE_LIST_MAX + 10; i++) {
        char type[24];
        snprintf(type, sizeof(type), "t%d.large", i);
        put(&list, "eu-central-1", type, 1);
    }
    assert_int_equal(list.all.len, AWS_PRICE_LIST_MAX);
    aws_price_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity),
        cmocka_unit_test(a_template),
        cmocka_unit_test(an_image),
        cmocka_unit_test(subnets),
        cmocka_unit_test(types),
        cmocka_unit_test(offerings),
        cmocka_unit_test(products),
        cmocka_unit_test(what_is_asked),
        cmocka_unit_test(the_file_gives_back_what_was_kept),
        cmocka_unit_test(a_file_that_makes_no_sense),
        cmocka_unit_test(it_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
