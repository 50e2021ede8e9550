#include <string.h>
#include <strings.h>

#include "net/http_server_parts.h"

void *http_request_begins(void *ctx, const char *target, struct MHD_Connection *mhd)
{
    (void)ctx;
    struct http_connection *connection = http_connection_of(mhd);
    if (!connection)
        return NULL;
    http_connection_phase(connection, HTTP_ARRIVING);
    connection->seen = false;
    buf_clear(&connection->body);
    /* Kept here, because libmicrohttpd cuts its own copy at the '?' and decodes it in place. */
    connection->too_long = !str_copy_c(connection->target, sizeof(connection->target), target);
    size_t path = strcspn(connection->target, "?");
    str_copy(connection->path, sizeof(connection->path), (struct str){ connection->target, path });
    return connection;
}

static const char *header(struct MHD_Connection *mhd, const char *name)
{
    return MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name);
}

static const char *header_or_empty(struct MHD_Connection *mhd, const char *name)
{
    const char *value = header(mhd, name);
    return value ? value : "";
}

/* The name in a Host header: without the port, brackets kept off. */
static struct str host_name(const char *host)
{
    struct str s = str_from(host);
    if (s.len > 0 && s.ptr[0] == '[') {
        const char *end = memchr(s.ptr, ']', s.len);
        return end ? (struct str){ s.ptr + 1, (size_t)(end - s.ptr) - 1 } : s;
    }
    s.len = strcspn(host, ":");
    return s;
}

static bool is_address(struct str name)
{
    char text[64];
    unsigned char bytes[16];
    return str_copy(text, sizeof(text), name) &&
           (uv_inet_pton(AF_INET, text, bytes) == 0 || uv_inet_pton(AF_INET6, text, bytes) == 0);
}

bool http_host_allowed(const struct http_server *server, const char *host)
{
    /* A page that was made to believe that its own name is our address has no certificate for it. */
    if (server->tls)
        return true;
    /* No Host at all is HTTP/1.0: not a browser. */
    if (!*host)
        return true;
    struct str name = host_name(host);
    if (server->any_host && is_address(name))
        return true;
    bool local = name.len == 9 && strncasecmp(name.ptr, "localhost", 9) == 0;
    return local || str_eq_c(name, "127.0.0.1") || str_eq_c(name, "::1") ||
           str_eq_c(name, server->host);
}

struct header_count {
    unsigned length, encoding, host;
};

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind;
    (void)value;
    struct header_count *count = ctx;
    count->length += strcasecmp(name, "Content-Length") == 0;
    count->encoding += strcasecmp(name, "Transfer-Encoding") == 0;
    count->host += strcasecmp(name, "Host") == 0;
    return MHD_YES;
}

/*
 * Where two readers of one request could disagree about where it ends or whom it is for, there is no
 * right reading (RFC 9112 6.3): refuse it.
 */
static const char *ambiguous(struct MHD_Connection *mhd)
{
    struct header_count count = { 0 };
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_header, &count);
    if (count.length > 0 && count.encoding > 0)
        return "both Content-Length and Transfer-Encoding are given";
    if (count.length > 1 || count.encoding > 1 || count.host > 1)
        return "a header that may be given once is given twice";
    const char *encoding = header(mhd, "Transfer-Encoding");
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return "Transfer-Encoding other than chunked";
    const char *length = header(mhd, "Content-Length");
    if (length && (!*length || length[strspn(length, "0123456789")]))
        return "Content-Length is not a number";
    return NULL;
}

static bool method_known(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "POST") == 0;
}

static bool body_too_long(struct MHD_Connection *mhd, size_t max)
{
    const char *length = header(mhd, "Content-Length");
    if (!length)
        return false;
    uint64_t bytes = 0;
    for (const char *p = length; *p && bytes <= max; p++)
        bytes = bytes * 10 + (uint64_t)(*p - '0');
    return bytes > max;
}

#define TOO_LONG "the body is longer than this server takes"

/* What can be said no to before the body arrives; 0 when there is nothing. */
static int objection(const struct http_server *server, struct MHD_Connection *mhd,
                     const struct http_connection *connection, const char *method,
                     const char **ret_text)
{
    const char *unclear = ambiguous(mhd);
    if (unclear) {
        *ret_text = unclear;
        return 400;
    }
    if (connection->too_long) {
        *ret_text = "the URL is longer than 1024 bytes";
        return 414;
    }
    if (connection->path[0] != '/') {
        *ret_text = "not a path";
        return 400;
    }
    if (!method_known(method)) {
        *ret_text = "only GET, HEAD and POST are known here";
        return 405;
    }
    if (!http_host_allowed(server, header_or_empty(mhd, "Host"))) {
        *ret_text = "the Host header does not name this server";
        return 421;
    }
    if (body_too_long(mhd, server->body_max)) {
        *ret_text = TOO_LONG;
        return 413;
    }
    return 0;
}

static const char *exchange_query(const struct http_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->internal, MHD_GET_ARGUMENT_KIND, name);
}

static const char *exchange_header(const struct http_exchange *x, const char *name)
{
    return header(x->internal, name);
}

static enum MHD_Result give_to_handler(struct http_server *server, struct MHD_Connection *mhd,
                                       const struct http_connection *connection, const char *method)
{
    struct http_exchange x = {
        .method = method,
        .path = connection->path,
        .target = connection->target,
        .host = header_or_empty(mhd, "Host"),
        .authorization = header_or_empty(mhd, "Authorization"),
        .content_type = header_or_empty(mhd, "Content-Type"),
        .origin = header_or_empty(mhd, "Origin"),
        .tls = server->tls,
        .body = buf_str(&connection->body),
        .query = exchange_query,
        .header = exchange_header,
        .internal = mhd,
    };
    struct http_answer answer = { .status = 500 };
    server->handler(server->ctx, &x, &answer);
    return http_answer_send(server, mhd, &answer);
}

enum MHD_Result http_request_take(void *ctx, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    (void)url;
    (void)version;
    struct http_server *server = ctx;
    struct http_connection *connection = *request;
    if (!connection)
        return MHD_NO;
    if (!connection->seen) {
        connection->seen = true;
        const char *text = NULL;
        int status = objection(server, mhd, connection, method, &text);
        if (status == 0)
            return MHD_YES;
        http_connection_phase(connection, HTTP_LEAVING);
        return http_answer_error(server, mhd, status, status == 405 ? "GET, HEAD, POST" : NULL,
                                 text);
    }
    if (*upload_len > 0) {
        /* Past its ceiling the buffer takes no more; the rest of the body is read and dropped. */
        buf_add(&connection->body, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    http_connection_phase(connection, HTTP_LEAVING);
    if (buf_failed(&connection->body) == MUSTER_E_TOOBIG)
        return http_answer_error(server, mhd, 413, NULL, TOO_LONG);
    if (buf_failed(&connection->body))
        return MHD_NO;
    return give_to_handler(server, mhd, connection, method);
}

void http_request_ended(void *ctx, struct MHD_Connection *mhd, void **request,
                        enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)mhd;
    (void)why;
    struct http_connection *connection = *request;
    *request = NULL;
    if (!connection)
        return;
    buf_release(&connection->body);
    http_connection_phase(connection, HTTP_WAITING);
}
