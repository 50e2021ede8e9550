/* The http source, against a server that is told what to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "queue/http_headers.h"
#include "tests/unit/queue_harness.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

#define JSON(body) TINY_OK("application/json", body)

static const struct tiny_answer answers[] = {
    { .path = "/good",
      .bytes = JSON("{\"q\":{\"depth\":12,\"busy\":3,\"age\":4.5,\"total\":99}}") },
    { .path = "/number", .bytes = TINY_OK("text/plain", "42\n") },
    { .path = "/string", .bytes = JSON("{\"q\":{\"depth\":\"12\"}}") },
    { .path = "/other", .bytes = JSON("{\"depth\":12}") },
    { .path = "/html", .bytes = TINY_OK("text/html; charset=utf-8", "<html>12</html>") },
    { .path = "/not-json", .bytes = JSON("12 jobs") },
    { .path = "/empty", .bytes = JSON("") },
    { .path = "/cut",
      .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"q\":",
      .truncated = 1 },
    { .path = "/302",
      .bytes = "HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/401", .bytes = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/404", .bytes = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n12" },
    { .path = "/429", .bytes = "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/503", .bytes = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/204", .bytes = "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/big", .bytes = JSON("["), .more = "1,1,1,1,1,1,1,1,", .repeat = 70000 },
    { .path = "/drip",
      .bytes = JSON("{\"q\":{\"depth\":1}"),
      .drip_ms = 20,
      .more = " ",
      .repeat = 500 },
    { .path = "/hang", .bytes = "", .hang = 1 },
    { 0 },
};

struct fixture {
    struct queue_harness h;
    struct tiny_server *server;
    char file[32];
};

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof(*f));
    queue_harness_init(&f->h);
    f->server = tiny_server_start(answers, NULL);
    snprintf(f->file, sizeof(f->file), "/tmp/muster-test-XXXXXX");
    close(mkstemp(f->file));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    queue_harness_release(&f->h);
    tiny_server_stop(f->server);
    unlink(f->file);
    free(f);
    return 0;
}

static void write_file(const struct fixture *f, const char *text)
{
    FILE *file = fopen(f->file, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_all_numbers(void **state)
{
    struct fixture *f = *state;
    assert_true(queue_harness_open(&f->h, &queue_http,
                                   QUEUE_SETTINGS("url", tiny_server_url(f->server, "/good"),
                                                  "waiting", "/q/depth", "running", "/q/busy",
                                                  "oldest", "/q/age", "completed", "/q/total")));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(queue_harness_poll(&f->h), 0);
        assert_float_equal(f->h.sample.waiting, 12, 0);
        assert_float_equal(f->h.sample.running, 3, 0);
        assert_float_equal(f->h.sample.oldest_s, 4.5, 0);
        assert_float_equal(f->h.sample.completed, 99, 0);
    }
}

static void test_bare_number(void **state)
{
    struct fixture *f = *state;
    assert_true(queue_harness_open(
        &f->h, &queue_http,
        QUEUE_SETTINGS("url", tiny_server_url(f->server, "/number"), "waiting", "")));
    assert_int_equal(queue_harness_poll(&f->h), 0);
    assert_float_equal(f->h.sample.waiting, 42, 0);
    assert_false(f->h.sample.has_running);
}

static void test_bad_answers(void **state)
{
    static const struct {
        const char *path;
        int code;
        const char *says;
    } cases[] = {
        { "/string", MUSTER_E_INVALID, "/q/depth is a string" },
        { "/other", MUSTER_E_INVALID,
          "nothing at /q/depth; the document is an object with \"depth\"" },
        { "/html", MUSTER_E_INVALID, "an HTML page" },
        { "/not-json", MUSTER_E_INVALID, "text after" },
        { "/empty", MUSTER_E_INVALID, "empty" },
        { "/cut", MUSTER_E_UNKNOWN, "" },
        { "/302", MUSTER_E_CONFIG, "a redirect, which is not followed" },
        { "/401", MUSTER_E_AUTH, "token" },
        { "/404", MUSTER_E_CONFIG, "answered 404" },
        { "/429", MUSTER_E_THROTTLED, "429" },
        { "/503", MUSTER_E_TRANSIENT, "answered 503" },
        { "/204", MUSTER_E_CONFIG, "answered 204, not 200" },
        { "/big", MUSTER_E_TOOBIG, "larger than 1048576 bytes" },
        { "/drip", MUSTER_E_UNKNOWN, "timed out" },
        { "/hang", MUSTER_E_UNKNOWN, "timed out" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(
            queue_harness_open(&f->h, &queue_http,
                               QUEUE_SETTINGS("url", tiny_server_url(f->server, cases[i].path),
                                              "waiting", "/q/depth", "timeout", "500ms")));
        int code = queue_harness_poll(&f->h);
        if (code != cases[i].code || !strstr(f->h.err.text, cases[i].says) ||
            !strstr(f->h.err.text, cases[i].path))
            fail_msg("%s: %d: %s", cases[i].path, code, f->h.err.text);
        queue_harness_close(&f->h);
    }
}

static void test_server_gone(void **state)
{
    struct fixture *f = *state;
    assert_true(
        queue_harness_open(&f->h, &queue_http,
                           QUEUE_SETTINGS("url", "http://127.0.0.1:1/x?key=abc", "waiting", "/n")));
    assert_int_equal(queue_harness_poll(&f->h), MUSTER_E_TRANSIENT);
    assert_null(strstr(f->h.err.text, "abc"));
}

static void test_headers_from_files(void **state)
{
    struct fixture *f = *state;
    char request[4096];
    write_file(f, "# for the queue\n\nX-Api-Key: canary-1\r\nAccept:  application/json  \n");
    assert_true(queue_harness_open(&f->h, &queue_http,
                                   QUEUE_SETTINGS("url", tiny_server_url(f->server, "/good"),
                                                  "waiting", "/q/depth", "headers_file", f->file)));
    assert_int_equal(queue_harness_poll(&f->h), 0);
    tiny_server_request(f->server, request, sizeof(request));
    assert_non_null(strstr(request, "X-Api-Key: canary-1\r\nAccept:  application/json\r\n"));
    assert_null(strstr(request, "for the queue"));
    queue_harness_close(&f->h);

    write_file(f, "canary-2\n");
    assert_true(queue_harness_open(&f->h, &queue_http,
                                   QUEUE_SETTINGS("url", tiny_server_url(f->server, "/good"),
                                                  "waiting", "/q/depth", "token_file", f->file)));
    assert_int_equal(queue_harness_poll(&f->h), 0);
    tiny_server_request(f->server, request, sizeof(request));
    assert_non_null(strstr(request, "Authorization: Bearer canary-2\r\n"));
    /* A token that was replaced is used from the next poll on. */
    write_file(f, "canary-3\n");
    assert_int_equal(queue_harness_poll(&f->h), 0);
    tiny_server_request(f->server, request, sizeof(request));
    assert_non_null(strstr(request, "Authorization: Bearer canary-3\r\n"));
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *key, *text, *says;
    } cases[] = {
        { "headers_file", "X-Api-Key canary", ":1: not of the form" },
        { "headers_file", "A: b\nX Y: canary", ":2: not of the form" },
        { "headers_file", ": canary", ":1: not of the form" },
        { "headers_file",
          "A: can\x01"
          "ary",
          ":1: not of the form" },
        { "token_file", "can\nary", "more than one line" },
        { "token_file", "\n", "is empty" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(f, cases[i].text);
        assert_true(
            queue_harness_open(&f->h, &queue_http,
                               QUEUE_SETTINGS("url", tiny_server_url(f->server, "/good"), "waiting",
                                              "/q/depth", cases[i].key, f->file)));
        int code = queue_harness_poll(&f->h);
        if (code != MUSTER_E_CONFIG || !strstr(f->h.err.text, cases[i].says) ||
            strstr(f->h.err.text, "canary") || !strstr(f->h.err.text, f->file))
            fail_msg("case %zu: %d: %s", i, code, f->h.err.text);
        queue_harness_close(&f->h);
    }
    unlink(f->file);
    assert_true(queue_harness_open(&f->h, &queue_http,
                                   QUEUE_SETTINGS("url", tiny_server_url(f->server, "/good"),
                                                  "waiting", "/q/depth", "token_file", f->file)));
    assert_int_equal(queue_harness_poll(&f->h), MUSTER_E_NOTFOUND);
}

static void test_check(void **state)
{
    static const struct {
        const char *url, *waiting, *says;
    } cases[] = {
        { "127.0.0.1/x", "/n", "url: not an http:// or https:// URL" },
        { "file:///etc/passwd", "/n", "url: not an http" },
        { "http://u:p@host/", "/n", "url: a URL with a user or password" },
        { "http://u@host/", "/n", "url: a URL with a user or password" },
        { "http:///x", "/n", "url: a URL without a host" },
        { "http://host/a@b", "n", "waiting: a JSON Pointer starts with '/': /n" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (queue_harness_open(&f->h, &queue_http,
                               QUEUE_SETTINGS("url", cases[i].url, "waiting", cases[i].waiting)) ||
            !strstr(f->h.err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].url, f->h.err.text);
        queue_harness_close(&f->h);
    }
}

static void test_metadata_service(void **state)
{
    struct fixture *f = *state;
    assert_true(queue_harness_open(
        &f->h, &queue_http, QUEUE_SETTINGS("url", "http://169.254.169.254/latest", "waiting", "")));
    assert_int_equal(queue_harness_poll(&f->h), MUSTER_E_REFUSED);
}

static void test_close(void **state)
{
    struct fixture *f = *state;
    assert_true(queue_harness_open(
        &f->h, &queue_http,
        QUEUE_SETTINGS("url", tiny_server_url(f->server, "/hang"), "waiting", "")));
    queue_harness_start(&f->h);
    for (int i = 0; i < 5; i++)
        uv_run(&f->h.loop, UV_RUN_NOWAIT);
    queue_harness_close(&f->h);

    static const char *const urls[] = { "/good", "/404" };
    f->h.close_in_callback = true;
    for (size_t i = 0; i < 2; i++) {
        assert_true(queue_harness_open(
            &f->h, &queue_http,
            QUEUE_SETTINGS("url", tiny_server_url(f->server, urls[i]), "waiting", "/q/depth")));
        queue_harness_poll(&f->h);
        assert_null(f->h.queue);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_numbers), TEST(test_bare_number),        TEST(test_bad_answers),
        TEST(test_server_gone), TEST(test_headers_from_files), TEST(test_bad_files),
        TEST(test_check),       TEST(test_metadata_service),   TEST(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
