/*
 * The gcp-monitoring source: any metric of Cloud Monitoring, by filter. Metrics come by the minute and
 * late, so this is for work that no other source knows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "queue/gcp_poll.h"
#include "queue/sources.h"
#include "queue/timeseries.h"

struct monitoring_options {
    char *filter, *running, *oldest, *project, *align;
    int64_t period_ns, look_back_ns, ask_every_ns;
    int series;
};

static const char *const series_words[] = {
    [SERIES_ONE] = "one", [SERIES_SUM] = "sum", [SERIES_MAX] = "max", NULL
};

static const struct option monitoring_rows[] = {
    OPTION_STRING(struct monitoring_options, filter, "filter",
                  .help = "of the series that counts waiting jobs, as "
                          "metric.type=\"custom.googleapis.com/jobs\""),
    OPTION_STRING(struct monitoring_options, running, "running", .optional = true,
                  .help = "filter of the series that counts jobs being worked on"),
    OPTION_STRING(struct monitoring_options, oldest, "oldest", .optional = true,
                  .help = "filter of the series with the age of the oldest waiting job in seconds"),
    OPTION_CHOICE(struct monitoring_options, series, "series", .fallback = "one",
                  .choices = series_words,
                  .help = "what becomes of several series that a filter fits; one: a mistake"),
    OPTION_STRING(struct monitoring_options, align, "align", .optional = true,
                  .help = "how points are made comparable, as ALIGN_RATE for a counter; absent: "
                          "as they were written"),
    OPTION_DURATION(struct monitoring_options, period_ns, "period", .fallback = "1m",
                    .min = 60 * NS_PER_S, .max = 86400 * NS_PER_S,
                    .help = "over which `align` takes points together"),
    OPTION_DURATION(struct monitoring_options, look_back_ns, "look_back", .fallback = "10m",
                    .min = 60 * NS_PER_S, .max = 86400 * NS_PER_S,
                    .help = "an older point is no point"),
    OPTION_DURATION(struct monitoring_options, ask_every_ns, "ask_every", .fallback = "20s",
                    .min = NS_PER_S, .max = 3600 * NS_PER_S,
                    .help = "Cloud Monitoring is asked no more often; between, its last answer "
                            "counts"),
    OPTION_STRING(struct monitoring_options, project, "project", .optional = true,
                  .help = "whose metrics; absent: gcp.project of muster.yaml, then the "
                          "credentials' own"),
    { 0 },
};

static int check_filter(const char *filter, const char *key, const char **ret_key,
                        struct error *err)
{
    if (!filter || strstr(filter, "metric.type"))
        return 0;
    *ret_key = key;
    return error_set(err, MUSTER_E_INVALID,
                     "a filter names its metric: metric.type=\"custom.googleapis.com/jobs\"");
}

static int monitoring_check(const void *options, const char **ret_key, struct error *err)
{
    const struct monitoring_options *o = options;
    int rc = check_filter(o->filter, "filter", ret_key, err);
    if (rc == 0)
        rc = check_filter(o->running, "running", ret_key, err);
    if (rc == 0)
        rc = check_filter(o->oldest, "oldest", ret_key, err);
    if (rc == 0 && o->align && !str_starts(str_from(o->align), "ALIGN_")) {
        *ret_key = "align";
        rc = error_set(err, MUSTER_E_INVALID,
                       "'%s' is no aligner of Cloud Monitoring, as ALIGN_MAX or ALIGN_RATE",
                       o->align);
    }
    if (rc == 0 && o->project && !gcp_project_valid(o->project)) {
        *ret_key = "project";
        rc = error_set(err, MUSTER_E_INVALID, "'%s' is not the id of a project", o->project);
    }
    return rc;
}

/* What is asked for, one after the other. */
enum part { PART_WAITING, PART_RUNNING, PART_OLDEST, PARTS };

struct queue {
    struct gcp_poll poll;
    const struct monitoring_options *options;
    enum part part;
};

static const char *filter_of(const struct queue *self, enum part part)
{
    const char *const filters[PARTS] = { self->options->filter, self->options->running,
                                         self->options->oldest };
    return filters[part];
}

static void take(struct queue *self, double value)
{
    struct sample *s = &self->poll.sample;
    if (self->part == PART_WAITING) {
        s->waiting = value;
    } else if (self->part == PART_RUNNING) {
        s->running = value;
        s->has_running = true;
    } else {
        s->oldest_s = value;
        s->has_oldest = true;
    }
}

static void ask_next(struct queue *self);

/* Every metric that was named must have a value: an unknown one is not zero. */
static void on_series(void *ctx, const struct gcp_response *response, const struct error *err)
{
    static const char *const words[PARTS] = { "filter", "running", "oldest" };
    struct queue *self = ctx; /* the poll is its first member */
    struct error failure = *err;
    double value = 0;
    if (!failure.code)
        (void)gcp_poll_take(&self->poll, response, (enum timeseries_many)self->options->series,
                            &value, &failure);
    if (failure.code) {
        error_wrap(&failure, "%s", words[self->part]);
        gcp_poll_failed(&self->poll, &failure);
        return;
    }
    take(self, value);
    self->part++;
    ask_next(self);
}

static void ask_next(struct queue *self)
{
    const struct monitoring_options *o = self->options;
    while (self->part < PARTS && !filter_of(self, self->part))
        self->part++;
    if (self->part == PARTS) {
        gcp_poll_finish(&self->poll);
        return;
    }
    const struct timeseries_query query = { .filter = filter_of(self, self->part),
                                            .aligner = o->align,
                                            .period_s = o->period_ns / NS_PER_S,
                                            .look_back_s = o->look_back_ns / NS_PER_S };
    gcp_poll_series(&self->poll, &query, on_series);
}

static void ask(struct gcp_poll *poll)
{
    struct queue *self = (struct queue *)poll;
    self->part = PART_WAITING;
    ask_next(self);
}

static int monitoring_open(const struct queue_env *env, const void *options, struct queue **ret,
                           struct error *err)
{
    const struct monitoring_options *o = options;
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    int rc = gcp_poll_init(&self->poll, env, o->project, ask, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->poll.ask_every_ns = o->ask_every_ns;
    self->options = o;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void monitoring_close(struct queue *self)
{
    if (self)
        gcp_poll_close(&self->poll, on_closed, self);
}

static void monitoring_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    gcp_poll_begin(&self->poll, done, ctx);
}

const struct queue_plugin queue_gcp_monitoring = {
    .options = { .name = "gcp-monitoring",
                 .help = "a metric of Google Cloud Monitoring",
                 .size = sizeof(struct monitoring_options),
                 .rows = monitoring_rows,
                 .shorthand = "filter",
                 .check = monitoring_check },
    .open = monitoring_open,
    .close = monitoring_close,
    .poll = monitoring_poll,
};
