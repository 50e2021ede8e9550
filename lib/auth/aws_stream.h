/*
 * Inside the AWS client: an answer that is handed on piece by piece. Its beginning is held back until it
 * shows whether it is an answer or an error document, for some of those come with HTTP 200.
 */
#ifndef AUTH_AWS_STREAM_H
#define AUTH_AWS_STREAM_H

#include "auth/aws_client.h"

struct aws_stream {
    struct buf held; /* the beginning; of an error document, all of it */
    bool passing;    /* pieces go to the caller */
};

/* Before each try. */
void aws_stream_begin(struct aws_stream *stream);
void aws_stream_release(struct aws_stream *stream);

int aws_stream_take(struct aws_stream *stream, const struct aws_request *request, void *ctx,
                    struct str piece, struct error *err);
/* The answer is over: what is still held back goes where it belongs. */
int aws_stream_end(struct aws_stream *stream, const struct aws_request *request, void *ctx,
                   struct error *err);

/* The error document, if it was one; "" otherwise. */
struct str aws_stream_fault(const struct aws_stream *stream);

#endif
