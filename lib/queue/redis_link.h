/*
 * A connection to one Redis server: libuv carries the bytes, hiredis takes the replies apart.
 *
 * It is made when first asked for, kept, and made again when it was lost. After a failure it is not
 * tried again for a while (100 ms, doubling, at most 5 s); asked meanwhile, the link answers with
 * the last failure. Name resolution, connecting, AUTH and SELECT all count against the time of the
 * ask that needed them, and AUTH, SELECT and the commands leave in one write.
 */
#ifndef QUEUE_REDIS_LINK_H
#define QUEUE_REDIS_LINK_H

#include <stdint.h>

#include <uv.h>

#include "queue/redis_address.h"
#include "queue/redis_batch.h"

/* All replies to one ask together, over which the connection is given up. */
#define REDIS_LINK_REPLY_MAX ((size_t)64 << 20)

struct redis_link;

/* err->code 0: as many replies as commands, each a value or an error of the server. */
typedef void redis_link_cb(void *ctx, struct redis_replies *replies, const struct error *err);

/* Copies the address. password_file (may be NULL) is borrowed, read at every connect, and goes
 * before a password in the address. */
int redis_link_new(uv_loop_t *loop, const struct redis_address *address, const char *password_file,
                   struct redis_link **ret, struct error *err);
/* Drops an ask under way: its callback is never called. Takes NULL. */
void redis_link_free(struct redis_link *link);

/*
 * Sends the batch (copied) and calls back later, exactly once. One ask at a time; the callback may ask
 * again, and may free the link. A batch that failed is answered with MUSTER_E_NOMEM.
 */
void redis_link_ask(struct redis_link *link, const struct redis_batch *batch, int64_t timeout_ms,
                    redis_link_cb *done, void *ctx);

#endif
