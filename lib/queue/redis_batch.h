/*
 * Commands to Redis, sent together, and their replies, taken in the order in which they were asked:
 *
 *     redis_ask(&batch, "LLEN", key);
 *     redis_ask(&batch, "SCARD", other);
 *     ...
 *     rc = redis_take_count(&replies, &waiting, err);
 *     if (rc == 0)
 *         rc = redis_take_count(&replies, &running, err);
 *
 * What the server refused is an error where it is taken, named by its command: "LLEN jobs: …".
 */
#ifndef QUEUE_REDIS_BATCH_H
#define QUEUE_REDIS_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/hiredis.h>

#include "base/error.h"
#include "base/str.h"

/* {0} is a valid empty batch. */
struct redis_batch {
    struct buf text;   /* as it goes over the wire */
    struct buf labels; /* "LLEN jobs\0SCARD other\0": for messages */
    size_t count;
};

/* Words end with NULL. A failure (no memory) shows in redis_batch_failed. */
void redis_batch_add(struct redis_batch *batch, const char *const *words);
#define redis_ask(batch, ...) redis_batch_add((batch), (const char *const[]){ __VA_ARGS__, NULL })
/* Adds the commands of another batch at the end. */
void redis_batch_append(struct redis_batch *batch, const struct redis_batch *more);
int redis_batch_failed(const struct redis_batch *batch);
void redis_batch_clear(struct redis_batch *batch);
void redis_batch_release(struct redis_batch *batch);

/* Borrowed: from the connection, for the length of a callback. */
struct redis_replies {
    redisReply *const *at;
    size_t len;
    size_t next;
    const char *label; /* of the next one */
};

/* The next reply whatever it is, an error of the server included; NULL past the last. */
const redisReply *redis_peek(const struct redis_replies *replies);
void redis_skip(struct redis_replies *replies);

/*
 * The next reply, of the kind asked for; goes on to the one after it. A command that the server
 * refused, or a reply of another kind, is an error, and then *ret is untouched.
 */
int redis_take_count(struct redis_replies *replies, double *ret, struct error *err);
/* {NULL, 0} for nil */
int redis_take_text(struct redis_replies *replies, struct str *ret, struct error *err);
/* An array; nil is an empty one. */
int redis_take_list(struct redis_replies *replies, const redisReply **ret, struct error *err);

/* What an error reply means and what to do about it. Takes `label: ` in front. */
int redis_refusal(const char *label, const redisReply *reply, struct error *err);

/* The text of a string or status reply; {NULL, 0} for anything else. */
struct str redis_text(const redisReply *reply);

/* The value of `key` in a reply of the form key value key value; NULL if it is not there. */
const redisReply *redis_member(const redisReply *map, const char *key);

#endif
