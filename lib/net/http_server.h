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
/* content_type is static. NULL when out of memory; the text is then freed. */
struct http_body *http_body_new(char *take_text, size_t len, const char *content_type);
struct http_body *http_body_ref(struct http_body *body);
void http_body_unref(struct http_body *body);
struct str http_body_text(const struct http_body *body);

struct http_exchange {
    const char *method;        /* GET, HEAD, POST; others are answered 405 by the server itself */
    const char *path;          /* as sent (escapes are not decoded), without the query */
    const char *target;        /* as sent, with the query */
    const char *host;          /* Host header, "" if none */
    const char *authorization; /* header, "" if none */
    const char *content_type;
    const char *origin; /* "" if none */
    bool tls;
    struct str body;
    /* Both NULL when not given. Query values are decoded; header names match in any case. */
    const char *(*query)(const struct http_exchange *x, const char *name);
    const char *(*header)(const struct http_exchange *x, const char *name);
    void *internal;
};

struct http_answer {
    int status;
    struct http_body *take_body; /* NULL: empty */
    const char *allow;           /* Allow header, for 405; static */
};

/*
 * Called for every complete request; fills the answer at once. What is not HTTP, too long, of another
 * method, or not meant for us (a Host that is neither the listen address nor loopback: DNS rebinding)
 * was answered before: 400, 405, 413, 414, 421, 431. Every answer carries the headers that keep
 * browsers from doing anything clever with it; 401 asks for a bearer token; errors close the
 * connection.
 */
typedef void http_handler(void *ctx, const struct http_exchange *x, struct http_answer *ret);

struct http_server_options {
    const char *host;               /* numeric address */
    uint16_t port;                  /* 0: any */
    const char *tls_cert, *tls_key; /* PEM files; NULL: plain */
    unsigned connections;           /* in all; 0: 1024; at most what the file limit leaves */
    unsigned per_address;           /* 0: no limit below `connections` */
    unsigned timeout_s;             /* idle time after which a connection is closed; 0: 10 */
    size_t body_max;                /* 0: 64 KiB; larger is answered 413 */
};

int http_server_new(uv_loop_t *loop, struct log *log, const struct http_server_options *options,
                    http_handler *handler, void *ctx, struct http_server **ret, struct error *err);
uint16_t http_server_port(const struct http_server *server);
/* Stops listening, finishes what is being answered (a quarter of a second at most), closes. The loop
 * must run once more for the rest of the memory to be given back. Takes NULL. */
void http_server_free(struct http_server *server);

#endif
