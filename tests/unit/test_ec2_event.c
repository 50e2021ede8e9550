/* ec2_event, sqs_messages: what comes out of a queue of notices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/ec2_event.h"
#include "queue/sqs_messages.h"

#define EVENT(source, type, detail)                                                                \
    "{\"version\":\"0\",\"id\":\"7\",\"source\":\"" source "\",\"detail-type\":\"" type            \
    "\",\"account\":\"123456789012\",\"time\":\"2026-11-22T08:22:00Z\",\"region\":\"us-east-2\","  \
    "\"resources\":[\"arn:aws:ec2:us-east-2a:instance/i-0123\"],\"detail\":" detail "}"
#define EC2(type, detail) EVENT("aws.ec2", type, detail)
#define WARNING           "EC2 Spot Instance Interruption Warning"
#define STATE(state)                                                                               \
    EC2("EC2 Instance State-change Notification",                                                  \
        "{\"instance-id\":\"i-0123\",\"state\":\"" state "\"}")

static void events(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        const char *node; /* NULL: it says nothing of an end */
        enum notice what;
    } cases[] = {
        { EC2(WARNING, "{\"instance-id\":\"i-0123\",\"instance-action\":\"terminate\"}"), 0,
          "i-0123", NOTICE_TAKEN_BACK },
        { EC2(WARNING, "{\"instance-id\":\"i-0123\",\"instance-action\":\"stop\"}"), 0, "i-0123",
          NOTICE_TAKEN_BACK },
        { EC2("EC2 Interruptible Capacity Reservation Instance Interruption Warning",
              "{\"instance-id\":\"i-0123\"}"),
          0, "i-0123", NOTICE_TAKEN_BACK },
        { EC2("EC2 Instance Rebalance Recommendation", "{\"instance-id\":\"i-0123\"}"), 0, "i-0123",
          NOTICE_REBALANCE },
        { STATE("shutting-down"), 0, "i-0123", NOTICE_ENDED },
        { STATE("terminated"), 0, "i-0123", NOTICE_ENDED },
        { STATE("stopping"), 0, "i-0123", NOTICE_ENDED },
        { STATE("stopped"), 0, "i-0123", NOTICE_ENDED },
        { STATE("running"), 0, NULL, 0 },
        { STATE("pending"), 0, NULL, 0 },
        { EC2("EC2 Spot Instance Request Fulfillment", "{\"instance-id\":\"i-0123\"}"), 0, NULL,
          0 },
        { EVENT("aws.health", "AWS Health Event", "{\"service\":\"EC2\"}"), 0, NULL, 0 },
        { EVENT("somebody", WARNING, "{\"instance-id\":\"i-0123\"}"), 0, NULL, 0 },
        { EC2(WARNING, "{}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "{\"instance-id\":7}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "{\"instance-id\":\"\"}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "{\"instance-id\":\"i-\"}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "{\"instance-id\":\"i-01\\nx=1\"}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "{\"instance-id\":\"local-1\"}"), MUSTER_E_INVALID, NULL, 0 },
        { EC2(WARNING, "[]"), MUSTER_E_INVALID, NULL, 0 },
        { "{\"source\":\"aws.ec2\"}", MUSTER_E_INVALID, NULL, 0 },
        { "[]", MUSTER_E_INVALID, NULL, 0 },
        { "hello", MUSTER_E_INVALID, NULL, 0 },
        { "", MUSTER_E_INVALID, NULL, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ec2_event event = { 0 };
        struct error err = { 0 };
        if (ec2_event_parse(str_from(cases[i].text), &event, &err) != cases[i].rc)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(event.end, cases[i].node != NULL);
        assert_string_equal(event.node, cases[i].node ? cases[i].node : "");
        assert_int_equal(event.what, cases[i].what);
    }
}

static void messages(void **state)
{
    (void)state;
    struct sqs_messages m;
    struct buf body = { 0 };
    struct error err = { 0 };
    assert_int_equal(sqs_read_messages(STR("{}"), &m, &err), 0);
    assert_int_equal(m.len, 0);
    sqs_messages_release(&m);
    struct str two =
        STR("{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"r1\",\"Body\":\"x\"},"
            "{\"ReceiptHandle\":\"r2\",\"Body\":\"y\","
            "\"Attributes\":{\"ApproximateReceiveCount\":\"4\"}}]}");
    assert_int_equal(sqs_read_messages(two, &m, &err), 0);
    assert_int_equal(m.len, 2);
    assert_string_equal(m.all[0].id, "a");
    assert_int_equal(m.all[0].received, 1);
    assert_string_equal(m.all[1].body, "y");
    assert_int_equal(m.all[1].received, 4);
    sqs_write_delete("https://q", &m, 2, &body);
    assert_string_equal(buf_text(&body), "{\"QueueUrl\":\"https://q\",\"Entries\":["
                                         "{\"Id\":\"1\",\"ReceiptHandle\":\"r2\"}]}");
    sqs_messages_release(&m);
    buf_release(&body);
    static const char *const broken[] = {
        "",
        "[]",
        "{\"Messages\":{}}",
        "{\"Messages\":[{\"Body\":\"x\"}]}",
        "{\"Messages\":[7]}",
        "{\"Messages\":[{\"ReceiptHandle\":\"r\",\"Body\":null}]}",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_int_equal(sqs_read_messages(str_from(broken[i]), &m, &err), MUSTER_E_INVALID);
    assert_int_equal(sqs_read_delete(STR("{\"Successful\":[{\"Id\":\"0\"}]}")), 0);
    assert_int_equal(sqs_read_delete(STR("{\"Successful\":[],\"Failed\":[{\"Id\":\"0\"}]}")), 1);
    assert_int_equal(sqs_read_delete(STR("oops")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(events), cmocka_unit_test(messages) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
