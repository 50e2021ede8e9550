/* The queues of the cloud's notices that muster.yaml names (aws.notices), brought before the core. */
#ifndef RUNTIME_NOTICES_H
#define RUNTIME_NOTICES_H

#include "queue/notice_queue.h"

struct runtime;
struct notices;

struct notices_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct aws_client *aws;
    const struct aws_settings *settings;
    struct runtime *runtime; /* whose core is told */
};

/* All queues, none of them read yet. *ret is NULL where there are none. */
int notices_new(const struct notices_env *env, struct notices **ret, struct error *err);
void notices_start(struct notices *notices); /* takes NULL */
void notices_free(struct notices *notices);  /* takes NULL */

/* false: there are not so many. Takes NULL. */
bool notices_look(const struct notices *notices, size_t index, struct notice_queue_view *ret);

#endif
