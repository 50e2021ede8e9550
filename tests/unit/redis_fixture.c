#include "tests/unit/redis_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "redis fixture: %s\n", what);
    abort();
}

static int free_port(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0 &&
             getsockname(fd, (struct sockaddr *)&in, &len) == 0,
         "no free port");
    close(fd);
    return ntohs(in.sin_port);
}

static bool have_redis(void)
{
    static const char *const places[] = { "/usr/bin/redis-server", "/usr/local/bin/redis-server" };
    return access(places[0], X_OK) == 0 || access(places[1], X_OK) == 0;
}

static void spawn_server(struct redis_fixture *r, const char *password)
{
    char port[8];
    snprintf(port, sizeof(port), "%d", r->port);
    r->pid = fork();
    must(r->pid >= 0, "fork");
    if (r->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--unixsocket",
           r->socket, "--save", "", "--appendonly", "no", "--dir", r->dir,
           password ? "--requirepass" : (char *)NULL, password, (char *)NULL);
    _exit(127);
}

static void connect_client(struct redis_fixture *r, const char *password)
{
    redisContext *c = NULL;
    for (int i = 0; i < 500; i++) {
        c = redisConnect("127.0.0.1", r->port);
        if (c && !c->err)
            break;
        redisFree(c);
        c = NULL;
        usleep(10000);
    }
    must(c != NULL, "redis-server does not start");
    r->client = c;
    if (password)
        redis_fixture_do(r, "AUTH %s", password);
    redis_fixture_do(r, "PING");
}

bool redis_fixture_start(struct redis_fixture *r, const char *password)
{
    *r = (struct redis_fixture){ 0 };
    if (!have_redis()) {
        puts("there is no redis-server on this machine");
        return false;
    }
    snprintf(r->dir, sizeof(r->dir), "/tmp/muster-redis-XXXXXX");
    must(mkdtemp(r->dir) != NULL, "mkdtemp");
    snprintf(r->socket, sizeof(r->socket), "%s/sock", r->dir);
    r->port = free_port();
    snprintf(r->url, sizeof(r->url), "redis://127.0.0.1:%d/0", r->port);
    snprintf(r->socket_url, sizeof(r->socket_url), "unix://%s", r->socket);
    spawn_server(r, password);
    connect_client(r, password);
    return true;
}

void redis_fixture_kill(struct redis_fixture *r)
{
    if (r->client)
        redisFree(r->client);
    r->client = NULL;
    if (r->pid > 0) {
        kill(r->pid, SIGKILL);
        waitpid(r->pid, NULL, 0);
    }
    r->pid = 0;
}

void redis_fixture_restart(struct redis_fixture *r)
{
    spawn_server(r, NULL);
    connect_client(r, NULL);
}

void redis_fixture_stop(struct redis_fixture *r)
{
    redis_fixture_kill(r);
    unlink(r->socket);
    rmdir(r->dir);
}

void redis_fixture_freeze(struct redis_fixture *r, bool frozen)
{
    kill(r->pid, frozen ? SIGSTOP : SIGCONT);
}

void redis_fixture_do(struct redis_fixture *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(r->client, format, args);
    va_end(args);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        fprintf(stderr, "%s: %s\n", format, reply ? reply->str : "no reply");
    must(reply && reply->type != REDIS_REPLY_ERROR, "a command failed");
    freeReplyObject(reply);
}
