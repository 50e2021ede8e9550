#include "queue/redis_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queue/redis_link.h"

/* No step of ours needs more; a mistake must not make a poll endless. */
#define ROUNDS_MAX 8

#define OLDEST_MAX_S (10.0 * 365 * 86400)
#define FUTURE_MAX_S 60.0

struct queue {
    uv_loop_t *loop;
    const struct clock *clock;
    struct redis_link *link;
    redis_step *step;
    size_t notes_size;
    struct redis_poll poll;
    int64_t timeout_ms;
    uint64_t started_ms;
    char label[288];
    queue_poll_cb *done;
    void *ctx;
};

int redis_server_check(const struct redis_server_options *server, const char **ret_key,
                       struct error *err)
{
    struct redis_address address = { 0 };
    int rc = redis_address_parse(server->url, &address, err);
    if (rc < 0)
        *ret_key = "url";
    explicit_bzero(&address, sizeof(address));
    return rc;
}

int redis_queue_check(const struct redis_server_options *server, const char *queue,
                      const char *prefix, const char **ret_key, struct error *err)
{
    *ret_key = "queue";
    if (!*queue || strlen(queue) > REDIS_NAME_MAX)
        return error_set(err, MUSTER_E_INVALID, "the name of a queue has 1 to %d bytes",
                         REDIS_NAME_MAX);
    *ret_key = "prefix";
    if (prefix && strlen(prefix) > REDIS_NAME_MAX)
        return error_set(err, MUSTER_E_INVALID, "more than %d bytes", REDIS_NAME_MAX);
    *ret_key = NULL;
    return redis_server_check(server, ret_key, err);
}

int redis_source_open(const struct queue_env *env, const void *options,
                      const struct redis_server_options *server, redis_step *step,
                      size_t notes_size, struct queue **ret, struct error *err)
{
    struct redis_address address = { 0 };
    int rc = redis_address_parse(server->url, &address, err);
    if (rc < 0)
        return rc;
    struct queue *self = calloc(1, sizeof(*self));
    void *notes = calloc(1, notes_size + 1);
    if (!self || !notes) {
        free(self);
        free(notes);
        return error_nomem(err);
    }
    self->poll.notes = notes;
    self->notes_size = notes_size;
    self->loop = env->loop;
    self->clock = env->clock;
    self->step = step;
    self->timeout_ms = server->timeout_ns / NS_PER_MS;
    self->poll.options = options;
    str_copy_c(self->label, sizeof(self->label), address.label);
    rc = redis_link_new(env->loop, &address, server->password_file, &self->link, err);
    explicit_bzero(&address, sizeof(address));
    if (rc < 0) {
        free(notes);
        free(self);
        return rc;
    }
    *ret = self;
    return 0;
}

void redis_source_close(struct queue *self)
{
    if (!self)
        return;
    redis_link_free(self->link);
    redis_batch_release(&self->poll.ask);
    free(self->poll.notes);
    free(self);
}

/* ---- a poll ------------------------------------------------------------------------------------ */

static void on_replies(void *ctx, struct redis_replies *replies, const struct error *err);

static void give(struct queue *self, const struct error *err)
{
    struct error failure = *err;
    struct sample sample = self->poll.sample;
    if (failure.code)
        error_wrap(&failure, "%s", self->label);
    self->done(self->ctx, failure.code ? NULL : &sample, &failure);
}

static void ask(struct queue *self)
{
    uint64_t spent_ms = uv_now(self->loop) - self->started_ms;
    int64_t left_ms = self->timeout_ms - (int64_t)spent_ms;
    redis_link_ask(self->link, &self->poll.ask, left_ms > 0 ? left_ms : 0, on_replies, self);
}

static void on_replies(void *ctx, struct redis_replies *replies, const struct error *err)
{
    struct queue *self = ctx;
    struct error failure = *err;
    self->poll.round++;
    redis_batch_clear(&self->poll.ask);
    if (!failure.code)
        self->step(&self->poll, replies, &failure);
    if (!failure.code && self->poll.ask.count > 0 && self->poll.round < ROUNDS_MAX)
        ask(self);
    else
        give(self, &failure);
}

void redis_source_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    struct redis_poll *poll = &self->poll;
    struct redis_replies nothing = { 0 };
    self->done = done;
    self->ctx = ctx;
    self->started_ms = uv_now(self->loop);
    redis_batch_clear(&poll->ask);
    poll->round = 0;
    poll->wall_ns = self->clock->wall_ns(self->clock->ctx);
    poll->sample = (struct sample){ .running = (double)NAN,
                                    .oldest_s = (double)NAN,
                                    .completed = (double)NAN };
    if (self->notes_size > 0)
        memset(poll->notes, 0, self->notes_size);
    /* Only asks; if it ran out of memory, the batch remembers. */
    self->step(poll, &nothing, NULL);
    ask(self);
}

/* ---- for steps --------------------------------------------------------------------------------- */

int redis_add_waiting(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    double count = 0;
    int rc = redis_take_count(got, &count, err);
    poll->sample.waiting += count;
    return rc;
}

int redis_add_running(struct redis_poll *poll, struct redis_replies *got, struct error *err)
{
    double count = 0;
    int rc = redis_take_count(got, &count, err);
    if (rc < 0)
        return rc;
    poll->sample.running = count + (poll->sample.has_running ? poll->sample.running : 0);
    poll->sample.has_running = true;
    return 0;
}

void redis_see_job_from(struct redis_poll *poll, double unix_s)
{
    double age_s = (double)poll->wall_ns / (double)NS_PER_S - unix_s;
    if (!(age_s > -FUTURE_MAX_S && age_s < OLDEST_MAX_S))
        return;
    if (age_s < 0)
        age_s = 0;
    if (poll->sample.has_oldest && poll->sample.oldest_s >= age_s)
        return;
    poll->sample.has_oldest = true;
    poll->sample.oldest_s = age_s;
}

void redis_now_s(const struct redis_poll *poll, char text[static REDIS_TIME_MAX])
{
    (void)snprintf(text, REDIS_TIME_MAX, "%lld.%03lld", (long long)(poll->wall_ns / NS_PER_S),
                   (long long)(poll->wall_ns / NS_PER_MS % 1000));
}

void redis_now_ms(const struct redis_poll *poll, char text[static REDIS_TIME_MAX])
{
    (void)snprintf(text, REDIS_TIME_MAX, "%lld", (long long)(poll->wall_ns / NS_PER_MS));
}

const char *redis_key(char key[static REDIS_KEY_MAX], const char *prefix, const char *middle,
                      const char *name)
{
    (void)snprintf(key, REDIS_KEY_MAX, "%s%s%s", prefix, middle, name);
    return key;
}

double redis_number(struct str text)
{
    char copy[64];
    char *end;
    if (text.len == 0 || !str_copy(copy, sizeof(copy), text))
        return (double)NAN;
    double value = strtod(copy, &end);
    return *end || !isfinite(value) ? (double)NAN : value;
}
