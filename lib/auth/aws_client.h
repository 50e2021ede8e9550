/*
 * Calls to AWS APIs: credentials, signing (SigV4), endpoints, retries, rate limits, and errors classed by
 * remedy. One client for all services and regions of one identity; used by lib/queue and providers/aws.
 *
 * Credentials come from the chain (aws_credentials.h) and are refreshed ahead of expiry; a call that is
 * refused for expired credentials or a clock that is off is signed anew once. Secrets, signatures and
 * security tokens never appear in an error text or a log line.
 */
#ifndef AUTH_AWS_CLIENT_H
#define AUTH_AWS_CLIENT_H

#include <stdbool.h>

#include <uv.h>

#include "auth/aws_settings.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http_client.h"

struct aws_client;

struct aws_client_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct http_client *http; /* shared */
    const struct aws_settings
        *settings; /* its texts are borrowed; they live longer than the client */
};

int aws_client_new(const struct aws_client_env *env, struct aws_client **ret, struct error *err);
/* Drops calls in flight: their callbacks never come once this returned. Takes NULL. */
void aws_client_free(struct aws_client *client);

/* How urgent a call is when a rate limit makes calls wait: giving back before looking before buying. */
enum aws_priority { AWS_TERMINATE, AWS_DESCRIBE, AWS_LAUNCH };

/* How the body is written; decides content type and where the operation's name goes. */
enum aws_protocol {
    AWS_QUERY, /* EC2, STS, Auto Scaling: form body that the caller wrote, Action= included; XML back */
    AWS_JSON_1_0, /* SQS, CloudWatch: JSON body, X-Amz-Target */
    AWS_JSON_1_1, /* SSM, EventBridge, Pricing */
};

/*
 * A piece of a good answer's body, as it comes off the wire; borrowed. `first`: an answer begins, and
 * whatever came before is void: it belonged to a try that failed. With the ctx of the call; it must not
 * call the client. Not 0: the call ends with that error. Only a done without error says that the pieces
 * since the first one are the whole answer.
 */
typedef int aws_piece_cb(void *ctx, bool first, struct str piece, struct error *err);

struct aws_request {
    const char
        *service; /* endpoint name: "ec2", "sqs", "monitoring", "autoscaling", "sts", "pricing" */
    const char *region; /* "eu-central-1" */
    const char *action; /* "DescribeInstances"; rate limits and messages go by it */
    const char *target; /* JSON: prefix of X-Amz-Target, "AmazonSQS"; NULL for AWS_QUERY */
    enum aws_protocol protocol;
    struct str body;
    enum aws_priority priority;
    /*
     * The same request may be sent again when nobody knows whether the first arrived: reads, and writes
     * with an idempotency token. Otherwise a lost answer is MUSTER_E_UNKNOWN at once.
     */
    bool repeatable;
    bool unsigned_call; /* AssumeRoleWithWebIdentity */
    unsigned
        resource_tokens; /* instances this call starts or stops, for the per-instance buckets */
    /*
     * So long it may wait here for its turn; when that would take longer it is MUSTER_E_THROTTLED at once,
     * and will not be sent. 0: as long as it takes.
     */
    int64_t wait_max_ns;
    size_t response_max; /* 0: 8 MiB */
    aws_piece_cb
        *piece; /* takes the answer, which is then never held whole; NULL: done is given it */
};

struct aws_response {
    int status;          /* HTTP */
    struct str body;     /* borrowed for the call; "" if it was given in pieces */
    char code[96];       /* AWS error code, "" on success: "RequestLimitExceeded" */
    char request_id[80]; /* "" if none */
};

/*
 * err->code 0: HTTP 200 and no error document. Otherwise an error classed by remedy, its text
 * "EC2 RunInstances (eu-central-1): VcpuLimitExceeded: You have requested more vCPU ... (HTTP 400)"; the
 * response is given too when there was one.
 */
typedef void aws_done_cb(void *ctx, const struct aws_response *response, const struct error *err);

/* Copies what it needs. The callback comes later, from the loop, exactly once. */
int aws_call(struct aws_client *client, const struct aws_request *request, aws_done_cb *done,
             void *ctx, struct error *err);

/* Drops every call made with this ctx: their callbacks never come. */
void aws_client_drop(struct aws_client *client, const void *ctx);

/* The remedy for an AWS error code and HTTP status; the table of docs/internals/aws-errors.md. */
int aws_error_class(const char *code, int status);

/* Form bodies: "Action=X&Version=Y", then one call per parameter; values are percent-encoded. */
void aws_form_begin(struct buf *to, const char *action, const char *version);
void aws_form_add(struct buf *to, const char *name, struct str value);
void aws_form_addf(struct buf *to, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
