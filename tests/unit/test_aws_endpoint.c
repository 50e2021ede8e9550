/* Where services are, how fast they may be asked, and how codes are classed. */
#include "auth/aws_endpoint.h"

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

#include "auth/aws_error.h"
#include "auth/aws_ini.h"
#include "auth/aws_limits.h"

static const struct {
    const char *service, *region, *url, *signing_region;
} standard[] = {
    { "ec2", "eu-central-1", "https://ec2.eu-central-1.amazonaws.com/", "eu-central-1" },
    { "sqs", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/", "cn-north-1" },
    { "sts", "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/", "us-gov-west-1" },
    { "ec2", "us-iso-east-1", "https://ec2.us-iso-east-1.c2s.ic.gov/", "us-iso-east-1" },
    { "ec2", "us-isob-east-1", "https://ec2.us-isob-east-1.sc2s.sgov.gov/", "us-isob-east-1" },
    { "ec2", "eusc-de-east-1", "https://ec2.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1" },
    { "pricing", "eu-west-3", "https://api.pricing.eu-central-1.amazonaws.com/", "eu-central-1" },
    { "pricing", "sa-east-1", "https://api.pricing.us-east-1.amazonaws.com/", "us-east-1" },
    { "pricing", "ap-northeast-1", "https://api.pricing.ap-south-1.amazonaws.com/", "ap-south-1" },
    { "pricing", "eusc-de-east-1", "https://api.pricing.eusc-de-east-1.amazonaws.eu/",
      "eusc-de-east-1" },
    { "pricing", "us-isob-east-1", "https://api.pricing.us-isob-east-1.sc2s.sgov.gov/",
      "us-isob-east-1" },
    { "servicequotas", "us-gov-east-1", "https://servicequotas.us-gov-east-1.amazonaws.com/",
      "us-gov-east-1" },
    { "pricing", "cn-north-1", "https://api.pricing.cn-northwest-1.amazonaws.com.cn/",
      "cn-northwest-1" },
};

static void test_standard(void **state)
{
    (void)state;
    const struct aws_settings none = { 0 };
    for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
        struct aws_endpoint e;
        assert_int_equal(
            aws_endpoint_find(&none, standard[i].service, standard[i].region, &e, NULL), 0);
        assert_string_equal(e.url, standard[i].url);
        assert_string_equal(e.signing_region, standard[i].signing_region);
    }
    struct aws_endpoint e;
    static const char *const bad[] = { "", "EU", "a.b", "eu-central-1/", "-x", "x@y" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(aws_endpoint_find(&none, "ec2", bad[i], &e, NULL), MUSTER_E_CONFIG);
}

static void expect(const struct aws_settings *settings, const char *service, const char *url,
                   const char *host)
{
    struct aws_endpoint e;
    assert_int_equal(aws_endpoint_find(settings, service, "eu-central-1", &e, NULL), 0);
    assert_string_equal(e.url, url);
    assert_string_equal(e.host, host);
}

static void test_configured(void **state)
{
    (void)state;
    char one[] = "monitoring=https://m:443", two[] = "sts=http://s:81/", all[] = "*=http://all";
    char *list[] = { one, two, all };
    struct aws_settings settings = { .endpoints = { list, 2 } };
    struct aws_endpoint e;
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000", 1);
    setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:6000/x", 1);
    setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:7000", 1);
    expect(&settings, "sqs", "http://127.0.0.1:5000/", "127.0.0.1:5000");
    expect(&settings, "ec2", "http://127.0.0.1:6000/", "127.0.0.1:6000");
    expect(&settings, "sts", "http://s:81/", "s:81");
    expect(&settings, "monitoring", "https://m:443/", "m");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    expect(&settings, "ec2", "https://ec2.eu-central-1.amazonaws.com/",
           "ec2.eu-central-1.amazonaws.com");
    settings.endpoints.len = 3;
    expect(&settings, "ec2", "http://all/", "all");
    unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    settings.endpoints.len = 0;
    static const char *const bad[] = { "ec2.example.com", "http://", "http://u:p@h", "ftp://h" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err;
        setenv("AWS_ENDPOINT_URL_EC2", bad[i], 1);
        assert_int_equal(aws_endpoint_find(&settings, "ec2", "eu-central-1", &e, &err),
                         MUSTER_E_CONFIG);
        assert_null(strstr(err.text, "u:p"));
    }
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_EC2");
    unsetenv("AWS_ENDPOINT_URL_STS");
}

/* Its own variable, the one for all, the profile's for the service, the profile's for all. */
static void test_profile(void **state)
{
    (void)state;
    char sqs[] = "sqs=http://profile-sqs", cloudwatch[] = "cloudwatch=http://profile-cw";
    char all[] = "http://profile", set[] = "ec2=http://set";
    char *services[] = { sqs, cloudwatch }, *list[] = { set };
    struct aws_reach reach = { .endpoint_url = all, .services = { services, 2, 2 } };
    struct aws_settings settings = { .endpoints = { list, 1 }, .reach = &reach };
    expect(&settings, "ec2", "http://set/", "set");
    expect(&settings, "sqs", "http://profile-sqs/", "profile-sqs");
    expect(&settings, "monitoring", "http://profile-cw/", "profile-cw");
    expect(&settings, "sts", "http://profile/", "profile");
    setenv("AWS_ENDPOINT_URL", "http://variable", 1);
    expect(&settings, "sqs", "http://variable/", "variable");
    setenv("AWS_ENDPOINT_URL_SQS", "http://own", 1);
    expect(&settings, "sqs", "http://own/", "own");
    unsetenv("AWS_ENDPOINT_URL_SQS");
    unsetenv("AWS_ENDPOINT_URL");
    reach.ignore_endpoints = true;
    expect(&settings, "sqs", "https://sqs.eu-central-1.amazonaws.com/",
           "sqs.eu-central-1.amazonaws.com");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
    expect(&settings, "sqs", "http://profile-sqs/", "profile-sqs");
    unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    /* No price list is in these regions, but there may be one elsewhere. */
    struct aws_endpoint e;
    struct aws_settings none = { 0 };
    assert_int_equal(aws_endpoint_find(&none, "pricing", "us-gov-west-1", &e, NULL),
                     MUSTER_E_CONFIG);
    assert_int_equal(aws_endpoint_find(&settings, "pricing", "us-gov-west-1", &e, NULL),
                     MUSTER_E_CONFIG);
    reach.ignore_endpoints = false;
    assert_int_equal(aws_endpoint_find(&settings, "pricing", "us-gov-west-1", &e, NULL), 0);
    assert_string_equal(e.url, "http://profile/");
}

static void test_reach(void **state)
{
    (void)state;
    char path[] = "/tmp/muster-aws-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] =
        "[default]\nendpoint_url = http://other\n[profile p]\nca_bundle = /etc/my ca.pem ; mine\n"
        "services = local\nregion = x\n  endpoint_url = http://continued\n"
        "[services local]\nec2 =\n  endpoint_url = http://127.0.0.1:5000\n  other = 1\n"
        "sqs =\n\n  endpoint_url = http://127.0.0.1:6000\n[services other]\nec2 =\n"
        "  endpoint_url = http://wrong\n";
    char profile[] = "p";
    struct aws_settings settings = { .profile = profile };
    struct aws_reach reach = { 0 };
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
    close(fd);
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    assert_int_equal(aws_reach_read(&settings, &reach, NULL), 0);
    assert_string_equal(reach.ca_bundle, "/etc/my ca.pem");
    assert_null(reach.endpoint_url);
    assert_int_equal(reach.services.len, 2);
    assert_string_equal(reach.services.at[0], "ec2=http://127.0.0.1:5000");
    assert_string_equal(reach.services.at[1], "sqs=http://127.0.0.1:6000");
    aws_reach_release(&reach);
    settings.profile = NULL;
    assert_int_equal(aws_reach_read(&settings, &reach, NULL), 0);
    assert_string_equal(reach.endpoint_url, "http://other");
    assert_null(reach.ca_bundle);
    aws_reach_release(&reach);
    unlink(path);
    unsetenv("AWS_CONFIG_FILE");
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

/* ---- classes ------------------------------------------------------------------------------------ */

static void test_classes(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int status, class;
    } cases[] = {
        { "RequestLimitExceeded", 503, MUSTER_E_THROTTLED },
        { "Throttling", 400, MUSTER_E_THROTTLED },
        { "RequestThrottled", 403, MUSTER_E_THROTTLED },
        { "", 429, MUSTER_E_THROTTLED },
        { "InsufficientInstanceCapacity", 500, MUSTER_E_CAPACITY },
        { "UnfulfillableCapacity", 500, MUSTER_E_CAPACITY },
        { "SpotMaxPriceTooLow", 400, MUSTER_E_CAPACITY },
        { "Unsupported", 400, MUSTER_E_CAPACITY },
        { "MaxSpotInstanceCountExceeded", 400, MUSTER_E_QUOTA },
        { "VcpuLimitExceeded", 400, MUSTER_E_QUOTA },
        { "InvalidInstanceID.NotFound", 400, MUSTER_E_NOTFOUND },
        { "InvalidAMIID.NotFound", 400, MUSTER_E_CONFIG },
        { "InvalidLaunchTemplateName.NotFoundException", 400, MUSTER_E_CONFIG },
        { "IdempotentParameterMismatch", 400, MUSTER_E_CONFIG },
        { "QueueDoesNotExist", 400, MUSTER_E_CONFIG },
        { "UnauthorizedOperation", 403, MUSTER_E_AUTH },
        { "AuthFailure", 401, MUSTER_E_AUTH },
        { "ExpiredToken", 400, MUSTER_E_AUTH },
        { "SomethingNew", 403, MUSTER_E_AUTH },
        { "SomethingNew", 400, MUSTER_E_CONFIG },
        { "SomethingNew", 500, MUSTER_E_UNKNOWN },
        { "InternalError", 500, MUSTER_E_UNKNOWN },
        { "", 504, MUSTER_E_UNKNOWN },
        { "ServiceUnavailable", 503, MUSTER_E_TRANSIENT },
        { "IncorrectInstanceState", 400, MUSTER_E_TRANSIENT },
        { "DryRunOperation", 412, 0 },
        { "", 200, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (aws_error_class(cases[i].code, cases[i].status) != cases[i].class)
            fail_msg("%s %d", cases[i].code, cases[i].status);
    }
}

/* ---- limits ------------------------------------------------------------------------------------- */

static struct call_limit *limit_of(struct call_limits *limits, const char *service,
                                   const char *action, const char *body)
{
    const struct aws_request request = {
        .service = service, .region = "r", .action = action, .body = str_from(body)
    };
    struct call_limit *limit = NULL;
    assert_int_equal(aws_limits_find(limits, &request, 0, &limit, NULL), 0);
    return limit;
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *service, *action, *body;
        int capacity, rate, resources;
    } cases[] = {
        { "ec2", "RunInstances", "", 5, 2, 1000 },
        { "ec2", "TerminateInstances", "", 100, 5, 1000 },
        { "ec2", "CreateFleet", "", 50, 5, 0 },
        { "ec2", "CreateTags", "", 100, 10, 0 },
        { "ec2", "DescribeInstances", "Action=x&Filter.1.Name=y", 100, 20, 0 },
        { "ec2", "DescribeInstances", "Action=x&MaxResults=1000", 100, 20, 0 },
        { "ec2", "DescribeInstances", "Action=x", 50, 10, 0 },
        { "ec2", "DescribeSpotPriceHistory", "Action=x", 100, 20, 0 },
        { "sqs", "GetQueueAttributes", "", 100, 20, 0 },
    };
    struct call_limits limits = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct call_limit *l = limit_of(&limits, cases[i].service, cases[i].action, cases[i].body);
        /* A little less than is published: calls may arrive closer upon each other than they left. */
        assert_in_range(ceil(l->requests.capacity), cases[i].capacity * 0.9, cases[i].capacity);
        assert_true(l->requests.capacity < cases[i].capacity);
        assert_int_equal((int)l->requests.rate, cases[i].rate);
        assert_in_range(ceil(l->resources.capacity), cases[i].resources * 0.99, cases[i].resources);
        assert_ptr_equal(l, limit_of(&limits, cases[i].service, cases[i].action, cases[i].body));
    }
    struct call_limit *run = limit_of(&limits, "ec2", "RunInstances", "");
    call_limit_take(run, (size_t)run->resources.capacity, 0);
    run->resources.level = 0;
    assert_int_equal(call_limit_wait_ns(run, 1, 0, 0), 0);
    assert_in_range(call_limit_wait_ns(run, 1, 10, 0), 5 * NS_PER_S - 10, 5 * NS_PER_S + 10);
    /* The next one comes after it, also if it needs nothing; in the next round all is asked anew. */
    assert_in_range(call_limit_wait_ns(run, 1, 10, 0), 10 * NS_PER_S - 10, 10 * NS_PER_S + 10);
    assert_in_range(call_limit_wait_ns(run, 1, 0, 0), 10 * NS_PER_S - 10, 10 * NS_PER_S + 10);
    assert_int_equal(call_limit_wait_ns(run, 2, 0, 0), 0);
    for (int i = 0; i < 100; i++)
        assert_true(call_budget_take(&limits, "ec2", 5));
    assert_false(call_budget_take(&limits, "ec2", 5));
    assert_true(call_budget_take(&limits, "sqs", 5)); /* each service its own */
    call_budget_give(&limits, "ec2", 5);
    assert_true(call_budget_take(&limits, "ec2", 5));
    call_limits_release(&limits);
}

/* ---- ini ---------------------------------------------------------------------------------------- */

static void test_ini(void **state)
{
    (void)state;
    struct buf text = { 0 };
    struct aws_ini ini = { 0 };
    buf_add_c(&text, "stray = 1\r\n[ default ]\r\nA_key = x#y ; comment\r\n"
                     "s3 =\n  nested = 2\n# comment = 3\nnothing\nb: c\n"
                     "[open\nlost = 1\n[profile p] # x\na_key=1\na_key = 2=3\nempty =\n");
    assert_int_equal(aws_ini_parse(&text, &ini, NULL), 0);
    assert_true(str_eq_c(aws_ini_get(&ini, "default", "a_key"), "x#y"));
    assert_true(str_eq_c(aws_ini_get(&ini, "default", "b"), "c"));
    assert_true(str_eq_c(aws_ini_get(&ini, "profile p", "a_key"), "2=3"));
    assert_int_equal(aws_ini_get(&ini, "profile p", "empty").len, 0);
    assert_null(aws_ini_get(&ini, "default", "nested").ptr);
    assert_true(str_eq_c(ini.entries.at[4].outer, "s3"));
    assert_true(str_eq_c(ini.entries.at[4].name, "nested"));
    assert_null(aws_ini_get(&ini, "default", "lost").ptr);
    assert_true(aws_ini_has(&ini, "profile p"));
    assert_false(aws_ini_has(&ini, "p"));
    aws_ini_release(&ini);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard), cmocka_unit_test(test_configured),
        cmocka_unit_test(test_classes),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_ini),      cmocka_unit_test(test_profile),
        cmocka_unit_test(test_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
