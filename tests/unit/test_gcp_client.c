/*
 * The Google Cloud client against a server that is told what to say: remedies, retries, tokens, and that
 * no secret is ever shown.
 */
#include "auth/gcp_client.h"

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

#include "base/file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tiny_server.h"

/* Must never be seen outside of a header. */
#define CANARY "CANARYtokenCANARY"
#define TOKEN  TINY_OK("application/json", "{\"access_token\":\"" CANARY "\",\"expires_in\":3599}")

#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define FAULT(status, reason)                                                                      \
    HEAD(status) "\r\n{\"error\":{\"message\":\"m\",\"errors\":[{\"reason\":\"" reason "\"}]}}"

struct fixture {
    uv_loop_t loop;
    struct http_client *http;
    struct gcp_client *client;
    struct gcp_settings settings;
    struct log log;
    struct tiny_server *server;
    struct tiny_answer script[4];
    struct scratch scratch;
    char endpoint[128], *endpoints[1];
    int answers, status;
    struct gcp_fault fault;
    struct error err;
    char project[GCP_PROJECT_MAX];
};

static int set_up(void **state)
{
    static const char *const variables[] = {
        "GOOGLE_APPLICATION_CREDENTIALS",
        "CLOUDSDK_CONFIG",
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
        "PUBSUB_EMULATOR_HOST",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
        "GCE_METADATA_ROOT",
        "GCE_METADATA_IP",
    };
    struct fixture *f = calloc(1, sizeof(*f));
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    setenv("GCE_METADATA_HOST", "127.0.0.1:1", 1);
    signal(SIGPIPE, SIG_IGN);
    scratch_make(&f->scratch);
    setenv("HOME", f->scratch.dir, 1);
    f->log = (struct log){ .fd = open(scratch_path(&f->scratch, "log"),
                                      O_CREAT | O_RDWR | O_CLOEXEC, 0600),
                           .level = LOG_DEBUG };
    uv_loop_init(&f->loop);
    assert_int_equal(http_client_new(&f->loop, "test", &f->http, NULL), 0);
    *state = f;
    return 0;
}

/* `answer`: what the API says; NULL: it hangs up. Tokens come by a person's login. */
static void start(struct fixture *f, const char *answer)
{
    const struct gcp_client_env env = { .loop = &f->loop,
                                        .log = &f->log,
                                        .clock = &clock_system,
                                        .http = f->http,
                                        .settings = &f->settings };
    struct buf login = { 0 };
    f->script[0] = (struct tiny_answer){ .path = "/token", .bytes = TOKEN };
    f->script[1] = (struct tiny_answer){ .path = "/compute/v1/projects/p/x", .bytes = answer };
    f->server = tiny_server_start(f->script, NULL);
    (void)snprintf(f->endpoint, sizeof(f->endpoint), "*=%s", tiny_server_url(f->server, ""));
    f->endpoints[0] = f->endpoint;
    f->settings.endpoints = (struct option_strings){ f->endpoints, 1 };
    buf_addf(&login,
             "{\"type\":\"authorized_user\",\"client_id\":\"c\",\"client_secret\":"
             "\"CANARYsecret\",\"refresh_token\":\"CANARYrefresh\",\"token_uri\":\"%s\"}",
             tiny_server_url(f->server, "/token"));
    assert_int_equal(file_replace(scratch_path(&f->scratch, "login.json"), buf_str(&login), NULL),
                     0);
    buf_release(&login);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", scratch_path(&f->scratch, "login.json"), 1);
    assert_int_equal(gcp_client_new(&env, &f->client, &f->err), 0);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char text[12000];
    ssize_t n = pread(f->log.fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    assert_null(strstr(text, "CANARY"));
    assert_null(strstr(f->err.text, "CANARY"));
    gcp_client_free(f->client);
    http_client_free(f->http);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    if (f->server)
        tiny_server_stop(f->server);
    close(f->log.fd);
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

static void on_done(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    f->status = response ? response->status : 0;
    f->fault = response ? response->fault : (struct gcp_fault){ 0 };
}

static const struct gcp_request plain = { .service = GCP_COMPUTE,
                                          .method = "GET",
                                          .name = "things.get",
                                          .path = "projects/p/x",
                                          .priority = GCP_DESCRIBE,
                                          .repeatable = true };

static int ask(struct fixture *f, const struct gcp_request *request)
{
    int before = f->answers;
    assert_int_equal(gcp_call(f->client, request, on_done, f, &f->err), 0);
    assert_int_equal(f->answers, before); /* always later */
    while (f->answers == before)
        uv_run(&f->loop, UV_RUN_ONCE);
    return f->err.code;
}

static void test_call(void **state)
{
    struct fixture *f = *state;
    char sent[4096];
    start(f, TINY_OK("application/json", "{}"));
    assert_int_equal(ask(f, &plain), 0);
    assert_int_equal(f->status, 200);
    tiny_server_request(f->server, sent, sizeof(sent));
    assert_non_null(strstr(sent, "GET /compute/v1/projects/p/x HTTP/1.1\r\n"));
    assert_non_null(strstr(sent, "Authorization: Bearer " CANARY "\r\n"));
    assert_null(strstr(sent, "X-Goog-User-Project"));
    setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "payer-1", 1);
    assert_int_equal(ask(f, &plain), 0); /* by the same token */
    tiny_server_request(f->server, sent, sizeof(sent));
    assert_non_null(strstr(sent, "X-Goog-User-Project: payer-1\r\n"));
    assert_int_equal(tiny_server_connections(f->server), 3);
}

static void test_remedies(void **state)
{
    static const struct {
        const char *answer;
        bool repeatable;
        int code, calls; /* connections, with the one for the token */
    } cases[] = {
        { FAULT("403 x", "quotaExceeded"), true, MUSTER_E_QUOTA, 2 },
        { FAULT("403 x", "rateLimitExceeded"), false, MUSTER_E_THROTTLED, 4 },
        { FAULT("400 x", "resourceNotReady"), false, MUSTER_E_TRANSIENT, 4 },
        { FAULT("503 x", "backendError"), true, MUSTER_E_UNKNOWN, 4 },
        { FAULT("503 x", "backendError"), false, MUSTER_E_UNKNOWN, 2 },
        { FAULT("404 x", "notFound"), true, MUSTER_E_NOTFOUND, 2 },
        { FAULT("403 x", "forbidden"), true, MUSTER_E_AUTH, 2 },
        { FAULT("401 x", "authError"), true, MUSTER_E_AUTH, 4 }, /* a new token, once */
        { FAULT("409 x", "alreadyExists"), true, MUSTER_E_CONFIG, 2 },
        { NULL, false, MUSTER_E_UNKNOWN, 2 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *inner = NULL;
        set_up(&inner);
        struct fixture *f = inner;
        struct gcp_request request = plain;
        request.repeatable = cases[i].repeatable;
        start(f, cases[i].answer);
        int code = ask(f, &request);
        int calls = tiny_server_connections(f->server);
        if (code != cases[i].code || calls != cases[i].calls)
            fail_msg("case %zu: %s, %d calls", i, f->err.text, calls);
        if (cases[i].answer)
            assert_non_null(strstr(f->err.text, "Compute things.get: "));
        tear_down(&inner);
    }
    (void)state;
}

static void on_project(void *ctx, const char *project, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    str_copy_c(f->project, sizeof(f->project), project);
}

static void test_projects(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    setenv("GOOGLE_CLOUD_PROJECT", "acme-7", 1);
    assert_int_equal(gcp_client_project(f->client, on_project, f, &f->err), 0);
    assert_int_equal(f->answers, 0);
    while (f->answers < 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(f->project, "acme-7");
    unsetenv("GOOGLE_CLOUD_PROJECT");
    gcp_client_project(f->client, on_project, f, &f->err); /* known by now */
    while (f->answers < 2)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(f->project, "acme-7");
}

static void test_dropped_calls_never_answer(void **state)
{
    struct fixture *f = *state;
    start(f, TINY_OK("application/json", "{}"));
    int other = 0;
    assert_int_equal(gcp_call(f->client, &plain, on_done, &other, &f->err), 0);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    gcp_client_drop(f->client, &other);
    assert_int_equal(ask(f, &plain), 0);
    assert_int_equal(f->answers, 1);
}

static void test_a_client_is_freed_with_calls_under_way(void **state)
{
    struct fixture *f = *state;
    start(f, TINY_OK("application/json", "{}"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(gcp_call(f->client, &plain, on_done, f, &f->err), 0);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    gcp_client_free(f->client);
    f->client = NULL;
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->answers, 0);
}

static void test_no_credentials(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json", 1);
    assert_int_equal(ask(f, &plain), MUSTER_E_CONFIG);
    assert_non_null(strstr(f->err.text, "Google Cloud credentials: "));
    assert_non_null(strstr(f->err.text, "/no/such/file.json"));
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_call, set_up, tear_down),
        cmocka_unit_test(test_remedies),
        cmocka_unit_test_setup_teardown(test_projects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dropped_calls_never_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_client_is_freed_with_calls_under_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_no_credentials, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
