/* Messages of an SQS queue: how they are asked for, what comes, and how they are taken away. Pure. */
#ifndef QUEUE_SQS_MESSAGES_H
#define QUEUE_SQS_MESSAGES_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"

#define SQS_BATCH 10 /* messages of one call, at most */

/* Texts are the answer's (struct sqs_messages). */
struct sqs_message {
    const char *id;      /* "" if it was not told */
    const char *receipt; /* takes it away */
    const char *body;
    int64_t
        received; /* how often it was received so far, this time included; 1 if it was not told */
};

struct sqs_messages {
    cJSON *root;
    size_t len;
    struct sqs_message all[SQS_BATCH];
};

/* The body of a ReceiveMessage that waits for wait_s, and hides what it gives for hide_s. */
void sqs_write_receive(const char *url, int wait_s, int hide_s, struct buf *out);
/* Its answer; no message is fine. MUSTER_E_INVALID: it is none. *ret is the caller's on success. */
int sqs_read_messages(struct str body, struct sqs_messages *ret, struct error *err);
void sqs_messages_release(struct sqs_messages *messages);

/* The body of a DeleteMessageBatch of those whose bit is set in `which`. */
void sqs_write_delete(const char *url, const struct sqs_messages *messages, unsigned which,
                      struct buf *out);
/* How many its answer says were not deleted; -1: it is none. */
int sqs_read_delete(struct str body);

#endif
