/* The redis source, against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/queue_harness.h"
#include "tests/unit/redis_fixture.h"

#include <cmocka.h>

#define NOW_S INT64_C(1700000000)

struct fixture {
    struct queue_harness h;
    struct redis_fixture *redis;
};

static int start_redis(void **state)
{
    struct redis_fixture *r = malloc(sizeof(*r));
    if (!redis_fixture_start(r, NULL)) {
        free(r);
        r = NULL;
    }
    *state = r;
    return 0;
}

static int stop_redis(void **state)
{
    if (*state)
        redis_fixture_stop(*state);
    free(*state);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof(*f));
    f->redis = *state;
    if (f->redis)
        redis_fixture_do(f->redis, "FLUSHALL");
    queue_harness_init(&f->h);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    queue_harness_release(&f->h);
    *state = f->redis;
    free(f);
    return 0;
}

static struct fixture *need_redis(void **state)
{
    struct fixture *f = *state;
    if (!f->redis) {
        print_message("there is no redis-server on this machine\n");
        skip();
    }
    return f;
}

/* Opens with url and the settings, and polls. */
#define POLL(f, ...) poll_with((f), QUEUE_SETTINGS("url", (f)->redis->url, __VA_ARGS__))

static int poll_with(struct fixture *f, const char *const *settings)
{
    queue_harness_close(&f->h);
    if (!queue_harness_open(&f->h, &queue_redis, settings))
        fail_msg("%s", f->h.err.text);
    return queue_harness_poll(&f->h);
}

static void check_sample(const struct fixture *f, double waiting, double running)
{
    if (f->h.err.code)
        fail_msg("%s", f->h.err.text);
    assert_float_equal(f->h.sample.waiting, waiting, 0);
    assert_int_equal(f->h.sample.has_running, running >= 0);
    if (running >= 0)
        assert_float_equal(f->h.sample.running, running, 0);
}

static void test_kinds(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "RPUSH l a b c");
    redis_fixture_do(f->redis, "SADD s a b");
    redis_fixture_do(f->redis, "ZADD z 1 a 2 b 3 c 4 d");
    redis_fixture_do(f->redis, "HSET h a 1 b 2 c 3 d 4 e 5");
    redis_fixture_do(f->redis, "XADD x * f v");
    redis_fixture_do(f->redis, "SET n 77");
    POLL(f, "list", "l");
    check_sample(f, 3, -1);
    POLL(f, "set", "s");
    check_sample(f, 2, -1);
    POLL(f, "zset", "z");
    check_sample(f, 4, -1);
    POLL(f, "stream", "x");
    check_sample(f, 1, -1);
    POLL(f, "list", "l", "set", "s", "zset", "z", "running", "h");
    check_sample(f, 9, 5);
    POLL(f, "waiting", "l,s,z,h,x,gone", "running", "l,gone", "completed", "n");
    check_sample(f, 15, 3);
    assert_true(f->h.sample.has_completed);
    assert_float_equal(f->h.sample.completed, 77, 0);
    assert_false(f->h.sample.has_oldest);
    /* and again over the same connection */
    assert_int_equal(queue_harness_poll(&f->h), 0);
    check_sample(f, 15, 3);
}

/* Redis removes what is empty: the server answered, so these are zero jobs. */
static void test_missing_keys(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, "list", "l", "set", "s", "zset", "z", "stream", "x");
    check_sample(f, 0, -1);
    POLL(f, "waiting", "a,b", "running", "c", "completed", "n");
    check_sample(f, 0, 0);
    assert_false(f->h.sample.has_completed);
}

static void test_wrong_kinds(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "SET text words");
    redis_fixture_do(f->redis, "RPUSH l a");
    static const struct {
        const char *key, *value;
        int code;
        const char *says;
    } cases[] = {
        { "list", "text", MUSTER_E_CONFIG, "LLEN text: the key holds something of another kind" },
        { "set", "l", MUSTER_E_CONFIG, "SCARD l: the key holds something of another kind" },
        { "zset", "l", MUSTER_E_CONFIG, "ZCARD l: " },
        { "stream", "l", MUSTER_E_CONFIG, "XLEN l: " },
        { "waiting", "l,text", MUSTER_E_CONFIG, "text holds a string, which has no size" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = POLL(f, cases[i].key, cases[i].value);
        if (code != cases[i].code || !strstr(f->h.err.text, cases[i].says) ||
            strncmp(f->h.err.text, "redis 127.0.0.1:", 16) != 0)
            fail_msg("%s %s: %d: %s", cases[i].key, cases[i].value, code, f->h.err.text);
    }
    assert_int_equal(POLL(f, "list", "l", "completed", "text"), MUSTER_E_INVALID);
    assert_non_null(strstr(f->h.err.text, "text does not hold a number"));
}

static void test_scores(void **state)
{
    struct fixture *f = need_redis(state);
    f->h.wall_ns = NOW_S * NS_PER_S;
    redis_fixture_do(f->redis, "ZADD z %lld a %lld b %lld c", (long long)NOW_S - 60,
                     (long long)NOW_S, (long long)NOW_S + 60);
    POLL(f, "zset", "z", "scores", "seconds");
    check_sample(f, 2, -1);
    assert_float_equal(f->h.sample.oldest_s, 60, 1e-3);
    redis_fixture_do(f->redis, "ZADD m %lld000 a %lld000 b", (long long)NOW_S - 5,
                     (long long)NOW_S + 60);
    POLL(f, "zset", "m", "scores", "milliseconds");
    check_sample(f, 1, -1);
    assert_float_equal(f->h.sample.oldest_s, 5, 1e-3);
    POLL(f, "zset", "z", "scores", "order");
    check_sample(f, 3, -1);
    assert_false(f->h.sample.has_oldest);
}

static void test_stream_group(void **state)
{
    struct fixture *f = need_redis(state);
    f->h.wall_ns = NOW_S * NS_PER_S;
    redis_fixture_do(f->redis, "XGROUP CREATE x g 0 MKSTREAM");
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 0, 0);
    assert_false(f->h.sample.has_oldest);
    for (int i = 0; i < 10; i++)
        redis_fixture_do(f->redis, "XADD x %lld-%d job %d", (long long)(NOW_S - 90) * 1000, i, i);
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 10, 0);
    assert_float_equal(f->h.sample.oldest_s, 90, 1e-3);
    redis_fixture_do(f->redis, "XREADGROUP GROUP g me COUNT 4 STREAMS x >");
    redis_fixture_do(f->redis, "XACK x g %lld-0", (long long)(NOW_S - 90) * 1000);
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 6, 3);
    /* Deleting behind the group's position makes the server give the lag up (nil). */
    redis_fixture_do(f->redis, "XDEL x %lld-8", (long long)(NOW_S - 90) * 1000);
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 5, 3);
    assert_true(f->h.sample.has_oldest);
    redis_fixture_do(f->redis, "XREADGROUP GROUP g me COUNT 100 STREAMS x >");
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 0, 8);
}

/* Past a thousand entries that the server does not count, a bound is taken: never too few. */
static void test_stream_with_a_large_unknown_lag(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "EVAL %s 0",
                     "for i = 1, 3000 do redis.call('XADD', 'x', '1-' .. i, 'f', 'v') end");
    redis_fixture_do(f->redis, "XGROUP CREATE x g 1-500");
    redis_fixture_do(f->redis, "XDEL x 1-2000");
    POLL(f, "stream", "x", "group", "g");
    check_sample(f, 2999, 0);
}

static void test_stream_errors(void **state)
{
    struct fixture *f = need_redis(state);
    assert_int_equal(POLL(f, "stream", "x", "group", "g"), MUSTER_E_CONFIG);
    assert_non_null(
        strstr(f->h.err.text, "there is no stream x: `redis-cli XGROUP CREATE x g 0 MKSTREAM`"));
    redis_fixture_do(f->redis, "XADD x * f v");
    assert_int_equal(POLL(f, "stream", "x", "group", "g"), MUSTER_E_CONFIG);
    assert_non_null(
        strstr(f->h.err.text, "stream x has no group g: `redis-cli XGROUP CREATE x g 0`"));
    redis_fixture_do(f->redis, "RPUSH l a");
    assert_int_equal(POLL(f, "stream", "l", "group", "g"), MUSTER_E_CONFIG);
    assert_non_null(strstr(f->h.err.text, "another kind"));
}

static void test_odd_keys(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "RPUSH %s a", "a key\r\nwith *3 \x06\x16 $things");
    POLL(f, "list", "a key\r\nwith *3 \x06\x16 $things");
    check_sample(f, 1, -1);
    redis_fixture_do(f->redis, "SET %s a", "odd\r\nkey");
    POLL(f, "list", "odd\r\nkey");
    assert_non_null(strstr(f->h.err.text, "LLEN odd??key: "));
}

static void test_databases_and_sockets(void **state)
{
    struct fixture *f = need_redis(state);
    char url[128];
    redis_fixture_do(f->redis, "SELECT 3");
    redis_fixture_do(f->redis, "RPUSH l a b");
    redis_fixture_do(f->redis, "SELECT 0");
    snprintf(url, sizeof(url), "redis://localhost:%d/3", f->redis->port);
    poll_with(f, QUEUE_SETTINGS("url", url, "list", "l"));
    check_sample(f, 2, -1);
    snprintf(url, sizeof(url), "%s?db=3", f->redis->socket_url);
    poll_with(f, QUEUE_SETTINGS("url", url, "list", "l"));
    check_sample(f, 2, -1);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d/99", f->redis->port);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", url, "list", "l")), MUSTER_E_CONFIG);
    assert_non_null(strstr(f->h.err.text, "SELECT 99: there is no database of this number"));
}

static void test_no_server(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", "redis://127.0.0.1:1/0", "list", "l")),
                     MUSTER_E_TRANSIENT);
    assert_string_equal(f->h.err.text,
                        "redis 127.0.0.1:1: connection refused (is the server running?)");
    /* At once again: too soon to try, the same answer. */
    assert_int_equal(queue_harness_poll(&f->h), MUSTER_E_TRANSIENT);
    assert_non_null(strstr(f->h.err.text, "is the server running?"));
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", "unix:///no/such/socket", "list", "l")),
                     MUSTER_E_TRANSIENT);
    assert_int_equal(
        poll_with(f, QUEUE_SETTINGS("url", "redis://no-such-host.invalid/", "list", "l")),
        MUSTER_E_TRANSIENT);
    assert_non_null(strstr(f->h.err.text, "the name cannot be resolved"));
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", "redis://169.254.169.254:80", "list", "l")),
                     MUSTER_E_REFUSED);
}

/* Stops the server in the middle, and starts it again. */
static void test_server_comes_back(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "RPUSH l a");
    POLL(f, "list", "l");
    check_sample(f, 1, -1);
    redis_fixture_kill(f->redis);
    assert_int_equal(queue_harness_poll(&f->h), MUSTER_E_TRANSIENT);
    redis_fixture_restart(f->redis);
    redis_fixture_do(f->redis, "RPUSH l a b");
    for (int i = 0; i < 50 && queue_harness_poll(&f->h) != 0; i++)
        usleep(20000);
    check_sample(f, 2, -1);
}

/* An idle connection that the server closed is made again without a word. */
static void test_idle_connection_closed(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "RPUSH l a");
    POLL(f, "list", "l");
    redis_fixture_do(f->redis, "CLIENT KILL TYPE normal SKIPME yes");
    usleep(20000);
    uv_run(&f->h.loop, UV_RUN_NOWAIT);
    assert_int_equal(queue_harness_poll(&f->h), 0);
    check_sample(f, 1, -1);
}

static void test_server_hangs(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, "list", "l", "timeout", "500ms");
    redis_fixture_freeze(f->redis, true);
    int first = queue_harness_poll(&f->h);
    char text[ERROR_TEXT_MAX];
    snprintf(text, sizeof(text), "%s", f->h.err.text);
    redis_fixture_freeze(f->redis, false);
    assert_int_equal(first, MUSTER_E_TRANSIENT);
    assert_non_null(strstr(text, "no answer within 500ms"));
    usleep(150000);
    uv_run(&f->h.loop, UV_RUN_NOWAIT);
    assert_int_equal(queue_harness_poll(&f->h), 0);
}

static void test_close_in_flight(void **state)
{
    struct fixture *f = need_redis(state);
    /* at every moment of a poll: before the look-up, connecting, asking */
    for (int turns = 0; turns < 8; turns++) {
        assert_true(queue_harness_open(&f->h, &queue_redis,
                                       QUEUE_SETTINGS("url", f->redis->url, "waiting", "a,b")));
        queue_harness_start(&f->h);
        for (int i = 0; i < turns; i++) {
            usleep(1000);
            uv_run(&f->h.loop, UV_RUN_NOWAIT);
        }
        int answers = f->h.answers;
        queue_harness_close(&f->h);
        uv_run(&f->h.loop, UV_RUN_DEFAULT);
        assert_int_equal(f->h.answers, answers);
    }
}

static void test_close_in_callback(void **state)
{
    struct fixture *f = need_redis(state);
    f->h.close_in_callback = true;
    POLL(f, "list", "l");
    assert_null(f->h.queue);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", "redis://127.0.0.1:1", "list", "l")),
                     MUSTER_E_TRANSIENT);
    assert_null(f->h.queue);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("password_file", "/no/such/file", "list", "l")),
                     MUSTER_E_NOTFOUND);
    assert_null(f->h.queue);
}

/* Something else than Redis listens: says `bytes` to whatever it is asked, then closes or not. */
struct fake {
    uv_tcp_t listener, peer;
    const char *bytes;
    bool closes;
    uv_write_t write;
    char chunk[4096];
};

static void fake_lend(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct fake *fake = handle->data;
    (void)suggested;
    *buf = uv_buf_init(fake->chunk, sizeof(fake->chunk));
}

static void fake_read(uv_stream_t *peer, ssize_t n, const uv_buf_t *buf)
{
    struct fake *fake = peer->data;
    (void)buf;
    if (n > 0) {
        uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)fake->bytes, (unsigned)strlen(fake->bytes));
        uv_try_write(peer, &bytes, 1);
    }
    if ((n < 0 || fake->closes) && !uv_is_closing((uv_handle_t *)peer))
        uv_close((uv_handle_t *)peer, NULL);
}

static void fake_accept(uv_stream_t *listener, int status)
{
    struct fake *fake = listener->data;
    assert_int_equal(status, 0);
    uv_tcp_init(listener->loop, &fake->peer);
    fake->peer.data = fake;
    uv_accept(listener, (uv_stream_t *)&fake->peer);
    uv_read_start((uv_stream_t *)&fake->peer, fake_lend, fake_read);
}

static int fake_start(struct fake *fake, uv_loop_t *loop)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int len = sizeof(in);
    uv_tcp_init(loop, &fake->listener);
    fake->listener.data = fake;
    assert_int_equal(uv_tcp_bind(&fake->listener, (struct sockaddr *)&in, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&fake->listener, 8, fake_accept), 0);
    uv_tcp_getsockname(&fake->listener, (struct sockaddr *)&in, &len);
    return ntohs(in.sin_port);
}

static void test_not_redis(void **state)
{
    static const struct {
        const char *bytes;
        bool closes;
        int code;
        const char *says;
    } cases[] = {
        { ":3\r\n", false, 0, "" },
        { "HTTP/1.1 400 Bad Request\r\n\r\n", false, MUSTER_E_INVALID, "not the Redis protocol" },
        { ":3\r\n:4\r\n", false, 0, "" },
        { "+OK\r\n", false, MUSTER_E_INVALID, "LLEN l: a reply of an unexpected kind" },
        { "$-1\r\n", false, MUSTER_E_INVALID, "LLEN l: a reply of an unexpected kind" },
        { ":-5\r\n", false, MUSTER_E_INVALID, "LLEN l: a reply of an unexpected kind" },
        { "*2\r\n:1\r\n:2\r\n", false, MUSTER_E_INVALID, "a reply of an unexpected kind" },
        { "$90\r\nabc", true, MUSTER_E_TRANSIENT, "closed the connection" },
        { "", true, MUSTER_E_TRANSIENT, "closed the connection" },
        { "$90\r\nabc", false, MUSTER_E_TRANSIENT, "no answer within 300ms" },
        { "-LOADING Redis is loading the dataset in memory\r\n", false, MUSTER_E_TRANSIENT,
          "still loading" },
        { "-MOVED 3999 127.0.0.1:6381\r\n", false, MUSTER_E_CONFIG, "part of a cluster" },
        { "-ERR odd\x1b[31m thing\r\n", false, MUSTER_E_INVALID,
          "the server says: ERR odd?[31m thing" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake fake = { .bytes = cases[i].bytes, .closes = cases[i].closes };
        char url[64];
        snprintf(url, sizeof(url), "redis://127.0.0.1:%d", fake_start(&fake, &f->h.loop));
        int code = poll_with(f, QUEUE_SETTINGS("url", url, "list", "l", "timeout",
                                               strstr(cases[i].says, "300ms") ? "300ms" : "10s"));
        if (code != cases[i].code || !strstr(f->h.err.text, cases[i].says))
            fail_msg("case %zu: %d: %s", i, code, f->h.err.text);
        queue_harness_close(&f->h);
        uv_close((uv_handle_t *)&fake.listener, NULL);
        uv_run(&f->h.loop, UV_RUN_DEFAULT);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_passwords(void **state)
{
    struct fixture *f = need_redis(state);
    struct redis_fixture locked;
    char url[128], path[] = "/tmp/muster-test-XXXXXX";
    close(mkstemp(path));
    assert_true(redis_fixture_start(&locked, "can/ary"));
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", locked.url, "list", "l")), MUSTER_E_AUTH);
    assert_non_null(strstr(f->h.err.text, "wants a password: give it with password_file"));

    write_file(path, "can/ary\n");
    assert_int_equal(
        poll_with(f, QUEUE_SETTINGS("url", locked.url, "list", "l", "password_file", path)), 0);
    write_file(path, "canary-2\n");
    assert_int_equal(
        poll_with(f, QUEUE_SETTINGS("url", locked.url, "list", "l", "password_file", path)),
        MUSTER_E_AUTH);
    assert_non_null(strstr(f->h.err.text, "AUTH: the server refused"));
    assert_null(strstr(f->h.err.text, "canary"));

    snprintf(url, sizeof(url), "redis://:can%%2Fary@127.0.0.1:%d", locked.port);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", url, "list", "l")), 0);
    snprintf(url, sizeof(url), "redis://default:can%%2Fary@127.0.0.1:%d", locked.port);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", url, "list", "l")), 0);
    snprintf(url, sizeof(url), "redis://nobody:canary@127.0.0.1:%d", locked.port);
    assert_int_equal(poll_with(f, QUEUE_SETTINGS("url", url, "list", "l")), MUSTER_E_AUTH);
    assert_null(strstr(f->h.err.text, "canary"));
    redis_fixture_stop(&locked);

    /* a password for a server that wants none */
    assert_int_equal(POLL(f, "list", "l", "password_file", path), MUSTER_E_AUTH);
    unlink(path);
}

static void test_check(void **state)
{
    static const struct {
        const char *settings[5];
        const char *says;
    } cases[] = {
        { { NULL }, "redis: say where jobs wait: one of list, set, zset, stream, waiting" },
        { { "list", "l", "group", "g", NULL }, "group: a group belongs to a stream" },
        { { "list", "l", "scores", "seconds", NULL }, "scores: scores belong to a zset" },
        { { "list", "l", "url", "http://x", NULL }, "url: not of the form" },
        { { "list", "l", "url", "rediss://x", NULL }, "url: rediss:// (TLS) is not supported" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (queue_harness_open(&f->h, &queue_redis, cases[i].settings) ||
            !strstr(f->h.err.text, cases[i].says))
            fail_msg("case %zu: %s", i, f->h.err.text);
        queue_harness_close(&f->h);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kinds),
        TEST(test_missing_keys),
        TEST(test_wrong_kinds),
        TEST(test_scores),
        TEST(test_stream_group),
        TEST(test_stream_with_a_large_unknown_lag),
        TEST(test_stream_errors),
        TEST(test_odd_keys),
        TEST(test_databases_and_sockets),
        TEST(test_not_redis),
        TEST(test_no_server),
        TEST(test_server_comes_back),
        TEST(test_idle_connection_closed),
        TEST(test_server_hangs),
        TEST(test_close_in_flight),
        TEST(test_close_in_callback),
        TEST(test_passwords),
        TEST(test_check),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
