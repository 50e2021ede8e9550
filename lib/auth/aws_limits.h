/*
 * How fast each AWS API may be called: a pair of token buckets per service, region and action, by EC2's
 * published limits ("Request throttling for the Amazon EC2 API").
 */
#ifndef AUTH_AWS_LIMITS_H
#define AUTH_AWS_LIMITS_H

#include "auth/aws_client.h"
#include "auth/call_limits.h"

/* The buckets a request takes from; made when first asked for. */
int aws_limits_find(struct call_limits *limits, const struct aws_request *request, int64_t now_ns,
                    struct call_limit **ret, struct error *err);

#endif
