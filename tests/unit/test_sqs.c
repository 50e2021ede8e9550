/* The sources sqs and cloudwatch, against a server that is told what to say. */
#include "queue/sqs_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/queue_harness.h"
#include "tests/unit/tiny_server.h"

#define URL        "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs"
#define JSON(body) TINY_OK("application/x-amz-json-1.0", body)
#define COUNTS(visible, busy, delayed)                                                             \
    JSON("{\"Attributes\":{\"ApproximateNumberOfMessages\":" visible                               \
         ",\"ApproximateNumberOfMessagesNotVisible\":" busy                                        \
         ",\"ApproximateNumberOfMessagesDelayed\":" delayed "}}")

struct fixture {
    struct queue_harness h;
    struct tiny_server *server;
    struct tiny_answer answers[2]; /* the server's while it runs */
    char sent[8192];
};

static void start(struct fixture *f, const char *bytes)
{
    f->answers[0] = (struct tiny_answer){ .path = "/", .bytes = bytes };
    f->answers[1] = (struct tiny_answer){ 0 };
    unsetenv("AWS_SESSION_TOKEN");
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    queue_harness_init(&f->h);
    f->server = tiny_server_start(f->answers, NULL);
    setenv("AWS_ENDPOINT_URL", tiny_server_url(f->server, ""), 1);
}

static void stop(struct fixture *f)
{
    queue_harness_release(&f->h);
    tiny_server_stop(f->server);
}

static int poll_once(struct fixture *f, const struct queue_plugin *plugin,
                     const char *const *settings, const char *bytes)
{
    start(f, bytes);
    assert_true(queue_harness_open(&f->h, plugin, settings));
    int code = queue_harness_poll(&f->h);
    tiny_server_request(f->server, f->sent, sizeof(f->sent));
    return code;
}

static void test_counts(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(
        poll_once(&f, &queue_sqs, QUEUE_SETTINGS("url", URL), COUNTS("\"12\"", "\"3\"", "\"4\"")),
        0);
    assert_true(f.h.sample.waiting > 15.5 && f.h.sample.waiting < 16.5);
    assert_true(f.h.sample.has_running && f.h.sample.running > 2.5 && f.h.sample.running < 3.5);
    assert_false(f.h.sample.has_oldest);
    assert_non_null(strstr(f.sent, "X-Amz-Target: AmazonSQS.GetQueueAttributes"));
    assert_non_null(strstr(f.sent, "/eu-central-1/sqs/aws4_request"));
    assert_non_null(strstr(f.sent, "\"QueueUrl\":\"" URL "\""));
    stop(&f);
    assert_int_equal(poll_once(&f, &queue_sqs, QUEUE_SETTINGS("url", URL, "delayed", "no"),
                               COUNTS("\"12\"", "\"3\"", "\"4\"")),
                     0);
    assert_true(f.h.sample.waiting > 11.5 && f.h.sample.waiting < 12.5);
    stop(&f);
}

static void test_not_counts(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int code;
    } cases[] = {
        { COUNTS("12", "\"3\"", "\"4\""), MUSTER_E_INVALID },
        { COUNTS("\"-1\"", "\"3\"", "\"4\""), MUSTER_E_INVALID },
        { COUNTS("\"\"", "\"3\"", "\"4\""), MUSTER_E_INVALID },
        { COUNTS("\"1e3\"", "\"3\"", "\"4\""), MUSTER_E_INVALID },
        { JSON("{}"), MUSTER_E_INVALID },
        { JSON(""), MUSTER_E_INVALID },
        { JSON("<html>login</html>"), MUSTER_E_INVALID },
        { "HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{\"__type\":\"com.amazonaws.sqs#"
          "QueueDoesNotExist\",\"message\":\"no queue\"}",
          MUSTER_E_CONFIG },
        { "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{\"__type\":\"AccessDenied\"}",
          MUSTER_E_AUTH },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        int code = poll_once(&f, &queue_sqs, QUEUE_SETTINGS("url", URL), cases[i].bytes);
        if (code != cases[i].code)
            fail_msg("case %zu: %s", i, f.h.err.text);
        stop(&f);
    }
}

static void test_cloudwatch(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        int code;
        int waiting;
    } cases[] = {
        { "newest first",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"StatusCode\":\"Complete\",\"Timestamps\":"
               "[200,140],\"Values\":[7,3]}]}"),
          0, 7 },
        { "newest last",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[140,200],\"Values\":[3,7]}]"
               "}"),
          0, 7 },
        { "zero is a value",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1],\"Values\":[0]}]}"), 0,
          0 },
        { "empty is not zero",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[],\"Values\":[]}]}"),
          MUSTER_E_INVALID, 0 },
        { "no result", JSON("{\"MetricDataResults\":[]}"), MUSTER_E_INVALID, 0 },
        { "no values", JSON("{\"MetricDataResults\":[{\"Id\":\"m0\"}]}"), MUSTER_E_INVALID, 0 },
        { "negative",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1],\"Values\":[-1]}]}"),
          MUSTER_E_INVALID, 0 },
        { "text",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1],\"Values\":[\"1\"]}]}"),
          MUSTER_E_INVALID, 0 },
        { "forbidden",
          JSON("{\"MetricDataResults\":[{\"Id\":\"m0\",\"StatusCode\":\"Forbidden\"}]}"),
          MUSTER_E_AUTH, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        int code = poll_once(&f, &queue_cloudwatch,
                             QUEUE_SETTINGS("region", "us-east-1", "namespace", "N", "metric", "M",
                                            "dimensions", "Q=r,S=p"),
                             cases[i].bytes);
        if (code != cases[i].code || (code == 0 && (int)f.h.sample.waiting != cases[i].waiting))
            fail_msg("%s: %s", cases[i].name, f.h.err.text);
        assert_non_null(strstr(f.sent, "{\"Name\":\"S\",\"Value\":\"p\"}"));
        assert_non_null(strstr(f.sent, "/us-east-1/monitoring/aws4_request"));
        stop(&f);
    }
}

static void refuse(const struct queue_plugin *plugin, const char *const *settings, const char *why)
{
    struct queue_harness h;
    queue_harness_init(&h);
    assert_false(queue_harness_open(&h, plugin, settings));
    if (!strstr(h.err.text, why))
        fail_msg("%s", h.err.text);
    queue_harness_release(&h);
}

static void test_refused_settings(void **state)
{
    (void)state;
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    refuse(&queue_sqs, QUEUE_SETTINGS("url", "jobs"), "not a queue's URL");
    refuse(&queue_sqs, QUEUE_SETTINGS("url", "https://sqs.x.amazonaws.com"), "without a queue");
    refuse(&queue_sqs, QUEUE_SETTINGS("url", "http://127.0.0.1:1/1/jobs"), "no AWS region");
    refuse(&queue_cloudwatch, QUEUE_SETTINGS("namespace", "n", "metric", "m", "dimensions", "x"),
           "NAME=VALUE");
    refuse(&queue_cloudwatch, QUEUE_SETTINGS("namespace", "n", "metric", "m", "period", "7s"),
           "whole minutes");
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *region, *name;
    } cases[] = {
        { URL, "eu-central-1", "jobs" },
        { "https://sqs.cn-north-1.amazonaws.com.cn/1/j.fifo", "cn-north-1", "j.fifo" },
        { "https://eu-west-1.queue.amazonaws.com/1/j", "eu-west-1", "j" },
        { "https://queue.amazonaws.com/1/j", "us-east-1", "j" },
        { "https://sqs-fips.us-east-2.amazonaws.com/1/j", "us-east-2", "j" },
        { "http://localhost:4566/0/j", NULL, "j" },
        { "https://sqs.evil.example.com/1/j", NULL, "j" },
        { "https://h/", NULL, NULL },
        { "https://h", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char region[64] = "";
        const char *name = sqs_url_name(cases[i].url);
        bool known = sqs_url_region(cases[i].url, region, sizeof(region));
        if (known != (cases[i].region != NULL) || (known && strcmp(region, cases[i].region) != 0) ||
            (name == NULL) != (cases[i].name == NULL) || (name && strcmp(name, cases[i].name) != 0))
            fail_msg("%s: %s, %s", cases[i].url, region, name ? name : "no name");
    }
}

/* A source that is closed while it is asked never answers, and leaks nothing. */
static void test_close_in_flight(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    assert_true(queue_harness_open(&f.h, &queue_sqs, QUEUE_SETTINGS("url", URL)));
    queue_harness_start(&f.h);
    uv_run(&f.h.loop, UV_RUN_NOWAIT);
    queue_harness_close(&f.h);
    uv_run(&f.h.loop, UV_RUN_NOWAIT);
    assert_int_equal(f.h.answers, 0);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),     cmocka_unit_test(test_not_counts),
        cmocka_unit_test(test_cloudwatch), cmocka_unit_test(test_refused_settings),
        cmocka_unit_test(test_urls),       cmocka_unit_test(test_close_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
