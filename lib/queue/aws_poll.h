/* What the AWS sources share: client, region, and the poll under way. */
#ifndef QUEUE_AWS_POLL_H
#define QUEUE_AWS_POLL_H

#include "auth/aws_client.h"
#include "queue/answer.h"

struct aws_poll {
    struct aws_client *aws;
    const struct aws_settings *settings;
    const struct clock *clock;
    char region[64];
    struct answer answer;
};

/* `region` may be NULL: the settings'. MUSTER_E_CONFIG: there is none, or no AWS client. */
int aws_poll_init(struct aws_poll *poll, const struct queue_env *env, const char *region,
                  struct error *err);
/* Drops what is under way; `closed` frees what the poll is part of. */
void aws_poll_close(struct aws_poll *poll, uv_close_cb closed, void *data);

#endif
