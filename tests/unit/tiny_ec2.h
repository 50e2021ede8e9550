/*
 * An EC2 in C, on loopback, in the caller's time: CreateFleet and RunInstances (idempotent by token),
 * DescribeInstances in pages, TerminateInstances; behind the API limits that Amazon publishes ("Request
 * throttling for the Amazon EC2 API"), in buckets of its own: nothing is shared with the client's.
 *
 * Faults are used up in order by calls of their action.
 */
#ifndef TESTS_UNIT_TINY_EC2_H
#define TESTS_UNIT_TINY_EC2_H

#include "base/clock.h"
#include "base/rng.h"
#include "base/vec.h"
#include "net/http_server.h"

struct ec2_bucket {
    double capacity, rate, level;
    int64_t at_ns;
};

struct ec2_machine {
    char id[24];
    char token[64];
    bool spot, ended;
};

struct ec2_fault {
    const char *action; /* "CreateFleet"; "CreateFleet spot": only those */
    int status;         /* of the answer; 200 with a code: inside the answer of a fleet */
    const char *code;   /* NULL: `text` is the whole answer */
    const char *text;   /* beside a code: its message */
    int times;
    bool done; /* it is carried out all the same */
};

struct tiny_ec2 {
    struct http_server *server;
    const struct clock *clock;
    const char *offers[2]; /* value of that tag: on demand, spot */
    int64_t jitter_ns;     /* a call takes up to so long to arrive */
    struct rng rng;
    int64_t arrived_ns;
    struct ec2_bucket run, run_machines, fleet, describe;
    VEC(struct ec2_machine) machines;
    VEC(char *) tokens; /* of all launches that were heard, in order; owned */
    struct ec2_fault faults[4];
    int calls, refused, again; /* launches heard; calls throttled; tokens that were heard before */
    int terminations;          /* calls */
    int64_t last_ns;           /* when the last call that made machines was let go */
};

void tiny_ec2_start(struct tiny_ec2 *ec2, uv_loop_t *loop, const struct clock *clock);
/* Machines that have not ended. */
size_t tiny_ec2_alive(const struct tiny_ec2 *ec2, bool spot);
void tiny_ec2_stop(struct tiny_ec2 *ec2);

#endif
