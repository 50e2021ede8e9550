/*
 * An EC2 behind the API limits that Amazon publishes ("Request throttling for the Amazon EC2 API"), in
 * C, on loopback, in the caller's time: RunInstances and CreateFleet (idempotent by token) and
 * DescribeInstances, in pages. Its buckets are its own: nothing is shared with the client's.
 */
#ifndef TESTS_UNIT_EC2_BUCKETS_H
#define TESTS_UNIT_EC2_BUCKETS_H

#include "base/clock.h"
#include "base/rng.h"
#include "base/vec.h"
#include "net/http_server.h"

struct ec2_bucket {
    double capacity, rate, level;
    int64_t at_ns;
};

struct ec2_launched {
    char token[64];
    size_t first, count; /* instances are numbered on */
};

struct ec2_buckets {
    struct http_server *server;
    const struct clock *clock;
    const char *offer; /* value of that tag on all machines */
    int64_t jitter_ns; /* a call takes up to so long to arrive */
    struct rng rng;
    int64_t arrived_ns;
    struct ec2_bucket run, run_machines, fleet, describe;
    VEC(struct ec2_launched) launched;
    size_t machines;
    int calls, refused, again; /* launches heard; calls throttled; tokens that were heard before */
    int64_t last_ns;           /* when the last call that made machines was let go */
};

void ec2_buckets_start(struct ec2_buckets *ec2, uv_loop_t *loop, const struct clock *clock);
void ec2_buckets_stop(struct ec2_buckets *ec2);

#endif
