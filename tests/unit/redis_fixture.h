/* A real redis-server for a test program: a child on a free port and a Unix socket, nothing on disk. */
#ifndef TESTS_UNIT_REDIS_FIXTURE_H
#define TESTS_UNIT_REDIS_FIXTURE_H

#include <stdbool.h>

#include <sys/types.h>

struct redis_fixture {
    char dir[40], socket[64];
    char url[64], socket_url[80];
    int port;
    pid_t pid;
    void *client;
};

/* false: there is no redis-server on this machine (the reason is printed, for a skipped test).
 * password may be NULL. */
bool redis_fixture_start(struct redis_fixture *r, const char *password);
void redis_fixture_stop(struct redis_fixture *r);

/* SIGSTOP and SIGCONT; kill and start again on the same port. */
void redis_fixture_freeze(struct redis_fixture *r, bool frozen);
void redis_fixture_kill(struct redis_fixture *r);
void redis_fixture_restart(struct redis_fixture *r);

/* Runs a command as redis-cli would (words by blanks, or printf-like %s and %b); aborts on an error. */
void redis_fixture_do(struct redis_fixture *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
