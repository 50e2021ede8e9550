/* Inside the AWS client: one call with a copy of what was asked, and lists of calls. */
#ifndef AUTH_AWS_CALL_H
#define AUTH_AWS_CALL_H

#include "auth/aws_client.h"
#include "auth/aws_stream.h"
#include "base/rng.h"

struct aws_call {
    struct aws_call *next, *before;
    struct aws_client *client;
    struct aws_request request; /* its texts are inside `texts` */
    aws_done_cb *done;
    void *ctx;
    struct http_call *http; /* while it is under way */
    int attempt;            /* tries so far */
    bool refreshed;         /* credentials or clock were renewed for it */
    bool in_doubt;          /* one of the tries may have been carried out */
    double spent;           /* of the retry budget */
    int64_t not_before_ns;  /* boot time */
    int64_t asked_ns;
    struct aws_stream stream; /* where the answer is taken in pieces */
    struct error failure;
    char texts[];
};

int aws_call_new(const struct aws_request *request, struct aws_call **ret, struct error *err);
void aws_call_free(struct aws_call *call); /* wipes the body: a token may be in it */

struct aws_call_list {
    struct aws_call *first, *last;
};

void aws_call_list_append(struct aws_call_list *list, struct aws_call *call);
void aws_call_list_remove(struct aws_call_list *list, struct aws_call *call);

/* Tries in all: AWS_MAX_ATTEMPTS, else 3. */
int aws_call_attempts_max(void);

/* Full jitter: anything up to base * 2^(attempt - 1), at most 20 s; base 1 s when throttled, else 50 ms. */
int64_t aws_call_pause_ns(struct rng *rng, int attempt, bool throttled);

#endif
