/*
 * The sqs source: what GetQueueAttributes counts. The numbers are approximate, and right within a
 * minute of the last change.
 *
 * The age of the oldest message SQS tells to CloudWatch alone, once a minute, minutes late: it is
 * asked for once a minute, and what cannot be had is left out.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "queue/aws_poll.h"
#include "queue/cloudwatch_data.h"
#include "queue/sources.h"
#include "queue/sqs_url.h"

#define AGE_EVERY_NS (60 * NS_PER_S)

enum age_from { AGE_NONE, AGE_CLOUDWATCH };

struct sqs_options {
    char *url, *region;
    int oldest;
    bool delayed;
};

static const char *const age_words[] = {
    [AGE_NONE] = "none", [AGE_CLOUDWATCH] = "cloudwatch", NULL
};

static const struct option sqs_rows[] = {
    OPTION_STRING(struct sqs_options, url, "url",
                  .help = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"),
    OPTION_STRING(struct sqs_options, region, "region", .optional = true,
                  .help = "absent: the URL's, then aws.region of muster.yaml, then AWS_REGION"),
    OPTION_BOOL(struct sqs_options, delayed, "delayed", .fallback = "yes",
                .help = "messages whose delay is not over yet count as waiting"),
    OPTION_CHOICE(struct sqs_options, oldest, "oldest", .fallback = "none", .choices = age_words,
                  .help =
                      "where the age of the oldest message comes from: cloudwatch (by the minute, "
                      "minutes late)"),
    { 0 },
};

static int sqs_check(const void *options, const char **ret_key, struct error *err)
{
    const struct sqs_options *o = options;
    *ret_key = "url";
    if (!str_starts(str_from(o->url), "https://") && !str_starts(str_from(o->url), "http://"))
        return error_set(err, MUSTER_E_INVALID,
                         "'%s' is not a queue's URL, as "
                         "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs",
                         o->url);
    if (!sqs_url_name(o->url))
        return error_set(err, MUSTER_E_INVALID, "'%s' ends without a queue's name", o->url);
    return 0;
}

struct queue {
    struct aws_poll poll;
    const struct sqs_options *options;
    struct sample sample; /* while the age is waited for */
    bool has_age;
    double age_s;
    int64_t age_asked_ns; /* boot time; 0: never */
    struct log *log;
    bool age_failing; /* told once */
};

static int sqs_open(const struct queue_env *env, const void *options, struct queue **ret,
                    struct error *err)
{
    const struct sqs_options *o = options;
    char region[64];
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    const char *named = o->region;
    if (!named && sqs_url_region(o->url, region, sizeof(region)))
        named = region;
    int rc = aws_poll_init(&self->poll, env, named, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->options = o;
    self->log = env->log;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void sqs_close(struct queue *self)
{
    if (self)
        aws_poll_close(&self->poll, on_closed, self);
}

/* ---- the age of the oldest, from CloudWatch ----------------------------------------------------- */

static void answer(struct queue *self)
{
    self->sample.has_oldest = self->has_age;
    self->sample.oldest_s = self->has_age ? self->age_s : (double)NAN;
    answer_give(&self->poll.answer, &self->sample, &(struct error){ 0 });
}

/* Counts go on without an age; why there is none is said once, not at every poll. */
static void age_failed(struct queue *self, const struct error *err)
{
    if (!self->age_failing)
        log_line(self->log, LOG_WARNING,
                 "the age of the oldest message is not known; continuing: without it",
                 LOG_STR("queue", self->options->url), LOG_STR("why", err->text));
    self->age_failing = true;
    self->has_age = false;
}

static void on_age(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct queue *self = ctx;
    struct error failure = *err;
    if (!failure.code &&
        cloudwatch_newest(response->body, 0, &self->has_age, &self->age_s, &failure) == 0)
        self->age_failing = false;
    else
        age_failed(self, &failure);
    answer(self);
}

static int ask_age(struct queue *self, struct error *err)
{
    static const char *const metrics[] = { "ApproximateAgeOfOldestMessage" };
    char dimension[128];
    char *dimension_at = dimension;
    const struct option_strings dimensions = { &dimension_at, 1 };
    const struct cloudwatch_query query = { .namespace = "AWS/SQS",
                                            .stat = "Maximum",
                                            .period_s = 60,
                                            .look_back_s = 600,
                                            .dimensions = &dimensions,
                                            .metrics = metrics,
                                            .metrics_len = 1 };
    struct buf body = { 0 };
    (void)snprintf(dimension, sizeof(dimension), "QueueName=%s", sqs_url_name(self->options->url));
    cloudwatch_body(&query, self->poll.clock->wall_ns(self->poll.clock->ctx), &body);
    const struct aws_request request = { .service = "monitoring",
                                         .region = self->poll.region,
                                         .action = "GetMetricData",
                                         .target = "GraniteServiceVersion20100801",
                                         .protocol = AWS_JSON_1_0,
                                         .body = buf_str(&body),
                                         .priority = AWS_DESCRIBE,
                                         .repeatable = true };
    int rc = buf_failed(&body) ? error_nomem(err)
                               : aws_call(self->poll.aws, &request, on_age, &self->poll, err);
    buf_release(&body);
    return rc;
}

static bool age_is_due(const struct queue *self)
{
    int64_t now_ns = self->poll.clock->boot_ns(self->poll.clock->ctx);
    return self->options->oldest == AGE_CLOUDWATCH &&
           (self->age_asked_ns == 0 || now_ns - self->age_asked_ns >= AGE_EVERY_NS);
}

/* ---- the counts --------------------------------------------------------------------------------- */

/* SQS writes its numbers as texts. */
static int count(const cJSON *attributes, const char *name, double *ret, struct error *err)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(attributes, name);
    int64_t value;
    if (!cJSON_IsString(at) || units_parse_int(str_from(at->valuestring), &value, NULL) < 0 ||
        value < 0)
        return error_set(err, MUSTER_E_INVALID, "SQS did not answer with a number for %s", name);
    *ret = (double)value;
    return 0;
}

static int read_counts(const struct queue *self, struct str body, struct sample *ret,
                       struct error *err)
{
    cJSON *root = NULL;
    struct sample sample = { .has_running = true };
    double delayed = 0;
    int rc = json_parse(body, &root, err);
    const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(root, "Attributes");
    if (rc == 0)
        rc = count(attributes, "ApproximateNumberOfMessages", &sample.waiting, err);
    if (rc == 0)
        rc = count(attributes, "ApproximateNumberOfMessagesNotVisible", &sample.running, err);
    if (rc == 0 && self->options->delayed)
        rc = count(attributes, "ApproximateNumberOfMessagesDelayed", &delayed, err);
    cJSON_Delete(root);
    if (rc < 0)
        return rc;
    sample.waiting += delayed;
    *ret = sample;
    return 0;
}

static void on_counts(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct queue *self = ctx; /* the poll is its first member */
    struct error failure = *err;
    if (!failure.code)
        (void)read_counts(self, response->body, &self->sample, &failure);
    if (failure.code) {
        answer_give(&self->poll.answer, NULL, &failure);
        return;
    }
    if (age_is_due(self)) {
        struct error why = { 0 };
        self->age_asked_ns = self->poll.clock->boot_ns(self->poll.clock->ctx);
        if (ask_age(self, &why) == 0)
            return;
        age_failed(self, &why);
    }
    answer(self);
}

static void sqs_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    struct buf body = { 0 };
    struct error err = { 0 };
    struct json_out j = json_begin(&body);
    json_open(&j, NULL, '{');
    json_str(&j, "QueueUrl", self->options->url);
    json_open(&j, "AttributeNames", '[');
    json_str(&j, NULL, "ApproximateNumberOfMessages");
    json_str(&j, NULL, "ApproximateNumberOfMessagesNotVisible");
    json_str(&j, NULL, "ApproximateNumberOfMessagesDelayed");
    json_close(&j, ']');
    json_close(&j, '}');
    const struct aws_request request = { .service = "sqs",
                                         .region = self->poll.region,
                                         .action = "GetQueueAttributes",
                                         .target = "AmazonSQS",
                                         .protocol = AWS_JSON_1_0,
                                         .body = buf_str(&body),
                                         .priority = AWS_DESCRIBE,
                                         .repeatable = true,
                                         .response_max = (size_t)1 << 20 };
    answer_begin(&self->poll.answer, done, ctx);
    int rc = buf_failed(&body) ? error_nomem(&err)
                               : aws_call(self->poll.aws, &request, on_counts, &self->poll, &err);
    if (rc < 0)
        answer_fail(&self->poll.answer, &err);
    buf_release(&body);
}

const struct queue_plugin queue_sqs = {
    .options = { .name = "sqs",
                 .help = "a queue of Amazon SQS",
                 .size = sizeof(struct sqs_options),
                 .rows = sqs_rows,
                 .shorthand = "url",
                 .check = sqs_check },
    .open = sqs_open,
    .close = sqs_close,
    .poll = sqs_poll,
};
