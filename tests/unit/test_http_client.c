/* The HTTP client against a server that behaves well, badly, and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "net/http_client.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

static const struct tiny_answer answers[] = {
    { .path = "/plain", .bytes = TINY_OK("text/plain", "hello") },
    { .path = "/kept",
      .bytes =
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhi" },
    { .path = "/503", .bytes = "HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nbusy" },
    { .path = "/302",
      .bytes = "HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/cut",
      .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
      .truncated = 1 },
    { .path = "/big", .bytes = TINY_OK("text/plain", ""), .more = "x", .repeat = 5000 },
    { .path = "/bigger", .bytes = TINY_OK("text/plain", ""), .more = "x", .repeat = 9000 },
    { .path = "/empty", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/stalls", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .hang = 1 },
    { .path = "/announced", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", .hang = 1 },
    { .path = "/big-head", .bytes = "HTTP/1.1 200 OK\r\n", .more = "X: y\r\n", .repeat = 20000 },
    { .path = "/drip",
      .bytes = TINY_OK("text/plain", ""),
      .drip_ms = 30,
      .more = "x",
      .repeat = 1000 },
    { .path = "/hang", .bytes = "", .hang = 1 },
    { .path = "/drop", .bytes = NULL },
    { .path = "/junk", .bytes = "this is not HTTP\r\n\r\n" },
    { 0 },
};

struct fixture {
    uv_loop_t loop;
    struct http_client *client;
    struct tiny_server *server;
};

struct outcome {
    struct fixture *fixture;
    int calls;
    int code;
    char text[ERROR_TEXT_MAX];
    int status;
    char body[512], type[64], date[64];
    bool free_client;
    size_t taken;  /* bytes given in pieces */
    size_t enough; /* pieces are refused from so many bytes on; 0: never */
};

static void on_done(void *ctx, const struct http_response *response, const struct error *err);

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    uv_loop_init(&f->loop);
    assert_int_equal(http_client_new(&f->loop, "muster-test", &f->client, NULL), 0);
    f->server = tiny_server_start(answers, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_client_free(f->client);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&f->loop);
    tiny_server_stop(f->server);
    free(f);
    return busy;
}

static void start(struct fixture *f, const struct http_request *request, struct outcome *o,
                  struct http_call **call)
{
    struct error err = { 0 };
    *o = (struct outcome){ .fixture = f, .free_client = o->free_client, .enough = o->enough };
    if (http_call(f->client, request, on_done, o, call, &err) < 0) {
        o->calls = 1;
        o->code = err.code;
        snprintf(o->text, sizeof(o->text), "%s", err.text);
    }
}

static void on_done(void *ctx, const struct http_response *response, const struct error *err)
{
    struct outcome *o = ctx;
    o->calls++;
    uv_stop(&o->fixture->loop);
    o->code = err->code;
    snprintf(o->text, sizeof(o->text), "%s", err->text);
    assert_true((response != NULL) == (err->code == 0));
    if (response) {
        o->status = response->status;
        snprintf(o->body, sizeof(o->body), "%.*s", (int)response->body.len, response->body.ptr);
        snprintf(o->type, sizeof(o->type), "%.*s", (int)response->content_type.len,
                 response->content_type.ptr);
        snprintf(o->date, sizeof(o->date), "%.*s", (int)response->date.len, response->date.ptr);
    }
    if (o->free_client) {
        http_client_free(o->fixture->client);
        o->fixture->client = NULL;
    }
}

static void run_until(struct fixture *f, const struct outcome *o, int calls)
{
    while (o->calls < calls)
        uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(o->calls, calls);
}

static struct outcome get(struct fixture *f, const struct http_request *request)
{
    struct outcome o = { 0 };
    start(f, request, &o, NULL);
    run_until(f, &o, 1);
    return o;
}

static void test_answers(void **state)
{
    static const struct {
        const char *path;
        int code, status;
        const char *found; /* in the body or in the error's text */
    } cases[] = {
        { "/plain", 0, 200, "hello" },
        { "/503", 0, 503, "busy" },
        { "/302", 0, 302, "" },
        { "/nowhere", 0, 404, "" },
        { "/cut", MUSTER_E_UNKNOWN, 0, "/cut: " },
        { "/big", MUSTER_E_TOOBIG, 0, "larger than 4096 bytes" },
        { "/announced", MUSTER_E_TOOBIG, 0, "larger than 4096 bytes" },
        { "/big-head", MUSTER_E_TOOBIG, 0, "larger than 65536 bytes" },
        { "/drip", MUSTER_E_UNKNOWN, 0, "timed out" },
        { "/hang", MUSTER_E_UNKNOWN, 0, "timed out" },
        { "/drop", MUSTER_E_UNKNOWN, 0, "Empty reply" },
        { "/junk", MUSTER_E_UNKNOWN, 0, "/junk: " },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .method = "GET",
                                        .url = tiny_server_url(f->server, cases[i].path),
                                        .timeout_ns = strcmp(cases[i].found, "timed out") == 0
                                                          ? 400 * NS_PER_MS
                                                          : 0,
                                        .response_max = 4096 };
        struct outcome o = get(f, &request);
        if (o.code != cases[i].code || o.status != cases[i].status ||
            !strstr(o.code ? o.text : o.body, cases[i].found))
            fail_msg("%s: code %d status %d: %s", cases[i].path, o.code, o.status,
                     o.code ? o.text : o.body);
    }
}

static void test_no_connection_is_transient(void **state)
{
    struct fixture *f = *state;
    struct tiny_server *other = tiny_server_start(answers, NULL);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/x?secret=1", tiny_server_port(other));
    tiny_server_stop(other);
    struct outcome o = get(f, &(struct http_request){ .method = "GET", .url = url });
    assert_int_equal(o.code, MUSTER_E_TRANSIENT);
    assert_non_null(strstr(o.text, "GET http://127.0.0.1:"));
    assert_null(strstr(o.text, "secret"));

    o = get(f, &(struct http_request){ .method = "GET", .url = "http://no-such-host.invalid/" });
    assert_int_equal(o.code, MUSTER_E_TRANSIENT);
}

/* A server that takes the connection and never shakes hands: nothing was asked of it yet. */
static void test_tls_that_never_comes(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", ntohs(in.sin_port));
    struct outcome o = get(
        f, &(struct http_request){ .method = "GET", .url = url, .timeout_ns = 200 * NS_PER_MS });
    close(fd);
    assert_int_equal(o.code, MUSTER_E_TRANSIENT);
}

static void test_bad_requests(void **state)
{
    static const struct {
        const char *name, *method, *url;
        const char *header;
    } cases[] = {
        { "another scheme", "GET", "ftp://127.0.0.1/x", NULL },
        { "a file", "GET", "file:///etc/passwd", NULL },
        { "no scheme", "GET", "127.0.0.1/x", NULL },
        { "userinfo", "GET", "http://user:pass@127.0.0.1/x", NULL },
        { "a user", "GET", "http://user@127.0.0.1/x", NULL },
        { "not a URL", "GET", "http://", NULL },
        { "a forged method", "GET /x HTTP/1.1\r\nA: b", "http://127.0.0.1/", NULL },
        { "no method", "", "http://127.0.0.1/", NULL },
        { "a forged header", "GET", "http://127.0.0.1/", "A: b\r\nC: d" },
        { "not a header", "GET", "http://127.0.0.1/", "nonsense" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *headers[] = { cases[i].header, NULL };
        struct outcome o =
            get(f, &(struct http_request){
                       .method = cases[i].method, .url = cases[i].url, .headers = headers });
        if (o.code != MUSTER_E_INVALID || strstr(o.text, "user:"))
            fail_msg("%s: code %d: %s", cases[i].name, o.code, o.text);
    }
}

static void test_forbidden_addresses(void **state)
{
    static const char *const urls[] = { "http://169.254.169.254/latest/", "http://[fe80::1]/",
                                        "http://0.0.0.0/", "http://[::ffff:169.254.169.254]/",
                                        "http://2852039166/" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct outcome o = get(f, &(struct http_request){ .method = "GET", .url = urls[i] });
        if (o.code != MUSTER_E_REFUSED)
            fail_msg("%s: code %d: %s", urls[i], o.code, o.text);
    }
}

static void test_link_local_when_asked_for(void **state)
{
    struct fixture *f = *state;
    struct outcome o = get(f, &(struct http_request){ .method = "GET",
                                                      .url = "http://169.254.169.254/",
                                                      .link_local = true,
                                                      .timeout_ns = 100 * NS_PER_MS });
    assert_int_not_equal(o.code, MUSTER_E_REFUSED);
    o = get(
        f, &(struct http_request){ .method = "GET", .url = "http://0.0.0.0/", .link_local = true });
    assert_int_equal(o.code, MUSTER_E_REFUSED);
}

static void test_connections_are_kept(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        struct outcome o =
            get(f, &(struct http_request){ .method = "GET",
                                           .url = tiny_server_url(f->server, "/kept") });
        assert_string_equal(o.body, "hi");
        assert_string_equal(o.date, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_string_equal(o.type, "");
    }
    assert_int_equal(tiny_server_connections(f->server), 1);
    get(f, &(struct http_request){
               .method = "GET", .url = tiny_server_url(f->server, "/kept"), .link_local = true });
    assert_int_equal(tiny_server_connections(f->server), 2);
}

static void test_what_is_sent(void **state)
{
    struct fixture *f = *state;
    char request[4096];
    const char *headers[] = { "X-Amz-Target: A.B", "Content-Type: application/json", NULL };
    get(f, &(struct http_request){ .method = "POST",
                                   .url = tiny_server_url(f->server, "/kept?a=b"),
                                   .headers = headers,
                                   .body = STR("{\"x\": 1}") });
    tiny_server_request(f->server, request, sizeof(request));
    assert_non_null(strstr(request, "POST /kept?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "X-Amz-Target: A.B\r\n"));
    assert_non_null(strstr(request, "User-Agent: muster-test\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"x\": 1}"));
    assert_null(strstr(request, "Expect"));

    get(f,
        &(struct http_request){ .method = "DELETE", .url = tiny_server_url(f->server, "/kept") });
    tiny_server_request(f->server, request, sizeof(request));
    assert_non_null(strstr(request, "DELETE /kept HTTP/1.1\r\n"));
}

static void test_proxies_of_the_environment_are_not_used(void **state)
{
    struct fixture *f = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct outcome o = get(
        f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/plain") });
    unsetenv("http_proxy");
    assert_int_equal(o.status, 200);
}

static void test_unix_socket(void **state)
{
    struct fixture *f = *state;
    char path[64];
    snprintf(path, sizeof(path), "/tmp/muster-test-%d.sock", (int)getpid());
    struct tiny_server *server = tiny_server_start(answers, path);
    struct outcome o = get(
        f, &(struct http_request){ .method = "GET", .url = "http://x/plain", .unix_socket = path });
    tiny_server_stop(server);
    unlink(path);
    assert_string_equal(o.body, "hello");
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    struct outcome hung = { 0 }, plain = { 0 };
    struct http_call *call;
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/hang") },
          &hung, &call);
    for (int i = 0; i < 5; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    http_cancel(call);
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/plain") },
          &plain, NULL);
    run_until(f, &plain, 1);
    assert_int_equal(hung.calls, 0);
}

static void test_free_drops_calls(void **state)
{
    struct fixture *f = *state;
    struct outcome o = { 0 };
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/hang") },
          &o, NULL);
    for (int i = 0; i < 5; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    http_client_free(f->client);
    f->client = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(o.calls, 0);
}

/* Other calls are under way, one of them to a name that is being resolved. */
static void test_free_within_a_callback(void **state)
{
    struct fixture *f = *state;
    struct outcome others[3] = { 0 };
    struct outcome o = { .free_client = true };
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/hang") },
          &others[0], NULL);
    start(f, &(struct http_request){ .method = "GET", .url = "http://no-such-host.invalid/" },
          &others[1], NULL);
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/drip") },
          &others[2], NULL);
    start(f, &(struct http_request){ .method = "GET", .url = tiny_server_url(f->server, "/plain") },
          &o, NULL);
    while (uv_run(&f->loop, UV_RUN_DEFAULT))
        ;
    assert_int_equal(o.status, 200);
    assert_int_equal(others[0].calls + others[2].calls, 0);
}

static int take_piece(void *ctx, struct str piece, struct error *err)
{
    struct outcome *o = ctx;
    assert_int_equal(o->calls, 0);
    o->taken += piece.len;
    if (o->enough > 0 && o->taken >= o->enough)
        return error_set(err, MUSTER_E_INVALID, "that is enough");
    return 0;
}

static void test_pieces(void **state)
{
    static const struct {
        const char *name, *path;
        size_t enough;
        int code, status;
        size_t taken_min, taken_max;
        const char *found; /* in the held body or in the error's text */
    } cases[] = {
        { "a good answer is not held", "/plain", 0, 0, 200, 5, 5, "" },
        { "nor one that is kept alive", "/kept", 0, 0, 200, 2, 2, "" },
        { "a bad one is", "/503", 0, 0, 503, 0, 0, "busy" },
        { "a large one comes whole", "/big", 0, 0, 200, 5000, 5000, "" },
        { "up to the limit", "/bigger", 0, MUSTER_E_TOOBIG, 0, 0, 6000, "larger than 6000 bytes" },
        { "as announced", "/announced", 0, MUSTER_E_TOOBIG, 0, 0, 0, "larger than 6000 bytes" },
        { "cut off after a piece", "/cut", 0, MUSTER_E_UNKNOWN, 0, 3, 3, "/cut: " },
        { "refused", "/big", 1, MUSTER_E_INVALID, 0, 1, 5000, "/big: that is enough" },
        { "an empty one", "/empty", 0, 0, 200, 0, 0, "" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .method = "GET",
                                        .url = tiny_server_url(f->server, cases[i].path),
                                        .response_max = 6000,
                                        .piece = take_piece };
        struct outcome o = { .enough = cases[i].enough };
        start(f, &request, &o, NULL);
        run_until(f, &o, 1);
        if (o.code != cases[i].code || o.status != cases[i].status ||
            o.taken < cases[i].taken_min || o.taken > cases[i].taken_max ||
            !strstr(o.code ? o.text : o.body, cases[i].found))
            fail_msg("%s: code %d status %d, %zu bytes: %s", cases[i].name, o.code, o.status,
                     o.taken, o.code ? o.text : o.body);
    }
}

static void test_silence_has_a_limit(void **state)
{
    static const char *const paths[] = { "/hang", "/stalls" };
    struct fixture *f = *state;
    struct outcome o[2] = { 0 };
    for (size_t i = 0; i < 2; i++)
        start(f,
              &(struct http_request){ .method = "GET",
                                      .url = tiny_server_url(f->server, paths[i]),
                                      .timeout_ns = 600 * NS_PER_S,
                                      .stall_ns = NS_PER_S },
              &o[i], NULL);
    for (size_t i = 0; i < 2; i++) {
        run_until(f, &o[i], 1);
        assert_int_equal(o[i].code, MUSTER_E_UNKNOWN);
        assert_non_null(strstr(o[i].text, "too slow"));
    }
}

static int start_curl(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

static int stop_curl(void **state)
{
    (void)state;
    curl_global_cleanup();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answers),
        TEST(test_pieces),
        TEST(test_silence_has_a_limit),
        TEST(test_no_connection_is_transient),
        TEST(test_tls_that_never_comes),
        TEST(test_bad_requests),
        TEST(test_forbidden_addresses),
        TEST(test_link_local_when_asked_for),
        TEST(test_connections_are_kept),
        TEST(test_what_is_sent),
        TEST(test_proxies_of_the_environment_are_not_used),
        TEST(test_unix_socket),
        TEST(test_cancel),
        TEST(test_free_drops_calls),
        TEST(test_free_within_a_callback),
    };
    return cmocka_run_group_tests(tests, start_curl, stop_curl);
}
