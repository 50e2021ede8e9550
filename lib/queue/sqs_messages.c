#include "queue/sqs_messages.h"

#include <stdio.h>

#include "base/units.h"

void sqs_write_receive(const char *url, int wait_s, int hide_s, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "QueueUrl", url);
    json_int(&j, "MaxNumberOfMessages", SQS_BATCH);
    json_int(&j, "WaitTimeSeconds", wait_s);
    json_int(&j, "VisibilityTimeout", hide_s);
    json_open(&j, "AttributeNames", '[');
    json_str(&j, NULL, "ApproximateReceiveCount");
    json_close(&j, ']');
    json_close(&j, '}');
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static int read_message(const cJSON *item, struct sqs_message *ret, struct error *err)
{
    const char *receipt = text_of(item, "ReceiptHandle");
    const char *body = text_of(item, "Body");
    const char *id = text_of(item, "MessageId");
    const char *received =
        text_of(cJSON_GetObjectItemCaseSensitive(item, "Attributes"), "ApproximateReceiveCount");
    int64_t count = 1;
    if (!receipt || !body)
        return error_set(err, MUSTER_E_INVALID, "a message has no ReceiptHandle and Body");
    if (received && (units_parse_int(str_from(received), &count, NULL) < 0 || count < 1))
        count = 1;
    *ret = (struct sqs_message){ id ? id : "", receipt, body, count };
    return 0;
}

int sqs_read_messages(struct str body, struct sqs_messages *ret, struct error *err)
{
    struct sqs_messages found = { 0 };
    const cJSON *item = NULL;
    int rc = json_parse(body, &found.root, err);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(found.root, "Messages");
    if (rc == 0 && (!cJSON_IsObject(found.root) || (list && !cJSON_IsArray(list))))
        rc = error_set(err, MUSTER_E_INVALID, "its answer is no list of messages");
    if (rc == 0 && list)
        item = list->child;
    for (; rc == 0 && item && found.len < SQS_BATCH; item = item->next) /* more come again */
        rc = read_message(item, &found.all[found.len++], err);
    if (rc < 0)
        sqs_messages_release(&found);
    else
        *ret = found;
    return rc;
}

void sqs_messages_release(struct sqs_messages *messages)
{
    cJSON_Delete(messages->root);
    *messages = (struct sqs_messages){ 0 };
}

void sqs_write_delete(const char *url, const struct sqs_messages *messages, unsigned which,
                      struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "QueueUrl", url);
    json_open(&j, "Entries", '[');
    for (size_t i = 0; i < messages->len; i++) {
        char number[24];
        if (!(which & 1U << i))
            continue;
        (void)snprintf(number, sizeof(number), "%zu", i);
        json_open(&j, NULL, '{');
        json_str(&j, "Id", number);
        json_str(&j, "ReceiptHandle", messages->all[i].receipt);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

int sqs_read_delete(struct str body)
{
    cJSON *root = NULL;
    int failed = -1;
    if (json_parse(body, &root, NULL) == 0 && cJSON_IsObject(root))
        failed = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "Failed"));
    cJSON_Delete(root);
    return failed;
}
