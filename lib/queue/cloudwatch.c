/*
 * The cloudwatch source: metrics that somebody publishes there. They come by the minute and late, so
 * this is for work that waits elsewhere than in SQS, and nothing for fast queues.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "queue/aws_poll.h"
#include "queue/cloudwatch_data.h"
#include "queue/sources.h"

struct cloudwatch_options {
    char *region, *namespace, *metric, *running, *oldest, *stat;
    struct option_strings dimensions;
    int64_t period_ns, look_back_ns;
};

static const struct option cloudwatch_rows[] = {
    OPTION_STRING(struct cloudwatch_options, namespace, "namespace",
                  .help = "of the metrics, as Render or AWS/SQS"),
    OPTION_STRING(struct cloudwatch_options, metric, "metric",
                  .help = "name of the metric that counts waiting jobs"),
    OPTION_STRING(struct cloudwatch_options, running, "running", .optional = true,
                  .help = "name of the metric that counts jobs being worked on"),
    OPTION_STRING(struct cloudwatch_options, oldest, "oldest", .optional = true,
                  .help = "name of the metric with the age of the oldest waiting job in seconds"),
    OPTION_STRINGS(struct cloudwatch_options, dimensions, "dimensions", .fallback = "[]",
                   .help = "of the metrics: [\"Queue=render\", \"Stage=prod\"]"),
    OPTION_STRING(struct cloudwatch_options, stat, "stat", .fallback = "Maximum",
                  .help = "what of a period's values counts: Maximum, Average, Sum, Minimum, p90"),
    OPTION_DURATION(struct cloudwatch_options, period_ns, "period", .fallback = "1m",
                    .min = NS_PER_S, .max = 86400 * NS_PER_S,
                    .help = "over which values are taken together"),
    OPTION_DURATION(struct cloudwatch_options, look_back_ns, "look_back", .fallback = "10m",
                    .min = NS_PER_S, .max = 86400 * NS_PER_S, .help = "an older value is no value"),
    OPTION_STRING(struct cloudwatch_options, region, "region", .optional = true,
                  .help = "absent: aws.region of muster.yaml, then AWS_REGION"),
    { 0 },
};

static int cloudwatch_check(const void *options, const char **ret_key, struct error *err)
{
    const struct cloudwatch_options *o = options;
    int64_t period_s = o->period_ns / NS_PER_S;
    for (size_t i = 0; i < o->dimensions.len; i++) {
        const char *equals = strchr(o->dimensions.at[i], '=');
        if (!equals || equals == o->dimensions.at[i] || !equals[1]) {
            *ret_key = "dimensions";
            return error_set(err, MUSTER_E_INVALID, "'%s' is not NAME=VALUE", o->dimensions.at[i]);
        }
    }
    if (o->period_ns % NS_PER_S != 0 || (period_s % 60 != 0 && period_s != 1 && period_s != 5 &&
                                         period_s != 10 && period_s != 30)) {
        *ret_key = "period";
        return error_set(err, MUSTER_E_INVALID,
                         "CloudWatch knows 1s, 5s, 10s, 30s and whole minutes");
    }
    if (o->look_back_ns < o->period_ns) {
        *ret_key = "look_back";
        return error_set(err, MUSTER_E_INVALID, "shorter than the period");
    }
    return 0;
}

#define METRICS_MAX 3

struct queue {
    struct aws_poll poll;
    const struct cloudwatch_options *options;
    const char *metrics[METRICS_MAX];
    size_t metrics_len;
};

static int cloudwatch_open(const struct queue_env *env, const void *options, struct queue **ret,
                           struct error *err)
{
    const struct cloudwatch_options *o = options;
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    int rc = aws_poll_init(&self->poll, env, o->region, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->options = o;
    self->metrics[self->metrics_len++] = o->metric;
    if (o->running)
        self->metrics[self->metrics_len++] = o->running;
    if (o->oldest)
        self->metrics[self->metrics_len++] = o->oldest;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void cloudwatch_close(struct queue *self)
{
    if (self)
        aws_poll_close(&self->poll, on_closed, self);
}

/* Every metric that was named must have a value: an unknown one is not zero. */
static int read_metric(const struct queue *self, struct str body, size_t i, double *ret,
                       struct error *err)
{
    bool any = false;
    double value = 0;
    int rc = cloudwatch_newest(body, i, &any, &value, err);
    if (rc < 0)
        return error_wrap(err, "metric %s", self->metrics[i]);
    if (!any)
        return error_set(err, MUSTER_E_INVALID,
                         "metric %s has no value of late: not taken for zero (are name, namespace "
                         "and dimensions right?)",
                         self->metrics[i]);
    if (isless(value, 0))
        return error_set(err, MUSTER_E_INVALID, "metric %s is below 0", self->metrics[i]);
    *ret = value;
    return 0;
}

static int read_answer(const struct queue *self, struct str body, struct sample *sample,
                       struct error *err)
{
    size_t next = 1;
    int rc = read_metric(self, body, 0, &sample->waiting, err);
    sample->running = (double)NAN;
    if (rc == 0 && self->options->running) {
        rc = read_metric(self, body, next++, &sample->running, err);
        sample->has_running = rc == 0;
    }
    if (rc == 0 && self->options->oldest) {
        rc = read_metric(self, body, next, &sample->oldest_s, err);
        sample->has_oldest = rc == 0;
    }
    return rc;
}

static void on_data(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct queue *self = ctx; /* the poll is its first member */
    struct sample sample = { 0 };
    struct error failure = *err;
    if (!failure.code && read_answer(self, response->body, &sample, &failure) < 0)
        error_wrap(&failure, "CloudWatch");
    answer_give(&self->poll.answer, &sample, &failure);
}

static void cloudwatch_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    const struct cloudwatch_options *o = self->options;
    const struct cloudwatch_query query = { .namespace = o->namespace,
                                            .stat = o->stat,
                                            .period_s = o->period_ns / NS_PER_S,
                                            .look_back_s = o->look_back_ns / NS_PER_S,
                                            .dimensions = &o->dimensions,
                                            .metrics = self->metrics,
                                            .metrics_len = self->metrics_len };
    struct buf body = { 0 };
    struct error err = { 0 };
    cloudwatch_body(&query, self->poll.clock->wall_ns(self->poll.clock->ctx), &body);
    const struct aws_request request = { .service = "monitoring",
                                         .region = self->poll.region,
                                         .action = "GetMetricData",
                                         .target = "GraniteServiceVersion20100801",
                                         .protocol = AWS_JSON_1_0,
                                         .body = buf_str(&body),
                                         .priority = AWS_DESCRIBE,
                                         .repeatable = true,
                                         .response_max = (size_t)1 << 20 };
    answer_begin(&self->poll.answer, done, ctx);
    int rc = buf_failed(&body) ? error_nomem(&err)
                               : aws_call(self->poll.aws, &request, on_data, &self->poll, &err);
    if (rc < 0)
        answer_fail(&self->poll.answer, &err);
    buf_release(&body);
}

const struct queue_plugin queue_cloudwatch = {
    .options = { .name = "cloudwatch",
                 .help = "a metric of Amazon CloudWatch",
                 .size = sizeof(struct cloudwatch_options),
                 .rows = cloudwatch_rows,
                 .check = cloudwatch_check },
    .open = cloudwatch_open,
    .close = cloudwatch_close,
    .poll = cloudwatch_poll,
};
