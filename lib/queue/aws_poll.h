/* What the AWS sources share: a poll that failed before anything was sent is answered later, too. */
#ifndef QUEUE_AWS_POLL_H
#define QUEUE_AWS_POLL_H

#include "auth/aws_client.h"
#include "queue/queue.h"

struct aws_poll {
    struct aws_client *aws;
    const struct aws_settings *settings;
    const struct clock *clock;
    char region[64];
    uv_timer_t late;
    struct error failure;
    queue_poll_cb *done; /* NULL: no poll under way */
    void *ctx;
};

/* `region` may be NULL: the settings'. MUSTER_E_CONFIG: there is none, or no AWS client. */
int aws_poll_init(struct aws_poll *poll, const struct queue_env *env, const char *region,
                  struct error *err);
/* Drops what is under way; `closed` frees what the poll is part of. */
void aws_poll_close(struct aws_poll *poll, uv_close_cb closed, void *data);

void aws_poll_begin(struct aws_poll *poll, queue_poll_cb *done, void *ctx);
/* From a callback of the client: the poll's answer. Nothing is touched after. */
void aws_poll_answer(struct aws_poll *poll, const struct sample *sample, const struct error *err);
/* From within poll(): the loop will say so. */
void aws_poll_fail(struct aws_poll *poll, const struct error *err);

#endif
