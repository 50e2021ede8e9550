/* Every allocation of what reads the cloud's notices made to fail in turn: nothing is taken for a notice
 * that is none, nothing leaks, and no message is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <cmocka.h>

#include "queue/ec2_event.h"
#include "queue/notice_queue.h"
#include "queue/sqs_messages.h"
#include "runtime/notice_read.h"
#include "runtime/notice_watch.h"
#include "tests/unit/oom.h"

static void test_event(void **state)
{
    (void)state;
    struct str text = STR("{\"source\":\"aws.ec2\",\"detail-type\":"
                          "\"EC2 Instance Rebalance Recommendation\","
                          "\"detail\":{\"instance-id\":\"i-0123\"}}");
    for (long n = 0; oom_sweep(n); n++) {
        struct ec2_event event = { 0 };
        oom_arm(n);
        int rc = ec2_event_parse(text, &event, NULL);
        bool hit = oom_disarm();
        assert_true(rc == 0 ? event.what == NOTICE_REBALANCE : hit && !event.end);
    }
}

static void test_messages(void **state)
{
    (void)state;
    struct str text =
        STR("{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"r1\",\"Body\":\"x\"},"
            "{\"ReceiptHandle\":\"r2\",\"Body\":\"y\"}]}");
    for (long n = 0; oom_sweep(n); n++) {
        struct sqs_messages messages = { 0 };
        struct buf body = { 0 };
        oom_arm(n);
        int rc = sqs_read_messages(text, &messages, NULL);
        if (rc == 0)
            sqs_write_delete("https://sqs", &messages, 3, &body);
        bool hit = oom_disarm();
        assert_true(rc == 0 || hit);
        /* A body that lost a part is not sent. */
        assert_true(rc < 0 || buf_failed(&body) || strstr(buf_text(&body), "r2"));
        sqs_messages_release(&messages);
        buf_release(&body);
    }
}

static void test_metadata(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        oom_arm(n);
        enum notice_word word = notice_read_aws_action(200, STR("{\"action\":\"terminate\"}"));
        bool hit = oom_disarm();
        assert_int_equal(word, hit ? NOTICE_WORD_ODD : NOTICE_WORD_END);
    }
}

static void never(void *ctx, enum notice_word word, const char *what)
{
    (void)ctx;
    (void)word;
    (void)what;
    fail();
}

static void test_watch(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct log log = { .fd = -1, .level = LOG_ERROR, .clock = &clock_system };
    uv_loop_init(&loop);
    for (long n = 0; oom_sweep(n); n++) {
        struct notice_watch *watch = NULL;
        oom_arm(n);
        int rc = notice_watch_new(&loop, &log, WATCH_AWS, never, NULL, &watch, NULL);
        bool hit = oom_disarm();
        assert_true(rc == 0 || (hit && !watch));
        notice_watch_free(watch);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
