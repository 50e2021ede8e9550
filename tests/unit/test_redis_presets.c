/*
 * The sources that know the keys of Celery, RQ, Sidekiq and BullMQ, on keys made by hand as these
 * libraries make them. tests/integration/test_presets.py has the libraries themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queue/redis_bindings.h"
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
    f->h.wall_ns = NOW_S * NS_PER_S + 500 * NS_PER_MS;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    queue_harness_release(&f->h);
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

static void poll_with(struct fixture *f, const struct queue_plugin *plugin,
                      const char *const *settings)
{
    queue_harness_close(&f->h);
    if (!queue_harness_open(&f->h, plugin, settings) || queue_harness_poll(&f->h) != 0)
        fail_msg("%s", f->h.err.text);
}

#define POLL(f, plugin, ...)                                                                       \
    poll_with((f), (plugin), QUEUE_SETTINGS("url", (f)->redis->url __VA_OPT__(, ) __VA_ARGS__))

static void check_sample(const struct fixture *f, double waiting, double running)
{
    assert_float_equal(f->h.sample.waiting, waiting, 0);
    assert_true(f->h.sample.has_running);
    assert_float_equal(f->h.sample.running, running, 0);
}

static void check_oldest(const struct fixture *f, double oldest_s)
{
    assert_true(f->h.sample.has_oldest);
    assert_float_equal(f->h.sample.oldest_s, oldest_s, 1e-3);
}

/* ---- Celery ------------------------------------------------------------------------------------ */

static void test_celery_waiting(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, &queue_celery);
    check_sample(f, 0, 0);
    redis_fixture_do(f->redis, "RPUSH celery a b c");
    redis_fixture_do(f->redis, "RPUSH %s d e",
                     "celery\x06\x16"
                     "3");
    redis_fixture_do(f->redis, "RPUSH %s f",
                     "celery\x06\x16"
                     "9");
    redis_fixture_do(f->redis, "RPUSH other x");
    redis_fixture_do(f->redis, "RPUSH app:mail y");
    POLL(f, &queue_celery);
    check_sample(f, 6, 0);
    assert_false(f->h.sample.has_oldest);
    POLL(f, &queue_celery, "queue", "mail", "prefix", "app:");
    check_sample(f, 1, 0);
}

static void test_celery_in_flight(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "HSET unacked 1 %s 2 %s 3 %s 4 %s 5 %s",
                     "[{\"body\":1},\"\",\"celery\"]", "[{},\"celery\",\"celery\"]",
                     "[{},\"\",\"other\"]", "not JSON", "[1]");
    POLL(f, &queue_celery);
    check_sample(f, 0, 4); /* the two that cannot be read may be ours */
    POLL(f, &queue_celery, "queue", "other");
    check_sample(f, 0, 3);
}

static void test_celery_topics(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "SADD _kombu.binding.media %s %s",
                     "image.#\x06\x16^image\\..*?$\x06\x16pictures",
                     "video.*\x06\x16^video\\..*?$\x06\x16"
                     "films");
    redis_fixture_do(f->redis, "HSET unacked 1 %s 2 %s 3 %s 4 %s",
                     "[{},\"media\",\"image.large.png\"]", "[{},\"media\",\"image.small\"]",
                     "[{},\"media\",\"video.mp4\"]", "[{},\"gone\",\"image.x\"]");
    POLL(f, &queue_celery, "queue", "pictures");
    check_sample(f, 0, 2);
    POLL(f, &queue_celery, "queue", "films");
    check_sample(f, 0, 1);
    POLL(f, &queue_celery);
    check_sample(f, 0, 0);
}

/* With very much in flight the values are not fetched; all counts, so that nothing is cut off. */
static void test_celery_with_much_in_flight(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "EVAL %s 0",
                     "for i = 1, 10001 do redis.call('HSET', 'unacked', i, '[{},\"\",\"x\"]') end");
    POLL(f, &queue_celery);
    check_sample(f, 0, 10001);
    redis_fixture_do(f->redis, "HDEL unacked 1");
    POLL(f, &queue_celery);
    check_sample(f, 0, 0);
}

static void test_topics(void **state)
{
    static const struct {
        const char *pattern, *key;
        bool matches;
    } cases[] = {
        { "a", "a", true },
        { "a", "b", false },
        { "a.b", "a.b", true },
        { "a.b", "a", false },
        { "a", "a.b", false },
        { "*", "a", true },
        { "*", "a.b", false },
        { "a.*", "a.b", true },
        { "a.*", "a", false },
        { "#", "a.b.c", true },
        { "#", "", true },
        { "a.#", "a", true },
        { "a.#", "a.b.c", true },
        { "#.c", "a.b.c", true },
        { "#.c", "c", true },
        { "a.#.c", "a.c", true },
        { "a.#.c", "a.b.b.c", true },
        { "a.#.c", "a.b", false },
        { "#.b.#", "a.b.c", true },
        { "#.b.*", "a.b", false },
        { "*.#", "", false },
        { "#.x.#.y", "x.a.y.b.y", true },
        { "#.#.#.z", "a.a.a.a.a.a", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (redis_topic_matches(str_from(cases[i].pattern), str_from(cases[i].key)) !=
            cases[i].matches)
            fail_msg("%s %s", cases[i].pattern, cases[i].key);
    }
}

/* ---- RQ ---------------------------------------------------------------------------------------- */

static void test_rq(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, &queue_rq);
    check_sample(f, 0, 0);
    assert_false(f->h.sample.has_oldest);
    redis_fixture_do(f->redis, "RPUSH rq:queue:default one two");
    redis_fixture_do(f->redis, "HSET rq:job:one enqueued_at %s created_at %s",
                     "2023-11-14T22:12:20.250000Z", "2023-11-14T20:00:00Z");
    redis_fixture_do(f->redis, "ZADD rq:wip:default %lld dead:1 %lld alive:2 +inf forever:3",
                     (long long)NOW_S - 100, (long long)NOW_S + 60);
    redis_fixture_do(f->redis, "RPUSH rq:queue:default:intermediate moving");
    redis_fixture_do(f->redis, "ZADD rq:scheduled:default %lld due %lld later",
                     (long long)NOW_S - 1, (long long)NOW_S + 100);
    POLL(f, &queue_rq);
    check_sample(f, 3, 3);
    check_oldest(f, 60.25);
    POLL(f, &queue_rq, "scheduled", "no");
    check_sample(f, 2, 3);
    POLL(f, &queue_rq, "queue", "high");
    check_sample(f, 0, 0);
}

static void test_rq_times(void **state)
{
    static const struct {
        const char *enqueued, *created;
        double oldest_s; /* < 0: not known */
    } cases[] = {
        { "2023-11-14T22:13:10Z", "", 10.5 },
        { "", "2023-11-14T22:13:10Z", 10.5 },
        { "junk", "2023-11-14T22:13:10Z", 10.5 },
        { "2023-11-14T22:13:30Z", "", 0 },  /* a clock a little ahead of ours */
        { "2024-11-14T22:13:30Z", "", -1 }, /* and one that is wrong */
        { "1970-01-02T00:00:00Z", "", -1 },
        { "", "", -1 },
    };
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "RPUSH rq:queue:default one");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        redis_fixture_do(f->redis, "HSET rq:job:one enqueued_at %s created_at %s",
                         cases[i].enqueued, cases[i].created);
        POLL(f, &queue_rq);
        check_sample(f, 1, 0);
        assert_int_equal(f->h.sample.has_oldest, cases[i].oldest_s >= 0);
        if (cases[i].oldest_s >= 0)
            check_oldest(f, cases[i].oldest_s);
    }
}

/* ---- Sidekiq ----------------------------------------------------------------------------------- */

static void test_sidekiq(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, &queue_sidekiq);
    check_sample(f, 0, 0);
    redis_fixture_do(f->redis, "LPUSH queue:default %s %s",
                     "{\"class\":\"A\",\"enqueued_at\":1699999990.5}",
                     "{\"class\":\"B\",\"enqueued_at\":1699999995.5}");
    POLL(f, &queue_sidekiq);
    check_sample(f, 2, 0);
    check_oldest(f, 10);
    redis_fixture_do(f->redis, "RPUSH queue:default %s", "{\"enqueued_at\":1699999980500}");
    POLL(f, &queue_sidekiq);
    check_sample(f, 3, 0);
    check_oldest(f, 20);
}

static void test_sidekiq_busy(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "SADD processes host:1:aa host:2:bb host:3:gone");
    redis_fixture_do(f->redis, "HSET host:1:aa:work t1 %s t2 %s",
                     "{\"queue\":\"default\",\"run_at\":1}", "{\"queue\":\"mail\",\"run_at\":1}");
    redis_fixture_do(f->redis, "HSET host:2:bb:workers t1 %s",
                     "{\"queue\":\"default\",\"payload\":{}}");
    POLL(f, &queue_sidekiq);
    check_sample(f, 0, 2);
    POLL(f, &queue_sidekiq, "queue", "mail");
    check_sample(f, 0, 1);
    POLL(f, &queue_sidekiq, "queue", "mail", "prefix", "app:");
    check_sample(f, 0, 0);
}

static void test_sidekiq_due(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "ZADD schedule %lld %s %lld %s %lld %s", (long long)NOW_S - 1,
                     "{\"queue\":\"default\",\"jid\":\"1\"}", (long long)NOW_S - 2,
                     "{\"queue\":\"mail\",\"jid\":\"2\"}", (long long)NOW_S + 50,
                     "{\"queue\":\"default\",\"jid\":\"3\"}");
    redis_fixture_do(f->redis, "ZADD retry %lld %s", (long long)NOW_S - 1,
                     "{\"queue\":\"default\",\"jid\":\"4\"}");
    POLL(f, &queue_sidekiq);
    check_sample(f, 2, 0);
    POLL(f, &queue_sidekiq, "scheduled", "no");
    check_sample(f, 0, 0);
    redis_fixture_do(
        f->redis, "EVAL %s 0",
        "for i = 1, 3998 do redis.call('ZADD', 'schedule', i, '{\"queue\":\"' .. (i % 2 == 0 and "
        "'default' or 'mail') .. '\",\"jid\":\"' .. i .. '\"}') end");
    POLL(f, &queue_sidekiq);
    check_sample(f, 2001, 0); /* half of the 4000 that are due, and the retry */
}

/* ---- BullMQ ------------------------------------------------------------------------------------ */

static void test_bullmq(void **state)
{
    struct fixture *f = need_redis(state);
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 0, 0);
    assert_false(f->h.sample.has_completed);
    redis_fixture_do(f->redis, "LPUSH bull:q:wait 1 2 3");
    redis_fixture_do(f->redis, "HSET bull:q:1 timestamp 1699999990500 opts {}");
    redis_fixture_do(f->redis, "ZADD bull:q:prioritized 5 4 6 5");
    redis_fixture_do(f->redis, "HSET bull:q:4 timestamp 1699999900500 opts %s",
                     "{\"delay\":30000}");
    redis_fixture_do(f->redis, "LPUSH bull:q:active 8 9");
    redis_fixture_do(f->redis, "ZADD bull:q:delayed %lld 6 %lld 7",
                     (long long)(NOW_S * 1000) * 4096 + 3, (long long)(NOW_S * 1000 + 9000) * 4096);
    redis_fixture_do(f->redis, "HSET bull:q:metrics:completed count 40");
    redis_fixture_do(f->redis, "HSET bull:q:metrics:failed count 2");
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 6, 2);
    check_oldest(f, 70);
    assert_float_equal(f->h.sample.completed, 42, 0);
    redis_fixture_do(f->redis, "HSET bull:q:meta paused 1");
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 0, 2);
    POLL(f, &queue_bullmq, "queue", "q", "prefix", "mine");
    check_sample(f, 0, 0);
}

static void test_bullmq_markers(void **state)
{
    struct fixture *f = need_redis(state);
    redis_fixture_do(f->redis, "LPUSH bull:q:wait 0:0");
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 0, 0);
    redis_fixture_do(f->redis, "LPUSH bull:q:wait 5");
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 1, 0);
    redis_fixture_do(f->redis, "DEL bull:q:wait");
    redis_fixture_do(f->redis, "RPUSH bull:q:wait 0:1700000000000 5 6");
    POLL(f, &queue_bullmq, "queue", "q");
    check_sample(f, 2, 0);
}

/* ---- all --------------------------------------------------------------------------------------- */

static void test_wrong_kind_is_an_error(void **state)
{
    static const struct {
        const struct queue_plugin *plugin;
        const char *key;
    } cases[] = {
        { &queue_celery, "q" },           { &queue_celery, "unacked" },
        { &queue_rq, "rq:queue:q" },      { &queue_rq, "rq:wip:q" },
        { &queue_sidekiq, "queue:q" },    { &queue_sidekiq, "processes" },
        { &queue_bullmq, "bull:q:wait" }, { &queue_bullmq, "bull:q:active" },
    };
    struct fixture *f = need_redis(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        redis_fixture_do(f->redis, "FLUSHALL");
        redis_fixture_do(f->redis, "SET %s text", cases[i].key);
        assert_true(queue_harness_open(&f->h, cases[i].plugin,
                                       QUEUE_SETTINGS("url", f->redis->url, "queue", "q")));
        int code = queue_harness_poll(&f->h);
        if (code != MUSTER_E_CONFIG || !strstr(f->h.err.text, cases[i].key))
            fail_msg("%s: %d: %s", cases[i].key, code, f->h.err.text);
        queue_harness_close(&f->h);
    }
}

static void test_names(void **state)
{
    static const struct queue_plugin *const plugins[] = { &queue_celery, &queue_rq, &queue_sidekiq,
                                                          &queue_bullmq };
    struct fixture *f = *state;
    char name[300];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
        assert_false(queue_harness_open(&f->h, plugins[i], QUEUE_SETTINGS("queue", name)));
        queue_harness_close(&f->h);
        assert_false(queue_harness_open(&f->h, plugins[i], QUEUE_SETTINGS("queue", "")));
        queue_harness_close(&f->h);
        assert_ptr_equal(queue_find(plugins[i]->options.name), plugins[i]);
    }
    assert_null(queue_find("kafka"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_celery_waiting),
        TEST(test_celery_in_flight),
        TEST(test_celery_topics),
        TEST(test_celery_with_much_in_flight),
        cmocka_unit_test(test_topics),
        TEST(test_rq),
        TEST(test_rq_times),
        TEST(test_sidekiq),
        TEST(test_sidekiq_busy),
        TEST(test_sidekiq_due),
        TEST(test_bullmq),
        TEST(test_bullmq_markers),
        TEST(test_wrong_kind_is_an_error),
        TEST(test_names),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
