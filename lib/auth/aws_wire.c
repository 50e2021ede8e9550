#include "auth/aws_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_error.h"
#include "auth/secret.h"
#include "auth/sigv4.h"

#define TIMEOUT_NS (30 * NS_PER_S)
/* A long answer takes its time, as long as it goes on. */
#define LONG_TIMEOUT_NS (120 * NS_PER_S)
#define STALL_NS        (20 * NS_PER_S)

/* ---- building ----------------------------------------------------------------------------------- */

static const char *content_type(enum aws_protocol protocol)
{
    static const char *const types[] = {
        [AWS_QUERY] = "application/x-www-form-urlencoded; charset=utf-8",
        [AWS_JSON_1_0] = "application/x-amz-json-1.0",
        [AWS_JSON_1_1] = "application/x-amz-json-1.1",
    };
    return types[protocol];
}

/* These two spoke the query protocol before; asked this way, they keep its error codes. */
static bool query_mode(const struct aws_request *request)
{
    return request->protocol == AWS_JSON_1_0 &&
           (strcmp(request->service, "sqs") == 0 || strcmp(request->service, "monitoring") == 0);
}

static struct buf *new_line(struct aws_wire *wire)
{
    return &wire->lines[wire->len++];
}

static void add_header(struct aws_wire *wire, const char *name, const char *value)
{
    buf_addf(new_line(wire), "%s: %s", name, value);
}

static struct sigv4_header split(const struct buf *line)
{
    struct str text = buf_str(line);
    const char *colon = memchr(text.ptr, ':', text.len);
    size_t len = colon ? (size_t)(colon - text.ptr) : text.len;
    size_t skip = colon ? len + 1 : len;
    return (struct sigv4_header){ { text.ptr, len },
                                  str_trim((struct str){ text.ptr + skip, text.len - skip }) };
}

static int sign(const struct aws_request *request, const struct aws_credentials *credentials,
                const char *time, struct aws_wire *wire, struct error *err)
{
    struct sigv4_header headers[AWS_WIRE_HEADERS_MAX];
    struct sigv4_signer signer = { .access_key = str_from(credentials->access_key),
                                   .secret_key = str_from(credentials->secret_key),
                                   .region = str_from(wire->endpoint.signing_region),
                                   .service = str_from(request->service) };
    struct sigv4_request what = { .method = STR("POST"), .path = STR("/"), .headers = headers };
    for (; what.headers_len < wire->len; what.headers_len++)
        headers[what.headers_len] = split(&wire->lines[what.headers_len]);
    str_copy_c(signer.time, sizeof(signer.time), time);
    int rc = digest_hex(request->body, what.body_hash, err);
    if (rc < 0)
        return rc;
    struct buf *line = new_line(wire);
    buf_add_c(line, "Authorization: ");
    return sigv4_authorization(&signer, &what, line, err);
}

static int add_headers(const struct aws_request *request, const struct aws_credentials *credentials,
                       int64_t wall_ns, struct aws_wire *wire, struct error *err)
{
    char time[SIGV4_TIME_MAX];
    add_header(wire, "Host", wire->endpoint.host);
    add_header(wire, "Content-Type", content_type(request->protocol));
    if (request->protocol != AWS_QUERY)
        buf_addf(new_line(wire), "X-Amz-Target: %s.%s", request->target, request->action);
    if (query_mode(request))
        add_header(wire, "x-amzn-query-mode", "true");
    if (!credentials)
        return 0;
    int rc = sigv4_format_time(wall_ns, time, err);
    if (rc < 0)
        return rc;
    add_header(wire, "X-Amz-Date", time);
    if (credentials->session_token)
        add_header(wire, "X-Amz-Security-Token", credentials->session_token);
    for (size_t i = 0; i < wire->len; i++) {
        if (buf_failed(&wire->lines[i]))
            return error_nomem(err);
    }
    return sign(request, credentials, time, wire, err);
}

int aws_wire_build(const struct aws_settings *settings, const struct aws_request *request,
                   const struct aws_credentials *credentials, int64_t wall_ns, struct aws_wire *ret,
                   struct error *err)
{
    struct aws_wire wire = { 0 };
    int rc = aws_endpoint_find(settings, request->service, request->region, &wire.endpoint, err);
    if (rc == 0)
        rc = add_headers(request, credentials, wall_ns, &wire, err);
    for (size_t i = 0; rc == 0 && i < wire.len; i++) {
        wire.headers[i] = buf_text(&wire.lines[i]);
        if (buf_failed(&wire.lines[i]))
            rc = error_nomem(err);
    }
    if (rc < 0) {
        aws_wire_release(&wire);
        return rc;
    }
    *ret = wire;
    return 0;
}

void aws_wire_release(struct aws_wire *wire)
{
    for (size_t i = 0; i < wire->len; i++)
        secret_release(&wire->lines[i]);
    *wire = (struct aws_wire){ 0 };
}

/* ---- sending ------------------------------------------------------------------------------------ */

static const char *ca_file(const struct aws_settings *settings)
{
    const char *bundle = getenv("AWS_CA_BUNDLE");
    if (settings->ca_file)
        return settings->ca_file;
    if (bundle && *bundle)
        return bundle;
    return settings->reach ? settings->reach->ca_bundle : NULL;
}

int aws_wire_send(struct http_client *http, const struct aws_settings *settings,
                  const struct aws_request *request, const struct aws_credentials *credentials,
                  int64_t wall_ns, const struct aws_wire_reply *reply, struct http_call **ret_call,
                  struct error *err)
{
    struct aws_wire wire = { 0 };
    int rc = aws_wire_build(settings, request, credentials, wall_ns, &wire, err);
    if (rc < 0)
        return rc;
    const struct http_request send = { .method = "POST",
                                       .url = wire.endpoint.url,
                                       .headers = wire.headers,
                                       .body = request->body,
                                       .ca_file = ca_file(settings),
                                       .proxy = settings->proxy,
                                       .timeout_ns = reply->piece ? LONG_TIMEOUT_NS : TIMEOUT_NS,
                                       .stall_ns = STALL_NS,
                                       .piece = reply->piece,
                                       .response_max = request->response_max };
    rc = http_call(http, &send, reply->done, reply->ctx, ret_call, err);
    aws_wire_release(&wire);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------ */

const char *aws_service_word(const char *service)
{
    static const char *const words[][2] = {
        { "ec2", "EC2" },
        { "sqs", "SQS" },
        { "monitoring", "CloudWatch" },
        { "sts", "STS" },
        { "ssm", "SSM" },
        { "autoscaling", "Auto Scaling" },
        { "pricing", "Pricing" },
        { "servicequotas", "Service Quotas" },
        { "events", "EventBridge" },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i][0], service) == 0)
            return words[i][1];
    }
    return service;
}

/* Only the beginning of an answer that went well is looked at: it may be megabytes long. */
static void request_id_from(struct str body, char *to, size_t size)
{
    size_t head = body.len < 1024 ? body.len : 1024;
    const char *at = head > 0 ? memmem(body.ptr, head, "<requestId>", 11) : NULL;
    if (!at)
        return;
    at += 11;
    const char *end = memchr(at, '<', (size_t)(body.ptr + head - at));
    if (end)
        str_copy(to, size, (struct str){ at, (size_t)(end - at) });
}

bool aws_wire_is_fault(const struct aws_request *request, struct str head)
{
    size_t len = head.len < AWS_WIRE_HEAD ? head.len : AWS_WIRE_HEAD;
    return request->protocol == AWS_QUERY && len > 0 &&
           (memmem(head.ptr, len, "<Response>", 10) || memmem(head.ptr, len, "<ErrorResponse", 14));
}

int aws_wire_read(const struct aws_request *request, const struct http_response *http,
                  struct aws_response *ret, struct error *err)
{
    struct aws_fault fault = { 0 };
    bool ok = http->status >= 200 && http->status < 300;
    if (!ok || aws_wire_is_fault(request, http->body))
        aws_fault_from_body(http->body, &fault);
    else
        request_id_from(http->body, fault.request_id, sizeof(fault.request_id));
    aws_fault_from_headers(ok ? STR("") : http_response_header(http, "x-amzn-errortype"),
                           http_response_header(http, "x-amzn-requestid"), &fault);
    *ret = (struct aws_response){ .status = http->status, .body = http->body };
    str_copy_c(ret->code, sizeof(ret->code), fault.code);
    str_copy_c(ret->request_id, sizeof(ret->request_id), fault.request_id);
    int class = ok && !fault.code[0] ? 0 : aws_error_class(fault.code, http->status);
    if (class == 0)
        return 0;
    const char *said = fault.code[0] ? fault.code : "no error of AWS in the answer";
    return error_set(err, class, "%s %s (%s): %s%s%s (HTTP %d%s%s)",
                     aws_service_word(request->service), request->action, request->region, said,
                     fault.message[0] ? ": " : "", fault.message, http->status,
                     fault.request_id[0] ? ", request " : "", fault.request_id);
}
