#include "auth/aws_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define ATTEMPTS_DEFAULT 3
#define ATTEMPTS_MOST    20

/* Copies a text into the block, after what is there. */
static const char *put(char **at, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = *at;
    if (!text)
        return NULL;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

int aws_call_new(const struct aws_request *request, struct aws_call **ret, struct error *err)
{
    size_t size = size_of(request->service) + size_of(request->region) + size_of(request->action) +
                  size_of(request->target) + request->body.len;
    struct aws_call *call = calloc(1, sizeof(*call) + size);
    if (!call)
        return error_nomem(err);
    char *at = call->texts;
    call->request = *request;
    call->request.service = put(&at, request->service);
    call->request.region = put(&at, request->region);
    call->request.action = put(&at, request->action);
    call->request.target = put(&at, request->target);
    if (request->body.len > 0)
        memcpy(at, request->body.ptr, request->body.len);
    call->request.body.ptr = at;
    call->base.service = call->request.service;
    call->base.urgency = (unsigned)request->priority;
    call->base.resource_tokens = request->resource_tokens;
    call->base.repeatable = request->repeatable;
    call->base.open = request->unsigned_call;
    call->base.wait_max_ns = request->wait_max_ns;
    *ret = call;
    return 0;
}

void aws_call_free(struct aws_call *call)
{
    if (!call)
        return;
    if (call->request.body.len > 0)
        explicit_bzero(call->texts + (call->request.body.ptr - call->texts),
                       call->request.body.len);
    aws_stream_release(&call->stream);
    free(call);
}

int aws_call_attempts_max(void)
{
    int64_t attempts;
    const char *text = getenv("AWS_MAX_ATTEMPTS");
    if (!text || units_parse_int(str_from(text), &attempts, NULL) < 0 || attempts < 1)
        return ATTEMPTS_DEFAULT;
    return attempts < ATTEMPTS_MOST ? (int)attempts : ATTEMPTS_MOST;
}
