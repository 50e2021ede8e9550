/* From a policy file's entry to offers, request bodies and user data; what is remembered of places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/aws_client.h"
#include "base/clock.h"
#include "providers/aws/plugin.h"
#include "providers/aws/requests.h"
#include "providers/aws/user_data.h"
#include "providers/memory.h"
#include "tests/unit/provider_help.h"

static struct aws_options *entry(const char *const *settings)
{
    return options_make(&provider_aws.options, settings);
}

static void entry_free(struct aws_options *options)
{
    option_set_release(&provider_aws.options, options);
    free(options);
}

#define COMMON                                                                                     \
    "region", "eu-central-1", "launch_template", "lt-1", "zones", "a", "zones", "eu-central-1b"

static void groups_of_one_size(void **state)
{
    (void)state;
    struct aws_options *o =
        entry(SETTINGS(COMMON, "types", "{ c6i.xlarge: 4, c6a.xlarge: 4, c6i.2xlarge: 8 }",
                       "prices", "c6i.xlarge=0.2", "prices", "c6a.xlarge=0.19"));
    struct pool_spec *spec = pool_spec_new("p");
    struct error err = { 0 };
    assert_int_equal(provider_aws.expand(o, 0, spec, &err), 0);
    static const char *const names[] = { "aws/eu-central-1/spot/4", "aws/eu-central-1/spot/8",
                                         "aws/eu-central-1/on-demand/4",
                                         "aws/eu-central-1/on-demand/8" };
    assert_int_equal(spec->offers.len, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(spec->offers.at[i].name, names[i]);
        assert_string_equal(spec->offers.at[i].inventory, "aws:eu-central-1");
    }
    assert_int_equal(spec->offers.at[0].price_usd_micro, 190000);
    assert_int_equal(spec->offers.at[1].price_usd_micro, PRICE_UNKNOWN);
    assert_string_equal(spec->offers.at[0].type, "2 types");
    assert_string_equal(spec->offers.at[1].type, "c6i.2xlarge");
    /* A second entry of the same kind has names of its own. */
    assert_int_equal(provider_aws.expand(o, 1, spec, &err), 0);
    assert_string_equal(spec->offers.at[4].name, "aws/eu-central-1/spot/4/2");
    pool_spec_free(spec);
    entry_free(o);
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *settings[16];
        const char *key;
    } cases[] = {
        { { "region", "eu central", "types", "{ a.b: 1 }", "zones", "a", "launch_template", "x" },
          "region" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "launch_template", "x" }, "zones" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "zones", "a", "subnets", "subnet-1",
            "launch_template", "x" },
          "zones" },
        { { "region", "eu-1", "types", "{ xlarge: 1 }", "zones", "a", "launch_template", "x" },
          "types" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "zones", "a" }, "launch_template" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "zones", "a", "image", "ami-1" }, "command" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "zones", "a", "launch_template", "x", "prices",
            "a.b" },
          "prices" },
        { { "region", "eu-1", "types", "{ a.b: 1 }", "zones", "a", "launch_template", "x", "tags",
            "muster:pool=x" },
          "tags" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct aws_options *o = entry(cases[i].settings);
        const char *key = NULL;
        struct error err = { 0 };
        assert_int_equal(provider_aws.options.check(o, &key, &err), MUSTER_E_INVALID);
        assert_string_equal(key, cases[i].key);
        entry_free(o);
    }
}

static void a_fleets_body(void **state)
{
    (void)state;
    struct aws_options *o = entry(SETTINGS(COMMON, "types", "{ c5.large: 2 }", "tags", "team=a b"));
    struct intent intent = { .count = 3, .slots = 2 };
    str_copy_c(intent.token, sizeof(intent.token), "tok");
    str_copy_c(intent.pool, sizeof(intent.pool), "p");
    str_copy_c(intent.offer, sizeof(intent.offer), "o");
    struct offer offer = { .market = MARKET_SPOT };
    struct aws_choice both[] = { { "c5.large", "eu-central-1a" }, { "c5.large", "subnet-1" } };
    struct aws_choices choices = { .all = { .at = both, .len = 2 } };
    struct aws_order order = { .intent = &intent,
                               .offer = &offer,
                               .options = o,
                               .controller = "me",
                               .choices = &choices,
                               .template = "lt-1" };
    struct buf body = { 0 };
    ec2_write_fleet(&order, &body);
#define TAGS(n, type)                                                                              \
    "&TagSpecification." n ".ResourceType=" type "&TagSpecification." n                            \
    ".Tag.1.Key=muster%3Acontroller&TagSpecification." n ".Tag.1.Value=me&TagSpecification." n     \
    ".Tag.2.Key=muster%3Apool&TagSpecification." n ".Tag.2.Value=p&TagSpecification." n            \
    ".Tag.3.Key=muster%3Aintent&TagSpecification." n ".Tag.3.Value=tok&TagSpecification." n        \
    ".Tag.4.Key=muster%3Aoffer&TagSpecification." n ".Tag.4.Value=o&TagSpecification." n           \
    ".Tag.5.Key=muster%3Aslots&TagSpecification." n ".Tag.5.Value=2&TagSpecification." n           \
    ".Tag.6.Key=team&TagSpecification." n ".Tag.6.Value=a+b"
#define CONFIG "&LaunchTemplateConfigs.1."
    const char *want =
        "Action=CreateFleet&Version=2016-11-15&Type=instant&ClientToken=tok" CONFIG
        "LaunchTemplateSpecification.LaunchTemplateId=lt-1" CONFIG
        "LaunchTemplateSpecification.Version=%24Default" CONFIG
        "Overrides.1.InstanceType=c5.large" CONFIG
        "Overrides.1.AvailabilityZone=eu-central-1a" CONFIG
        "Overrides.2.InstanceType=c5.large" CONFIG
        "Overrides.2.SubnetId=subnet-1&TargetCapacitySpecification.TotalTargetCapacity=3"
        "&TargetCapacitySpecification.OnDemandTargetCapacity=0"
        "&TargetCapacitySpecification.SpotTargetCapacity=3"
        "&TargetCapacitySpecification.DefaultTargetCapacityType=spot"
        "&SpotOptions.AllocationStrategy=price-capacity-optimized" TAGS("1", "fleet")
            TAGS("2", "instance") TAGS("3", "volume");
    assert_string_equal(buf_text(&body), want);
    /* The token of a single place names the place: tokens are zonal. */
    buf_clear(&body);
    choices.all.len = 1;
    ec2_write_run(&order, &body);
    assert_non_null(strstr(buf_text(&body), "&ClientToken=tok-eu-central-1a&"));
    assert_non_null(strstr(buf_text(&body), "&MinCount=1&MaxCount=3&"));
    assert_non_null(strstr(buf_text(&body), "InstanceMarketOptions.MarketType=spot"));
    assert_non_null(strstr(buf_text(&body), "ResourceType=spot-instances-request"));
    buf_release(&body);
    entry_free(o);
}

static void scripts(void **state)
{
    (void)state;
    const struct user_data_values v = { .pool = "it's",
                                        .offer = "o",
                                        .controller = "c",
                                        .controller_url = "http://x",
                                        .token_file = "/t",
                                        .agent = "/a",
                                        .command = "run",
                                        .slots = 4 };
    static const struct {
        const char *template, *want;
        int code;
    } cases[] = {
        { "plain", "plain", 0 },
        { "a {{pool}} b{{ slots }}", "a 'it'\\''s' b4", 0 },
        { "{{node}}{{command}}", "\"$MUSTER_NODE\"'run'", 0 },
        { "${braces} {one}", "${braces} {one}", 0 },
        { "{{pol}}", NULL, MUSTER_E_CONFIG },
        { "{{pool", NULL, MUSTER_E_CONFIG },
        { "{{}}", NULL, MUSTER_E_CONFIG },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = { 0 };
        struct error err = { 0 };
        assert_int_equal(
            user_data_fill(str_from(cases[i].template), &v, AWS_USER_DATA_MAX, &out, &err),
            cases[i].code);
        if (cases[i].want)
            assert_string_equal(buf_text(&out), cases[i].want);
        buf_release(&out);
    }
    struct buf out = { 0 };
    struct buf big = { 0 };
    for (size_t i = 0; i < AWS_USER_DATA_MAX + 1; i++)
        buf_add_char(&big, 'x');
    assert_int_equal(user_data_fill(buf_str(&big), &v, AWS_USER_DATA_MAX, &out, NULL),
                     MUSTER_E_TOOBIG);
    buf_release(&big);
    buf_clear(&out);
    assert_int_equal(
        user_data_fill(str_from(aws_user_data_default), &v, AWS_USER_DATA_MAX, &out, NULL), 0);
    assert_null(strstr(buf_text(&out), "{{"));
    buf_clear(&out);
    base64_add(&out, STR("a"));
    base64_add(&out, STR("ab"));
    base64_add(&out, STR("abc"));
    assert_string_equal(buf_text(&out), "YQ==YWI=YWJj");
    buf_release(&out);
}

static void sold_out_for_a_while(void **state)
{
    (void)state;
    struct place_memory m = { 0 };
    int64_t now = NS_PER_S;
    const int64_t minute = 60 * NS_PER_S;
    assert_true(place_memory_open(&m, "t", "a", MARKET_SPOT, now));
    place_memory_sold_out(&m, "t", "a", MARKET_SPOT, now);
    place_memory_sold_out(&m, "t", "a", MARKET_SPOT, now); /* of the same moment: nothing new */
    assert_false(place_memory_open(&m, "t", "a", MARKET_SPOT, now + 3 * minute - 1));
    assert_true(place_memory_open(&m, "t", "a", MARKET_SPOT, now + 3 * minute));
    assert_true(place_memory_open(&m, "t", "b", MARKET_SPOT, now));
    assert_true(place_memory_open(&m, "t", "a", MARKET_ON_DEMAND, now));
    now += 3 * minute;
    place_memory_sold_out(&m, "t", "a", MARKET_SPOT, now);
    assert_false(place_memory_open(&m, "t", "a", MARKET_SPOT, now + 6 * minute - 1));
    assert_true(place_memory_open(&m, "t", "a", MARKET_SPOT, now + 6 * minute));
    place_memory_worked(&m, "t", "a", MARKET_SPOT);
    assert_true(place_memory_open(&m, "t", "a", MARKET_SPOT, now));
    place_memory_set_price(&m, "t", "a", MARKET_SPOT, 7, now);
    assert_int_equal(place_memory_price(&m, "t", "a", MARKET_SPOT, now + minute), 7);
    assert_int_equal(place_memory_price(&m, "t", "a", MARKET_SPOT, now + 60 * minute),
                     PRICE_UNKNOWN);
    place_memory_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_one_size),   cmocka_unit_test(mistakes),
        cmocka_unit_test(a_fleets_body),        cmocka_unit_test(scripts),
        cmocka_unit_test(sold_out_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
