/*
 * How fast an API may be called: a pair of token buckets per key (service, place, kind of call), by the
 * limits that the cloud publishes, and a budget per service that keeps retries from multiplying an
 * outage.
 */
#ifndef AUTH_CALL_LIMITS_H
#define AUTH_CALL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "net/bucket.h"

#define CALL_KEY_MAX 256

/* What is published: tokens, tokens per second. */
struct call_rate {
    double capacity, rate;
    double resource_capacity, resource_rate; /* machines started or stopped; 0: not counted */
};

struct call_limit {
    struct bucket requests;
    struct bucket resources; /* capacity 0: not counted */
    /* In this round of looking at the calls that wait: what those want that have to wait here. */
    uint64_t round;
    double calls_ahead, resources_ahead;
    char key[];
};

struct call_limits {
    struct map limits;  /* of struct call_limit */
    struct map budgets; /* of struct call_budget */
};

void call_limits_release(struct call_limits *limits);

/* The buckets of a key (cut short at CALL_KEY_MAX); made full, but for a little to spare, when first asked
 * for. */
int call_limits_find(struct call_limits *limits, const char *key, const struct call_rate *rate,
                     int64_t now_ns, struct call_limit **ret, struct error *err);
/*
 * How long until the turn of a call that comes after all those that had to wait in this round; 0: now.
 * Rounds are numbered from 1 by the caller, who asks for each waiting call, in order.
 */
int64_t call_limit_wait_ns(struct call_limit *limit, uint64_t round, size_t resource_tokens,
                           int64_t now_ns);
void call_limit_take(struct call_limit *limit, size_t resource_tokens, int64_t now_ns);
/* The service refused: too many. `resources`: of those, not of requests. */
void call_limit_refused(struct call_limit *limit, bool resources, int64_t now_ns);
void call_limit_served(struct call_limit *limit);

/* 500 tokens a service. A retry costs 5, or 10 after no answer at all; false: no retry now. */
bool call_budget_take(struct call_limits *limits, const char *service, double cost);
void call_budget_give(struct call_limits *limits, const char *service, double amount);

#endif
