/*
 * The redis source: lists, sets, sorted sets and streams that hold jobs, one each, and further keys
 * of any kind. A key that is not there is an empty one, for Redis removes what is empty; a key of
 * another kind than said is an error.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queue/redis_source.h"
#include "queue/redis_stream.h"
#include "queue/sources.h"

enum scores { SCORES_ORDER, SCORES_SECONDS, SCORES_MILLISECONDS };
static const char *const scores_words[] = { "order", "seconds", "milliseconds", NULL };

struct redis_options {
    struct redis_server_options server;
    char *list, *set, *zset, *stream, *group;
    int scores;
    struct option_strings waiting, running;
    char *completed;
};

static const struct option redis_rows[] = {
    REDIS_SERVER_ROWS(struct redis_options),
    OPTION_STRING(struct redis_options, list, "list", .optional = true,
                  .help = "a list of waiting jobs"),
    OPTION_STRING(struct redis_options, set, "set", .optional = true,
                  .help = "a set of waiting jobs"),
    OPTION_STRING(struct redis_options, zset, "zset", .optional = true,
                  .help = "a sorted set of waiting jobs"),
    OPTION_CHOICE(
        struct redis_options, scores, "scores", .fallback = "order", .choices = scores_words,
        .help = "what the scores of zset are: an order only, or the Unix time (in seconds "
                "or milliseconds) before which a job is not counted"),
    OPTION_STRING(struct redis_options, stream, "stream", .optional = true,
                  .help =
                      "a stream of jobs; with group, what the group has not been given yet waits"),
    OPTION_STRING(struct redis_options, group, "group", .optional = true,
                  .help = "consumer group of the stream; its pending entries are running"),
    OPTION_STRINGS(struct redis_options, waiting, "waiting", .optional = true,
                   .help = "further keys of waiting jobs, of any kind; their sizes are added"),
    OPTION_STRINGS(struct redis_options, running, "running", .optional = true,
                   .help = "keys of jobs being worked on, of any kind; their sizes are added"),
    OPTION_STRING(struct redis_options, completed, "completed", .optional = true,
                  .help = "a key that holds a number: a counter of finished jobs"),
    { 0 },
};

static int redis_check(const void *options, const char **ret_key, struct error *err)
{
    const struct redis_options *o = options;
    bool any = o->list || o->set || o->zset || o->stream || o->waiting.len > 0;
    if (!any)
        return error_set(err, MUSTER_E_INVALID,
                         "say where jobs wait: one of list, set, zset, stream, waiting");
    *ret_key = "group";
    if (o->group && !o->stream)
        return error_set(err, MUSTER_E_INVALID, "a group belongs to a stream: say stream, too");
    *ret_key = "scores";
    if (o->scores != SCORES_ORDER && !o->zset)
        return error_set(err, MUSTER_E_INVALID, "scores belong to a zset: say zset, too");
    *ret_key = NULL;
    return redis_server_check(&o->server, ret_key, err);
}

/* ---- the sorted set -------------------------------------------------------------------------- */

static double score_unit(const struct redis_options *o)
{
    return o->scores == SCORES_MILLISECONDS ? 1000 : 1;
}

static void ask_zset(struct redis_poll *poll)
{
    const struct redis_options *o = poll->options;
    char now[REDIS_TIME_MAX];
    if (o->scores == SCORES_ORDER) {
        redis_ask(&poll->ask, "ZCARD", o->zset);
        return;
    }
    if (o->scores == SCORES_MILLISECONDS)
        redis_now_ms(poll, now);
    else
        redis_now_s(poll, now);
    redis_ask(&poll->ask, "ZCOUNT", o->zset, "-inf", now);
    redis_ask(&poll->ask, "ZRANGEBYSCORE", o->zset, "-inf", now, "WITHSCORES", "LIMIT", "0", "1");
}

static int read_zset(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct redis_options *o = poll->options;
    const redisReply *first = NULL;
    int rc = redis_add_waiting(poll, got, err);
    if (rc < 0 || o->scores == SCORES_ORDER)
        return rc;
    rc = redis_take_list(got, &first, err);
    if (rc == 0 && first->elements == 2)
        redis_see_job_from(poll, redis_number(redis_text(first->element[1])) / score_unit(o));
    return rc;
}

/* ---- keys of any kind -------------------------------------------------------------------------- */

static void ask_kinds(struct redis_poll *poll, const struct option_strings *keys)
{
    for (size_t i = 0; i < keys->len; i++)
        redis_ask(&poll->ask, "TYPE", keys->at[i]);
}

/* The command that gives the size of such a key; NULL: there is none. */
static const char *size_command(struct str kind)
{
    static const char *const table[][2] = { { "list", "LLEN" },
                                            { "set", "SCARD" },
                                            { "zset", "ZCARD" },
                                            { "hash", "HLEN" },
                                            { "stream", "XLEN" } };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (str_eq_c(kind, table[i][0]))
            return table[i][1];
    }
    return NULL;
}

/* What the second round asked, for the third. */
struct notes {
    size_t waiting_asked, running_asked;
    struct redis_stream stream;
};

/* Asks for the sizes of those that exist; *ret_asked is how many these are. */
static int ask_sizes(struct redis_poll *poll, struct redis_replies *got,
                     const struct option_strings *keys, size_t *ret_asked, struct error *err)
{
    for (size_t i = 0; i < keys->len; i++) {
        struct str kind;
        int rc = redis_take_text(got, &kind, err);
        if (rc < 0)
            return rc;
        const char *command = size_command(kind);
        if (command) {
            redis_ask(&poll->ask, command, keys->at[i]);
            (*ret_asked)++;
        } else if (!str_eq_c(kind, "none")) {
            return error_set(err, MUSTER_E_CONFIG, "%s holds a %.*s, which has no size",
                             keys->at[i], (int)kind.len, kind.ptr);
        }
    }
    return 0;
}

/* ---- rounds ------------------------------------------------------------------------------------ */

static void ask_all(struct redis_poll *poll)
{
    const struct redis_options *o = poll->options;
    if (o->list)
        redis_ask(&poll->ask, "LLEN", o->list);
    if (o->set)
        redis_ask(&poll->ask, "SCARD", o->set);
    if (o->zset)
        ask_zset(poll);
    if (o->completed)
        redis_ask(&poll->ask, "GET", o->completed);
    ask_kinds(poll, &o->waiting);
    ask_kinds(poll, &o->running);
    if (o->stream)
        redis_stream_ask(poll, o->stream, o->group);
}

static int read_completed(struct redis_poll *poll, struct redis_replies *got, const char *key,
                          struct error *err)
{
    struct str text;
    int rc = redis_take_text(got, &text, err);
    if (rc < 0 || !text.ptr) /* not there: nothing is known */
        return rc;
    double value = redis_number(text);
    if (!(value >= 0))
        return error_set(err, MUSTER_E_INVALID, "%s does not hold a number", key);
    poll->sample.completed = value;
    poll->sample.has_completed = true;
    return 0;
}

static int read_all(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct redis_options *o = poll->options;
    struct notes *notes = poll->notes;
    int rc = 0;
    if (o->list)
        rc = redis_add_waiting(poll, got, err);
    if (rc == 0 && o->set)
        rc = redis_add_waiting(poll, got, err);
    if (rc == 0 && o->zset)
        rc = read_zset(poll, got, err);
    if (rc == 0 && o->completed)
        rc = read_completed(poll, got, o->completed, err);
    if (rc == 0)
        rc = ask_sizes(poll, got, &o->waiting, &notes->waiting_asked, err);
    if (rc == 0 && o->running.len > 0) {
        poll->sample.running = 0;
        poll->sample.has_running = true;
        rc = ask_sizes(poll, got, &o->running, &notes->running_asked, err);
    }
    if (rc == 0 && o->stream)
        rc = redis_stream_read(poll, got, o->stream, o->group, &notes->stream, err);
    return rc;
}

static int read_sizes(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    const struct notes *notes = poll->notes;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < notes->waiting_asked; i++)
        rc = redis_add_waiting(poll, got, err);
    for (size_t i = 0; rc == 0 && i < notes->running_asked; i++)
        rc = redis_add_running(poll, got, err);
    if (rc == 0 && notes->stream.asked)
        rc = redis_stream_finish(poll, got, &notes->stream, err);
    return rc;
}

static int redis_round(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    switch (poll->round) {
    case 0:
        ask_all(poll);
        return 0;
    case 1:
        return read_all(poll, got, err);
    default:
        return read_sizes(poll, got, err);
    }
}

static int redis_open(const struct queue_env *env, const void *options, struct queue **ret,
                      struct error *err)
{
    const struct redis_options *o = options;
    return redis_source_open(env, options, &o->server, redis_round, sizeof(struct notes), ret, err);
}

const struct queue_plugin queue_redis = {
    .options = { .name = "redis",
                 .help = "lists, sets, sorted sets and streams of Redis",
                 .size = sizeof(struct redis_options),
                 .rows = redis_rows,
                 .check = redis_check },
    .open = redis_open,
    .close = redis_source_close,
    .poll = redis_source_poll,
};
