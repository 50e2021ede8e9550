#include "tests/unit/tiny_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define ANSWERS_MAX     64

struct connection {
    struct tiny_server *server;
    int fd;
};

struct tiny_server {
    const struct tiny_answer *answers;
    int fd, port;
    int stop[2]; /* a pipe that becomes readable when all is over */
    pthread_t thread;
    pthread_t handlers[CONNECTIONS_MAX];
    struct connection all[CONNECTIONS_MAX]; /* in place: tests make allocations fail */
    int connections;
    pthread_mutex_t lock; /* of the fields from here on, and of connections */
    char request[8192];
    int given[ANSWERS_MAX]; /* of those that are not given always */
    char url[256];
};

static void must(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* Waits up to ms (-1: for ever); gives 1 when fd is readable, 0 when not, -1 when the server stops. */
static int wait_for(struct tiny_server *server, int fd, int ms)
{
    struct pollfd fds[2] = { { .fd = server->stop[0], .events = POLLIN },
                             { .fd = fd, .events = POLLIN } };
    poll(fds, fd < 0 ? 1 : 2, ms);
    if (fds[0].revents)
        return -1;
    return fd >= 0 && fds[1].revents ? 1 : 0;
}

/* One request: headers, and a body of Content-Length. 0: the client went away. */
static size_t read_request(struct tiny_server *server, int fd, char *text, size_t size)
{
    size_t len = 0;
    while (len < size - 1) {
        if (wait_for(server, fd, -1) < 0)
            return 0;
        ssize_t n = read(fd, text + len, size - 1 - len);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (end && len >= (size_t)(end + 4 - text) + (length ? strtoul(length + 16, NULL, 10) : 0))
            return len;
    }
    return len;
}

static const struct tiny_answer *answer_to(struct tiny_server *server, const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    size_t len = strcspn(path, " ?");
    const struct tiny_answer *found = NULL;
    pthread_mutex_lock(&server->lock);
    for (int i = 0; server->answers[i].path && !found; i++) {
        const struct tiny_answer *a = &server->answers[i];
        if (strlen(a->path) != len || memcmp(a->path, path, len) != 0)
            continue;
        must(i < ANSWERS_MAX, "answers");
        if (a->times == 0 || server->given[i]++ < a->times)
            found = a;
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static int say(struct tiny_server *server, int fd, const char *bytes, size_t len, int drip_ms)
{
    size_t step = drip_ms ? 1 : len;
    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, bytes + done, step < len - done ? step : len - done, MSG_NOSIGNAL);
        if (n < 0 || (drip_ms && wait_for(server, -1, drip_ms) < 0))
            return -1;
        done += (size_t)n;
    }
    return 0;
}

static int say_answer(struct tiny_server *server, int fd, const struct tiny_answer *answer)
{
    static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (!answer)
        return say(server, fd, missing, sizeof(missing) - 1, 0);
    if (!answer->bytes)
        return -1;
    size_t len = strlen(answer->bytes);
    if (say(server, fd, answer->bytes, len, answer->drip_ms) < 0)
        return -1;
    for (int i = 0; i < answer->repeat; i++) {
        if (say(server, fd, answer->more, strlen(answer->more), answer->drip_ms) < 0)
            return -1;
    }
    if (answer->hang)
        wait_for(server, -1, -1);
    return strstr(answer->bytes, "Content-Length: ") && !answer->truncated ? 0 : -1;
}

static void *serve_connection(void *ctx)
{
    struct connection *c = ctx;
    struct tiny_server *server = c->server;
    char request[sizeof(server->request)];
    for (;;) {
        size_t len = read_request(server, c->fd, request, sizeof(request));
        if (len == 0)
            break;
        pthread_mutex_lock(&server->lock);
        memcpy(server->request, request, len + 1);
        pthread_mutex_unlock(&server->lock);
        if (say_answer(server, c->fd, answer_to(server, request)) < 0)
            break;
    }
    close(c->fd);
    return NULL;
}

static void *accept_connections(void *ctx)
{
    struct tiny_server *server = ctx;
    while (wait_for(server, server->fd, -1) >= 0) {
        /* Who called may have hung up again: then there is nobody to accept, and waiting for one here
         * would make stop wait for ever. */
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        must(server->connections < CONNECTIONS_MAX, "tiny server");
        struct connection *c = &server->all[server->connections];
        *c = (struct connection){ server, fd };
        pthread_mutex_lock(&server->lock);
        must(pthread_create(&server->handlers[server->connections++], NULL, serve_connection, c) ==
                 0,
             "pthread_create");
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

static int listen_tcp(int *port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&in, &len) == 0, "getsockname");
    *port = ntohs(in.sin_port);
    return fd;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    unlink(path);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0, "bind");
    return fd;
}

struct tiny_server *tiny_server_start(const struct tiny_answer *answers, const char *unix_path)
{
    struct tiny_server *server = calloc(1, sizeof(*server));
    must(server != NULL && pipe2(server->stop, O_CLOEXEC) == 0, "tiny server");
    server->answers = answers;
    server->fd = unix_path ? listen_unix(unix_path) : listen_tcp(&server->port);
    must(listen(server->fd, 64) == 0, "listen");
    must(pthread_mutex_init(&server->lock, NULL) == 0, "pthread_mutex_init");
    must(pthread_create(&server->thread, NULL, accept_connections, server) == 0, "pthread_create");
    return server;
}

void tiny_server_stop(struct tiny_server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < server->connections; i++)
        pthread_join(server->handlers[i], NULL);
    close(server->stop[0]);
    close(server->fd);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *tiny_server_url(struct tiny_server *server, const char *path)
{
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d%s", server->port, path);
    return server->url;
}

int tiny_server_port(const struct tiny_server *server)
{
    return server->port;
}

int tiny_server_connections(struct tiny_server *server)
{
    pthread_mutex_lock(&server->lock);
    int n = server->connections;
    pthread_mutex_unlock(&server->lock);
    return n;
}

void tiny_server_request(struct tiny_server *server, char *text, size_t size)
{
    pthread_mutex_lock(&server->lock);
    snprintf(text, size, "%s", server->request);
    pthread_mutex_unlock(&server->lock);
}
