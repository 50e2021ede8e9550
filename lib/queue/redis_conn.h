/*
 * One connection to a Redis server, from the look-up of its name to its end: the part of redis_link
 * that moves bytes. Every address of a name is tried in turn. All events come later, from the loop.
 */
#ifndef QUEUE_REDIS_CONN_H
#define QUEUE_REDIS_CONN_H

#include <hiredis/hiredis.h>
#include <uv.h>

#include "base/error.h"
#include "base/str.h"
#include "queue/redis_address.h"

struct redis_conn;

/* Each may free the connection. */
struct redis_conn_events {
    void (*connected)(void *ctx);
    void (*reply)(void *ctx, redisReply *take_reply);
    /* Failed to connect, closed by the server, or not the protocol; the last event. */
    void (*lost)(void *ctx, const struct error *err);
};

int redis_conn_new(uv_loop_t *loop, const struct redis_address *address,
                   const struct redis_conn_events *events, void *ctx, struct redis_conn **ret,
                   struct error *err);
/* No event comes any more. Takes NULL. */
void redis_conn_free(struct redis_conn *conn);

/* Takes the bytes out of *take_text, and wipes them once they are sent. One at a time: only after all
 * replies to the one before. */
int redis_conn_send(struct redis_conn *conn, struct buf *take_text, struct error *err);

#endif
