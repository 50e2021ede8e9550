#include <stdlib.h>

#include <sys/socket.h>

#include "net/http_server_parts.h"

static void enter(struct http_server *server, struct http_connection *connection)
{
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->connections_len++;
}

static void leave(struct http_server *server, struct http_connection *connection)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connections_len--;
    buf_release(&connection->body);
    free(connection);
}

void http_connection_notify(void *ctx, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = ctx;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context)
            leave(server, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_connection *connection = calloc(1, sizeof(*connection));
    *context = connection;
    if (!connection) {
        /* Without its record a connection has no deadline: end it right away. */
        if (info)
            shutdown(info->connect_fd, SHUT_RDWR);
        return;
    }
    connection->server = server;
    connection->fd = info ? info->connect_fd : -1;
    buf_init(&connection->body, server->body_max);
    http_connection_phase(connection, HTTP_WAITING);
    enter(server, connection);
}

struct http_connection *http_connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void http_connection_phase(struct http_connection *connection, enum http_phase phase)
{
    connection->phase = phase;
    connection->since_ms = uv_now(connection->server->loop);
}

static bool overdue(const struct http_connection *connection, uint64_t now_ms)
{
    uint64_t allowed_ms = UINT64_C(1000) * connection->server->timeout_s;
    /* A client that does take its answer, over a thin line, gets longer. */
    if (connection->phase == HTTP_LEAVING)
        allowed_ms *= 3;
    return now_ms - connection->since_ms > allowed_ms;
}

/*
 * Bytes and the end of the connection that come together are one event, and libmicrohttpd takes the
 * bytes for all of it: such a connection would stay until its time-out.
 */
static bool ended_unseen(const struct http_connection *connection)
{
    char byte;
    return connection->phase != HTTP_LEAVING &&
           recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_connection_sweep(struct http_server *server)
{
    uint64_t now_ms = uv_now(server->loop);
    for (struct http_connection *c = server->connections; c; c = c->next) {
        /* libmicrohttpd sees the end of the connection and cleans up; its memory is its own. */
        if (c->fd >= 0 && (overdue(c, now_ms) || ended_unseen(c)))
            shutdown(c->fd, SHUT_RDWR);
    }
}

bool http_connection_busy(const struct http_server *server)
{
    for (const struct http_connection *c = server->connections; c; c = c->next) {
        if (c->phase == HTTP_LEAVING)
            return true;
    }
    return false;
}
