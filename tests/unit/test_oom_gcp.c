/* Every allocation of the Google Cloud parts made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/aws_credentials.h"
#include "auth/gcp_credentials.h"
#include "auth/gcp_file.h"
#include "auth/gcp_limits.h"
#include "auth/gcp_sources.h"
#include "auth/gcp_subject.h"
#include "auth/secret.h"
#include "queue/pubsub_count.h"
#include "queue/timeseries.h"
#include "tests/unit/oom.h"

static void check(int rc)
{
    bool hit = oom_disarm();
    assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
    assert_true(rc == 0 || hit);
}

static const char *const files[] = {
    "{\"type\":\"service_account\",\"client_email\":\"e\",\"private_key\":\"k\",\"private_key_id\":"
    "\"i\",\"token_uri\":\"https://t/\",\"universe_domain\":\"u\"}",
    "{\"type\":\"authorized_user\",\"client_id\":\"e\",\"client_secret\":\"k\","
    "\"refresh_token\":\"r\"}",
    "{\"type\":\"external_account_authorized_user\",\"client_id\":\"e\",\"client_secret\":\"k\","
    "\"refresh_token\":\"r\",\"token_url\":\"https://t/\"}",
    "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\",\"token_url\":"
    "\"https://t/\",\"client_id\":\"c\",\"service_account_impersonation_url\":\"https://i/\","
    "\"credential_source\":{\"url\":\"https://s/\",\"headers\":{\"A\":\"b\"},\"format\":{\"type\":"
    "\"json\",\"subject_token_field_name\":\"id\"}}}",
    "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\",\"token_url\":"
    "\"https://t/\",\"credential_source\":{\"environment_id\":\"aws1\",\"region_url\":\"https://r/"
    "\",\"imdsv2_session_token_url\":\"https://i/\",\"regional_cred_verification_url\":\"https://"
    "{region}/\"}}",
    "{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
    "\"https://i/\",\"delegates\":[\"d\"],\"source_credentials\":{\"type\":\"authorized_user\","
    "\"client_id\":\"e\",\"client_secret\":\"k\",\"refresh_token\":\"r\"}}",
};

static void test_files(void **state)
{
    (void)state;
    uv_loop_t loop;
    const struct gcp_settings settings = { 0 };
    uv_loop_init(&loop);
    const struct gcp_source_env env = { .loop = &loop,
                                        .clock = &clock_system,
                                        .settings = &settings };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        for (long n = 0; oom_sweep(n); n++) {
            struct gcp_source *source = NULL;
            cJSON *file = NULL;
            assert_int_equal(gcp_file_parse(str_from(files[i]), &file, NULL), 0);
            oom_arm(n);
            int rc = gcp_source_file(&env, file, &source, NULL);
            check(rc);
            assert_true(rc == 0 || !source);
            gcp_source_free(source);
            secret_json_free(file);
            uv_run(&loop, UV_RUN_DEFAULT);
        }
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_sources(void **state)
{
    (void)state;
    char account[] = "a@b";
    const struct gcp_settings settings = { .impersonate = account };
    const struct gcp_source_env env = { .clock = &clock_system, .settings = &settings };
    for (long n = 0; oom_sweep(n); n++) {
        struct gcp_source *source = NULL;
        oom_arm(n);
        int rc = gcp_source_default(&env, &source, NULL);
        if (rc == 0)
            rc = gcp_source_cache(&env, source, &source, NULL);
        check(rc);
        if (rc == 0)
            gcp_source_free(source);
    }
}

static void test_answers(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct gcp_token found = { 0 }, copy = { 0 };
        oom_arm(n);
        int rc = gcp_token_parse(STR("{\"access_token\":\"t\",\"expires_in\":60}"), 0, "test",
                                 &found, NULL);
        if (rc == 0)
            rc = gcp_token_copy(&copy, &found, NULL);
        check(rc);
        gcp_token_release(&found);
        gcp_token_release(&copy);
    }
    for (long n = 0; oom_sweep(n); n++) {
        struct gcp_token found = { 0 };
        oom_arm(n);
        check(gcp_impersonate_read(
            STR("{\"accessToken\":\"t\",\"expireTime\":\"2100-01-01T00:00:00Z\"}"), STR(""),
            &clock_system, &found, NULL));
        gcp_token_release(&found);
    }
    for (long n = 0; oom_sweep(n); n++) {
        struct buf ids = { 0 };
        struct pubsub_counted found = { 0 };
        size_t len;
        oom_arm(n);
        check(pubsub_count_read(STR("{\"receivedMessages\":[{\"ackId\":\"a\"},{\"ackId\":\"b\"}]}"),
                                &ids, &found, &len, NULL));
        buf_release(&ids);
    }
}

static void test_aws_identity(void **state)
{
    (void)state;
    struct aws_credentials keys = { 0 };
    assert_int_equal(aws_credentials_set(&keys, STR("AKIA"), STR("secret"), STR("token"),
                                         AWS_NEVER_EXPIRES, "test", NULL),
                     0);
    for (long n = 0; oom_sweep(n); n++) {
        struct buf to = { 0 };
        oom_arm(n);
        check(gcp_subject_aws_sign(&keys, "https://sts.{region}.amazonaws.com?A=b", "r", "aud",
                                   NS_PER_S, &to, NULL));
        buf_release(&to);
    }
    aws_credentials_release(&keys);
}

static void test_limits(void **state)
{
    (void)state;
    const struct gcp_request request = {
        .service = GCP_COMPUTE, .method = "GET", .name = "instances.list", .path = "projects/p/x"
    };
    for (long n = 0; oom_sweep(n); n++) {
        struct call_limits limits = { 0 };
        struct call_limit *limit = NULL;
        oom_arm(n);
        int rc = gcp_limits_find(&limits, &request, 0, &limit, NULL);
        bool taken = call_budget_take(&limits, "compute", 5);
        bool hit = oom_disarm();
        assert_true(hit || (rc == 0 && taken));
        call_limits_release(&limits);
    }
}

static void test_calls(void **state)
{
    (void)state;
    uv_loop_t loop;
    const struct gcp_settings settings = { 0 };
    const struct gcp_request request = { .service = GCP_COMPUTE,
                                         .method = "POST",
                                         .name = "instances.insert",
                                         .path = "projects/p/x",
                                         .query = "a=b",
                                         .body = STR("{}") };
    uv_loop_init(&loop);
    const struct gcp_client_env env = { .loop = &loop,
                                        .clock = &clock_system,
                                        .settings = &settings };
    for (long n = 0; oom_sweep(n); n++) {
        struct gcp_client *client = NULL;
        oom_arm(n);
        int rc = gcp_client_new(&env, &client, NULL);
        if (rc == 0)
            rc = gcp_call(client, &request, NULL, &loop, NULL);
        if (rc == 0)
            rc = gcp_client_project(client, NULL, &loop, NULL);
        check(rc);
        gcp_client_free(client); /* nothing was sent yet, and nobody is called */
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),   cmocka_unit_test(test_sources),
        cmocka_unit_test(test_answers), cmocka_unit_test(test_aws_identity),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
