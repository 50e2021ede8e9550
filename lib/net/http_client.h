/*
 * One HTTP client for everything that calls out: curl multi on the libuv loop. HTTP/1.1 and 2,
 * keep-alive, TLS verified, no redirects, no proxies from the environment, every response capped and
 * timed. No retries here: who calls knows whether a call may be repeated. (curl itself sends a
 * request again whose kept connection proves to be closed before a byte of the answer came: what
 * must not happen twice needs a token of its own.)
 *
 * Addresses that no call has business with are never connected to (net/address.h): the check is made
 * on the resolved address that is then used, so that no answer of a name server gets around it.
 *
 * The program calls curl_global_init and ignores SIGPIPE before it makes a client.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct http_client;
struct http_call;

int http_client_new(uv_loop_t *loop, const char *user_agent, struct http_client **ret,
                    struct error *err);
/* Drops calls in flight: their callbacks are never called once this returned. Takes NULL. */
void http_client_free(struct http_client *client);

/*
 * A piece of the body of a good answer (status 200 to 299), as it comes off the wire; borrowed. Called
 * from the loop, in order, before done, with the same ctx. Not 0: the call ends at once, and that error
 * is what done is told. It must not call the client. Only a done without error says that they were all:
 * until then they may be the beginning of an answer that is cut off.
 */
typedef int http_piece_cb(void *ctx, struct str piece, struct error *err);

struct http_request {
    const char *method;         /* "GET" */
    const char *url;            /* http:// or https:// */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    struct str body;
    const char *unix_socket; /* connect here instead; may be NULL */
    const char *ca_file;     /* may be NULL: the system's */
    const char *proxy;   /* http://host:port to go through; NULL: none, whatever the environment */
    int64_t timeout_ns;  /* the whole call; 0: 20s */
    int64_t stall_ns;    /* ends when no byte came for so long (whole seconds); 0: only the above */
    size_t response_max; /* bytes of body, in pieces or not; 0: 8 MiB */
    http_piece_cb *piece; /* takes good bodies, which are not held then; NULL: done is given all */
    bool link_local;      /* may connect to link-local addresses: a cloud's metadata service */
};

struct http_response {
    int status;
    struct str body; /* "" if it was given in pieces */
    struct str content_type;
    struct str date;              /* the Date header, "" if none */
    const struct http_call *call; /* whose answer it is; NULL in answers made by hand */
};

/* Any other header of it; "" if it has none. Borrowed for the callback. */
struct str http_response_header(const struct http_response *response, const char *name);

/*
 * err->code 0: some HTTP response came, whatever its status. Otherwise there is none:
 * MUSTER_E_TRANSIENT (the request certainly did not arrive: no connection), MUSTER_E_UNKNOWN (it may
 * have), MUSTER_E_TOOBIG, MUSTER_E_INVALID (bad URL), MUSTER_E_REFUSED (a forbidden address),
 * MUSTER_E_NOMEM, or what the piece callback said. After TOOBIG and NOMEM the request may have arrived, too. The text names method
 * and URL, without the query: that may be signed.
 */
typedef void http_done_cb(void *ctx, const struct http_response *response, const struct error *err);

/* Copies what it needs of the request. The callback comes later, from the loop, exactly once, unless
 * the call is cancelled or this failed. *ret_call (may be NULL) is valid until then. The callback may
 * make calls, cancel others, and free the client. */
int http_call(struct http_client *client, const struct http_request *request, http_done_cb *done,
              void *ctx, struct http_call **ret_call, struct error *err);
void http_cancel(struct http_call *call);

#endif
