#include "net/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/address.h"

#define TIMEOUT_DEFAULT_NS   (20 * NS_PER_S)
#define CONNECT_TIMEOUT_MS   10000L
#define RESPONSE_DEFAULT_MAX ((size_t)8 << 20)
#define HEADERS_MAX          ((size_t)64 << 10)
#define COMPLAINT_MAX        ((size_t)1 << 20) /* what is held of a bad answer where good ones are not */

static bool is_good(const struct http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

/* curl ends the call when this gives less than it was given. */
static size_t take_piece(struct http_call *call, struct str piece)
{
    call->piece_bytes += piece.len;
    if (call->piece_bytes > call->response_max)
        return 0;
    call->refused.code = call->piece(call->ctx, piece, &call->refused);
    return call->refused.code < 0 ? 0 : piece.len;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    if (size * count == 0)
        return 0;
    if (call->piece && is_good(call))
        return take_piece(call, (struct str){ bytes, size * count });
    buf_add(&call->body, bytes, size * count);
    return buf_failed(&call->body) ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    (void)bytes;
    call->header_bytes += size * count;
    return call->header_bytes > HEADERS_MAX ? 0 : size * count;
}

/* The address curl is about to connect to: what is checked here is what is used. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_call *call = ctx;
    (void)purpose;
    if (!call->link_local || !address_link_local(&address->addr)) {
        const char *forbidden = address_forbidden(&address->addr);
        if (forbidden) {
            call->forbidden = forbidden;
            return CURL_SOCKET_BAD;
        }
    }
    call->forbidden = NULL; /* another address of the same name will do */
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool is_method(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return len > 0 && !method[len];
}

static int url_part(CURLU *url, CURLUPart part, char **ret)
{
    return curl_url_get(url, part, ret, 0) == CURLUE_OK ? 0 : -1;
}

/* Fills call->where, for messages: without the query, which may be a signature. */
static int url_check(struct http_call *call, const char *method, const char *text,
                     struct error *err)
{
    CURLU *url = curl_url();
    char *user = NULL, *password = NULL, *shown = NULL;
    int rc = 0;
    if (!url)
        return error_nomem(err);
    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        (!str_starts(str_from(text), "http://") && !str_starts(str_from(text), "https://")))
        rc = error_set(err, MUSTER_E_INVALID, "not an http:// or https:// URL");
    else if (!url_part(url, CURLUPART_USER, &user) || !url_part(url, CURLUPART_PASSWORD, &password))
        rc = error_set(err, MUSTER_E_INVALID,
                       "the URL has a user or password in it; give them as a header from a file");
    else if (curl_url_set(url, CURLUPART_QUERY, NULL, 0) != CURLUE_OK ||
             curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
             url_part(url, CURLUPART_URL, &shown))
        rc = error_nomem(err);
    else
        (void)snprintf(call->where, sizeof(call->where), "%s %s", method, shown);
    curl_free(user);
    curl_free(password);
    curl_free(shown);
    curl_url_cleanup(url);
    return rc;
}

static int add_header(struct http_call *call, const char *header, struct error *err)
{
    if (strpbrk(header, "\r\n") || !strchr(header, ':'))
        return error_set(err, MUSTER_E_INVALID, "%s: a header is not of the form \"Name: value\"",
                         call->where);
    struct curl_slist *longer = curl_slist_append(call->headers, header);
    if (!longer)
        return error_nomem(err);
    call->headers = longer;
    return 0;
}

static int add_headers(struct http_call *call, const char *const *headers, struct error *err)
{
    /* Without the pause that curl makes for "100 Continue" before a large body. */
    int rc = add_header(call, "Expect:", err);
    for (; rc == 0 && headers && *headers; headers++)
        rc = add_header(call, *headers, err);
    return rc;
}

#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(easy, option, value))

static CURLcode set_request(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_HTTPHEADER, call->headers);
    SET(CURLOPT_USERAGENT, call->client->user_agent);
    if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (request->body.len > 0 || strcmp(request->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_COPYPOSTFIELDS, request->body.ptr ? request->body.ptr : "");
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    } else if (strcmp(request->method, "GET") != 0) {
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
    if (request->unix_socket)
        SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    if (request->ca_file)
        SET(CURLOPT_CAINFO, request->ca_file);
    SET(CURLOPT_PROXY,
        request->proxy ? request->proxy : ""); /* none, whatever the environment says */
    return rc;
}

/*
 * curl's defaults that stay, since the rest relies on them: no redirects followed, certificates and
 * host names verified, no .netrc, no cookies, no HTTP/0.9, no compressed answers.
 *
 * The limit on the whole call is also the defence against a server that sends a byte now and then.
 * Silence has a limit only where the caller names one: a long poll rightly says nothing for many
 * seconds. HTTP/2 is spoken over TLS with whoever offers it; that is a default, too.
 */
static CURLcode set_limits(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
    CURLcode rc = CURLE_OK;
    int64_t timeout_ns = request->timeout_ns > 0 ? request->timeout_ns : TIMEOUT_DEFAULT_NS;
    int64_t timeout_ms = (timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    if (request->stall_ns > 0) {
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, (long)((request->stall_ns + NS_PER_S - 1) / NS_PER_S));
    }
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->response_max);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, call);
    if (call->link_local) {
        /* A kept connection is not checked again: none of these may be lent to other calls. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_FORBID_REUSE, 1L);
    }
    return rc;
}

static CURLcode set_callbacks(struct http_call *call)
{
    CURL *easy = call->easy;
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_ERRORBUFFER, call->reason);
    SET(CURLOPT_PRIVATE, call);
    return rc;
}

#undef SET

static int call_set_up(struct http_call *call, const struct http_request *request,
                       struct error *err)
{
    if (!is_method(request->method))
        return error_set(err, MUSTER_E_INVALID, "not an HTTP method");
    int rc = url_check(call, request->method, request->url, err);
    if (rc == 0)
        rc = add_headers(call, request->headers, err);
    if (rc < 0)
        return rc;
    call->easy = curl_easy_init();
    if (!call->easy)
        return error_nomem(err);
    CURLcode set = set_request(call, request);
    set = set ? set : set_limits(call, request);
    set = set ? set : set_callbacks(call);
    if (set)
        return error_set(err, set == CURLE_OUT_OF_MEMORY ? MUSTER_E_NOMEM : MUSTER_E_INVALID,
                         "%s: %s", call->where, curl_easy_strerror(set));
    return 0;
}

void http_call_free(struct http_call *call)
{
    if (!call)
        return;
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    buf_release(&call->body);
    free(call);
}

int http_call_new(struct http_client *client, const struct http_request *request,
                  struct http_call **ret, struct error *err)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (!call)
        return error_nomem(err);
    call->client = client;
    call->link_local = request->link_local;
    call->piece = request->piece;
    call->response_max = request->response_max ? request->response_max : RESPONSE_DEFAULT_MAX;
    bool all = !call->piece || call->response_max < COMPLAINT_MAX;
    buf_init(&call->body, all ? call->response_max : COMPLAINT_MAX);
    int rc = call_set_up(call, request, err);
    if (rc < 0) {
        http_call_free(call);
        return rc;
    }
    *ret = call;
    return 0;
}

/* ---- what became of it ------------------------------------------------------------------------ */

static int failure_code(struct http_call *call, CURLcode code)
{
    curl_off_t sent_us = 0;
    if (call->forbidden)
        return MUSTER_E_REFUSED;
    if (call->refused.code)
        return call->refused.code;
    if (buf_failed(&call->body))
        return buf_failed(&call->body);
    if (call->piece_bytes > call->response_max)
        return MUSTER_E_TOOBIG;
    if (code == CURLE_OUT_OF_MEMORY)
        return MUSTER_E_NOMEM;
    if (code == CURLE_FILESIZE_EXCEEDED || call->header_bytes > HEADERS_MAX)
        return MUSTER_E_TOOBIG;
    /* Zero until the connection (TLS included) stood and the request began to leave. */
    curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    if (sent_us > 0)
        return MUSTER_E_UNKNOWN;
    bool bad_request = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
                       code == CURLE_SSL_CACERT_BADFILE;
    return bad_request ? MUSTER_E_INVALID : MUSTER_E_TRANSIENT;
}

void http_call_failure(struct http_call *call, CURLcode code, struct error *err)
{
    int kind = failure_code(call, code);
    if (call->refused.code)
        error_set(err, kind, "%s: %s", call->where, call->refused.text);
    else if (kind == MUSTER_E_REFUSED)
        error_set(err, kind, "%s: %s, which muster never connects to", call->where,
                  call->forbidden);
    else if (kind == MUSTER_E_TOOBIG)
        error_set(err, kind, "%s: the answer is larger than %zu bytes", call->where,
                  call->header_bytes > HEADERS_MAX ? HEADERS_MAX
                  : buf_failed(&call->body) != 0   ? call->body.ceiling
                                                   : call->response_max);
    else
        error_set(err, kind, "%s: %s", call->where,
                  call->reason[0] ? call->reason : curl_easy_strerror(code));
}

struct str http_call_header(const struct http_call *call, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return STR("");
    return str_from(header->value);
}
