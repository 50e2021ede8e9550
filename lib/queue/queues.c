#include <string.h>

#include "queue/sources.h"

const struct queue_plugin *const queues[] = {
    &queue_spool,  &queue_exec,           &queue_http,   &queue_redis, &queue_celery,
    &queue_rq,     &queue_sidekiq,        &queue_bullmq, &queue_sqs,   &queue_cloudwatch,
    &queue_pubsub, &queue_gcp_monitoring, NULL,
};

const struct queue_plugin *queue_find(const char *name)
{
    for (const struct queue_plugin *const *q = queues; *q; q++) {
        if (strcmp((*q)->options.name, name) == 0)
            return *q;
    }
    return NULL;
}
