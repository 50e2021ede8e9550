/*
 * The HTTP server, asked over real sockets: it runs on a loop in a thread of its own, the tests are
 * blocking clients. The handler answers with what it was given.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/http_server.h"

#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    uv_async_t stop;
    uv_timer_t tick;
    struct log log;
    struct http_server *server;
    struct http_server_options options;
    struct http_body *shared; /* what /big is answered with */
    pthread_t thread;
    uint16_t port;
};

static void handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    struct fixture *f = ctx;
    if (strcmp(x->path, "/big") == 0) {
        *ret = (struct http_answer){ .status = 200, .take_body = http_body_ref(f->shared) };
        return;
    }
    if (strcmp(x->path, "/empty") == 0) {
        *ret = (struct http_answer){ .status = 204 };
        return;
    }
    if (strcmp(x->path, "/locked") == 0) {
        *ret = (struct http_answer){ .status = 401 };
        return;
    }
    struct buf out = { 0 };
    const char *q = x->query(x, "q");
    const char *agent = x->header(x, "user-agent");
    buf_addf(&out, "%s|%s|%s|%.*s|%s|%s", x->method, x->path, q ? q : "-", (int)x->body.len,
             x->body.ptr, agent ? agent : "-", x->authorization);
    size_t len = out.len;
    ret->status = 200;
    ret->take_body = http_body_new(buf_take(&out), len, "text/plain; charset=utf-8");
}

static void on_stop(uv_async_t *stop)
{
    struct fixture *f = stop->data;
    http_server_free(f->server);
    uv_close((uv_handle_t *)stop, NULL);
}

static void *run_loop(void *arg)
{
    struct fixture *f = arg;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    return NULL;
}

static struct fixture *start(struct http_server_options options)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct error err = { 0 };
    f->log = (struct log){ .fd = -1 };
    uv_loop_init(&f->loop);
    uv_async_init(&f->loop, &f->stop, on_stop);
    f->stop.data = f;
    char *big = malloc(300000);
    memset(big, 'x', 300000);
    f->shared = http_body_new(big, 300000, "text/plain");
    if (!options.host)
        options.host = "127.0.0.1";
    if (http_server_new(&f->loop, &f->log, &options, handle, f, &f->server, &err) < 0)
        fail_msg("%s", err.text);
    f->port = http_server_port(f->server);
    pthread_create(&f->thread, NULL, run_loop, f);
    return f;
}

static void stop(struct fixture *f)
{
    uv_async_send(&f->stop);
    pthread_join(f->thread, NULL);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    http_body_unref(f->shared);
    free(f);
}

static int dial(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval wait = { .tv_sec = 10 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(f->port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

/* Reads until the server closes. */
static struct buf listen_to(int fd)
{
    struct buf out = { 0 };
    char chunk[8192];
    ssize_t n;
    while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
        buf_add(&out, chunk, (size_t)n);
    close(fd);
    return out;
}

/* One request on its own connection; the reply to the last byte. */
static struct buf ask(const struct fixture *f, const char *request)
{
    int fd = dial(f);
    say(fd, request);
    shutdown(fd, SHUT_WR);
    return listen_to(fd);
}

static int status_of(const struct buf *reply)
{
    if (reply->len < 12 || strncmp(buf_text(reply), "HTTP/1.1 ", 9) != 0)
        return 0;
    return (int)strtol(buf_text(reply) + 9, NULL, 10);
}

#define HOST "Host: 127.0.0.1\r\n"
#define END  "Connection: close\r\n\r\n"

static void answers(void **state)
{
    static const struct {
        const char *name, *request;
        int status;
        const char *body; /* a part of the reply; NULL: any */
    } cases[] = {
        { "get", "GET /a HTTP/1.1\r\n" HOST END, 200, "GET|/a|-||-|" },
        { "query, decoded", "GET /a?q=x%20y&z=1 HTTP/1.1\r\n" HOST END, 200, "GET|/a|x y|" },
        { "path stays escaped", "GET /a%2e%2e HTTP/1.1\r\n" HOST END, 200, "GET|/a%2e%2e|" },
        { "dots stay", "GET /../../etc/passwd HTTP/1.1\r\n" HOST END, 200, "|/../../etc/passwd|" },
        { "post", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc", 200,
          "POST|/p|-|abc|" },
        { "chunked",
          "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
          "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
          200, "POST|/p|-|abcde|" },
        { "header", "GET /a HTTP/1.1\r\n" HOST "User-Agent: me\r\n" END, 200, "||me|" },
        { "authorization", "GET / HTTP/1.1\r\n" HOST "Authorization: Bearer t\r\n" END, 200,
          "|Bearer t" },
        { "http/1.0 without host", "GET /a HTTP/1.0\r\n\r\n", 200, "GET|/a" },
        { "localhost", "GET /a HTTP/1.1\r\nHost: LocalHost:99\r\n" END, 200, NULL },
        { "loopback six", "GET /a HTTP/1.1\r\nHost: [::1]:8420\r\n" END, 200, NULL },
        { "empty", "GET /empty HTTP/1.1\r\n" HOST END, 204, NULL },
        { "rebinding", "GET /a HTTP/1.1\r\nHost: evil.example\r\n" END, 421, "Host" },
        { "rebinding, prefix", "GET /a HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n" END, 421,
          NULL },
        { "host twice", "GET /a HTTP/1.1\r\n" HOST HOST END, 400, "twice" },
        { "no host", "GET /a HTTP/1.1\r\n" END, 400, NULL },
        { "put", "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc", 405,
          "Allow: GET, HEAD, POST" },
        { "delete", "DELETE /a HTTP/1.1\r\n" HOST END, 405, NULL },
        { "options", "OPTIONS * HTTP/1.1\r\n" HOST END, 400, NULL },
        { "absolute form", "GET http://127.0.0.1/a HTTP/1.1\r\n" HOST END, 400, NULL },
        { "TE and CL",
          "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
          "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n",
          400, "both Content-Length" },
        { "CL twice",
          "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n" END "abcd", 400,
          NULL },
        { "CL negative", "POST /p HTTP/1.1\r\n" HOST "Content-Length: -3\r\n" END, 400, NULL },
        { "CL no number", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3x\r\n" END "abc", 400,
          NULL },
        { "TE unknown", "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n" END, 400, NULL },
        { "body announced too long", "POST /p HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n" END,
          413, "longer" },
        { "401", "GET /locked HTTP/1.1\r\n" HOST END, 401, "WWW-Authenticate: Bearer" },
    };
    (void)state;
    struct fixture *f = start((struct http_server_options){ .body_max = 1000 });
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf reply = ask(f, cases[i].request);
        if (status_of(&reply) != cases[i].status ||
            (cases[i].body && !strstr(buf_text(&reply), cases[i].body)))
            fail_msg("%s: want %d, got: %s", cases[i].name, cases[i].status, buf_text(&reply));
        buf_release(&reply);
    }
    stop(f);
}

static void every_answer_is_guarded(void **state)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\n" HOST END,
        "GET /empty HTTP/1.1\r\n" HOST END,
        "GET /a HTTP/1.1\r\nHost: evil\r\n" END,
        "PUT /a HTTP/1.1\r\n" HOST END,
    };
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none';",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
        "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Resource-Policy: same-origin",
    };
    (void)state;
    struct fixture *f = start((struct http_server_options){ 0 });
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct buf reply = ask(f, requests[i]);
        for (size_t h = 0; h < sizeof(headers) / sizeof(headers[0]); h++) {
            if (!strstr(buf_text(&reply), headers[h]))
                fail_msg("no %s in: %s", headers[h], buf_text(&reply));
        }
        assert_null(strstr(buf_text(&reply), "Access-Control-"));
        buf_release(&reply);
    }
    stop(f);
}

static void head_has_no_body(void **state)
{
    (void)state;
    struct fixture *f = start((struct http_server_options){ 0 });
    struct buf reply = ask(f, "HEAD /big HTTP/1.1\r\n" HOST END);
    assert_int_equal(status_of(&reply), 200);
    assert_non_null(strstr(buf_text(&reply), "Content-Length: 300000\r\n"));
    assert_string_equal(buf_text(&reply) + reply.len - 4, "\r\n\r\n");
    buf_release(&reply);
    stop(f);
}

static void a_shared_body_is_sent_whole_and_often(void **state)
{
    (void)state;
    struct fixture *f = start((struct http_server_options){ 0 });
    int fd = dial(f);
    for (int i = 0; i < 20; i++)
        say(fd, i < 19 ? "GET /big HTTP/1.1\r\n" HOST "\r\n" : "GET /big HTTP/1.1\r\n" HOST END);
    struct buf reply = listen_to(fd);
    size_t count = 0;
    for (const char *p = buf_text(&reply); (p = strstr(p, "HTTP/1.1 200 OK")); p++)
        count++;
    assert_int_equal(count, 20);
    assert_true(reply.len > 20 * 300000);
    buf_release(&reply);
    stop(f);
}

static char *repeat(const char *before, char c, size_t times, const char *after)
{
    struct buf out = { 0 };
    buf_add_c(&out, before);
    for (size_t i = 0; i < times; i++)
        buf_add_char(&out, c);
    buf_add_c(&out, after);
    return buf_take(&out);
}

static void sizes_are_bounded(void **state)
{
    static const struct {
        const char *name, *before;
        size_t times;
        const char *after;
        int low, high; /* statuses */
    } cases[] = {
        { "path of 1000", "GET /", 1000, " HTTP/1.1\r\n" HOST END, 200, 200 },
        { "path of 1100", "GET /", 1100, " HTTP/1.1\r\n" HOST END, 414, 414 },
        { "path of a megabyte", "GET /", 1 << 20, " HTTP/1.1\r\n" HOST END, 0, 431 },
        { "header of a megabyte", "GET / HTTP/1.1\r\n" HOST "X: ", 1 << 20, "\r\n" END, 0, 431 },
        { "body in one chunk",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END "2710\r\n", 10000,
          "\r\n0\r\n\r\n", 413, 413 },
    };
    (void)state;
    struct fixture *f = start((struct http_server_options){ .body_max = 5000 });
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *request = repeat(cases[i].before, 'a', cases[i].times, cases[i].after);
        struct buf reply = ask(f, request);
        int status = status_of(&reply);
        if (status < cases[i].low || status > cases[i].high || (status > 0 && status < 200))
            fail_msg("%s: %d: %s", cases[i].name, status, buf_text(&reply));
        buf_release(&reply);
        free(request);
    }
    /* And it still answers. */
    struct buf reply = ask(f, "GET /a HTTP/1.1\r\n" HOST END);
    assert_int_equal(status_of(&reply), 200);
    buf_release(&reply);
    stop(f);
}

static void too_many_are_turned_away(void **state)
{
    (void)state;
    struct fixture *f = start((struct http_server_options){ .connections = 8 });
    int held[8];
    for (int i = 0; i < 8; i++) {
        held[i] = dial(f);
        say(held[i], "GET ");
    }
    struct buf reply = ask(f, "GET /a HTTP/1.1\r\n" HOST END);
    assert_int_equal(status_of(&reply), 503);
    assert_non_null(strstr(buf_text(&reply), "\r\n\r\n{\"error\":\"too many connections\"}\n"));
    buf_release(&reply);

    close(held[0]);
    for (int tries = 0; tries < 100; tries++) {
        usleep(10000);
        reply = ask(f, "GET /a HTTP/1.1\r\n" HOST END);
        int status = status_of(&reply);
        buf_release(&reply);
        if (status == 200)
            break;
        assert_true(tries < 99);
    }
    for (int i = 1; i < 8; i++)
        close(held[i]);
    stop(f);
}

/* Ten thousand connections, of which as many stay open as the process may have. */
static void a_flood_is_survived(void **state)
{
    enum { HELD = 400, ROUNDS = 25 };
    (void)state;
    struct fixture *f = start((struct http_server_options){ .connections = 50 });
    static int held[HELD];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < HELD; i++) {
            held[i] = dial(f);
            say(held[i], i % 3 == 0 ? "GET / HTTP/1.1\r\nX" : i % 3 == 1 ? "\r\n\r\n" : "");
        }
        for (int i = 0; i < HELD; i++)
            close(held[i]);
    }
    int status = 0;
    for (int tries = 0; tries < 500 && status != 200; tries++) {
        struct buf reply = ask(f, "GET /a HTTP/1.1\r\n" HOST END);
        status = status_of(&reply);
        buf_release(&reply);
        usleep(status == 200 ? 0 : 10000);
    }
    assert_int_equal(status, 200);
    stop(f);
}

static double seconds_now(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (double)now.tv_sec + (double)now.tv_usec * 1e-6;
}

/* A byte now and then keeps an idle time-out away for ever; the deadline of the request does not. */
static void slow_requests_end(void **state)
{
    static const char *const beginnings[] = {
        "",
        "GET / HTTP/1.1\r\nX: ",
        "POST /p HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\n",
    };
    (void)state;
    struct fixture *f = start((struct http_server_options){ .timeout_s = 1 });
    int fds[3];
    double began = seconds_now();
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(f);
        struct timeval wait = { .tv_usec = 1000 };
        setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        say(fds[i], beginnings[i]);
    }
    bool open[3] = { true, true, true };
    while (open[0] || open[1] || open[2]) {
        for (int i = 0; i < 3; i++) {
            char reply[512];
            if (!open[i])
                continue;
            say(fds[i], "a");
            ssize_t n = recv(fds[i], reply, sizeof(reply), 0);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
                open[i] = false;
                close(fds[i]);
            }
        }
        usleep(50000);
        assert_true(seconds_now() - began < 8);
    }
    assert_true(seconds_now() - began > 0.9);
    stop(f);
}

static void a_client_that_never_reads_is_dropped(void **state)
{
    (void)state;
    struct fixture *f = start((struct http_server_options){ .timeout_s = 1, .connections = 4 });
    int fd = dial(f);
    for (int i = 0; i < 50; i++)
        say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    usleep(2500000);
    struct buf reply = listen_to(fd); /* what was under way, then the end */
    assert_true(reply.len < 50 * 300000);
    buf_release(&reply);
    stop(f);
}

/* A certificate for nobody in particular, and its key, in two new files. */
static void write_certificate(char *cert_path, char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    assert_int_not_equal(X509_sign(cert, key, EVP_sha256()), 0);

    FILE *cert_file = fdopen(mkstemp(cert_path), "w");
    FILE *key_file = fdopen(mkstemp(key_path), "w");
    assert_int_equal(PEM_write_X509(cert_file, cert), 1);
    assert_int_equal(PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(cert_file);
    fclose(key_file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static size_t collect(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_add(ctx, bytes, size * count);
    return size * count;
}

static void tls_works(void **state)
{
    (void)state;
    char cert[] = "/tmp/test-muster-cert-XXXXXX";
    char key[] = "/tmp/test-muster-key-XXXXXX";
    write_certificate(cert, key);
    struct fixture *f = start((struct http_server_options){ .tls_cert = cert, .tls_key = key });

    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/big", f->port);
    struct buf body = { 0 };
    struct buf headers = { 0 };
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
    for (int i = 0; i < 3; i++)
        assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    curl_easy_cleanup(curl);
    assert_int_equal(body.len, 3 * 300000);
    assert_non_null(strstr(buf_text(&headers), "Strict-Transport-Security: max-age="));
    buf_release(&body);
    buf_release(&headers);
    stop(f);
    unlink(cert);
    unlink(key);
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct http_server_options options;
        int code;
        const char *text;
    } cases[] = {
        { "name", { .host = "localhost" }, MUSTER_E_CONFIG, "not a numeric address" },
        { "not ours", { .host = "192.0.2.1" }, MUSTER_E_IO, "listen on 192.0.2.1" },
        { "half of tls", { .host = "127.0.0.1", .tls_cert = "x" }, MUSTER_E_CONFIG, "both" },
        { "no file",
          { .host = "127.0.0.1", .tls_cert = "/x/c", .tls_key = "/x/k" },
          MUSTER_E_IO,
          "/x/c" },
        { "not PEM",
          { .host = "127.0.0.1", .tls_cert = "/dev/null", .tls_key = "/dev/null" },
          MUSTER_E_CONFIG,
          "certificate" },
    };
    (void)state;
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct log log = { .fd = -1 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct http_server *server = NULL;
        int rc = http_server_new(&loop, &log, &cases[i].options, handle, NULL, &server, &err);
        if (rc != cases[i].code || !strstr(err.text, cases[i].text) || server)
            fail_msg("%s: %d %s", cases[i].name, rc, err.text);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void the_port_is_taken(void **state)
{
    (void)state;
    struct fixture *f = start((struct http_server_options){ 0 });
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct log log = { .fd = -1 };
    struct error err = { 0 };
    struct http_server *second = NULL;
    struct http_server_options options = { .host = "127.0.0.1", .port = f->port };
    assert_int_equal(http_server_new(&loop, &log, &options, handle, NULL, &second, &err),
                     MUSTER_E_IO);
    assert_non_null(strstr(err.text, "Address already in use"));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(every_answer_is_guarded),
        cmocka_unit_test(head_has_no_body),
        cmocka_unit_test(a_shared_body_is_sent_whole_and_often),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(too_many_are_turned_away),
        cmocka_unit_test(a_flood_is_survived),
        cmocka_unit_test(slow_requests_end),
        cmocka_unit_test(a_client_that_never_reads_is_dropped),
        cmocka_unit_test(tls_works),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(the_port_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
