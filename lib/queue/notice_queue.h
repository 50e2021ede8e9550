/*
 * An SQS queue into which EventBridge puts what EC2 says of its machines' ends: received by long
 * polls, each message handed over, and deleted only after it was taken in.
 *
 *     taken      it was about a node of ours
 *     foreign    a fine event about something else. The rule sees the whole account, so there are many
 *     malformed  no event. It stays in the queue for a while, so that the queue's own dead-letter queue
 *                can have it; one that comes a fifth time is deleted, with its text in the log
 *
 * A machine may be noticed before its launch was answered: what is about a machine that nobody knows is
 * left for another round, half a minute later, and foreign then.
 */
#ifndef QUEUE_NOTICE_QUEUE_H
#define QUEUE_NOTICE_QUEUE_H

#include <uv.h>

#include "auth/aws_client.h"
#include "control/event.h"

struct notice_queue;

/* Borrowed; lives longer than the queue. */
struct notice_queue_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct aws_client *aws;
    const struct aws_settings *settings;
    /* Are the machines known by now? Before they are, nothing is received. */
    bool (*ready)(void *ctx);
    /* 0: taken in. MUSTER_E_NOTFOUND: no such node. Anything else: not now, it comes again. */
    int (*take)(void *ctx, const char *node, enum notice what, struct error *err);
    void *ctx;
};

/* url: borrowed. MUSTER_E_CONFIG: no region is known for it. Nothing is received before _start. */
int notice_queue_new(const struct notice_queue_env *env, const char *url, struct notice_queue **ret,
                     struct error *err);
void notice_queue_start(struct notice_queue *queue);
/* What is under way is dropped: messages in it come again. Takes NULL. */
void notice_queue_free(struct notice_queue *queue);

/* For status and metrics; texts are borrowed. */
struct notice_queue_view {
    const char *url;
    uint64_t taken, foreign, malformed;
    int64_t received_ns;      /* boot clock: the last answer, messages in it or not; 0: none yet */
    int64_t failing_since_ns; /* 0: not failing */
    const char *problem;
};
void notice_queue_look(const struct notice_queue *queue, struct notice_queue_view *ret);

#endif
