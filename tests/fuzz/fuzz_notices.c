/*
 * What queues and metadata services say of machines' ends. Whatever is taken for a notice names a
 * machine as EC2 would, and what is to be deleted is deleted by the receipt that came.
 */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "queue/ec2_event.h"
#include "queue/sqs_messages.h"
#include "runtime/notice_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_event(struct str text)
{
    struct ec2_event event = { .end = true };
    struct error err = { 0 };
    int rc = ec2_event_parse(text, &event, &err);
    assert(rc == 0 ? !err.code : err.code == rc && err.text[0]);
    if (rc < 0 || !event.end)
        return;
    assert(strncmp(event.node, "i-", 2) == 0 && event.node[2]);
    for (const char *p = event.node + 2; *p; p++)
        assert(isxdigit((unsigned char)*p));
}

static void read_answer(struct str text)
{
    struct sqs_messages messages = { .len = 99 };
    struct buf body = { 0 };
    if (sqs_read_messages(text, &messages, NULL) < 0) {
        assert(messages.len == 99);
        return;
    }
    assert(messages.len <= SQS_BATCH);
    for (size_t i = 0; i < messages.len; i++) {
        assert(messages.all[i].received >= 1);
        read_event(str_from(messages.all[i].body));
    }
    sqs_write_delete("https://sqs", &messages, 0x155, &body);
    cJSON *root = NULL;
    assert(json_parse(buf_str(&body), &root, NULL) == 0);
    cJSON_Delete(root);
    buf_release(&body);
    sqs_messages_release(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static notice_reader *const readers[] = { notice_read_aws_action, notice_read_aws_rebalance,
                                              notice_read_gcp_preempted,
                                              notice_read_gcp_maintenance };
    struct str text = { (const char *)data, size };
    read_event(text);
    read_answer(text);
    assert(sqs_read_delete(text) >= -1);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        assert(readers[i](200, text) <= NOTICE_WORD_ODD);
        enum notice_word word = readers[i](404, text);
        assert(word == NOTICE_WORD_NONE || word == NOTICE_WORD_ODD);
    }
    return 0;
}
