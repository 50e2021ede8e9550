#include "queue/redis_bindings.h"

#include <string.h>

#include "queue/redis_source.h"

#define SEPARATOR     "\x06\x16"
#define SEPARATOR_LEN 2

bool redis_bindings_add(struct redis_bindings *bindings, const char *exchange, const char *key)
{
    struct redis_route *route = bindings->at;
    for (; route < bindings->at + bindings->len; route++) {
        if (strcmp(route->exchange, exchange) == 0 && strcmp(route->key, key) == 0) {
            route->count += 1;
            return true;
        }
    }
    if (bindings->len == REDIS_BINDINGS_MAX ||
        !str_copy_c(route->exchange, sizeof(route->exchange), exchange) ||
        !str_copy_c(route->key, sizeof(route->key), key))
        return false;
    route->count = 1;
    bindings->len++;
    return true;
}

void redis_bindings_ask(const struct redis_bindings *bindings, struct redis_batch *ask,
                        const char *prefix)
{
    char key[REDIS_KEY_MAX];
    for (size_t i = 0; i < bindings->len; i++)
        redis_ask(ask, "SMEMBERS",
                  redis_key(key, prefix, "_kombu.binding.", bindings->at[i].exchange));
}

/* Cuts the next word off. */
static struct str take_word(struct str *rest)
{
    const char *dot = memchr(rest->ptr, '.', rest->len);
    struct str word = { rest->ptr, dot ? (size_t)(dot - rest->ptr) : rest->len };
    size_t used = word.len + (dot ? 1 : 0);
    *rest = (struct str){ rest->ptr + used, rest->len - used };
    return word;
}

bool redis_topic_matches(struct str pattern, struct str key)
{
    /* Where to go on after the last '#' when what follows does not match: it takes a word more. */
    struct str after_hash = { 0 }, retry = { 0 };
    while (pattern.len > 0 || key.len > 0) {
        struct str pattern_before = pattern, key_before = key;
        struct str want = pattern.len > 0 ? take_word(&pattern) : (struct str){ 0 };
        if (pattern_before.len > 0 && str_eq_c(want, "#")) {
            after_hash = pattern;
            retry = key;
            if (pattern.len == 0)
                return true;
            continue;
        }
        struct str have = key_before.len > 0 ? take_word(&key) : (struct str){ 0 };
        bool both = pattern_before.len > 0 && key_before.len > 0;
        if (both && (str_eq_c(want, "*") || str_eq(want, have)))
            continue;
        if (!after_hash.ptr || retry.len == 0)
            return false;
        take_word(&retry);
        pattern = after_hash;
        key = retry;
    }
    return true;
}

/* Is this member of an exchange's set a binding of `key` to the queue? */
static bool binds(struct str member, const char *key, const char *queue)
{
    size_t queue_len = strlen(queue);
    const char *first = memmem(member.ptr, member.len, SEPARATOR, SEPARATOR_LEN);
    if (!first || member.len < queue_len + SEPARATOR_LEN)
        return false;
    const char *end = member.ptr + member.len - queue_len;
    if (memcmp(end, queue, queue_len) != 0 || end - SEPARATOR_LEN < first ||
        memcmp(end - SEPARATOR_LEN, SEPARATOR, SEPARATOR_LEN) != 0)
        return false;
    struct str pattern = { member.ptr, (size_t)(first - member.ptr) };
    return redis_topic_matches(pattern, str_from(key));
}

static bool leads_to(const redisReply *members, const char *key, const char *queue)
{
    for (size_t i = 0; i < members->elements; i++) {
        struct str member = redis_text(members->element[i]);
        if (member.ptr && binds(member, key, queue))
            return true;
    }
    return false;
}

int redis_bindings_read(const struct redis_bindings *bindings, struct redis_replies *got,
                        const char *queue, double *ret, struct error *err)
{
    double ours = 0;
    for (size_t i = 0; i < bindings->len; i++) {
        const redisReply *members = NULL;
        int rc = redis_take_list(got, &members, err);
        if (!members)
            return rc;
        if (leads_to(members, bindings->at[i].key, queue))
            ours += bindings->at[i].count;
    }
    *ret = ours;
    return 0;
}
