/*
 * The AWS client against a server that is told what to say: remedies by error class, retries, the
 * credential sources, and that no secret is ever shown.
 */
#include "auth/aws_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <curl/curl.h>

#include <cmocka.h>

#include "auth/aws_container.h"
#include "auth/aws_credentials.h"
#include "auth/aws_error.h"
#include "auth/aws_limits.h"
#include "auth/aws_process.h"
#include "base/timestamp.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tiny_server.h"

/* Must never be seen outside of a header. */
#define CANARY "CANARYsecretCANARY"
#define TOKEN  "CANARYtokenCANARY"

#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define EC2_ERROR(status, code, message)                                                           \
    HEAD(status)                                                                                   \
    "\r\n<Response><Errors><Error><Code>" code "</Code><Message>" message                          \
    "</Message></Error></Errors><RequestID>r-1</RequestID></Response>"

#define FINE                                                                                       \
    {                                                                                              \
        .path = "/", .bytes = TINY_OK("text/xml", "<X/>")                                          \
    }

struct fixture {
    uv_loop_t loop;
    struct http_client *http;
    struct aws_client *client;
    struct aws_settings settings;
    struct clock clock;
    struct log log;
    struct tiny_server *server;
    struct tiny_answer script[8]; /* the server's while it runs, which is longer than a test */
    struct scratch scratch;
    int answers;
    struct error err;
    struct aws_response response;
    char sent[8192];
};

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_MAX_ATTEMPTS",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CA_BUNDLE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    signal(SIGPIPE, SIG_IGN);
    scratch_make(&f->scratch);
    setenv("HOME", f->scratch.dir, 1);
    f->clock = clock_system;
    f->log = (struct log){ .fd = open(scratch_path(&f->scratch, "log"),
                                      O_CREAT | O_RDWR | O_CLOEXEC, 0600),
                           .level = LOG_DEBUG };
    uv_loop_init(&f->loop);
    assert_int_equal(http_client_new(&f->loop, "test", &f->http, NULL), 0);
    *state = f;
    return 0;
}

static void start(struct fixture *f, const struct tiny_answer *answers)
{
    const struct aws_client_env env = { &f->loop, &f->log, &f->clock, f->http, &f->settings };
    for (size_t i = 0; i < 7 && answers[i].path; i++)
        f->script[i] = answers[i];
    f->server = tiny_server_start(f->script, NULL);
    setenv("AWS_ENDPOINT_URL", tiny_server_url(f->server, ""), 1);
    assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
}

/* What was said aloud: errors and log. */
static void assert_secrets_kept(struct fixture *f)
{
    char text[12000];
    ssize_t n = pread(f->log.fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    assert_null(strstr(text, "CANARY"));
    assert_null(strstr(text, "Signature="));
    assert_null(strstr(f->err.text, "CANARY"));
    assert_null(strstr(f->err.text, "Signature="));
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_secrets_kept(f);
    aws_client_free(f->client);
    http_client_free(f->http);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    if (f->server)
        tiny_server_stop(f->server);
    close(f->log.fd);
    scratch_drop(&f->scratch);
    option_set_release(&aws_settings_options, &f->settings);
    free(f);
    return 0;
}

static void use_environment(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", CANARY, 1);
    setenv("AWS_SESSION_TOKEN", TOKEN, 1);
}

static void on_done(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    if (response)
        f->response = *response;
    uv_stop(&f->loop);
}

static int call(struct fixture *f, bool repeatable)
{
    const struct aws_request request = { .service = "ec2",
                                         .region = "eu-central-1",
                                         .action = "RunInstances",
                                         .body = STR("Action=RunInstances&Version=2016-11-15"),
                                         .priority = AWS_LAUNCH,
                                         .repeatable = repeatable,
                                         .resource_tokens = 1 };
    f->answers = 0;
    assert_int_equal(aws_call(f->client, &request, on_done, f, &f->err), 0);
    assert_int_equal(f->answers, 0);
    while (!f->answers)
        uv_run(&f->loop, UV_RUN_DEFAULT);
    tiny_server_request(f->server, f->sent, sizeof(f->sent));
    return f->err.code;
}

/* ---- remedies ----------------------------------------------------------------------------------- */

struct remedy_case {
    const char *name, *bytes;
    bool repeatable;
    int code;        /* the remedy */
    int connections; /* tries that it took */
};

static const struct remedy_case remedies[] = {
    { "fine", TINY_OK("text/xml", "<RunInstancesResponse/>"), true, 0, 1 },
    { "throttled", EC2_ERROR("503 No", "RequestLimitExceeded", "slow"), false, MUSTER_E_THROTTLED,
      2 },
    { "sold out, as a server error", EC2_ERROR("500 No", "InsufficientInstanceCapacity", "none"),
      true, MUSTER_E_CAPACITY, 1 },
    { "quota", EC2_ERROR("400 No", "VcpuLimitExceeded", "more"), true, MUSTER_E_QUOTA, 1 },
    { "asked wrongly", EC2_ERROR("400 No", "InvalidParameterValue", "no"), true, MUSTER_E_CONFIG,
      1 },
    { "not allowed", EC2_ERROR("403 No", "UnauthorizedOperation", "no"), true, MUSTER_E_AUTH, 1 },
    { "expired: once more", EC2_ERROR("400 No", "ExpiredToken", "no"), false, MUSTER_E_AUTH, 2 },
    { "broken, repeatable", EC2_ERROR("500 No", "InternalError", "no"), true, MUSTER_E_UNKNOWN, 2 },
    { "broken, not repeatable", EC2_ERROR("500 No", "InternalError", "no"), false, MUSTER_E_UNKNOWN,
      1 },
    { "overloaded, nothing was done", EC2_ERROR("503 No", "Unavailable", "no"), false,
      MUSTER_E_TRANSIENT, 2 },
    { "a proxy's page", HEAD("502 No") "\r\n<html>bad gateway</html>", false, MUSTER_E_UNKNOWN, 1 },
    { "no answer", NULL, false, MUSTER_E_UNKNOWN, 1 },
    { "a redirect", HEAD("302 No") "Location: http://x/\r\n\r\n", true, MUSTER_E_CONFIG, 1 },
    { "an error with status 200", EC2_ERROR("200 OK", "InternalError", "no"), false,
      MUSTER_E_UNKNOWN, 1 },
    { "dry run", EC2_ERROR("412 No", "DryRunOperation", "would have"), true, 0, 1 },
};

static void test_remedies(void **state)
{
    tear_down(state);
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        const struct remedy_case *c = &remedies[i];
        const struct tiny_answer answers[] = { { .path = "/", .bytes = c->bytes }, { 0 } };
        set_up(state);
        struct fixture *f = *state;
        use_environment();
        setenv("AWS_MAX_ATTEMPTS", "2", 1);
        start(f, answers);
        int code = call(f, c->repeatable);
        if (code != c->code)
            fail_msg("%s: %s (%s), not %s", c->name, error_word(code), f->err.text,
                     error_word(c->code));
        /* curl itself may try a connection again that was closed without a byte */
        if (tiny_server_connections(f->server) != c->connections && c->bytes)
            fail_msg("%s: tried %d times, not %d", c->name, tiny_server_connections(f->server),
                     c->connections);
        assert_true(code == 0 || f->err.text[0]);
        tear_down(state);
    }
    set_up(state);
}

static void test_what_is_told(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        { .path = "/",
          .bytes = EC2_ERROR("400 No", "VcpuLimitExceeded", "You asked\nfor too much") },
        { 0 },
    };
    use_environment();
    start(f, answers);
    assert_int_equal(call(f, true), MUSTER_E_QUOTA);
    assert_string_equal(f->err.text,
                        "EC2 RunInstances (eu-central-1): VcpuLimitExceeded: You asked "
                        "for too much (HTTP 400, request r-1)");
    assert_string_equal(f->response.code, "VcpuLimitExceeded");
    assert_int_equal(f->response.status, 400);
    assert_non_null(strstr(f->sent, "Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/"));
    assert_non_null(strstr(f->sent, "X-Amz-Security-Token: " TOKEN));
    assert_null(strstr(f->sent, CANARY));
}

static void test_clock_is_learnt(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        { .path = "/",
          .bytes = HEAD("400 No") "Date: Sat, 14 Mar 2037 15:09:26 GMT\r\n\r\n"
                                  "<Response><Errors><Error><Code>RequestExpired</Code>"
                                  "</Error></Errors></Response>" },
        { 0 },
    };
    use_environment();
    start(f, answers);
    assert_int_equal(call(f, false), MUSTER_E_AUTH);
    assert_int_equal(tiny_server_connections(f->server), 2);
    assert_non_null(strstr(f->sent, "X-Amz-Date: 20370314T15"));
}

static void test_dropped_and_freed(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = { { .path = "/", .bytes = "", .hang = 1 }, { 0 } };
    const struct aws_request request = {
        .service = "sts", .region = "us-east-1", .action = "GetCallerIdentity", .body = STR("x")
    };
    use_environment();
    start(f, answers);
    f->answers = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(aws_call(f->client, &request, on_done, f, NULL), 0);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    aws_client_drop(f->client, f);
    assert_int_equal(aws_call(f->client, &request, on_done, f, NULL), 0);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    aws_client_free(f->client);
    f->client = NULL;
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->answers, 0);
}

static void test_proxy(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = { { .path = "/", .bytes = NULL }, { 0 } };
    use_environment();
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    start(f, answers);
    const struct aws_client_env env = { &f->loop, &f->log, &f->clock, f->http, &f->settings };
    aws_client_free(f->client);
    f->settings.proxy = str_dup(str_from(tiny_server_url(f->server, "")));
    assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
    setenv("AWS_ENDPOINT_URL", "http://aws.invalid:81", 1);
    call(f, false);
    assert_non_null(strstr(f->sent, "POST http://aws.invalid:81/ HTTP/1.1"));
    assert_non_null(strstr(f->sent, "Host: aws.invalid:81\r\n"));
}

/* ---- rate limits -------------------------------------------------------------------------------- */

struct order {
    struct fixture *f;
    char done[16]; /* 'L', 'T' or 'D', as they end */
    size_t len;
};

static void note(struct order *order, char what)
{
    order->done[order->len++] = what;
    if (order->len == 9)
        uv_stop(&order->f->loop);
}

static void on_launch(void *ctx, const struct aws_response *response, const struct error *err)
{
    assert_int_equal(err->code, 0);
    assert_non_null(response);
    note(ctx, 'L');
}

static void on_terminate(void *ctx, const struct aws_response *response, const struct error *err)
{
    assert_int_equal(err->code, 0);
    assert_non_null(response);
    note(ctx, 'T');
}

static void on_describe(void *ctx, const struct aws_response *response, const struct error *err)
{
    assert_int_equal(err->code, 0);
    assert_non_null(response);
    note(ctx, 'D');
}

/* RunInstances: five at once, two a second. What else there is does not wait behind it. */
static void test_burst_waits_here(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = { FINE, { 0 } };
    struct order order = { .f = f };
    struct aws_request request = { .service = "ec2",
                                   .region = "r",
                                   .action = "RunInstances",
                                   .body = STR("x"),
                                   .priority = AWS_LAUNCH };
    use_environment();
    start(f, answers);
    int64_t began_ns = clock_system.boot_ns(NULL);
    for (int i = 0; i < 7; i++)
        assert_int_equal(aws_call(f->client, &request, on_launch, &order, NULL), 0);
    request.action = "DescribeInstances";
    request.priority = AWS_DESCRIBE;
    assert_int_equal(aws_call(f->client, &request, on_describe, &order, NULL), 0);
    request.action = "TerminateInstances";
    request.priority = AWS_TERMINATE;
    assert_int_equal(aws_call(f->client, &request, on_terminate, &order, NULL), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int64_t took_ns = clock_system.boot_ns(NULL) - began_ns;
    assert_int_equal(order.len, 9);
    assert_true(took_ns >= NS_PER_S * 95 / 100); /* (7 - 5) / 2 */
    assert_memory_equal(order.done + 7, "LL", 2);
    assert_non_null(memchr(order.done, 'T', 7));
    assert_non_null(memchr(order.done, 'D', 7));
}

static void test_no_credentials(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = { { 0 } };
    start(f, answers);
    assert_int_equal(call(f, true), MUSTER_E_AUTH);
    assert_non_null(strstr(f->err.text, "no AWS credentials"));
    assert_int_equal(tiny_server_connections(f->server), 0);
}

/* ---- where credentials come from ---------------------------------------------------------------- */

#define KEYS_JSON(key)                                                                             \
    "{\"Code\":\"Success\",\"Version\":1,\"AccessKeyId\":\"" key                                   \
    "\",\"SecretAccessKey\":\"" CANARY "\",\"Token\":\"" TOKEN                                     \
    "\",\"Expiration\":\"2099-01-01T00:00:00Z\"}"

static void expect_key(struct fixture *f, const char *key)
{
    char want[128];
    if (call(f, true) != 0)
        fail_msg("%s", f->err.text);
    snprintf(want, sizeof(want), "Credential=%s/", key);
    if (!strstr(f->sent, want))
        fail_msg("not signed with %s:\n%s", key, f->sent);
}

static void test_metadata(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        FINE,
        { .path = "/latest/api/token", .bytes = TINY_OK("text/plain", TOKEN) },
        { .path = "/latest/meta-data/iam/security-credentials/",
          .bytes = TINY_OK("text/plain", "the-role\n") },
        { .path = "/latest/meta-data/iam/security-credentials/the-role",
          .bytes = TINY_OK("application/json", KEYS_JSON("AKIAIMDS")) },
        { 0 },
    };
    unsetenv("AWS_EC2_METADATA_DISABLED");
    start(f, answers);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", tiny_server_url(f->server, ""), 1);
    expect_key(f, "AKIAIMDS");
    int asked = tiny_server_connections(f->server);
    expect_key(f, "AKIAIMDS"); /* from the cache */
    assert_int_equal(tiny_server_connections(f->server), asked + 1);
}

static void test_container(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        FINE,
        { .path = "/keys", .bytes = TINY_OK("application/json", KEYS_JSON("AKIAECS")) },
        { 0 },
    };
    start(f, answers);
    scratch_write(&f->scratch, "token", TOKEN "\n");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scratch_path(&f->scratch, "token"), 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", tiny_server_url(f->server, "/keys"), 1);
    expect_key(f, "AKIAECS");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/keys", 1);
}

static void test_container_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        { "https://anywhere.example.com/x", true },
        { "http://example.com/", false },
        { "http://localhost:80/x", true },
        { "http://127.0.0.1/x", true },
        { "http://127.8.0.1:99", true },
        { "http://169.254.170.2/v2", true },
        { "http://169.254.170.23/v1", true },
        { "http://169.254.169.254/", false },
        { "http://[::1]:80/x", true },
        { "http://[fd00:ec2::23]/v1", true },
        { "http://[::2]/", false },
        { "http://127.0.0.1.example.com/", false },
        { "http://127.0.0.1@example.com/", false },
        { "http://localhost.example.com/", false },
        { "ftp://127.0.0.1/", false },
        { "http://[::1", false },
        { "", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (aws_container_url_allowed(cases[i].url) != cases[i].allowed)
            fail_msg("%s", cases[i].url);
    }
}

#define STS(call, key)                                                                             \
    TINY_OK("text/xml",                                                                            \
            "<" call "Response><" call "Result><Credentials><AccessKeyId>" key                     \
            "</AccessKeyId><SecretAccessKey>" CANARY "</SecretAccessKey><SessionToken>" TOKEN      \
            "</SessionToken><Expiration>2099-01-01T00:00:00.123Z</Expiration>"                     \
            "</Credentials></" call "Result></" call "Response>")

static void test_profiles(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        { .path = "/", .bytes = STS("AssumeRole", "AKIAROLE") },
        { 0 },
    };
    static const char *const cases[][2] = {
        { "plain", "AKIAPLAIN" }, { "role", "AKIAROLE" },    { "itself", "AKIAROLE" },
        { "web", "AKIAROLE" },    { "process", "AKIAPROC" },
    };
    scratch_write(&f->scratch, "token", TOKEN "\n");
    scratch_write(
        &f->scratch, "config",
        "[profile plain]\naws_access_key_id=AKIAPLAIN\naws_secret_access_key = " CANARY " # x\n"
        "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = plain\n"
        "[profile itself]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = itself\n"
        "aws_access_key_id=AKIAX\naws_secret_access_key=" CANARY "\n"
        "[profile web]\nrole_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = ~nobody\n"
        "[profile loop]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = loop\n"
        "[profile process]\ncredential_process = sh -c 'echo \"$MUSTER_TEST_KEYS\"'\n"
        "[profile broken]\ncredential_process = sh -c 'echo " CANARY "; exit 3'\n");
    setenv("MUSTER_TEST_KEYS", KEYS_JSON("AKIAPROC"), 1);
    setenv("AWS_CONFIG_FILE", scratch_path(&f->scratch, "config"), 1);
    start(f, answers);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct aws_client_env env = { &f->loop, &f->log, &f->clock, f->http, &f->settings };
        aws_client_free(f->client);
        setenv("AWS_PROFILE", cases[i][0], 1);
        assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
        if (strcmp(cases[i][0], "web") == 0)
            continue; /* its token file is not there: below */
        expect_key(f, cases[i][1]);
    }
    static const char *const failing[][2] = {
        { "web", "web identity token" },
        { "loop", "goes round in circles" },
        { "broken", "exit status 3" },
        { "absent", "there is no profile absent" },
    };
    for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
        const struct aws_client_env env = { &f->loop, &f->log, &f->clock, f->http, &f->settings };
        aws_client_free(f->client);
        setenv("AWS_PROFILE", failing[i][0], 1);
        assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
        assert_int_not_equal(call(f, true), 0);
        if (!strstr(f->err.text, failing[i][1]))
            fail_msg("%s: %s", failing[i][0], f->err.text);
        assert_secrets_kept(f);
    }
}

/* The profile says where AWS is; the client goes by it. */
static void test_profile_endpoint(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = { FINE, { 0 } };
    const struct aws_client_env env = { &f->loop, &f->log, &f->clock, f->http, &f->settings };
    struct buf config = { 0 };
    use_environment();
    start(f, answers);
    aws_client_free(f->client);
    unsetenv("AWS_ENDPOINT_URL");
    buf_addf(&config,
             "[default]\nendpoint_url = http://127.0.0.1:1\nservices = s\n[services s]\n"
             "ec2 =\n  endpoint_url = %s\n",
             tiny_server_url(f->server, ""));
    scratch_write(&f->scratch, "config", buf_text(&config));
    buf_release(&config);
    setenv("AWS_CONFIG_FILE", scratch_path(&f->scratch, "config"), 1);
    assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
    assert_int_equal(call(f, true), 0);
}

static void test_web_identity(void **state)
{
    struct fixture *f = *state;
    const struct tiny_answer answers[] = {
        { .path = "/", .bytes = STS("AssumeRoleWithWebIdentity", "AKIAWEB") },
        { 0 },
    };
    scratch_write(&f->scratch, "token", TOKEN "\n");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", scratch_path(&f->scratch, "token"), 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/w", 1);
    start(f, answers);
    expect_key(f, "AKIAWEB");
}

/* ---- the cache ---------------------------------------------------------------------------------- */

static int64_t test_now_ns(void *ctx)
{
    return *(int64_t *)ctx;
}

struct fake_source {
    struct aws_source base;
    int asked;
    bool broken;
    int64_t expires_ns;
};

static void fake_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct fake_source *fake = (struct fake_source *)self;
    struct error err = { 0 };
    struct aws_credentials keys = { 0 };
    fake->asked++;
    if (fake->broken)
        error_set(&err, MUSTER_E_TRANSIENT, "broken");
    else
        aws_credentials_set(&keys, STR("AKIA"), STR(CANARY), STR(TOKEN), fake->expires_ns, "fake",
                            NULL);
    done(ctx, fake->broken ? NULL : &keys, &err);
    aws_credentials_release(&keys);
}

static void fake_free(struct aws_source *self)
{
    (void)self;
}

static void on_fetched(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    *(int *)ctx = err->code;
    assert_true((found != NULL) == (err->code == 0));
}

static void test_cache(void **state)
{
    static const struct aws_source_ops ops = { fake_fetch, fake_free };
    const int64_t minute = 60 * NS_PER_S;
    int64_t now_ns = 1000 * minute;
    const struct clock clock = { test_now_ns, test_now_ns, &now_ns };
    const struct aws_source_env env = { .clock = &clock };
    struct fake_source fake = { .base = { &ops }, .expires_ns = now_ns + 60 * minute };
    struct aws_source *cache = NULL;
    int code = 1;
    (void)state;
    assert_int_equal(aws_source_cache(&env, &fake.base, &cache, NULL), 0);
    aws_source_fetch(cache, on_fetched, &code);
    now_ns += 49 * minute;
    aws_source_fetch(cache, on_fetched, &code);
    assert_int_equal(fake.asked, 1);
    now_ns += 2 * minute; /* 9 minutes left: renewed, and if that fails, still good */
    fake.broken = true;
    aws_source_fetch(cache, on_fetched, &code);
    assert_int_equal(code, 0);
    assert_int_equal(fake.asked, 2);
    aws_source_fetch(cache, on_fetched, &code); /* not at every call */
    assert_int_equal(fake.asked, 2);
    now_ns += 10 * minute; /* expired */
    aws_source_fetch(cache, on_fetched, &code);
    assert_int_equal(code, MUSTER_E_TRANSIENT);
    fake.broken = false;
    fake.expires_ns = now_ns + 60 * minute;
    aws_source_fetch(cache, on_fetched, &code);
    assert_int_equal(code, 0);
    int asked = fake.asked;
    aws_source_cache_forget(cache); /* refused by a service */
    aws_source_fetch(cache, on_fetched, &code);
    assert_int_equal(fake.asked, asked + 1);
    aws_source_free(cache);
}

/* ---- small parts -------------------------------------------------------------------------------- */

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } cases[] = {
        { "2026-03-14T15:09:26Z", INT64_C(1773500966000000000) },
        { "2026-03-14T15:09:26.5Z", INT64_C(1773500966500000000) },
        { "2006-01-02T15:04:05.999999999Z", INT64_C(1136214245999999999) },
        { "2026-03-14T15:09:26.123456+00:00", INT64_C(1773500966123456000) },
        { "2026-03-14T15:09:26", -1 },
        { "2026-03-14T15:09:26.Z", -1 },
        { "2026-13-14T15:09:26Z", -1 },
        { "2026-02-29T15:09:26Z", -1 },
        { "2026-03-14 15:09:26Z", -1 },
        { "2026-03-14T15:09:26+02:00", INT64_C(1773493766000000000) },
        { "2026-03-14T15:09:26.5-0700", INT64_C(1773526166500000000) },
        { "2026-03-14T15:09:26-07:0", -1 },
        { "2026-03-14T15:09:26 07:00", -1 },
        { "9999-03-14T15:09:26Z", -1 },
        { "", -1 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = -1;
        timestamp_parse(str_from(cases[i].text), &ns, NULL);
        if (ns != cases[i].ns)
            fail_msg("%s: %lld", cases[i].text, (long long)ns);
    }
}

static void test_words(void **state)
{
    (void)state;
    char **argv = aws_process_split("  a 'b c'  \"d \\\" e\" f\\ g '' ");
    assert_non_null(argv);
    const char *want[] = { "a", "b c", "d \" e", "f g", "" };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(argv[i], want[i]);
    assert_null(argv[5]);
    free(argv);
    assert_null(aws_process_split("a 'b"));
    assert_null(aws_process_split("  "));
}

static void test_fault_bodies(void **state)
{
    (void)state;
    struct aws_fault fault;
    aws_fault_from_body(
        STR("{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"m\"}"), &fault);
    assert_string_equal(fault.code, "QueueDoesNotExist");
    assert_string_equal(fault.message, "m");
    aws_fault_from_body(STR("<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>C</Code>"
                            "<Message>a &amp; b</Message></Error><RequestId>q</RequestId>"
                            "</ErrorResponse>"),
                        &fault);
    assert_string_equal(fault.code, "C");
    assert_string_equal(fault.message, "a & b");
    assert_string_equal(fault.request_id, "q");
    static const char *const none[] = { "<html><Error><Code>C</Code></Error></html>",
                                        "<Response><Errors><Error><Code>C",
                                        "",
                                        "[]",
                                        "{",
                                        "<!DOCTYPE x [<!ENTITY a \"b\">]><Response><Errors><Error>"
                                        "<Code>&a;</Code></Error></Errors></Response>" };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        aws_fault_from_body(str_from(none[i]), &fault);
        assert_string_equal(fault.code, "");
    }
}

static void test_fault_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *code;
    } cases[] = {
        { "AccessDeniedException", "AccessDeniedException" },
        { " UnrecognizedClientException:http://internal.amazon.com/coral/#x ",
          "UnrecognizedClientException" },
        { "com.amazonaws.sqs#QueueDoesNotExist:http://internal/", "QueueDoesNotExist" },
        { "", "" },
        { "a\x01z", "a z" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct aws_fault fault = { 0 };
        aws_fault_from_headers(str_from(cases[i].header), STR("id-1"), &fault);
        assert_string_equal(fault.code, cases[i].code);
        assert_string_equal(fault.request_id, "id-1");
    }
    /* What the body said stands. */
    struct aws_fault fault = { .code = "C", .request_id = "q" };
    aws_fault_from_headers(STR("D"), STR("r"), &fault);
    assert_string_equal(fault.code, "C");
    assert_string_equal(fault.request_id, "q");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_remedies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock_is_learnt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dropped_and_freed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_credentials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_proxy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_burst_waits_here, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_metadata, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_container, set_up, tear_down),
        cmocka_unit_test(test_container_addresses),
        cmocka_unit_test_setup_teardown(test_profiles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_profile_endpoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_web_identity, set_up, tear_down),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_fault_bodies),
        cmocka_unit_test(test_fault_headers),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
