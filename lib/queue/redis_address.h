/*
 * Where a Redis server is, as a URL says it:
 *
 *     redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]      redis://127.0.0.1:6379/0
 *     unix://[[USER]:PASSWORD@]/PATH[?db=DB]          unix:///run/redis/redis.sock?db=1
 *
 * redis+socket:// (Celery's word) means unix://, and virtual_host= means db=. User and password may be
 * percent-encoded. A password is better kept in a file of its own (password_file) than in a policy
 * file; neither is ever shown.
 */
#ifndef QUEUE_REDIS_ADDRESS_H
#define QUEUE_REDIS_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"

#define REDIS_SECRET_MAX 512

struct redis_address {
    char host[256]; /* "" when path is set */
    char path[108]; /* of a Unix socket */
    char port[6];
    int db;
    char user[128];                  /* "" for none */
    char password[REDIS_SECRET_MAX]; /* "" for none */
    char label[288];                 /* "redis 127.0.0.1:6379/2": for messages */
};

/* MUSTER_E_INVALID, or MUSTER_E_CONFIG for what is understood but cannot be done (rediss://). */
int redis_address_parse(const char *url, struct redis_address *ret, struct error *err);

#endif
