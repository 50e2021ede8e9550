#include "queue/redis_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Entries counted one by one where the server does not know how many they are. */
#define COUNTED_MAX 1000

struct entry_id {
    uint64_t ms, seq;
};

static bool parse_part(struct str *text, uint64_t *ret)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9'; n++)
        value = value * 10 + (uint64_t)(text->ptr[n] - '0');
    *ret = value;
    *text = (struct str){ text->ptr + n, text->len - n };
    return n > 0 && n <= 20;
}

/* "1700000000000-0" */
static bool parse_id(struct str text, struct entry_id *ret)
{
    if (!text.ptr || !parse_part(&text, &ret->ms) || text.len < 2 || text.ptr[0] != '-')
        return false;
    text = (struct str){ text.ptr + 1, text.len - 1 };
    return parse_part(&text, &ret->seq) && text.len == 0;
}

static bool member_count(const redisReply *map, const char *key, double *ret)
{
    const redisReply *value = redis_member(map, key);
    if (!value || value->type != REDIS_REPLY_INTEGER || value->integer < 0)
        return false;
    *ret = (double)value->integer;
    return true;
}

static bool member_id(const redisReply *map, const char *key, struct entry_id *ret)
{
    const redisReply *value = redis_member(map, key);
    return value && parse_id(redis_text(value), ret);
}

void redis_stream_ask(struct redis_poll *poll, const char *stream, const char *group)
{
    if (!group) {
        redis_ask(&poll->ask, "XLEN", stream);
        return;
    }
    redis_ask(&poll->ask, "XINFO", "GROUPS", stream);
    redis_ask(&poll->ask, "XINFO", "STREAM", stream);
}

static int no_stream(const char *stream, const char *group, struct error *err)
{
    return error_set(err, MUSTER_E_CONFIG,
                     "there is no stream %s: `redis-cli XGROUP CREATE %s %s 0 MKSTREAM` makes it",
                     stream, stream, group);
}

static int find_group(const redisReply *groups, const char *stream, const char *group,
                      const redisReply **ret, struct error *err)
{
    for (size_t i = 0; i < groups->elements; i++) {
        const redisReply *name = redis_member(groups->element[i], "name");
        if (name && str_eq_c(redis_text(name), group)) {
            *ret = groups->element[i];
            return 0;
        }
    }
    return error_set(err, MUSTER_E_CONFIG,
                     "stream %s has no group %s: `redis-cli XGROUP CREATE %s %s 0` makes it",
                     stream, group, stream, group);
}

/* XRANGE from just behind the last entry that the group was given. */
static void ask_behind(struct redis_poll *poll, const char *stream, struct entry_id last,
                       size_t limit)
{
    char from[48], count[24];
    if (++last.seq == 0)
        last.ms++;
    (void)snprintf(from, sizeof(from), "%" PRIu64 "-%" PRIu64, last.ms, last.seq);
    (void)snprintf(count, sizeof(count), "%zu", limit);
    redis_ask(&poll->ask, "XRANGE", stream, from, "+", "COUNT", count);
}

/*
 * Redis 7 counts a group's lag, but gives it up (nil) once entries in between were deleted, and older
 * ones do not have it. Then entries are counted, up to a limit; beyond it the least of the bounds that
 * are known is taken, which errs towards more work.
 */
static double bound(const redisReply *info, const redisReply *group)
{
    double length = 0, added, read;
    member_count(info, "length", &length);
    if (member_count(info, "entries-added", &added) && member_count(group, "entries-read", &read) &&
        added - read >= 0 && added - read < length)
        return added - read;
    return length;
}

static int read_group(struct redis_poll *poll, const redisReply *info, const redisReply *group,
                      const char *stream, struct redis_stream *ret, struct error *err)
{
    struct entry_id given, newest;
    double pending, lag;
    if (!member_count(group, "pending", &pending) ||
        !member_id(group, "last-delivered-id", &given) ||
        !member_id(info, "last-generated-id", &newest))
        return error_set(err, MUSTER_E_INVALID, "XINFO of stream %s is not as expected", stream);
    poll->sample.running = pending + (poll->sample.has_running ? poll->sample.running : 0);
    poll->sample.has_running = true;
    bool known = member_count(group, "lag", &lag);
    bool at_end = given.ms == newest.ms && given.seq == newest.seq;
    if (at_end || (known && lag < 1))
        return 0;
    poll->sample.waiting += known ? lag : 0;
    *ret = (struct redis_stream){ .asked = true,
                                  .limit = known ? 1 : COUNTED_MAX,
                                  .at_most = known ? 0 : bound(info, group) };
    ask_behind(poll, stream, given, ret->limit);
    return 0;
}

int redis_stream_read(struct redis_poll *poll, struct redis_replies *got, const char *stream,
                      const char *group, struct redis_stream *ret, struct error *err)
{
    const redisReply *groups = NULL, *info = NULL, *ours = NULL;
    if (!group)
        return redis_add_waiting(poll, got, err);
    const redisReply *first = redis_peek(got);
    if (first && first->type == REDIS_REPLY_ERROR && strstr(first->str, "no such key"))
        return no_stream(stream, group, err);
    int rc = redis_take_list(got, &groups, err);
    if (rc == 0)
        rc = find_group(groups, stream, group, &ours, err);
    if (rc == 0)
        rc = redis_take_list(got, &info, err);
    return rc < 0 ? rc : read_group(poll, info, ours, stream, ret, err);
}

int redis_stream_finish(struct redis_poll *poll, struct redis_replies *got,
                        const struct redis_stream *left, struct error *err)
{
    const redisReply *entries = NULL;
    struct entry_id oldest;
    int rc = redis_take_list(got, &entries, err);
    if (rc < 0)
        return rc;
    if (left->limit > 1)
        poll->sample.waiting +=
            entries->elements < left->limit ? (double)entries->elements : left->at_most;
    if (entries->elements == 0 || entries->element[0]->type != REDIS_REPLY_ARRAY ||
        entries->element[0]->elements == 0)
        return 0;
    if (parse_id(redis_text(entries->element[0]->element[0]), &oldest))
        redis_see_job_from(poll, (double)oldest.ms / 1000);
    return 0;
}
