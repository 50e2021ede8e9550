/* The URL of an SQS queue: which region it is in, and the queue's name. */
#ifndef QUEUE_SQS_URL_H
#define QUEUE_SQS_URL_H

#include <stdbool.h>

#include "base/str.h"

/*
 * "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs" (any partition), the older
 * "https://eu-central-1.queue.amazonaws.com/..." and "https://queue.amazonaws.com/...". false: the host
 * does not say, as that of a server of one's own.
 */
bool sqs_url_region(const char *url, char *ret, size_t size);

/* What stands after the last '/'; NULL: nothing, or no URL. */
const char *sqs_url_name(const char *url);

#endif
