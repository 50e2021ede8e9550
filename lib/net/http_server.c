#include "net/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "net/http_server_parts.h"

#define SWEEP_MS         500
#define NO_FILES_MS      200 /* pause after the process ran out of file descriptors */
#define ACCEPT_MAX       64  /* per turn of the loop: a flood of connections is not all we do */
#define ADMIT_MAX        8   /* of them, those that may ask; each may cost half a millisecond */
#define SEND_BYTES       (128 << 10) /* what a client leaves lying is the kernel's memory */
#define CONNECTION_BYTES ((size_t)16 << 10)
#define PEM_MAX          ((size_t)1 << 20)
#define FILES_FOR_OTHERS 192 /* descriptors left to the rest of the process */
#define DRAIN_MS         250
#define TELL_FULL_MS     60000

/* ---- the loop and libmicrohttpd ---- */

static void on_run_timer(uv_timer_t *timer);

/*
 * libmicrohttpd has one epoll set for all connections; the loop watches that set. What the set does
 * not say (bytes read already, idle time-outs) libmicrohttpd tells as the time until it wants to run
 * again, 0 for at once. That is made a millisecond: a timer of 0 that is set in its own callback fires
 * again before the loop does anything else (libuv before 1.45), and libmicrohttpd says 0 for as long as
 * a TLS handshake stalls, so that one silent client would stop everything.
 */
static void run(struct http_server *server)
{
    MHD_run(server->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        uv_timer_start(&server->run_timer, on_run_timer, wait_ms > 0 ? wait_ms : 1, 0);
    else
        uv_timer_stop(&server->run_timer);
}

static void on_run_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_run_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_mhd_log(void *ctx, const char *format, va_list args)
{
    struct http_server *server = ctx;
    char text[256];
    if (!server->log || server->log->level > LOG_DEBUG ||
        vsnprintf(text, sizeof(text), format, args) < 0)
        return;
    text[strcspn(text, "\r\n")] = '\0';
    log_printf(server->log, LOG_DEBUG, "endpoint: %s", text);
}

/* ---- accepting ---- */

static const char full_answer[] =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Length: 33\r\n\r\n"
    "{\"error\":\"too many connections\"}\n";

/* Says no without keeping anything: what fits into the socket's buffer is sent, then it is closed. */
static void turn_away(struct http_server *server, int fd)
{
    if (!server->tls) {
        char request[4096];
        ssize_t sent = send(fd, full_answer, sizeof(full_answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        /* Unread bytes would turn the close into a reset, and the client might not see the answer. */
        while (sent > 0 && recv(fd, request, sizeof(request), MSG_DONTWAIT) > 0)
            ;
    }
    close(fd);
    uint64_t now_ms = uv_now(server->loop);
    if (server->told_full_ms == 0 || now_ms - server->told_full_ms > TELL_FULL_MS) {
        server->told_full_ms = now_ms;
        log_line(server->log, LOG_WARNING,
                 "endpoint: too many connections; continuing: new ones are answered 503",
                 LOG_INT("connections", server->connections_len));
    }
}

static void on_listen_ready(uv_poll_t *poll, int status, int events);

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    http_connection_sweep(server);
    if (!server->accepting &&
        uv_poll_start(&server->listen_poll, UV_READABLE, on_listen_ready) == 0)
        server->accepting = true;
    if (server->connections_len == 0)
        uv_timer_stop(timer);
}

static void sweep_later(struct http_server *server)
{
    if (!uv_is_active((uv_handle_t *)&server->sweep_timer))
        uv_timer_start(&server->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* No descriptor is free: the listening socket stays readable, so look away for a moment. */
static void pause_accepting(struct http_server *server)
{
    uv_poll_stop(&server->listen_poll);
    server->accepting = false;
    uv_timer_start(&server->sweep_timer, on_sweep, NO_FILES_MS, SWEEP_MS);
}

static bool accept_one(struct http_server *server)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd =
        accept4(server->listen_fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(server);
        /* A connection that was reset while it waited is none. */
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (server->connections_len >= server->connections_max) {
        turn_away(server, fd);
        return true;
    }
    /* Closes the socket itself when it fails. */
    MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, len);
    return true;
}

static void on_listen_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct http_server *server = poll->data;
    unsigned before = server->connections_len;
    for (int i = 0; i < ACCEPT_MAX && server->connections_len < before + ADMIT_MAX; i++) {
        if (!accept_one(server))
            break;
    }
    sweep_later(server);
    run(server);
}

/* ---- setting up ---- */

static int parse_address(const char *host, uint16_t port, struct sockaddr_storage *ret,
                         struct error *err)
{
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)ret) == 0 ||
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)ret) == 0)
        return 0;
    return error_set(err, MUSTER_E_CONFIG, "listen: '%s' is not a numeric address", host);
}

static int bind_and_listen(int fd, const struct sockaddr_storage *address, struct error *err)
{
    const int on = 1;
    bool six = address->ss_family == AF_INET6;
    socklen_t len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Accepted sockets inherit these. An answer is written at once and need not wait for more. Without
     * a bound the kernel takes megabytes for a client that does not read, and time with them. */
    const int send_bytes = SEND_BYTES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
    if (bind(fd, (const struct sockaddr *)address, len) < 0)
        return error_errno(err, errno, "bind");
    if (listen(fd, SOMAXCONN) < 0)
        return error_errno(err, errno, "listen");
    return 0;
}

static int port_of(int fd, uint16_t *ret, struct error *err)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
        return error_errno(err, errno, "getsockname");
    *ret = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

static int start_listening(struct http_server *server, const struct http_server_options *options,
                           struct error *err)
{
    struct sockaddr_storage address = { 0 };
    int rc = parse_address(options->host, options->port, &address, err);
    if (rc < 0)
        return rc;
    str_copy_c(server->host, sizeof(server->host), options->host);
    server->any_host = strcmp(options->host, "0.0.0.0") == 0 || strcmp(options->host, "::") == 0;

    server->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0)
        return error_errno(err, errno, "socket");
    rc = bind_and_listen(server->listen_fd, &address, err);
    if (rc == 0)
        rc = port_of(server->listen_fd, &server->port, err);
    return rc < 0 ? error_wrap(err, "listen on %s port %u", options->host, options->port) : 0;
}

static int read_pem(const char *path, char **ret, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    char *text = calloc(1, PEM_MAX + 1);
    size_t len = 0;
    ssize_t n = -1;
    while (text && len < PEM_MAX && (n = read(fd, text + len, PEM_MAX - len)) > 0)
        len += (size_t)n;
    int read_errno = errno;
    close(fd);
    if (!text)
        return error_nomem(err);
    if (n == 0) {
        *ret = text;
        return 0;
    }
    explicit_bzero(text, len);
    free(text);
    if (n > 0)
        return error_set(err, MUSTER_E_CONFIG, "%s: too long for a PEM file", path);
    return error_errno(err, read_errno, "%s", path);
}

static int read_tls(struct http_server *server, const struct http_server_options *options,
                    struct error *err)
{
    if (!options->tls_cert && !options->tls_key)
        return 0;
    if (!options->tls_cert || !options->tls_key)
        return error_set(err, MUSTER_E_CONFIG, "tls needs both a certificate and a key");
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return error_set(err, MUSTER_E_CONFIG, "this libmicrohttpd was built without TLS");
    server->tls = true;
    int rc = read_pem(options->tls_cert, &server->cert, err);
    return rc < 0 ? rc : read_pem(options->tls_key, &server->key, err);
}

static int start_daemon(struct http_server *server, unsigned per_address, struct error *err)
{
    struct MHD_OptionItem options[16];
    size_t n = 0;
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                            (intptr_t)CONNECTION_BYTES, NULL };
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_LIMIT,
                                            (intptr_t)server->connections_max + 1, NULL };
    options[n++] =
        (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)server->timeout_s, NULL };
    options[n++] =
        (struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)per_address, NULL };
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL };
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_NOTIFY_CONNECTION,
                                            (intptr_t)http_connection_notify, server };
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_NOTIFY_COMPLETED,
                                            (intptr_t)http_request_ended, server };
    options[n++] = (struct MHD_OptionItem){ MHD_OPTION_URI_LOG_CALLBACK,
                                            (intptr_t)http_request_begins, server };
    if (server->tls) {
        options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert };
        options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, server->key };
    }
    options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };

    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
                     (server->tls ? (unsigned)MHD_USE_TLS : 0u);
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_request_take, server,
                                      MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, server,
                                      MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!server->daemon)
        return error_set(err, MUSTER_E_CONFIG, "libmicrohttpd would not start%s",
                         server->tls ? ": is the certificate's key the right one?" : "");
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles == 0)
        free(server);
}

static int watch(struct http_server *server, struct error *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return error_set(err, MUSTER_E_CONFIG, "libmicrohttpd has no epoll here");
    uv_timer_init(server->loop, &server->run_timer);
    uv_timer_init(server->loop, &server->sweep_timer);
    server->run_timer.data = server->sweep_timer.data = server;
    server->run_poll.data = server->listen_poll.data = server;
    server->handles = 2;

    int rc = uv_poll_init(server->loop, &server->run_poll, info->epoll_fd);
    server->handles += rc == 0;
    if (rc == 0)
        rc = uv_poll_init(server->loop, &server->listen_poll, server->listen_fd);
    server->handles += rc == 0;
    if (rc == 0)
        rc = uv_poll_start(&server->run_poll, UV_READABLE, on_run_ready);
    if (rc == 0)
        rc = uv_poll_start(&server->listen_poll, UV_READABLE, on_listen_ready);
    if (rc < 0)
        return error_set(err, MUSTER_E_IO, "watch the endpoint: %s", uv_strerror(rc));
    server->accepting = true;
    return 0;
}

/* Descriptors are shared with the database, the clients and the children: leave them some. */
static unsigned clamp_connections(unsigned wanted)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY)
        return wanted;
    rlim_t left = files.rlim_cur > 2 * FILES_FOR_OTHERS ? files.rlim_cur - FILES_FOR_OTHERS
                                                        : files.rlim_cur / 2;
    return wanted < left ? wanted : (unsigned)left;
}

int http_server_new(uv_loop_t *loop, struct log *log, const struct http_server_options *options,
                    http_handler *handler, void *ctx, struct http_server **ret, struct error *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server)
        return error_nomem(err);
    *server = (struct http_server){
        .loop = loop,
        .log = log,
        .handler = handler,
        .ctx = ctx,
        .connections_max = clamp_connections(options->connections ? options->connections : 1024),
        .timeout_s = options->timeout_s ? options->timeout_s : 10,
        .body_max = options->body_max ? options->body_max : (size_t)64 << 10,
        .listen_fd = -1,
    };
    int rc = read_tls(server, options, err);
    if (rc == 0)
        rc = start_listening(server, options, err);
    if (rc == 0)
        rc = start_daemon(server, options->per_address, err);
    if (rc == 0)
        rc = watch(server, err);
    if (rc < 0) {
        http_server_free(server);
        return rc;
    }
    *ret = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

/* ---- closing ---- */

/* Gives answers that are on their way a moment to get there. The loop is not run meanwhile. */
static void drain(struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd ready = { .fd = info ? info->epoll_fd : -1, .events = POLLIN };
    for (int waited_ms = 0; waited_ms < DRAIN_MS && http_connection_busy(server); waited_ms += 10) {
        poll(&ready, 1, 10);
        MHD_run(server->daemon);
    }
}

static void close_handles(struct http_server *server)
{
    unsigned handles = server->handles;
    if (handles == 0) {
        free(server);
        return;
    }
    uv_close((uv_handle_t *)&server->run_timer, on_handle_closed);
    uv_close((uv_handle_t *)&server->sweep_timer, on_handle_closed);
    if (handles > 2)
        uv_close((uv_handle_t *)&server->run_poll, on_handle_closed);
    if (handles > 3)
        uv_close((uv_handle_t *)&server->listen_poll, on_handle_closed);
}

static void free_pem(char *pem)
{
    if (pem)
        explicit_bzero(pem, strlen(pem));
    free(pem);
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    server->stopping = true;
    if (server->handles > 2)
        uv_poll_stop(&server->run_poll);
    if (server->handles > 3)
        uv_poll_stop(&server->listen_poll);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->daemon) {
        drain(server);
        MHD_stop_daemon(server->daemon);
    }
    free_pem(server->cert);
    free_pem(server->key);
    close_handles(server);
}
