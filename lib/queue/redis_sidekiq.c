/*
 * Sidekiq (versions 6 to 8).
 *
 * Waiting: the list queue:NAME, and what is due of the sorted sets `schedule` and `retry`, which hold
 * the jobs of all queues: with no worker left there is nobody to move them. In flight: each process
 * in the set `processes` has a hash IDENTITY:work (IDENTITY:workers before 7) with one entry per busy
 * thread. The processes write it every ten seconds, so a job that was just taken may be in neither
 * count for so long; what a dead process left expires after a minute.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "queue/redis_source.h"
#include "queue/sources.h"

/* Of due jobs, so many are looked at to see whose they are; of more, the same share is taken. */
#define DUE_READ_MAX     1000
#define DUE_READ_TEXT    "1000"
#define PROCESS_READ_MAX 10000

struct sidekiq_options {
    struct redis_server_options server;
    char *queue;
    char *prefix;
    bool scheduled;
};

static const struct option sidekiq_rows[] = {
    REDIS_SERVER_ROWS(struct sidekiq_options),
    OPTION_STRING(struct sidekiq_options, queue, "queue", .fallback = "default",
                  .help = "name of the queue"),
    OPTION_STRING(struct sidekiq_options, prefix, "prefix", .fallback = "",
                  .help = "what all keys begin with, if redis-namespace is used: \"myapp:\""),
    OPTION_BOOL(struct sidekiq_options, scheduled, "scheduled", .fallback = "yes",
                .help = "count scheduled jobs and retries that are due"),
    { 0 },
};

static int sidekiq_check(const void *options, const char **ret_key, struct error *err)
{
    const struct sidekiq_options *o = options;
    return redis_queue_check(&o->server, o->queue, o->prefix, ret_key, err);
}

static const char *const due_sets[] = { "schedule", "retry" };
#define DUE_SETS (sizeof(due_sets) / sizeof(due_sets[0]))

struct notes {
    double due[DUE_SETS]; /* of all queues; what was asked about in the second round */
    size_t processes;
};

static void ask_lengths(struct redis_poll *poll)
{
    const struct sidekiq_options *o = poll->options;
    char key[REDIS_KEY_MAX], now[REDIS_TIME_MAX];
    redis_now_s(poll, now);
    redis_key(key, o->prefix, "queue:", o->queue);
    redis_ask(&poll->ask, "LLEN", key);
    redis_ask(&poll->ask, "LINDEX", key, "-1");
    for (size_t i = 0; i < DUE_SETS; i++)
        redis_ask(&poll->ask, "ZCOUNT", redis_key(key, o->prefix, due_sets[i], ""), "-inf", now);
    redis_ask(&poll->ask, "SMEMBERS", redis_key(key, o->prefix, "processes", ""));
}

/* Seconds up to version 7, milliseconds from 8 on. */
static void see_enqueued(struct redis_poll *poll, struct str job)
{
    cJSON *root = NULL;
    if (job.len == 0 || json_parse(job, &root, NULL) < 0)
        return;
    const cJSON *at = json_at(root, "/enqueued_at");
    if (cJSON_IsNumber(at))
        redis_see_job_from(poll, at->valuedouble > 1e11 ? at->valuedouble / 1000 : at->valuedouble);
    cJSON_Delete(root);
}

static void ask_due(struct redis_poll *poll)
{
    const struct sidekiq_options *o = poll->options;
    const struct notes *notes = poll->notes;
    char key[REDIS_KEY_MAX], now[REDIS_TIME_MAX];
    redis_now_s(poll, now);
    for (size_t i = 0; i < DUE_SETS; i++) {
        if (notes->due[i] > 0)
            redis_ask(&poll->ask, "ZRANGEBYSCORE", redis_key(key, o->prefix, due_sets[i], ""),
                      "-inf", now, "LIMIT", "0", DUE_READ_TEXT);
    }
}

static void ask_work(struct redis_poll *poll, const redisReply *processes)
{
    const struct sidekiq_options *o = poll->options;
    struct notes *notes = poll->notes;
    char key[REDIS_KEY_MAX], identity[256];
    for (size_t i = 0; i < processes->elements && i < PROCESS_READ_MAX; i++) {
        struct str name = redis_text(processes->element[i]);
        if (name.len == 0 || !str_copy(identity, sizeof(identity), name))
            continue;
        char base[REDIS_KEY_MAX];
        redis_key(base, o->prefix, identity, "");
        redis_ask(&poll->ask, "HVALS", redis_key(key, base, ":work", ""));
        redis_ask(&poll->ask, "HVALS", redis_key(key, base, ":workers", ""));
        notes->processes++;
    }
}

static int read_lengths(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct sidekiq_options *o = poll->options;
    struct notes *notes = poll->notes;
    const redisReply *processes = NULL;
    struct str last = { 0 };
    int rc = redis_add_waiting(poll, got, err);
    if (rc == 0)
        rc = redis_take_text(got, &last, err);
    for (size_t i = 0; rc == 0 && i < DUE_SETS; i++)
        rc = redis_take_count(got, &notes->due[i], err);
    if (rc == 0)
        rc = redis_take_list(got, &processes, err);
    if (!processes)
        return rc;
    see_enqueued(poll, last);
    for (size_t i = 0; i < DUE_SETS && !o->scheduled; i++)
        notes->due[i] = 0;
    poll->sample.has_running = true;
    poll->sample.running = 0;
    ask_due(poll);
    ask_work(poll, processes);
    return 0;
}

/* How many of these JSON texts name our queue; what cannot be read is taken to be ours. */
static double count_ours(const redisReply *texts, const char *queue)
{
    double ours = 0;
    for (size_t i = 0; i < texts->elements; i++) {
        cJSON *root = NULL;
        if (json_parse(redis_text(texts->element[i]), &root, NULL) < 0) {
            ours += 1;
            continue;
        }
        const cJSON *name = json_at(root, "/queue");
        if (!cJSON_IsString(name) || str_eq_c(str_from(name->valuestring), queue))
            ours += 1;
        cJSON_Delete(root);
    }
    return ours;
}

static int read_due(struct redis_poll *poll, struct redis_replies *got, double due,
                    struct error *err)
{
    const struct sidekiq_options *o = poll->options;
    const redisReply *jobs = NULL;
    int rc = redis_take_list(got, &jobs, err);
    if (!jobs || jobs->elements == 0)
        return rc;
    double share = count_ours(jobs, o->queue) / (double)jobs->elements;
    double total = jobs->elements < DUE_READ_MAX ? (double)jobs->elements : due;
    poll->sample.waiting += (double)(int64_t)(share * total + 0.5);
    return 0;
}

static int read_work(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct sidekiq_options *o = poll->options;
    const redisReply *work = NULL;
    int rc = redis_take_list(got, &work, err);
    if (work)
        poll->sample.running += count_ours(work, o->queue);
    return rc;
}

static int read_rest(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct notes *notes = poll->notes;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < DUE_SETS; i++) {
        if (notes->due[i] > 0)
            rc = read_due(poll, got, notes->due[i], err);
    }
    for (size_t i = 0; rc == 0 && i < 2 * notes->processes; i++)
        rc = read_work(poll, got, err);
    return rc;
}

static int sidekiq_round(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    switch (poll->round) {
    case 0:
        ask_lengths(poll);
        return 0;
    case 1:
        return read_lengths(poll, got, err);
    default:
        return read_rest(poll, got, err);
    }
}

static int sidekiq_open(const struct queue_env *env, const void *options, struct queue **ret,
                        struct error *err)
{
    const struct sidekiq_options *o = options;
    return redis_source_open(env, options, &o->server, sidekiq_round, sizeof(struct notes), ret,
                             err);
}

const struct queue_plugin queue_sidekiq = {
    .options = { .name = "sidekiq",
                 .help = "a queue of Sidekiq",
                 .size = sizeof(struct sidekiq_options),
                 .rows = sidekiq_rows,
                 .shorthand = "queue",
                 .check = sidekiq_check },
    .open = sidekiq_open,
    .close = redis_source_close,
    .poll = redis_source_poll,
};
