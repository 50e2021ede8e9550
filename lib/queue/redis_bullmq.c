/*
 * BullMQ (versions 3 to 6). All keys begin with PREFIX:NAME:
 *
 *     wait            list; its last is taken next. In versions 3 and 4 a marker "0:..." may be in it
 *     prioritized     sorted set of waiting jobs with a priority
 *     delayed         sorted set; score: the time in milliseconds at which a job is due, times 4096
 *     active          list of what workers have taken
 *     meta            hash; "paused" is set while the queue is paused
 *     metrics:completed, metrics:failed   hashes with "count", where a worker collects metrics
 *
 * Delayed jobs that are due count as waiting: with no worker left there is nobody to move them. While a
 * queue is paused nothing waits: workers could not take it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "queue/redis_source.h"
#include "queue/sources.h"

struct bullmq_options {
    struct redis_server_options server;
    char *queue;
    char *prefix;
};

static const struct option bullmq_rows[] = {
    REDIS_SERVER_ROWS(struct bullmq_options),
    OPTION_STRING(struct bullmq_options, queue, "queue", .help = "name of the queue"),
    OPTION_STRING(struct bullmq_options, prefix, "prefix", .fallback = "bull",
                  .help = "BullMQ's option of this name"),
    { 0 },
};

static int bullmq_check(const void *options, const char **ret_key, struct error *err)
{
    const struct bullmq_options *o = options;
    return redis_queue_check(&o->server, o->queue, o->prefix, ret_key, err);
}

/* "bull:NAME:what" */
static const char *queue_key(const struct redis_poll *poll, char key[static REDIS_KEY_MAX],
                             const char *what)
{
    const struct bullmq_options *o = poll->options;
    char base[REDIS_KEY_MAX];
    return redis_key(key, redis_key(base, o->prefix, ":", o->queue), ":", what);
}

static void ask_all(struct redis_poll *poll)
{
    char key[REDIS_KEY_MAX], due[32];
    long long now_ms = (long long)(poll->wall_ns / NS_PER_MS);
    (void)snprintf(due, sizeof(due), "%lld", (now_ms + 1) * 0x1000 - 1);
    queue_key(poll, key, "wait");
    redis_ask(&poll->ask, "LLEN", key);
    redis_ask(&poll->ask, "LINDEX", key, "0");
    redis_ask(&poll->ask, "LINDEX", key, "-1");
    redis_ask(&poll->ask, "ZCARD", queue_key(poll, key, "prioritized"));
    redis_ask(&poll->ask, "ZRANGE", key, "0", "0");
    redis_ask(&poll->ask, "ZCOUNT", queue_key(poll, key, "delayed"), "-inf", due);
    redis_ask(&poll->ask, "LLEN", queue_key(poll, key, "active"));
    redis_ask(&poll->ask, "HEXISTS", queue_key(poll, key, "meta"), "paused");
    redis_ask(&poll->ask, "HGET", queue_key(poll, key, "metrics:completed"), "count");
    redis_ask(&poll->ask, "HGET", queue_key(poll, key, "metrics:failed"), "count");
}

static bool is_marker(struct str id)
{
    return str_starts(id, "0:");
}

static void ask_job(struct redis_poll *poll, struct str id)
{
    char key[REDIS_KEY_MAX], name[256];
    if (id.len > 0 && !is_marker(id) && str_copy(name, sizeof(name), id))
        redis_ask(&poll->ask, "HMGET", queue_key(poll, key, name), "timestamp", "opts");
}

/* The list, without the marker, which stands at one of its ends. */
static int read_wait(struct redis_poll *poll, struct redis_replies *got, struct str *ret_oldest,
                     struct error *err)
{
    struct str first = { 0 }, last = { 0 };
    double length = 0;
    int rc = redis_take_count(got, &length, err);
    if (rc == 0)
        rc = redis_take_text(got, &first, err);
    if (rc == 0)
        rc = redis_take_text(got, &last, err);
    if (rc < 0)
        return rc;
    bool marked = is_marker(first) || is_marker(last);
    poll->sample.waiting += marked && length > 0 ? length - 1 : length;
    *ret_oldest = last;
    return 0;
}

static int read_metrics(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    struct str completed = { 0 }, failed = { 0 };
    int rc = redis_take_text(got, &completed, err);
    if (rc == 0)
        rc = redis_take_text(got, &failed, err);
    double count = redis_number(completed), failures = redis_number(failed);
    if (rc == 0 && count >= 0) {
        poll->sample.has_completed = true;
        poll->sample.completed = count + (failures >= 0 ? failures : 0);
    }
    return rc;
}

static int read_all(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const redisReply *prioritized = NULL;
    struct str oldest = { 0 };
    double paused = 0;
    int rc = read_wait(poll, got, &oldest, err);
    if (rc == 0)
        rc = redis_add_waiting(poll, got, err);
    if (rc == 0)
        rc = redis_take_list(got, &prioritized, err);
    if (!prioritized)
        return rc;
    rc = redis_add_waiting(poll, got, err);
    if (rc == 0)
        rc = redis_add_running(poll, got, err);
    if (rc == 0)
        rc = redis_take_count(got, &paused, err);
    if (rc == 0)
        rc = read_metrics(poll, got, err);
    if (rc < 0)
        return rc;
    if (paused > 0) {
        poll->sample.waiting = 0;
        return 0;
    }
    ask_job(poll, oldest);
    if (prioritized->elements > 0)
        ask_job(poll, redis_text(prioritized->element[0]));
    return 0;
}

/* The delay that a job was given; it waits only since that is over. */
static double delay_ms(struct str opts)
{
    cJSON *root = NULL;
    if (!opts.ptr || json_parse(opts, &root, NULL) < 0)
        return 0;
    const cJSON *delay = json_at(root, "/delay");
    double ms = cJSON_IsNumber(delay) && delay->valuedouble > 0 ? delay->valuedouble : 0;
    cJSON_Delete(root);
    return ms;
}

static int read_jobs(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    while (redis_peek(got)) {
        const redisReply *job = NULL;
        int rc = redis_take_list(got, &job, err);
        if (!job)
            return rc;
        if (job->elements != 2)
            continue;
        double made_ms = redis_number(redis_text(job->element[0]));
        if (made_ms > 0)
            redis_see_job_from(poll, (made_ms + delay_ms(redis_text(job->element[1]))) / 1000);
    }
    return 0;
}

static int bullmq_round(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    switch (poll->round) {
    case 0:
        ask_all(poll);
        return 0;
    case 1:
        return read_all(poll, got, err);
    default:
        return read_jobs(poll, got, err);
    }
}

static int bullmq_open(const struct queue_env *env, const void *options, struct queue **ret,
                       struct error *err)
{
    const struct bullmq_options *o = options;
    return redis_source_open(env, options, &o->server, bullmq_round, 0, ret, err);
}

const struct queue_plugin queue_bullmq = {
    .options = { .name = "bullmq",
                 .help = "a queue of BullMQ",
                 .size = sizeof(struct bullmq_options),
                 .rows = bullmq_rows,
                 .shorthand = "queue",
                 .check = bullmq_check },
    .open = bullmq_open,
    .close = redis_source_close,
    .poll = redis_source_poll,
};
