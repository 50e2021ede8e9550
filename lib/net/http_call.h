/*
 * Inside the HTTP client: one call as a curl handle. http_client.c runs it on the loop; this part
 * sets it up from a request and says what became of it.
 */
#ifndef NET_HTTP_CALL_H
#define NET_HTTP_CALL_H

#include <curl/curl.h>

#include "net/http_client.h"

#define HTTP_CALL_WHERE_MAX 256

struct http_client {
    uv_loop_t *loop;
    CURLM *multi; /* NULL once the client was freed */
    uv_timer_t timer;
    char *user_agent;
    struct http_call *calls;
    size_t handles; /* the timer and the sockets; the last one to close frees the client */
    bool any_stuck; /* one of the calls is */
};

struct http_call {
    struct http_client *client;
    struct http_call *next, *before;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    size_t response_max;
    size_t header_bytes;
    size_t piece_bytes; /* given to `piece` so far */
    http_done_cb *done;
    http_piece_cb *piece; /* may be NULL */
    void *ctx;            /* of both */
    struct error refused; /* by `piece` */
    bool link_local;
    bool stuck;            /* its socket could not be given to the loop: it would never go on */
    const char *forbidden; /* what was wrong with an address that was not connected to */
    char where[HTTP_CALL_WHERE_MAX]; /* "GET https://host/path" */
    char reason[CURL_ERROR_SIZE];    /* curl's words */
};

/* A call ready to be given to client->multi, and in no list yet. */
int http_call_new(struct http_client *client, const struct http_request *request,
                  struct http_call **ret, struct error *err);
void http_call_free(struct http_call *call);

/* A header of the answer; "" if it has none. Borrowed from the call. */
struct str http_call_header(const struct http_call *call, const char *name);

/* What curl's code means, in the classes that http_client.h names. */
void http_call_failure(struct http_call *call, CURLcode code, struct error *err);

#endif
