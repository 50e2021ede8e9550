#include "auth/aws_stream.h"

#include "auth/aws_wire.h"

#define FAULT_MAX ((size_t)64 << 10)

void aws_stream_begin(struct aws_stream *stream)
{
    if (!stream->held.ceiling)
        buf_init(&stream->held, FAULT_MAX);
    buf_clear(&stream->held);
    stream->passing = false;
}

void aws_stream_release(struct aws_stream *stream)
{
    buf_release(&stream->held);
}

struct str aws_stream_fault(const struct aws_stream *stream)
{
    return stream->passing ? STR("") : buf_str(&stream->held);
}

static int pass(struct aws_stream *stream, const struct aws_request *request, void *ctx,
                struct error *err)
{
    stream->passing = true;
    int rc = request->piece(ctx, true, buf_str(&stream->held), err);
    buf_clear(&stream->held);
    return rc;
}

int aws_stream_take(struct aws_stream *stream, const struct aws_request *request, void *ctx,
                    struct str piece, struct error *err)
{
    if (stream->passing)
        return request->piece(ctx, false, piece, err);
    buf_add_str(&stream->held, piece);
    if (buf_failed(&stream->held))
        return error_set(err, buf_failed(&stream->held), "its error document is too long");
    if (stream->held.len < AWS_WIRE_HEAD || aws_wire_is_fault(request, buf_str(&stream->held)))
        return 0;
    return pass(stream, request, ctx, err);
}

int aws_stream_end(struct aws_stream *stream, const struct aws_request *request, void *ctx,
                   struct error *err)
{
    if (stream->passing || aws_wire_is_fault(request, buf_str(&stream->held)))
        return 0;
    return pass(stream, request, ctx, err);
}
