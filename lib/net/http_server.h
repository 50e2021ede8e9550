/*
 * The endpoint's server: libmicrohttpd driven by the libuv loop (external epoll), so that requests
 * are answered on the loop's thread and need no locks.
 *
 * Bounded in everything: connections in all and per address, header and body size, time for a
 * request to arrive and for an answer to be taken. Slow clients cost a slot for a while, nothing else.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

struct http_server;

/* A body that several answers share: rendered once, sent many times. Counted references. */
struct http_body;
struct http_body *http_body_new(char *take_text, size_t len, const char *content_type);
struct http_body *http_body_ref(struct http_body *body);
void http_body_unref(struct http_body *body);

struct http_exchange {
    const char *method;        /* GET, HEAD, POST; others are answered 405 by the server itself */
    const char *path;          /* as sent, without the query */
    const char *host;          /* Host header, "" if none */
    const char *authorization; /* header, "" if none */
    const char *content_type;
    const char *origin; /* "" if none */
    struct str body;
    const char *(*query)(const struct http_exchange *x, const char *name); /* NULL: not given */
    void *internal;
};

struct http_answer {
    int status;
    struct http_body *take_body; /* NULL: empty */
    const char *allow;           /* Allow header, for 405; static */
};

/* Called for every complete request; fills the answer at once. */
typedef void http_handler(void *ctx, const struct http_exchange *x, struct http_answer *ret);

struct http_server_options {
    const char *host;               /* numeric address */
    uint16_t port;                  /* 0: any */
    const char *tls_cert, *tls_key; /* PEM files; NULL: plain */
    unsigned connections;           /* in all; 0: 1024 */
    unsigned per_address;           /* 0: no limit below `connections` */
    unsigned timeout_s;             /* idle time after which a connection is closed; 0: 10 */
    size_t body_max;                /* 0: 64 KiB; larger is answered 413 */
};

int http_server_new(uv_loop_t *loop, struct log *log, const struct http_server_options *options,
                    http_handler *handler, void *ctx, struct http_server **ret, struct error *err);
uint16_t http_server_port(const struct http_server *server);
/* Stops listening, finishes what is being answered, closes. Takes NULL. */
void http_server_free(struct http_server *server);

#endif
