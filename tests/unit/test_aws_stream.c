/* Answers of AWS taken in pieces: whole, cut off and tried again, refused, and not answers at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include <curl/curl.h>

#include "auth/aws_client.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    struct log log;
    struct aws_settings settings;
    struct http_client *http;
    struct aws_client *client;
    struct tiny_server *server;
    struct buf got;
    int firsts, answers;
    struct error err;
    struct aws_response response;
    size_t held; /* bytes of a body that was given whole */
    bool refuse;
};

static int on_piece(void *ctx, bool first, struct str piece, struct error *err)
{
    struct fixture *f = ctx;
    assert_int_equal(f->answers, 0);
    assert_true(first || f->firsts > 0);
    f->firsts += first;
    if (first)
        buf_clear(&f->got);
    buf_add_str(&f->got, piece);
    return f->refuse ? error_set(err, MUSTER_E_INVALID, "not what was asked for") : 0;
}

static void on_done(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    if (response) {
        f->response = *response;
        f->held = response->body.len;
    }
    uv_stop(&f->loop);
}

static void begin(struct fixture *f, const struct tiny_answer *answers)
{
    const struct aws_client_env env = { &f->loop, &f->log, &clock_system, f->http, &f->settings };
    f->server = tiny_server_start(answers, NULL);
    setenv("AWS_ENDPOINT_URL", tiny_server_url(f->server, ""), 1);
    assert_int_equal(aws_client_new(&env, &f->client, &f->err), 0);
}

static void end(struct fixture *f)
{
    aws_client_free(f->client);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    tiny_server_stop(f->server);
}

static int call(struct fixture *f, const struct tiny_answer *answers)
{
    const struct aws_request request = { .service = "ec2",
                                         .region = "eu-central-1",
                                         .action = "DescribeInstances",
                                         .body = STR("Action=DescribeInstances"),
                                         .priority = AWS_DESCRIBE,
                                         .repeatable = true,
                                         .response_max = 20000,
                                         .piece = on_piece };
    begin(f, answers);
    buf_clear(&f->got);
    f->firsts = f->answers = 0;
    f->held = 0;
    f->response = (struct aws_response){ 0 };
    assert_int_equal(aws_call(f->client, &request, on_done, f, &f->err), 0);
    while (!f->answers)
        uv_run(&f->loop, UV_RUN_DEFAULT);
    end(f);
    return f->err.code;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->log = (struct log){ .fd = -1 };
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_MAX_ATTEMPTS", "2", 1);
    uv_loop_init(&f->loop);
    assert_int_equal(http_client_new(&f->loop, "test", &f->http, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_client_free(f->http);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&f->loop);
    buf_release(&f->got);
    free(f);
    return busy;
}

#define ERROR(status)                                                                              \
    "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>\n<Response><Errors>"  \
    "<Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors></Response>"

static void what_is_given(void **state)
{
    static const struct {
        const char *name;
        struct tiny_answer first, second; /* of the first try, and of all others */
        int code, firsts;
        size_t len;
    } cases[] = {
        { "a short one", { .bytes = TINY_OK("text/xml", "<A/>") }, { 0 }, 0, 1, 4 },
        { "an empty one", { .bytes = TINY_OK("text/xml", "") }, { 0 }, 0, 1, 0 },
        { "a long one",
          { .bytes = TINY_OK("text/xml", "<A>"), .more = "xy", .repeat = 5000 },
          { 0 },
          0,
          1,
          10003 },
        { "byte by byte",
          { .bytes = TINY_OK("text/xml", ""), .more = "x", .repeat = 400, .drip_ms = 1 },
          { 0 },
          0,
          1,
          400 },
        { "cut off, then whole",
          { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
            .more = "x",
            .repeat = 600,
            .truncated = 1 },
          { .bytes = TINY_OK("text/xml", ""), .more = "y", .repeat = 700 },
          0,
          2,
          700 },
        { "too long",
          { .bytes = TINY_OK("text/xml", ""), .more = "0123456789", .repeat = 3000 },
          { 0 },
          MUSTER_E_TOOBIG,
          1,
          0 },
        { "an error", { .bytes = ERROR("503 No") }, { 0 }, MUSTER_E_THROTTLED, 0, 0 },
        { "an error with status 200",
          { .bytes = ERROR("200 OK") },
          { 0 },
          MUSTER_E_THROTTLED,
          0,
          0 },
        { "the same byte by byte",
          { .bytes = ERROR("200 OK"), .drip_ms = 1 },
          { 0 },
          MUSTER_E_THROTTLED,
          0,
          0 },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tiny_answer answers[3] = { cases[i].first, cases[i].second };
        answers[0].path = "/";
        if (answers[1].bytes) {
            answers[0].times = 1;
            answers[1].path = "/";
        }
        int code = call(f, answers);
        if (code != cases[i].code || f->firsts != cases[i].firsts || f->held > 512 ||
            (code == 0 && (f->got.len != cases[i].len || f->held > 0)))
            fail_msg("%s: code %d (%s), %d firsts, %zu bytes, %zu held", cases[i].name, code,
                     f->err.text, f->firsts, f->got.len, f->held);
        if (code == MUSTER_E_THROTTLED)
            assert_string_equal(f->response.code, "RequestLimitExceeded");
        if (answers[1].bytes)
            assert_null(strchr(buf_text(&f->got), 'x')); /* nothing of the first try is left */
    }
}

static void who_takes_may_refuse(void **state)
{
    struct fixture *f = *state;
    static const struct tiny_answer answers[] = {
        { .path = "/", .bytes = TINY_OK("text/xml", ""), .more = "0123456789", .repeat = 1000 },
        { 0 },
    };
    f->refuse = true;
    assert_int_equal(call(f, answers), MUSTER_E_INVALID);
    assert_int_equal(f->firsts, 1);
    assert_non_null(strstr(f->err.text, "EC2 DescribeInstances (eu-central-1): "));
    assert_non_null(strstr(f->err.text, "not what was asked for"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_takes_may_refuse, set_up, tear_down),
    };
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
