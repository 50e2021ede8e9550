/* Inside the AWS client: one call with a copy of what was asked. */
#ifndef AUTH_AWS_CALL_H
#define AUTH_AWS_CALL_H

#include "auth/aws_client.h"
#include "auth/aws_stream.h"
#include "auth/calls.h"

struct aws_call {
    struct call base;
    struct aws_client *client;
    struct aws_request request; /* its texts are inside `texts` */
    struct aws_response response;
    aws_done_cb *done;
    void *ctx;
    struct aws_stream stream; /* where the answer is taken in pieces */
    char texts[];
};

int aws_call_new(const struct aws_request *request, struct aws_call **ret, struct error *err);
void aws_call_free(struct aws_call *call); /* wipes the body: a token may be in it */

/* Tries in all: AWS_MAX_ATTEMPTS, else 3. */
int aws_call_attempts_max(void);

#endif
