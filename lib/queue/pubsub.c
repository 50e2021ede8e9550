/*
 * The pubsub source: a subscription's backlog. Pub/Sub itself does not tell it; Cloud Monitoring does, by
 * the minute and some minutes late. The count is of unacknowledged messages, so it has those in it that
 * workers hold: it is the whole of the work, and what nodes say brings it up to date (struct sample).
 *
 * An emulator (PUBSUB_EMULATOR_HOST) has no Cloud Monitoring: there the messages are counted, see
 * pubsub_count.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/gcp_poll.h"
#include "queue/pubsub_count.h"
#include "queue/sources.h"

#define METRIC "pubsub.googleapis.com/subscription/"

enum fresher { FRESHER_NO, FRESHER_HEARTBEATS };

struct pubsub_options {
    char *subscription, *project;
    bool oldest;
    int fresher;
    int64_t look_back_ns, ask_every_ns;
};

static const char *const fresher_words[] = {
    [FRESHER_NO] = "no", [FRESHER_HEARTBEATS] = "heartbeats", NULL
};

static const struct option pubsub_rows[] = {
    OPTION_STRING(struct pubsub_options, subscription, "subscription",
                  .help = "its name, or projects/PROJECT/subscriptions/NAME"),
    OPTION_STRING(struct pubsub_options, project, "project", .optional = true,
                  .help = "absent: the subscription's, gcp.project of muster.yaml, then the "
                          "credentials' own"),
    OPTION_BOOL(struct pubsub_options, oldest, "oldest", .fallback = "yes",
                .help = "ask for the age of the oldest message, too"),
    OPTION_CHOICE(struct pubsub_options, fresher, "fresher", .fallback = "heartbeats",
                  .choices = fresher_words,
                  .help = "what brings Monitoring's count, minutes old, up to date: what nodes say "
                          "they finished since"),
    OPTION_DURATION(struct pubsub_options, look_back_ns, "look_back", .fallback = "5m",
                    .min = 300 * NS_PER_S, .max = 3600 * NS_PER_S,
                    .help = "an older count is no count"),
    OPTION_DURATION(struct pubsub_options, ask_every_ns, "ask_every", .fallback = "20s",
                    .min = NS_PER_S, .max = 3600 * NS_PER_S,
                    .help = "Cloud Monitoring is asked no more often; between, its last answer "
                            "counts"),
    { 0 },
};

/* "projects/P/subscriptions/S" or "S". */
static bool take_apart(const char *text, struct str *ret_project, struct str *ret_name)
{
    struct str project = STR("");
    const char *name = text;
    if (strncmp(text, "projects/", 9) == 0) {
        project = (struct str){ text + 9, strcspn(text + 9, "/") };
        name = project.ptr + project.len;
        if (strncmp(name, "/subscriptions/", 15) != 0)
            return false;
        name += 15;
    }
    size_t len = strlen(name);
    *ret_project = project;
    *ret_name = (struct str){ name, len };
    return len >= 3 && len <= 255 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+%") ==
               len;
}

static int pubsub_check(const void *options, const char **ret_key, struct error *err)
{
    const struct pubsub_options *o = options;
    struct str project, name;
    *ret_key = "subscription";
    if (!take_apart(o->subscription, &project, &name))
        return error_set(err, MUSTER_E_INVALID,
                         "'%s' is not the name of a subscription, as jobs-worker or "
                         "projects/acme/subscriptions/jobs-worker",
                         o->subscription);
    *ret_key = "project";
    if (o->project && !gcp_project_valid(o->project))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not the id of a project", o->project);
    return 0;
}

struct queue {
    struct gcp_poll poll;
    const struct pubsub_options *options;
    char name[256];
    struct log *log;
    struct pubsub_count count; /* with an emulator */
    bool age_failing;          /* told once */
};

/* ---- Cloud Monitoring --------------------------------------------------------------------------- */

static void ask_series(struct queue *self, const char *metric, gcp_done_cb *done)
{
    char filter[640];
    const struct timeseries_query query = { .filter = filter,
                                            .look_back_s = self->options->look_back_ns / NS_PER_S };
    (void)snprintf(filter, sizeof(filter),
                   "metric.type=\"" METRIC "%s\" AND resource.type=\"pubsub_subscription\" AND "
                   "resource.labels.subscription_id=\"%s\"",
                   metric, self->name);
    gcp_poll_series(&self->poll, &query, done);
}

/* Counts go on without an age; why there is none is said once, not at every poll. */
static void on_oldest(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct queue *self = ctx; /* the poll is its first member */
    struct sample *s = &self->poll.sample;
    struct error failure = *err;
    if (!failure.code &&
        gcp_poll_take(&self->poll, response, SERIES_ONE, &s->oldest_s, &failure) == 0)
        s->has_oldest = true;
    if (failure.code && failure.code != MUSTER_E_NOTFOUND && !self->age_failing)
        log_line(self->log, LOG_WARNING,
                 "the age of the oldest message is not known; continuing: without it",
                 LOG_STR("subscription", self->name), LOG_STR("why", failure.text));
    self->age_failing = failure.code && failure.code != MUSTER_E_NOTFOUND;
    gcp_poll_finish(&self->poll);
}

static void on_waiting(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct queue *self = ctx;
    struct sample *s = &self->poll.sample;
    struct error failure = *err;
    if (!failure.code)
        (void)gcp_poll_take(&self->poll, response, SERIES_ONE, &s->waiting, &failure);
    if (failure.code) {
        error_wrap(&failure, "backlog of %.200s", self->name);
        gcp_poll_failed(&self->poll, &failure);
        return;
    }
    s->whole = self->options->fresher == FRESHER_HEARTBEATS;
    if (self->options->oldest)
        ask_series(self, "oldest_unacked_message_age", on_oldest);
    else
        gcp_poll_finish(&self->poll);
}

/* ---- an emulator -------------------------------------------------------------------------------- */

static void on_counted(void *ctx, const struct pubsub_counted *found, const struct error *err)
{
    struct queue *self = ctx;
    struct sample sample = { .running = (double)NAN };
    struct error failure = *err;
    if (failure.code) {
        error_wrap(&failure, "emulator, subscription %.200s", self->name);
        answer_give(&self->poll.answer, NULL, &failure);
        return;
    }
    sample.waiting = (double)found->messages;
    sample.has_oldest = found->messages > 0 && found->oldest_wall_ns > 0;
    int64_t age_ns = self->poll.clock->wall_ns(self->poll.clock->ctx) - found->oldest_wall_ns;
    sample.oldest_s = sample.has_oldest && age_ns > 0 ? (double)age_ns / 1e9 : 0;
    answer_give(&self->poll.answer, &sample, &failure);
}

static void ask_emulator(struct queue *self)
{
    char path[400];
    struct error err = { 0 };
    (void)snprintf(path, sizeof(path), "projects/%s/subscriptions/%s", self->poll.project,
                   self->name);
    if (pubsub_count_begin(&self->count, self->poll.gcp, path, on_counted, self, &err) < 0)
        answer_fail(&self->poll.answer, &err);
}

static void ask(struct gcp_poll *poll)
{
    struct queue *self = (struct queue *)poll;
    if (pubsub_count_wanted())
        ask_emulator(self);
    else
        ask_series(self, "num_undelivered_messages", on_waiting);
}

/* ---- a source ----------------------------------------------------------------------------------- */

static int pubsub_open(const struct queue_env *env, const void *options, struct queue **ret,
                       struct error *err)
{
    const struct pubsub_options *o = options;
    struct str of_name, name;
    char project[GCP_PROJECT_MAX] = "";
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    if (take_apart(o->subscription, &of_name, &name)) {
        (void)str_copy(project, sizeof(project), of_name);
        (void)str_copy(self->name, sizeof(self->name), name);
    }
    if (o->project)
        (void)str_copy_c(project, sizeof(project), o->project);
    int rc = gcp_poll_init(&self->poll, env, project[0] ? project : NULL, ask, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->poll.ask_every_ns = o->ask_every_ns;
    self->options = o;
    self->log = env->log;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct queue *self = handle->data;
    pubsub_count_release(&self->count);
    free(self);
}

static void pubsub_close(struct queue *self)
{
    if (!self)
        return;
    gcp_client_drop(self->poll.gcp, &self->count);
    gcp_poll_close(&self->poll, on_closed, self);
}

static void pubsub_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    gcp_poll_begin(&self->poll, done, ctx);
}

const struct queue_plugin queue_pubsub = {
    .options = { .name = "pubsub",
                 .help = "a subscription of Google Cloud Pub/Sub",
                 .size = sizeof(struct pubsub_options),
                 .rows = pubsub_rows,
                 .shorthand = "subscription",
                 .check = pubsub_check },
    .open = pubsub_open,
    .close = pubsub_close,
    .poll = pubsub_poll,
};
