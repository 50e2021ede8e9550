#include "queue/redis_conn.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "queue/redis_link.h"

/* A socket is tried once; the next address of the name gets a new one. */
struct attempt {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_connect_t connect;
    uv_write_t write;
    struct redis_conn *conn; /* NULL: given up, and on its way out */
    redisReader *reader;
    struct buf sent;
    size_t received; /* since the last send */
    char chunk[16384];
};

struct lookup {
    uv_getaddrinfo_t request;
    struct redis_conn *conn; /* NULL: given up */
};

struct redis_conn {
    uv_loop_t *loop;
    const struct redis_conn_events *events;
    void *ctx;
    struct lookup *lookup;
    struct addrinfo *found, *next;
    struct attempt *attempt;
    struct error failure; /* of the last attempt */
};

/* ---- ends -------------------------------------------------------------------------------------- */

static void on_attempt_closed(uv_handle_t *handle)
{
    struct attempt *attempt = handle->data;
    redisReaderFree(attempt->reader);
    if (attempt->sent.ptr)
        explicit_bzero(attempt->sent.ptr, attempt->sent.size);
    buf_release(&attempt->sent);
    free(attempt);
}

static void attempt_drop(struct attempt *attempt)
{
    if (!attempt)
        return;
    attempt->conn = NULL;
    uv_close(&attempt->handle, on_attempt_closed);
}

void redis_conn_free(struct redis_conn *conn)
{
    if (!conn)
        return;
    if (conn->lookup) {
        conn->lookup->conn = NULL;
        uv_cancel((uv_req_t *)&conn->lookup->request);
    }
    attempt_drop(conn->attempt);
    uv_freeaddrinfo(conn->found);
    free(conn);
}

static void lost(struct redis_conn *conn, const struct error *err)
{
    struct error copy = *err;
    conn->events->lost(conn->ctx, &copy);
}

/* ---- bytes ------------------------------------------------------------------------------------- */

static void lend_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct attempt *attempt = handle->data;
    (void)suggested;
    *buf = uv_buf_init(attempt->chunk, sizeof(attempt->chunk));
}

/* Hands out the replies that are complete. The receiver may free the connection at any of them. */
static void take_replies(struct attempt *attempt)
{
    struct error err = { 0 };
    while (attempt->conn) {
        void *reply = NULL;
        if (redisReaderGetReply(attempt->reader, &reply) != REDIS_OK) {
            error_set(&err, MUSTER_E_INVALID, "not the Redis protocol: is this a Redis server?");
            lost(attempt->conn, &err);
            return;
        }
        if (!reply)
            return;
        attempt->conn->events->reply(attempt->conn->ctx, reply);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct attempt *attempt = stream->data;
    struct error err = { 0 };
    if (!attempt->conn || n == 0)
        return;
    attempt->received += n > 0 ? (size_t)n : 0;
    if (n == UV_EOF)
        error_set(&err, MUSTER_E_TRANSIENT, "the server closed the connection");
    else if (n < 0)
        error_set(&err, MUSTER_E_TRANSIENT, "the connection broke: %s", uv_strerror((int)n));
    else if (attempt->received > REDIS_LINK_REPLY_MAX)
        error_set(&err, MUSTER_E_TOOBIG, "the replies are larger than %zu bytes",
                  REDIS_LINK_REPLY_MAX);
    else if (redisReaderFeed(attempt->reader, bytes->base, (size_t)n) != REDIS_OK)
        error_nomem(&err);
    if (err.code)
        lost(attempt->conn, &err);
    else
        take_replies(attempt);
}

static void on_written(uv_write_t *write, int status)
{
    struct attempt *attempt = write->data;
    (void)status; /* a failure shows when reading, too */
    if (attempt->sent.ptr)
        explicit_bzero(attempt->sent.ptr, attempt->sent.size);
    buf_release(&attempt->sent);
}

int redis_conn_send(struct redis_conn *conn, struct buf *take_text, struct error *err)
{
    struct attempt *attempt = conn->attempt;
    if (attempt->sent.ptr)
        return error_set(err, MUSTER_E_TRANSIENT, "the server does not take what it is sent");
    attempt->sent = *take_text;
    *take_text = (struct buf){ .ceiling = take_text->ceiling };
    attempt->received = 0;
    attempt->write.data = attempt;
    uv_buf_t bytes = uv_buf_init(attempt->sent.ptr, (unsigned)attempt->sent.len);
    int rc = uv_write(&attempt->write, &attempt->stream, &bytes, 1, on_written);
    return rc < 0 ? error_set(err, MUSTER_E_TRANSIENT, "%s", uv_strerror(rc)) : 0;
}

/* ---- connecting -------------------------------------------------------------------------------- */

static void try_next(struct redis_conn *conn);

static void explain_connect(struct redis_conn *conn, int status)
{
    const char *hint =
        status == UV_ECONNREFUSED || status == UV_ENOENT ? " (is the server running?)" : "";
    error_set(&conn->failure, MUSTER_E_TRANSIENT, "%s%s", uv_strerror(status), hint);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct attempt *attempt = connect->data;
    struct redis_conn *conn = attempt->conn;
    if (!conn)
        return;
    if (status == 0)
        status = uv_read_start(&attempt->stream, lend_chunk, on_read);
    if (status == 0) {
        conn->events->connected(conn->ctx);
        return;
    }
    explain_connect(conn, status);
    attempt_drop(attempt);
    conn->attempt = NULL;
    try_next(conn);
}

static struct attempt *attempt_new(struct redis_conn *conn, bool local)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    if (!attempt)
        return NULL;
    attempt->reader = redisReaderCreate();
    if (!attempt->reader) {
        free(attempt);
        return NULL;
    }
    if (local)
        uv_pipe_init(conn->loop, &attempt->pipe, 0);
    else
        uv_tcp_init(conn->loop, &attempt->tcp);
    attempt->handle.data = attempt;
    attempt->connect.data = attempt;
    attempt->conn = conn;
    conn->attempt = attempt;
    return attempt;
}

/* Gives 0 when an attempt is under way; otherwise says why not in conn->failure. */
static int try_address(struct redis_conn *conn, const struct sockaddr *address)
{
    const char *forbidden = address_forbidden(address);
    if (forbidden)
        return error_set(&conn->failure, MUSTER_E_REFUSED, "%s, which muster never connects to",
                         forbidden);
    struct attempt *attempt = attempt_new(conn, false);
    if (!attempt)
        return error_nomem(&conn->failure);
    int rc = uv_tcp_connect(&attempt->connect, &attempt->tcp, address, on_connect);
    if (rc < 0) {
        explain_connect(conn, rc);
        attempt_drop(attempt);
        conn->attempt = NULL;
        return conn->failure.code;
    }
    uv_tcp_nodelay(&attempt->tcp, 1);
    return 0;
}

static void try_next(struct redis_conn *conn)
{
    while (conn->next) {
        const struct addrinfo *one = conn->next;
        conn->next = one->ai_next;
        if (try_address(conn, one->ai_addr) == 0)
            return;
    }
    lost(conn, &conn->failure);
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;
    struct redis_conn *conn = lookup->conn;
    free(lookup);
    if (!conn) {
        uv_freeaddrinfo(found);
        return;
    }
    conn->lookup = NULL;
    conn->found = conn->next = found;
    if (status < 0)
        error_set(&conn->failure, MUSTER_E_TRANSIENT, "the name cannot be resolved: %s",
                  uv_strerror(status));
    try_next(conn);
}

static int start_lookup(struct redis_conn *conn, const struct redis_address *address,
                        struct error *err)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        return error_nomem(err);
    lookup->request.data = lookup;
    lookup->conn = conn;
    int rc = uv_getaddrinfo(conn->loop, &lookup->request, on_lookup, address->host, address->port,
                            &hints);
    if (rc < 0) {
        free(lookup);
        return error_set(err, MUSTER_E_TRANSIENT, "the name cannot be resolved: %s",
                         uv_strerror(rc));
    }
    conn->lookup = lookup;
    return 0;
}

static int start_local(struct redis_conn *conn, const char *path, struct error *err)
{
    struct attempt *attempt = attempt_new(conn, true);
    if (!attempt)
        return error_nomem(err);
    uv_pipe_connect(&attempt->connect, &attempt->pipe, path, on_connect);
    return 0;
}

int redis_conn_new(uv_loop_t *loop, const struct redis_address *address,
                   const struct redis_conn_events *events, void *ctx, struct redis_conn **ret,
                   struct error *err)
{
    struct redis_conn *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return error_nomem(err);
    conn->loop = loop;
    conn->events = events;
    conn->ctx = ctx;
    int rc =
        address->path[0] ? start_local(conn, address->path, err) : start_lookup(conn, address, err);
    if (rc < 0) {
        free(conn);
        return rc;
    }
    *ret = conn;
    return 0;
}
