/*
 * Celery on Redis (kombu's transport, versions 4 to 5.7).
 *
 * Waiting: the list of the queue's name and, for tasks with a priority, lists NAME 06 16 1 ... 9 (hex;
 * kombu's separator). In flight: the hash `unacked` of all queues together, with what workers were
 * given and have not acknowledged. Each value is [message, exchange, routing key]; tasks sent the
 * usual way have the queue's name as routing key, others are looked up in kombu's bindings.
 *
 * With task_acks_late that is every running task, every prefetched one, and tasks with an ETA, which
 * workers take early and hold. Without it, Celery's default, a task is acknowledged as it begins to
 * run, and is then nowhere in Redis: only the heartbeats of its node tell that it is being worked on.
 *
 * Celery keeps no time of sending, so the age of the oldest is not known.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "queue/redis_bindings.h"
#include "queue/redis_source.h"
#include "queue/sources.h"

/* With more in flight than this, the values are not fetched: all of it counts as this queue's. */
#define UNACKED_READ_MAX 10000

struct celery_options {
    struct redis_server_options server;
    char *queue;
    char *prefix;
};

static const struct option celery_rows[] = {
    REDIS_SERVER_ROWS(struct celery_options),
    OPTION_STRING(struct celery_options, queue, "queue", .fallback = "celery",
                  .help = "name of the queue"),
    OPTION_STRING(struct celery_options, prefix, "prefix", .fallback = "",
                  .help = "the transport option global_keyprefix, if Celery has one"),
    { 0 },
};

static int celery_check(const void *options, const char **ret_key, struct error *err)
{
    const struct celery_options *o = options;
    return redis_queue_check(&o->server, o->queue, o->prefix, ret_key, err);
}

struct notes {
    double in_flight; /* in `unacked`, all queues */
    struct redis_bindings bindings;
};

static void ask_lengths(struct redis_poll *poll)
{
    const struct celery_options *o = poll->options;
    char key[REDIS_KEY_MAX], level[4];
    redis_ask(&poll->ask, "LLEN", redis_key(key, o->prefix, "", o->queue));
    for (int priority = 1; priority <= 9; priority++) {
        char name[REDIS_KEY_MAX];
        (void)snprintf(level, sizeof(level), "\x06\x16%d", priority);
        redis_ask(&poll->ask, "LLEN",
                  redis_key(key, redis_key(name, o->prefix, "", o->queue), "", level));
    }
    redis_ask(&poll->ask, "HLEN", redis_key(key, o->prefix, "", "unacked"));
}

static int read_lengths(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct celery_options *o = poll->options;
    struct notes *notes = poll->notes;
    char key[REDIS_KEY_MAX];
    int rc = 0;
    for (int priority = 0; rc == 0 && priority <= 9; priority++)
        rc = redis_add_waiting(poll, got, err);
    if (rc == 0)
        rc = redis_take_count(got, &notes->in_flight, err);
    if (rc < 0)
        return rc;
    poll->sample.has_running = true;
    poll->sample.running = notes->in_flight > UNACKED_READ_MAX ? notes->in_flight : 0;
    if (notes->in_flight > 0 && notes->in_flight <= UNACKED_READ_MAX)
        redis_ask(&poll->ask, "HVALS", redis_key(key, o->prefix, "", "unacked"));
    return 0;
}

/* What cannot be read counts: it is in flight, and it may be ours. */
static bool may_be_ours(struct notes *notes, const char *queue, const cJSON *entry)
{
    const cJSON *exchange = json_at(entry, "/1"), *key = json_at(entry, "/2");
    if (!cJSON_IsString(key) || !cJSON_IsString(exchange))
        return true;
    if (str_eq_c(str_from(key->valuestring), queue))
        return true;
    if (!exchange->valuestring[0]) /* the default exchange: the key is the name of a queue */
        return false;
    /* To be looked up; where there is no room for that, it counts. */
    return !redis_bindings_add(&notes->bindings, exchange->valuestring, key->valuestring);
}

static int read_in_flight(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct celery_options *o = poll->options;
    struct notes *notes = poll->notes;
    const redisReply *values = NULL;
    int rc = redis_take_list(got, &values, err);
    for (size_t i = 0; rc == 0 && i < values->elements; i++) {
        cJSON *entry = NULL;
        if (json_parse(redis_text(values->element[i]), &entry, NULL) < 0 ||
            may_be_ours(notes, o->queue, entry))
            poll->sample.running += 1;
        cJSON_Delete(entry);
    }
    if (rc == 0)
        redis_bindings_ask(&notes->bindings, &poll->ask, o->prefix);
    return rc;
}

static int read_bindings(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct celery_options *o = poll->options;
    const struct notes *notes = poll->notes;
    double ours = 0;
    int rc = redis_bindings_read(&notes->bindings, got, o->queue, &ours, err);
    poll->sample.running += ours;
    return rc;
}

static int celery_round(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    switch (poll->round) {
    case 0:
        ask_lengths(poll);
        return 0;
    case 1:
        return read_lengths(poll, got, err);
    case 2:
        return read_in_flight(poll, got, err);
    default:
        return read_bindings(poll, got, err);
    }
}

static int celery_open(const struct queue_env *env, const void *options, struct queue **ret,
                       struct error *err)
{
    const struct celery_options *o = options;
    return redis_source_open(env, options, &o->server, celery_round, sizeof(struct notes), ret,
                             err);
}

const struct queue_plugin queue_celery = {
    .options = { .name = "celery",
                 .help = "a queue of Celery, with Redis as its broker",
                 .size = sizeof(struct celery_options),
                 .rows = celery_rows,
                 .shorthand = "queue",
                 .check = celery_check },
    .open = celery_open,
    .close = redis_source_close,
    .poll = redis_source_poll,
};
