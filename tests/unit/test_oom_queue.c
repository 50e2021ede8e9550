/*
 * Every allocation of the queue sources and the HTTP client made to fail in turn: a poll then answers
 * with an error, once and later, or with the right numbers; never with a zero. Nothing leaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "oom.h"
#include "queue/exec_words.h"
#include "queue/http_headers.h"
#include "queue/payload.h"
#include "queue/redis_batch.h"
#include "tests/unit/queue_harness.h"
#include "tests/unit/redis_fixture.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

static void test_words(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct exec_words words = { 0 };
        oom_arm(n);
        int rc = exec_words_split("a 'b c' d", &words, NULL);
        assert_int_equal(rc, oom_disarm() ? MUSTER_E_NOMEM : 0);
        assert_true(rc == 0 || !words.argv);
        exec_words_release(&words);
    }
}

static void test_payload(void **state)
{
    static const struct payload_places places = { .waiting = "/waiting" };
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct sample sample = { .waiting = -1 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = payload_read(STR("{\"waitng\": 1, \"b\": 2}"), &places, &sample, &err);
        oom_disarm();
        assert_int_equal(rc, MUSTER_E_INVALID);
    }
}

/* A batch that lost a command must not be sent. */
static void test_batch(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct redis_batch batch = { 0 }, more = { 0 };
        oom_arm(n);
        for (int i = 0; i < 50; i++)
            redis_ask(&batch, "LLEN", "a key of some length");
        redis_batch_append(&more, &batch);
        bool failed = oom_disarm();
        int rc =
            redis_batch_failed(&batch) ? redis_batch_failed(&batch) : redis_batch_failed(&more);
        assert_int_equal(rc, failed ? MUSTER_E_NOMEM : 0);
        redis_batch_release(&batch);
        redis_batch_release(&more);
    }
}

static void test_headers(void **state)
{
    char path[] = "/tmp/muster-test-XXXXXX";
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "A: b\n", 5), 5);
    close(fd);
    for (long n = 0; oom_sweep(n); n++) {
        struct http_headers headers = { 0 };
        oom_arm(n);
        int rc = http_headers_read(path, NULL, &headers, NULL);
        bool failed = oom_disarm();
        assert_int_equal(rc, failed ? MUSTER_E_NOMEM : 0);
        http_headers_release(&headers);
    }
    unlink(path);
}

static void test_open(void **state)
{
    (void)state;
    for (const struct queue_plugin *const *q = queues; *q; q++) {
        void *options = calloc(1, (*q)->options.size);
        struct queue_harness h;
        queue_harness_init(&h);
        assert_int_equal(option_set_defaults(&(*q)->options, options, NULL), 0);
        static const char *const required[] = { "dir",    "command",     "url",       "waiting",
                                                "queue",  "region",      "namespace", "metric",
                                                "filter", "subscription" };
        for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
            const struct option *row = option_find(&(*q)->options, str_from(required[i]));
            if (row && row->type == OPTION_TYPE_STRING && !row->fallback)
                assert_int_equal(option_parse(row, options, STR("xyz"), NULL), 0);
        }
        struct queue_env env = { .loop = &h.loop,
                                 .clock = &clock_system,
                                 .http = h.http,
                                 .aws = h.aws,
                                 .aws_settings = &h.aws_settings,
                                 .gcp = h.gcp,
                                 .gcp_settings = &h.gcp_settings };
        for (long n = 0; oom_sweep(n); n++) {
            struct queue *queue = NULL;
            oom_arm(n);
            int rc = (*q)->open(&env, options, &queue, NULL);
            bool failed = oom_disarm();
            assert_int_equal(rc, failed ? MUSTER_E_NOMEM : 0);
            assert_true((queue == NULL) == failed);
            (*q)->close(queue);
        }
        queue_harness_release(&h);
        option_set_release(&(*q)->options, options);
        free(options);
    }
}

/* A poll of a new source, so that connecting is part of it. */
static void sweep_polls(const struct queue_plugin *plugin, const char *const *settings,
                        double waiting)
{
    for (long n = 0; oom_sweep(n); n++) {
        struct queue_harness h;
        queue_harness_init(&h);
        if (!queue_harness_open(&h, plugin, settings))
            fail_msg("%s", h.err.text);
        oom_arm(n);
        int code = queue_harness_poll(&h);
        bool failed = oom_disarm();
        if (code != 0 && (!failed || !h.err.text[0]))
            fail_msg("allocation %ld: %s", n, h.err.text);
        if (code == 0)
            assert_float_equal(h.sample.waiting, waiting, 0);
        /* and the source is none the worse for it */
        for (int i = 0; i < 200 && queue_harness_poll(&h) != 0; i++)
            usleep(10000);
        assert_int_equal(h.err.code, 0);
        assert_float_equal(h.sample.waiting, waiting, 0);
        queue_harness_release(&h);
    }
}

static void test_spool_polls(void **state)
{
    char dir[] = "/tmp/muster-test-XXXXXX", command[128];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof(command), "cd %s && mkdir waiting running && touch waiting/a", dir);
    assert_int_equal(system(command), 0);
    sweep_polls(&queue_spool, QUEUE_SETTINGS("dir", dir), 1);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void test_exec_polls(void **state)
{
    (void)state;
    sweep_polls(&queue_exec, QUEUE_SETTINGS("command", "echo noise >&2; echo 3", "shell", "yes"),
                3);
}

static void test_http_polls(void **state)
{
    static const struct tiny_answer answers[] = {
        { .path = "/n", .bytes = TINY_OK("application/json", "{\"n\": 7}") },
        { 0 },
    };
    struct tiny_server *server = tiny_server_start(answers, NULL);
    char url[64];
    (void)state;
    snprintf(url, sizeof(url), "%s", tiny_server_url(server, "/n"));
    sweep_polls(&queue_http, QUEUE_SETTINGS("url", url, "waiting", "/n"), 7);
    tiny_server_stop(server);
}

static void test_redis_polls(void **state)
{
    struct redis_fixture redis;
    (void)state;
    if (!redis_fixture_start(&redis, NULL)) {
        print_message("there is no redis-server on this machine\n");
        skip();
    }
    redis_fixture_do(&redis, "RPUSH l a b");
    redis_fixture_do(&redis, "RPUSH celery a");
    redis_fixture_do(&redis, "HSET unacked 1 %s", "[{},\"x\",\"y\"]");
    redis_fixture_do(&redis, "SADD processes one two");
    redis_fixture_do(&redis, "LPUSH queue:default %s", "{\"enqueued_at\": 1}");
    redis_fixture_do(&redis, "LPUSH bull:q:wait 1");
    redis_fixture_do(&redis, "RPUSH rq:queue:default 1");
    sweep_polls(&queue_redis, QUEUE_SETTINGS("url", redis.url, "waiting", "l", "running", "l"), 2);
    sweep_polls(&queue_celery, QUEUE_SETTINGS("url", redis.url), 1);
    sweep_polls(&queue_sidekiq, QUEUE_SETTINGS("url", redis.url), 1);
    sweep_polls(&queue_rq, QUEUE_SETTINGS("url", redis.url), 1);
    sweep_polls(&queue_bullmq, QUEUE_SETTINGS("url", redis.url, "queue", "q"), 1);
    redis_fixture_stop(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),       cmocka_unit_test(test_payload),
        cmocka_unit_test(test_batch),       cmocka_unit_test(test_headers),
        cmocka_unit_test(test_open),        cmocka_unit_test(test_spool_polls),
        cmocka_unit_test(test_exec_polls),  cmocka_unit_test(test_http_polls),
        cmocka_unit_test(test_redis_polls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
