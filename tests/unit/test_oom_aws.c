/* Every allocation of the AWS parts made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/aws_ini.h"
#include "auth/aws_limits.h"
#include "auth/aws_process.h"
#include "auth/aws_settings.h"
#include "auth/aws_sts.h"
#include "auth/aws_wire.h"
#include "auth/sigv4.h"
#include "tests/unit/oom.h"

static const struct aws_request request = { .service = "sqs",
                                            .region = "eu-central-1",
                                            .action = "GetQueueAttributes",
                                            .target = "AmazonSQS",
                                            .protocol = AWS_JSON_1_0,
                                            .body = { "{}", 2 } };

static void check(int rc)
{
    bool hit = oom_disarm();
    assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
    assert_true(rc == 0 || hit);
}

static void test_wire(void **state)
{
    (void)state;
    struct aws_credentials keys = { 0 };
    const struct aws_settings settings = { 0 };
    assert_int_equal(aws_credentials_set(&keys, STR("AKIA"), STR("secret"), STR("token"),
                                         AWS_NEVER_EXPIRES, "test", NULL),
                     0);
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_wire wire = { 0 };
        oom_arm(n);
        int rc = aws_wire_build(&settings, &request, &keys, NS_PER_S, &wire, NULL);
        check(rc);
        assert_true(rc == 0 || wire.len == 0);
        aws_wire_release(&wire);
    }
    aws_credentials_release(&keys);
}

static void test_presign(void **state)
{
    (void)state;
    const struct sigv4_header header = { STR("Host"), STR("h") };
    const struct sigv4_request what = { .method = STR("GET"),
                                        .path = STR("/a/../b"),
                                        .query = STR("b=1&a=2"),
                                        .headers = &header,
                                        .headers_len = 1,
                                        .body_hash = "x" };
    const struct sigv4_signer signer = { STR("AKIA"), STR("secret"), STR("r"), STR("s"),
                                         "20150830T123600Z" };
    for (long n = 0; oom_sweep(n); n++) {
        struct buf url = { 0 };
        oom_arm(n);
        int rc = sigv4_presign(&signer, &what, STR("token"), false, 60, &url, NULL);
        oom_disarm();
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        buf_release(&url);
    }
}

static void test_ini(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf text = { 0 };
        struct aws_ini ini = { 0 };
        buf_add_c(&text, "[a]\nb = c\nd = e\n[f]\ng = h\n");
        oom_arm(n);
        int rc = aws_ini_parse(&text, &ini, NULL);
        check(rc);
        assert_null(text.ptr);
        aws_ini_release(&ini);
    }
}

/* What a profile says of how AWS is reached is all there, or the client is not made. */
static void test_reach(void **state)
{
    (void)state;
    char path[] = "/tmp/muster-oom-XXXXXX";
    static const char text[] = "[default]\nca_bundle = /ca\nendpoint_url = http://a\nservices = s\n"
                               "[services s]\nec2 =\n  endpoint_url = http://b\n";
    int fd = mkstemp(path);
    const struct aws_settings settings = { 0 };
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
    close(fd);
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_reach reach = { 0 };
        oom_arm(n);
        int rc = aws_reach_read(&settings, &reach, NULL);
        check(rc);
        assert_true(rc < 0 ? !reach.ca_bundle : reach.services.len == 1 && reach.endpoint_url);
        aws_reach_release(&reach);
    }
    unlink(path);
    unsetenv("AWS_CONFIG_FILE");
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

static void test_credentials(void **state)
{
    (void)state;
    static const char sts[] =
        "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
        "<SessionToken>T</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>"
        "</Credentials></R>";
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_credentials found = { 0 };
        oom_arm(n);
        check(aws_sts_read(str_from(sts), &found, NULL));
        aws_credentials_release(&found);
    }
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_credentials found = { 0 };
        oom_arm(n);
        check(aws_credentials_parse(STR("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}"),
                                    "test", &found, NULL));
        aws_credentials_release(&found);
    }
}

static void test_sources(void **state)
{
    (void)state;
    uv_loop_t loop;
    const struct aws_settings settings = { .role_arn = NULL };
    uv_loop_init(&loop);
    const struct aws_source_env env = { .loop = &loop,
                                        .clock = &clock_system,
                                        .settings = &settings };
    for (long n = 0; oom_sweep(n); n++) {
        struct aws_source *source = NULL;
        oom_arm(n);
        int rc = aws_source_default(&env, &source, NULL);
        if (rc == 0)
            rc = aws_source_cache(&env, source, &source, NULL);
        check(rc);
        if (rc == 0)
            aws_source_free(source);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_limits(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct call_limits limits = { 0 };
        struct call_limit *limit = NULL;
        oom_arm(n);
        int rc = aws_limits_find(&limits, &request, 0, &limit, NULL);
        bool taken = call_budget_take(&limits, "sqs", 5);
        bool hit = oom_disarm();
        assert_true(hit || (rc == 0 && taken));
        call_limits_release(&limits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),    cmocka_unit_test(test_presign),
        cmocka_unit_test(test_ini),     cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_sources), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
