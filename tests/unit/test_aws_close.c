/* An open provider without an EC2: closed with calls under way, and with answers that are due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <cmocka.h>

#include "auth/aws_client.h"
#include "base/clock.h"
#include "providers/aws/plugin.h"
#include "tests/unit/provider_help.h"

struct bench {
    uv_loop_t loop;
    struct log log;
    struct aws_settings settings;
    struct http_client *http;
    struct aws_client *aws;
    struct provider_env env;
    struct provider *provider;
    int calls, code;
};

static void bench_open(struct bench *b)
{
    struct error err = { 0 };
    *b = (struct bench){ .log = { .fd = -1 } };
    uv_loop_init(&b->loop);
    assert_int_equal(option_set_defaults(&aws_settings_options, &b->settings, &err), 0);
    assert_int_equal(http_client_new(&b->loop, "test", &b->http, &err), 0);
    const struct aws_client_env env = { .loop = &b->loop,
                                        .log = &b->log,
                                        .clock = &clock_system,
                                        .http = b->http,
                                        .settings = &b->settings };
    assert_int_equal(aws_client_new(&env, &b->aws, &err), 0);
    b->env = (struct provider_env){ .loop = &b->loop,
                                    .log = &b->log,
                                    .clock = &clock_system,
                                    .controller = "test",
                                    .state_dir = "/nowhere",
                                    .agent_url = "http://127.0.0.1:1",
                                    .aws = b->aws };
    assert_int_equal(provider_aws.open(&b->env, &b->provider, &err), 0);
}

static void bench_close(struct bench *b)
{
    provider_aws.close(b->provider);
    aws_client_free(b->aws);
    http_client_free(b->http);
    option_set_release(&aws_settings_options, &b->settings);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
}

static void on_list(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    (void)nodes, (void)len;
    struct bench *b = ctx;
    b->calls++;
    b->code = err->code;
}

static void on_launch(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                      const struct error *err)
{
    (void)ids;
    on_list(ctx, NULL, len, err);
}

static void on_terminate(void *ctx, const struct error *err)
{
    on_list(ctx, NULL, 0, err);
}

static void launch(struct bench *b, const char *const *settings)
{
    void *options = options_make(&provider_aws.options, settings);
    struct pool_spec *spec = pool_spec_new("p");
    struct intent intent = { .count = 1, .slots = 1, .tries = 1, .inventory = "aws:eu-1" };
    assert_int_equal(provider_aws.expand(options, 0, spec, NULL), 0);
    const struct launch_request request = { .intent = &intent,
                                            .offer = &spec->offers.at[0],
                                            .options = options };
    provider_aws.mutations->launch(b->provider, &request, on_launch, b);
    pool_spec_free(spec);
    option_set_release(&provider_aws.options, options);
    free(options);
}

#define ONE "region", "eu-1", "zones", "a", "types", "{ a.b: 1 }"

static void closed_with_everything_under_way(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b);
    struct intent intent = { .inventory = "aws:eu-1", .node = "i-1" };
    provider_aws.list(b.provider, "aws:eu-1", on_list, &b);
    launch(&b, SETTINGS(ONE, "launch_template", "lt-1"));
    launch(&b, SETTINGS(ONE, "image", "ami-1", "user_data", "/nowhere/at/all"));
    provider_aws.mutations->terminate(b.provider, &intent, on_terminate, &b);
    assert_int_equal(b.calls, 0); /* nothing is answered from inside a call */
    bench_close(&b);
    assert_int_equal(b.calls, 0);
}

static void a_launch_that_cannot_be_written(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b);
    launch(&b, SETTINGS(ONE, "image", "ami-1", "user_data", "/nowhere/at/all"));
    while (b.calls == 0)
        uv_run(&b.loop, UV_RUN_ONCE);
    assert_int_equal(b.code, MUSTER_E_CONFIG);
    bench_close(&b);
    assert_int_equal(b.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_with_everything_under_way),
        cmocka_unit_test(a_launch_that_cannot_be_written),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    setenv("AWS_ACCESS_KEY_ID", "x", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "y", 1);
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9", 1);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return rc;
}
