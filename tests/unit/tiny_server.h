/*
 * An HTTP server for tests that says exactly the bytes it is told, as badly as it is told: on
 * loopback (or a Unix socket), one thread per connection.
 */
#ifndef TESTS_UNIT_TINY_SERVER_H
#define TESTS_UNIT_TINY_SERVER_H

#include <stddef.h>

struct tiny_answer {
    const char *path;  /* "/depth", without the query */
    const char *bytes; /* the whole answer, status line included; NULL: just close */
    int drip_ms;       /* > 0: one byte every so often */
    const char *more;  /* then this, `repeat` times */
    int repeat;
    int truncated; /* after the bytes, close although more was announced */
    int hang;      /* after the bytes, keep the connection open and say nothing */
    int times;     /* so often, then the next answer with this path; 0: always */
};

#define TINY_OK(type, body)                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body

struct tiny_server;

/* Aborts the test program when it cannot start. `answers` ends with a NULL path. unix_path: NULL for
 * a free port of 127.0.0.1. */
struct tiny_server *tiny_server_start(const struct tiny_answer *answers, const char *unix_path);
void tiny_server_stop(struct tiny_server *server);

/* "http://127.0.0.1:PORT" + path; a buffer inside the server, good until the next call. */
const char *tiny_server_url(struct tiny_server *server, const char *path);
int tiny_server_port(const struct tiny_server *server);
int tiny_server_connections(struct tiny_server *server);
/* Copies the last request, headers and body, as it came. */
void tiny_server_request(struct tiny_server *server, char *text, size_t size);

#endif
