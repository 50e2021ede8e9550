/*
 * RQ (versions 1 and 2 to 3.0).
 *
 * Waiting: the list rq:queue:NAME, and jobs of the sorted set rq:scheduled:NAME that are due: with no
 * worker left there is nobody to move them. In flight: rq:wip:NAME, whose scores are the times at
 * which an entry is given up unless its worker says that it lives, and rq:queue:NAME:intermediate,
 * where a job is for the moment between the two.
 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "queue/redis_source.h"
#include "queue/sources.h"

struct rq_options {
    struct redis_server_options server;
    char *queue;
    bool scheduled;
};

static const struct option rq_rows[] = {
    REDIS_SERVER_ROWS(struct rq_options),
    OPTION_STRING(struct rq_options, queue, "queue", .fallback = "default",
                  .help = "name of the queue"),
    OPTION_BOOL(struct rq_options, scheduled, "scheduled", .fallback = "yes",
                .help = "count scheduled jobs that are due (workers with the scheduler move them)"),
    { 0 },
};

static int rq_check(const void *options, const char **ret_key, struct error *err)
{
    const struct rq_options *o = options;
    return redis_queue_check(&o->server, o->queue, NULL, ret_key, err);
}

static void ask_lengths(struct redis_poll *poll)
{
    const struct rq_options *o = poll->options;
    char key[REDIS_KEY_MAX], list[REDIS_KEY_MAX], now[REDIS_TIME_MAX];
    redis_now_s(poll, now);
    redis_key(list, "rq:queue:", o->queue, "");
    redis_ask(&poll->ask, "LLEN", list);
    redis_ask(&poll->ask, "ZCOUNT", redis_key(key, "rq:wip:", o->queue, ""), now, "+inf");
    redis_ask(&poll->ask, "LLEN", redis_key(key, list, ":intermediate", ""));
    redis_ask(&poll->ask, "LINDEX", list, "0");
    if (o->scheduled)
        redis_ask(&poll->ask, "ZCOUNT", redis_key(key, "rq:scheduled:", o->queue, ""), "-inf", now);
}

static int read_lengths(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct rq_options *o = poll->options;
    struct str first = { 0 };
    char key[REDIS_KEY_MAX], id[256];
    int rc = redis_add_waiting(poll, got, err);
    if (rc == 0)
        rc = redis_add_running(poll, got, err);
    if (rc == 0)
        rc = redis_add_running(poll, got, err);
    if (rc == 0)
        rc = redis_take_text(got, &first, err);
    if (rc == 0 && o->scheduled)
        rc = redis_add_waiting(poll, got, err);
    if (rc == 0 && first.len > 0 && str_copy(id, sizeof(id), first))
        redis_ask(&poll->ask, "HMGET", redis_key(key, "rq:job:", id, ""), "enqueued_at",
                  "created_at");
    return rc;
}

/* "2026-01-31T09:30:00.123456Z"; gives -1 for anything else. */
static double parse_time(struct str text)
{
    char copy[48];
    struct tm tm = { 0 };
    if (!text.ptr || !str_copy(copy, sizeof(copy), text))
        return -1;
    const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end || (*end && *end != '.' && *end != 'Z'))
        return -1;
    return (double)timegm(&tm) + (*end == '.' ? strtod(end, NULL) : 0);
}

static int read_oldest(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const redisReply *fields = NULL;
    int rc = redis_take_list(got, &fields, err);
    for (size_t i = 0; rc == 0 && i < fields->elements; i++) {
        double unix_s = parse_time(redis_text(fields->element[i]));
        if (unix_s > 0) {
            redis_see_job_from(poll, unix_s);
            break; /* when it was queued, if that is known, else when it was made */
        }
    }
    return rc;
}

static int rq_round(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    switch (poll->round) {
    case 0:
        ask_lengths(poll);
        return 0;
    case 1:
        return read_lengths(poll, got, err);
    default:
        return read_oldest(poll, got, err);
    }
}

static int rq_open(const struct queue_env *env, const void *options, struct queue **ret,
                   struct error *err)
{
    const struct rq_options *o = options;
    return redis_source_open(env, options, &o->server, rq_round, 0, ret, err);
}

const struct queue_plugin queue_rq = {
    .options = { .name = "rq",
                 .help = "a queue of RQ (Redis Queue)",
                 .size = sizeof(struct rq_options),
                 .rows = rq_rows,
                 .shorthand = "queue",
                 .check = rq_check },
    .open = rq_open,
    .close = redis_source_close,
    .poll = redis_source_poll,
};
