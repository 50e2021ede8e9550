/* What the Google Cloud parts read and write that asks nobody: addresses, tokens, queries, points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/gcp_credentials.h"
#include "auth/gcp_endpoint.h"
#include "auth/gcp_exchange.h"
#include "auth/gcp_jwt.h"
#include "auth/gcp_limits.h"
#include "auth/gcp_sources.h"
#include "auth/gcp_subject.h"
#include "auth/renewal.h"
#include "queue/pubsub_count.h"
#include "queue/timeseries.h"

/* ---- addresses ---------------------------------------------------------------------------------- */

static int clean(void **state)
{
    (void)state;
    unsetenv("PUBSUB_EMULATOR_HOST");
    unsetenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN");
    return 0;
}

static void test_endpoints(void **state)
{
    static char compute[] = "compute=http://127.0.0.1:5000", all[] = "*=https://gcp.example.com/";
    static char with_path[] = "compute=http://127.0.0.1:5000/compute/v1";
    static char broken[] = "compute=https://x.example.com/?a";
    static const struct {
        char *endpoint;
        enum gcp_service service;
        const char *universe, *base;
    } cases[] = {
        { NULL, GCP_COMPUTE, NULL, "https://compute.googleapis.com/compute/v1/" },
        { NULL, GCP_MONITORING, NULL, "https://monitoring.googleapis.com/v3/" },
        { NULL, GCP_BILLING, NULL, "https://cloudbilling.googleapis.com/v1/" },
        { NULL, GCP_IAM, NULL, "https://iamcredentials.googleapis.com/v1/" },
        { NULL, GCP_PROJECTS, NULL, "https://cloudresourcemanager.googleapis.com/v1/" },
        { NULL, GCP_COMPUTE, "s3nsapis.fr", "https://compute.s3nsapis.fr/compute/v1/" },
        { compute, GCP_COMPUTE, NULL, "http://127.0.0.1:5000/compute/v1/" },
        { compute, GCP_STS, NULL, "https://sts.googleapis.com/v1/" },
        { with_path, GCP_COMPUTE, NULL, "http://127.0.0.1:5000/compute/v1/" },
        { all, GCP_PUBSUB, NULL, "https://gcp.example.com/v1/" },
        { broken, GCP_COMPUTE, NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *endpoint = cases[i].endpoint;
        const struct gcp_settings settings = { .endpoints = { &endpoint, endpoint != NULL } };
        struct gcp_endpoint e = { 0 };
        int rc = gcp_endpoint_find(&settings, cases[i].service, cases[i].universe, &e, NULL);
        if ((rc == 0) != (cases[i].base != NULL) || (rc == 0 && strcmp(e.base, cases[i].base) != 0))
            fail_msg("case %zu: %s", i, e.base);
        assert_false(e.emulator);
    }
}

static void test_the_emulator_gets_no_token(void **state)
{
    (void)state;
    static char pubsub[] = "pubsub=https://private.example.com";
    char *endpoint = pubsub;
    const struct gcp_settings none = { 0 }, set = { .endpoints = { &endpoint, 1 } };
    struct gcp_endpoint e;
    setenv("PUBSUB_EMULATOR_HOST", "localhost:8085", 1);
    assert_int_equal(gcp_endpoint_find(&none, GCP_PUBSUB, NULL, &e, NULL), 0);
    assert_string_equal(e.base, "http://localhost:8085/v1/");
    assert_true(e.emulator);
    assert_int_equal(gcp_endpoint_find(&none, GCP_COMPUTE, NULL, &e, NULL), 0);
    assert_false(e.emulator);
    assert_int_equal(gcp_endpoint_find(&set, GCP_PUBSUB, NULL, &e, NULL), 0);
    assert_string_equal(e.base, "https://private.example.com/v1/");
    assert_false(e.emulator);
}

static void test_where_secrets_may_go(void **state)
{
    (void)state;
    assert_int_equal(gcp_url_check("https://oauth2.googleapis.com/token", "x", NULL), 0);
    assert_int_equal(gcp_url_check("http://127.0.0.1:80/token", "x", NULL), 0);
    assert_int_equal(gcp_url_check("http://localhost/token", "x", NULL), 0);
    static const char *const bad[] = { "http://example.com/", "http://127.0.0.1.example.com/",
                                       "http://localhost.example.com/", "ftp://127.0.0.1/", "" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(gcp_url_check(bad[i], "x", NULL), MUSTER_E_CONFIG);
}

static void test_projects(void **state)
{
    (void)state;
    assert_true(gcp_project_valid("acme-1"));
    assert_true(gcp_project_valid("example.com:acme"));
    assert_false(gcp_project_valid(""));
    assert_false(gcp_project_valid("a/b"));
    assert_false(gcp_project_valid("../x"));
    assert_false(gcp_project_valid("a b"));
}

static void test_queries(void **state)
{
    (void)state;
    struct buf text = { 0 };
    gcp_query_add(&text, "filter", STR("a = \"b/c\" & d"));
    gcp_query_addf(&text, "n", "%d", 5);
    assert_string_equal(buf_text(&text), "filter=a%20%3D%20%22b%2Fc%22%20%26%20d&n=5");
    buf_clear(&text);
    gcp_path_add(&text, STR("a/b c"));
    assert_string_equal(buf_text(&text), "a%2Fb%20c");
    buf_release(&text);
}

/* ---- tokens ------------------------------------------------------------------------------------- */

static void test_tokens(void **state)
{
    static const struct {
        const char *json;
        int64_t expires_s; /* -1: none */
    } cases[] = {
        { "{\"access_token\":\"t\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", 3609 },
        { "{\"access_token\":\"t\",\"expires_in\":\"60\"}", 70 },
        { "{\"access_token\":\"t\",\"expires_in\":0}", -1 },
        { "{\"access_token\":\"t\",\"expires_in\":-5}", -1 },
        { "{\"access_token\":\"t\",\"expires_in\":1e300}", -1 },
        { "{\"access_token\":\"t\",\"expires_in\":\"1h\"}", -1 },
        { "{\"access_token\":\"t\"}", -1 },
        { "{\"expires_in\":60}", -1 },
        { "{\"access_token\":\"\",\"expires_in\":60}", -1 },
        { "{\"access_token\":\"a\\r\\nX-Evil: 1\",\"expires_in\":60}", -1 },
        { "{\"id_token\":\"t\",\"expires_in\":60}", -1 },
        { "[]", -1 },
        { "", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gcp_token token = { 0 };
        int rc = gcp_token_parse(str_from(cases[i].json), 10 * NS_PER_S, "test", &token, NULL);
        int64_t expires_s = rc == 0 ? token.expires_boot_ns / NS_PER_S : -1;
        if (expires_s != cases[i].expires_s)
            fail_msg("%s: %lld", cases[i].json, (long long)expires_s);
        gcp_token_release(&token);
    }
}

static int64_t ten_s(void *ctx)
{
    (void)ctx;
    return 10 * NS_PER_S;
}

static int64_t afternoon(void *ctx)
{
    (void)ctx;
    return INT64_C(1773500966) * NS_PER_S; /* 2026-03-14T15:09:26Z, a Saturday */
}

static void test_impersonated_tokens_expire_by_their_makers_clock(void **state)
{
    (void)state;
    const struct clock clock = { ten_s, afternoon, NULL };
    struct gcp_token token = { 0 };
    const struct str json = STR("{\"accessToken\":\"t\",\"expireTime\":\"2026-03-14T16:09:26Z\"}");
    assert_int_equal(gcp_impersonate_read(json, STR(""), &clock, &token, NULL), 0);
    assert_int_equal(token.expires_boot_ns / NS_PER_S, 3610);
    gcp_token_release(&token);
    /* Its clock is half an hour ahead of ours. */
    assert_int_equal(
        gcp_impersonate_read(json, STR("Sat, 14 Mar 2026 15:39:26 GMT"), &clock, &token, NULL), 0);
    assert_int_equal(token.expires_boot_ns / NS_PER_S, 1810);
    gcp_token_release(&token);
    assert_int_equal(
        gcp_impersonate_read(STR("{\"accessToken\":\"t\"}"), STR(""), &clock, &token, NULL),
        MUSTER_E_INVALID);
}

static void test_redaction(void **state)
{
    (void)state;
    char text[] = "a short-word, a path/of/several/words/that/are/all/of/them/short and "
                  "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9eyJhbGci.c2lnbmF0dXJl";
    gcp_redact(text);
    assert_null(strstr(text, "eyJ"));
    assert_non_null(strstr(text, "a short-word"));
    assert_non_null(strstr(text, "words/that"));
    char none[] = "";
    gcp_redact(none);
}

static void test_keys_that_are_none(void **state)
{
    (void)state;
    const struct gcp_assertion a = { .issuer = STR("i"), .scope = STR("s"), .life_s = 3600 };
    static const char *const bad[] = {
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf to = { 0 };
        struct error err = { 0 };
        assert_int_equal(gcp_jwt(&a, str_from(bad[i]), &to, &err), MUSTER_E_CONFIG);
        assert_int_equal(to.len, 0);
        buf_release(&to);
    }
}

static void test_base64url(void **state)
{
    (void)state;
    struct buf to = { 0 };
    base64url_add(&to, STR("f"));
    buf_add_char(&to, ' ');
    base64url_add(&to, STR("fo"));
    buf_add_char(&to, ' ');
    base64url_add(&to, STR("foo"));
    buf_add_char(&to, ' ');
    base64url_add(&to, (struct str){ "\xfb\xff\xfe", 3 });
    assert_string_equal(buf_text(&to), "Zg Zm8 Zm9v -__-");
    buf_release(&to);
}

static void test_subject_formats(void **state)
{
    (void)state;
    struct buf to = { 0 };
    assert_int_equal(gcp_subject_read(STR("  abc\n"), NULL, &to, NULL), 0);
    assert_string_equal(buf_text(&to), "abc");
    buf_clear(&to);
    assert_int_equal(gcp_subject_read(STR("{\"id\":\"x\"}"), "id", &to, NULL), 0);
    assert_string_equal(buf_text(&to), "x");
    buf_clear(&to);
    assert_int_equal(gcp_subject_read(STR("{\"id\":5}"), "id", &to, NULL), MUSTER_E_AUTH);
    assert_int_equal(gcp_subject_read(STR(" "), NULL, &to, NULL), MUSTER_E_AUTH);
    buf_release(&to);
}

/* ---- when tokens are renewed -------------------------------------------------------------------- */

#define S(n) ((int64_t)(n)*NS_PER_S)

static void test_renewal(void **state)
{
    (void)state;
    struct renewal r = { .advisory_ns = S(225), .mandatory_ns = S(60) };
    struct renewal_step step = renewal_ask(&r, 0, S(1000)); /* nothing is held */
    assert_true(!step.give && step.fetch);
    step = renewal_ask(&r, 0, S(1000)); /* and one is under way */
    assert_true(!step.give && !step.fetch);
    renewal_done(&r);
    step = renewal_ask(&r, S(3600), S(1000));
    assert_true(step.give && !step.fetch);
    step = renewal_ask(&r, S(200), S(4400)); /* in the background */
    assert_true(step.give && step.fetch);
    step = renewal_ask(&r, S(190), S(4410));
    assert_true(step.give && !step.fetch);
    renewal_failed(&r, S(4420));
    step = renewal_ask(&r, S(175), S(4425)); /* a moment ago: not at every call */
    assert_true(step.give && !step.fetch);
    step = renewal_ask(&r, S(50), S(4430));
    assert_true(step.give && !step.fetch); /* good still */
    step = renewal_ask(&r, S(40), S(4460));
    assert_true(!step.give && step.fetch);
    renewal_failed(&r, S(4461));
    step = renewal_ask(&r, 0, S(4470)); /* expired: no rest */
    assert_true(!step.give && step.fetch);
    renewal_done(&r);
    r.stale = true; /* refused by a service */
    step = renewal_ask(&r, S(3000), S(4480));
    assert_true(!step.give && step.fetch);
}

static void test_limits(void **state)
{
    (void)state;
    struct call_limits limits = { 0 };
    struct call_limit *list, *get, *change, *wait, *other;
    struct gcp_request r = { .service = GCP_COMPUTE, .method = "GET", .path = "projects/a/x" };
#define FIND(n, m, p, to)                                                                          \
    (r.name = (n), r.method = (m), r.path = (p),                                                   \
     assert_int_equal(gcp_limits_find(&limits, &r, 0, to, NULL), 0))
    FIND("instances.aggregatedList", "GET", "projects/a/aggregated/instances", &list);
    FIND("instances.get", "GET", "projects/a/zones/z/instances/i", &get);
    FIND("instances.insert", "POST", "projects/a/zones/z/instances", &change);
    FIND("zoneOperations.wait", "POST", "projects/a/zones/z/operations/o/wait", &wait);
    FIND("instances.delete", "DELETE", "projects/b/zones/z/instances/i", &other);
    assert_true(list != get && get != change && change != wait && other != change);
    for (int i = 0; i < 500; i++)
        call_limit_take(change, 0, 0);
    assert_true(call_limit_wait_ns(change, 1, 0, 0) > 0);
    assert_int_equal(call_limit_wait_ns(other, 1, 0, 0), 0);
    assert_int_equal(call_limit_wait_ns(list, 1, 0, 0), 0);
    call_limits_release(&limits);
}

/* ---- points ------------------------------------------------------------------------------------- */

#define POINT(time, value) "{\"interval\":{\"endTime\":\"" time "\"},\"value\":{" value "}}"
#define SERIES(points)     "{\"points\":[" points "]}"
#define ANSWER(series)     "{\"timeSeries\":[" series "]}"
#define T1                 "2026-03-14T15:00:00Z"
#define T2                 "2026-03-14T15:01:00Z"

static void test_points(void **state)
{
    static const struct {
        const char *json;
        enum timeseries_many many;
        int code;
        double value;
        int minute;
    } cases[] = {
        { ANSWER(SERIES(POINT(T2, "\"int64Value\":\"42\"") "," POINT(T1, "\"int64Value\":\"7\""))),
          SERIES_ONE, 0, 42, 1 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"7\"") "," POINT(T2, "\"int64Value\":\"42\""))),
          SERIES_ONE, 0, 42, 1 },
        { ANSWER(SERIES(POINT(T1, "\"doubleValue\":1.5"))), SERIES_ONE, 0, 1.5, 0 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"0\""))), SERIES_ONE, 0, 0, 0 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"3\"")) "," SERIES(
              POINT(T2, "\"int64Value\":\"4\""))),
          SERIES_ONE, MUSTER_E_CONFIG, 0, 0 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"3\"")) "," SERIES(
              POINT(T2, "\"int64Value\":\"4\""))),
          SERIES_SUM, 0, 7, 0 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"3\"")) "," SERIES(
              POINT(T2, "\"int64Value\":\"4\""))),
          SERIES_MAX, 0, 4, 0 },
        { ANSWER(SERIES("") "," SERIES(POINT(T2, "\"int64Value\":\"4\""))), SERIES_ONE, 0, 4, 1 },
        { "{}", SERIES_ONE, MUSTER_E_NOTFOUND, 0, 0 },
        { ANSWER(""), SERIES_ONE, MUSTER_E_NOTFOUND, 0, 0 },
        { ANSWER(SERIES("")), SERIES_SUM, MUSTER_E_NOTFOUND, 0, 0 },
        { ANSWER(SERIES(POINT(T1, "\"distributionValue\":{}"))), SERIES_ONE, MUSTER_E_CONFIG, 0,
          0 },
        { ANSWER(SERIES(POINT(T1, "\"int64Value\":\"4x\""))), SERIES_ONE, MUSTER_E_CONFIG, 0, 0 },
        { ANSWER(SERIES(POINT("yesterday", "\"int64Value\":\"4\""))), SERIES_ONE, MUSTER_E_INVALID,
          0, 0 },
        { "{\"executionErrors\":[{\"code\":4}]}", SERIES_ONE, MUSTER_E_TRANSIENT, 0, 0 },
        { "{\"nextPageToken\":\"x\"}", SERIES_SUM, MUSTER_E_CONFIG, 0, 0 },
        { "[]", SERIES_ONE, MUSTER_E_INVALID, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct timeseries_point point = { -1, -1 };
        int rc = timeseries_newest(str_from(cases[i].json), cases[i].many, &point, NULL);
        int64_t wall_ns = S(INT64_C(1773500400) + 60 * cases[i].minute);
        if (rc != cases[i].code ||
            (rc == 0 && (point.value < cases[i].value || point.value > cases[i].value ||
                         point.wall_ns != wall_ns)))
            fail_msg("%s: %d, %g", cases[i].json, rc, point.value);
    }
}

static void test_series_question(void **state)
{
    (void)state;
    struct buf text = { 0 };
    const struct timeseries_query query = {
        .filter = "metric.type=\"a\"", .aligner = "ALIGN_MAX", .period_s = 60, .look_back_s = 300
    };
    timeseries_query(&query, afternoon(NULL), &text);
    assert_string_equal(buf_text(&text),
                        "filter=metric.type%3D%22a%22&interval.startTime=2026-03-14T15%3A04%3A26Z&"
                        "interval.endTime=2026-03-14T15%3A09%3A26Z&aggregation.perSeriesAligner="
                        "ALIGN_MAX&aggregation.alignmentPeriod=60s&view=FULL");
    buf_release(&text);
}

static void test_pulled(void **state)
{
    (void)state;
    struct buf ids = { 0 };
    struct pubsub_counted found = { 0 };
    size_t len = 0;
    assert_int_equal(
        pubsub_count_read(STR("{\"receivedMessages\":[{\"ackId\":\"a\",\"message\":{"
                              "\"publishTime\":\"" T2 "\"}},{\"ackId\":\"b\\\"\",\"message\":{"
                              "\"publishTime\":\"" T1 "\"}}]}"),
                          &ids, &found, &len, NULL),
        0);
    assert_int_equal(len, 2);
    assert_int_equal(found.messages, 2);
    assert_int_equal(found.oldest_wall_ns, S(1773500400));
    assert_string_equal(buf_text(&ids), "\"a\",\"b\\\"\"");
    assert_int_equal(pubsub_count_read(STR("{}"), &ids, &found, &len, NULL), 0);
    assert_int_equal(len, 0);
    assert_int_equal(
        pubsub_count_read(STR("{\"receivedMessages\":[{}]}"), &ids, &found, &len, NULL),
        MUSTER_E_INVALID);
    buf_release(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_endpoints, clean),
        cmocka_unit_test_setup_teardown(test_the_emulator_gets_no_token, clean, clean),
        cmocka_unit_test(test_where_secrets_may_go),
        cmocka_unit_test(test_projects),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_impersonated_tokens_expire_by_their_makers_clock),
        cmocka_unit_test(test_redaction),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_subject_formats),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_series_question),
        cmocka_unit_test(test_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
