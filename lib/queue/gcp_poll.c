#include "queue/gcp_poll.h"

#include <math.h>

int gcp_poll_init(struct gcp_poll *poll, const struct queue_env *env, const char *project,
                  void (*ask)(struct gcp_poll *poll), struct error *err)
{
    if (!env->gcp)
        return error_set(err, MUSTER_E_CONFIG, "there is no Google Cloud client here");
    if (project && !gcp_project_valid(project))
        return error_set(err, MUSTER_E_CONFIG, "'%s' is not the id of a project", project);
    poll->gcp = env->gcp;
    poll->clock = env->clock;
    poll->ask = ask;
    (void)str_copy_c(poll->project, sizeof(poll->project), project ? project : "");
    answer_init(&poll->answer, env->loop);
    return 0;
}

void gcp_poll_close(struct gcp_poll *poll, uv_close_cb closed, void *data)
{
    gcp_client_drop(poll->gcp, poll);
    answer_close(&poll->answer, closed, data);
}

/* ---- a poll ------------------------------------------------------------------------------------- */

static int64_t boot_ns(const struct gcp_poll *poll)
{
    return poll->clock->boot_ns(poll->clock->ctx);
}

static void begin_asking(struct gcp_poll *poll)
{
    poll->asked_ns = boot_ns(poll);
    poll->answered = false;
    poll->newest_wall_ns = INT64_MAX;
    poll->sample = (struct sample){ .running = (double)NAN };
    poll->ask(poll);
}

static void on_project(void *ctx, const char *project, const struct error *err)
{
    struct gcp_poll *poll = ctx;
    if (err->code) {
        answer_give(&poll->answer, NULL, err);
        return;
    }
    (void)str_copy_c(poll->project, sizeof(poll->project), project);
    begin_asking(poll);
}

/* A clock a little behind Google's would make numbers of the future. */
static void grow_older(struct gcp_poll *poll)
{
    int64_t lag_ns = poll->clock->wall_ns(poll->clock->ctx) - poll->newest_wall_ns;
    poll->sample.has_lag = true;
    poll->sample.lag_s = lag_ns > 0 ? (double)lag_ns / 1e9 : 0;
}

void gcp_poll_begin(struct gcp_poll *poll, queue_poll_cb *done, void *ctx)
{
    struct error err = { 0 };
    answer_begin(&poll->answer, done, ctx);
    if (poll->answered && boot_ns(poll) - poll->asked_ns < poll->ask_every_ns) {
        grow_older(poll);
        answer_later(&poll->answer, &poll->sample);
    } else if (poll->project[0]) {
        begin_asking(poll);
    } else if (gcp_client_project(poll->gcp, on_project, poll, &err) < 0) {
        answer_fail(&poll->answer, &err);
    }
}

void gcp_poll_finish(struct gcp_poll *poll)
{
    poll->answered = true;
    grow_older(poll);
    answer_give(&poll->answer, &poll->sample, &(struct error){ 0 });
}

void gcp_poll_failed(struct gcp_poll *poll, const struct error *err)
{
    answer_give(&poll->answer, NULL, err);
}

int gcp_poll_take(struct gcp_poll *poll, const struct gcp_response *response,
                  enum timeseries_many many, double *ret, struct error *err)
{
    struct timeseries_point point;
    int rc = timeseries_newest(response->body, many, &point, err);
    if (rc < 0)
        return rc;
    if (isless(point.value, 0))
        return error_set(err, MUSTER_E_INVALID, "the newest value is below 0");
    if (point.wall_ns < poll->newest_wall_ns)
        poll->newest_wall_ns = point.wall_ns;
    *ret = point.value;
    return 0;
}

void gcp_poll_series(struct gcp_poll *poll, const struct timeseries_query *query, gcp_done_cb *done)
{
    struct buf path = { 0 }, words = { 0 };
    struct error err = { 0 };
    buf_addf(&path, "projects/%s/timeSeries", poll->project);
    timeseries_query(query, poll->clock->wall_ns(poll->clock->ctx), &words);
    const struct gcp_request request = { .service = GCP_MONITORING,
                                         .method = "GET",
                                         .name = "timeSeries.list",
                                         .path = buf_text(&path),
                                         .query = buf_text(&words),
                                         .priority = GCP_DESCRIBE,
                                         .repeatable = true,
                                         .response_max = (size_t)4 << 20 };
    int rc = buf_failed(&path) || buf_failed(&words)
                 ? error_nomem(&err)
                 : gcp_call(poll->gcp, &request, done, poll, &err);
    if (rc < 0)
        answer_fail(&poll->answer, &err);
    buf_release(&path);
    buf_release(&words);
}
