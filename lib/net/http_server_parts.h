/*
 * What the files of the HTTP server share among themselves. Not for others: see http_server.h.
 *
 *     http_server.c       listening, accepting, libmicrohttpd on the loop
 *     http_connection.c   the connections there are, and how long each may take
 *     http_request.c      one request: collected, checked, handed to the handler
 *     http_body.c         bodies, and the headers every answer carries
 */
#ifndef NET_HTTP_SERVER_PARTS_H
#define NET_HTTP_SERVER_PARTS_H

#include <microhttpd.h>

#include "net/http_server.h"

#define HTTP_TARGET_MAX 1024 /* path and query; longer is answered 414 */

/*
 * waiting: for a request to begin (first one, or keep-alive). arriving: its first line is there.
 * leaving: answered, the client takes the answer. Each has its deadline, however busy the client
 * looks: one byte a second keeps an idle time-out from ever coming.
 */
enum http_phase { HTTP_WAITING, HTTP_ARRIVING, HTTP_LEAVING };

struct http_connection {
    struct http_connection *next, *previous;
    struct http_server *server;
    int fd; /* borrowed: libmicrohttpd's */
    enum http_phase phase;
    uint64_t since_ms; /* of the phase; uv_now */
    bool too_long;     /* the target did not fit */
    bool seen;         /* the request's headers were looked at */
    char target[HTTP_TARGET_MAX + 1];
    char path[HTTP_TARGET_MAX + 1];
    struct buf body;
};

struct http_server {
    uv_loop_t *loop;
    struct log *log;
    http_handler *handler;
    void *ctx;
    struct MHD_Daemon *daemon;
    char host[64]; /* listen address, numeric */
    bool any_host; /* it is a wildcard */
    uint16_t port;
    bool tls;
    char *cert, *key; /* PEM; libmicrohttpd borrows them */
    unsigned connections_max;
    unsigned timeout_s;
    size_t body_max;
    int listen_fd;
    struct http_connection *connections;
    unsigned connections_len;
    bool accepting;
    uint64_t told_full_ms; /* when it was last logged that there are too many; 0: never */
    bool stopping;
    uv_poll_t listen_poll, run_poll;
    uv_timer_t run_timer, sweep_timer;
    unsigned handles; /* of the four that the loop still knows */
};

/* http_connection.c */
void http_connection_notify(void *ctx, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code);
struct http_connection *http_connection_of(struct MHD_Connection *mhd);
void http_connection_phase(struct http_connection *connection, enum http_phase phase);
/* Ends the connections whose deadline has passed, or whose client has left unnoticed. */
void http_connection_sweep(struct http_server *server);
bool http_connection_busy(const struct http_server *server);

/* http_request.c: libmicrohttpd's callbacks */
void *http_request_begins(void *ctx, const char *target, struct MHD_Connection *mhd);
enum MHD_Result http_request_take(void *ctx, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request);
void http_request_ended(void *ctx, struct MHD_Connection *mhd, void **request,
                        enum MHD_RequestTerminationCode why);
/* Whether a Host header names this server: the listen address, or loopback; any port. */
bool http_host_allowed(const struct http_server *server, const char *host);

/* http_body.c */
enum MHD_Result http_answer_send(const struct http_server *server, struct MHD_Connection *mhd,
                                 struct http_answer *answer);
enum MHD_Result http_answer_error(const struct http_server *server, struct MHD_Connection *mhd,
                                  int status, const char *allow, const char *text);

#endif
