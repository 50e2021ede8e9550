#include "queue/redis_batch.h"

#include <string.h>

#define LABEL_MAX 96

/* Asks for more would be a mistake of ours (a server with 100,000 worker processes, say). */
#define BATCH_MAX ((size_t)16 << 20)

/* "LLEN jobs", the command and its key, for messages: no control bytes, no passwords, cut short. */
static void add_label(struct buf *to, const char *const *words)
{
    size_t room = LABEL_MAX;
    size_t shown = strcmp(words[0], "AUTH") == 0 ? 1 : 2;
    for (size_t w = 0; w < shown && words[w]; w++) {
        if (w > 0)
            buf_add_char(to, ' ');
        for (const char *p = words[w]; *p && room > 0; p++, room--)
            buf_add_char(to, (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
    }
    buf_add_char(to, '\0');
}

void redis_batch_add(struct redis_batch *batch, const char *const *words)
{
    size_t count = 0;
    if (!batch->text.ceiling)
        buf_init(&batch->text, BATCH_MAX);
    while (words[count])
        count++;
    buf_addf(&batch->text, "*%zu\r\n", count);
    for (size_t w = 0; w < count; w++) {
        size_t len = strlen(words[w]);
        buf_addf(&batch->text, "$%zu\r\n", len);
        buf_add(&batch->text, words[w], len);
        buf_add_c(&batch->text, "\r\n");
    }
    add_label(&batch->labels, words);
    batch->count++;
}

void redis_batch_append(struct redis_batch *batch, const struct redis_batch *more)
{
    buf_add_str(&batch->text, buf_str(&more->text));
    buf_add_str(&batch->labels, buf_str(&more->labels));
    batch->count += more->count;
}

int redis_batch_failed(const struct redis_batch *batch)
{
    return buf_failed(&batch->text) ? buf_failed(&batch->text) : buf_failed(&batch->labels);
}

void redis_batch_clear(struct redis_batch *batch)
{
    buf_clear(&batch->text);
    buf_clear(&batch->labels);
    batch->count = 0;
}

void redis_batch_release(struct redis_batch *batch)
{
    /* An AUTH may have been in it. */
    if (batch->text.ptr)
        explicit_bzero(batch->text.ptr, batch->text.size);
    buf_release(&batch->text);
    buf_release(&batch->labels);
    *batch = (struct redis_batch){ 0 };
}

/* ---- replies ----------------------------------------------------------------------------------- */

struct str redis_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct str){ 0 };
    return (struct str){ reply->str, reply->len };
}

const redisReply *redis_peek(const struct redis_replies *replies)
{
    return replies->next < replies->len ? replies->at[replies->next] : NULL;
}

void redis_skip(struct redis_replies *replies)
{
    replies->next++;
    replies->label += strlen(replies->label) + 1;
}

struct refusal {
    const char *word; /* with which the server's text begins */
    int code;
    const char *meaning;
};

static const struct refusal refusals[] = {
    { "WRONGTYPE", MUSTER_E_CONFIG,
      "the key holds something of another kind (`redis-cli type KEY` tells what)" },
    { "NOAUTH", MUSTER_E_AUTH, "the server wants a password: give it with password_file" },
    { "WRONGPASS", MUSTER_E_AUTH, "the server refused user or password" },
    { "ERR invalid password", MUSTER_E_AUTH, "the server refused the password" },
    { "ERR AUTH", MUSTER_E_AUTH, "the server wants no password, or another kind of login" },
    { "ERR Client sent AUTH", MUSTER_E_AUTH, "a password is given, but the server wants none" },
    { "NOPERM", MUSTER_E_AUTH, "this user may not do that (see ACL SETUSER)" },
    { "MOVED", MUSTER_E_CONFIG,
      "the server is part of a cluster and has not this key: name the one that has" },
    { "LOADING", MUSTER_E_TRANSIENT, "the server is still loading its data" },
    { "BUSY", MUSTER_E_TRANSIENT, "the server is busy with a script" },
    { "MASTERDOWN", MUSTER_E_TRANSIENT, "the replica has lost its master" },
    { "CLUSTERDOWN", MUSTER_E_TRANSIENT, "the cluster is down" },
    { "ERR DB index", MUSTER_E_CONFIG, "there is no database of this number" },
    { "ERR max number of clients", MUSTER_E_TRANSIENT, "the server has too many clients" },
};

int redis_refusal(const char *label, const redisReply *reply, struct error *err)
{
    struct str text = { reply->str, reply->len };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (str_starts(text, refusals[i].word))
            return error_set(err, refusals[i].code, "%s: %s", label, refusals[i].meaning);
    }
    char shown[128];
    str_copy(shown, sizeof(shown), text);
    for (char *p = shown; *p; p++)
        *p = (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p;
    return error_set(err, MUSTER_E_INVALID, "%s: the server says: %s", label, shown);
}

/* Goes on to the next reply; sets *ret to this one unless it is an error. */
static int take(struct redis_replies *replies, const redisReply **ret, struct error *err)
{
    const redisReply *reply = redis_peek(replies);
    const char *label = replies->label;
    if (!reply)
        return error_set(err, MUSTER_E_INVALID, "fewer replies than commands");
    redis_skip(replies);
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_refusal(label, reply, err);
    *ret = reply;
    return 0;
}

static int unexpected(const char *label, struct error *err)
{
    return error_set(err, MUSTER_E_INVALID,
                     "%s: a reply of an unexpected kind: is this a Redis server?", label);
}

int redis_take_count(struct redis_replies *replies, double *ret, struct error *err)
{
    const redisReply *reply = NULL;
    const char *label = replies->label;
    int rc = take(replies, &reply, err);
    if (!reply)
        return rc;
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0)
        return unexpected(label, err);
    *ret = (double)reply->integer;
    return 0;
}

int redis_take_text(struct redis_replies *replies, struct str *ret, struct error *err)
{
    const redisReply *reply = NULL;
    const char *label = replies->label;
    int rc = take(replies, &reply, err);
    if (!reply)
        return rc;
    if (reply->type != REDIS_REPLY_NIL && !redis_text(reply).ptr)
        return unexpected(label, err);
    *ret = redis_text(reply);
    return 0;
}

int redis_take_list(struct redis_replies *replies, const redisReply **ret, struct error *err)
{
    static const redisReply empty = { .type = REDIS_REPLY_ARRAY };
    const redisReply *reply = NULL;
    const char *label = replies->label;
    int rc = take(replies, &reply, err);
    if (!reply)
        return rc;
    if (reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_ARRAY)
        return unexpected(label, err);
    *ret = reply->type == REDIS_REPLY_NIL ? &empty : reply;
    return 0;
}

const redisReply *redis_member(const redisReply *map, const char *key)
{
    if (map->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < map->elements; i += 2) {
        if (str_eq_c(redis_text(map->element[i]), key))
            return map->element[i + 1];
    }
    return NULL;
}
