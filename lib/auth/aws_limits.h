/*
 * How fast each AWS API may be called: one pair of token buckets per service, region and action, by
 * EC2's published limits ("Request throttling for the Amazon EC2 API"), and a budget per service that
 * keeps retries from multiplying an outage.
 */
#ifndef AUTH_AWS_LIMITS_H
#define AUTH_AWS_LIMITS_H

#include <stdbool.h>

#include "auth/aws_client.h"
#include "base/map.h"
#include "net/bucket.h"

struct aws_limit {
    struct bucket requests;
    struct bucket resources; /* instances started or stopped; capacity 0: not counted */
    /* In this round of looking at the calls that wait: what those want that have to wait here. */
    uint64_t round;
    double calls_ahead, resources_ahead;
    char key[];
};

struct aws_budget {
    double tokens;
    char service[32];
};

struct aws_limits {
    struct map limits;  /* of struct aws_limit */
    struct map budgets; /* of struct aws_budget */
};

void aws_limits_release(struct aws_limits *limits);

/* The buckets a request takes from; made when first asked for. */
int aws_limits_find(struct aws_limits *limits, const struct aws_request *request, int64_t now_ns,
                    struct aws_limit **ret, struct error *err);
/*
 * How long until the turn of a call that comes after all those that had to wait in this round; 0: now.
 * Rounds are numbered from 1 by the caller, who asks for each waiting call, in order.
 */
int64_t aws_limit_wait_ns(struct aws_limit *limit, uint64_t round, size_t resource_tokens,
                          int64_t now_ns);
void aws_limit_take(struct aws_limit *limit, size_t resource_tokens, int64_t now_ns);
/* The service answered RequestLimitExceeded with this message: which of the two was it? */
void aws_limit_refused(struct aws_limit *limit, const char *message, int64_t now_ns);
void aws_limit_served(struct aws_limit *limit);

/* 500 tokens a service. A retry costs 5, or 10 after no answer at all; false: no retry now. */
bool aws_budget_take(struct aws_limits *limits, const char *service, double cost);
void aws_budget_give(struct aws_limits *limits, const char *service, double amount);

#endif
