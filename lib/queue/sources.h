/* Every queue source that there is; queues.c puts them in one array. */
#ifndef QUEUE_SOURCES_H
#define QUEUE_SOURCES_H

#include "queue/queue.h"

extern const struct queue_plugin queue_spool;
extern const struct queue_plugin queue_exec;
extern const struct queue_plugin queue_http;
extern const struct queue_plugin queue_redis;
extern const struct queue_plugin queue_celery;
extern const struct queue_plugin queue_rq;
extern const struct queue_plugin queue_sidekiq;
extern const struct queue_plugin queue_bullmq;
extern const struct queue_plugin queue_sqs;
extern const struct queue_plugin queue_cloudwatch;
extern const struct queue_plugin queue_pubsub;
extern const struct queue_plugin queue_gcp_monitoring;

#endif
