/* What the Google Cloud sources share: client, project, and the poll under way. */
#ifndef QUEUE_GCP_POLL_H
#define QUEUE_GCP_POLL_H

#include "auth/gcp_client.h"
#include "queue/answer.h"
#include "queue/timeseries.h"

/*
 * Cloud Monitoring has a new point once a minute, minutes late, and every question is counted: it is
 * asked no more often than `ask_every_ns`; between, its last answer is given again, grown older.
 */
struct gcp_poll {
    struct gcp_client *gcp;
    const struct clock *clock;
    char project[GCP_PROJECT_MAX]; /* "": not known yet */
    int64_t ask_every_ns;
    struct answer answer;
    void (*ask)(struct gcp_poll *poll); /* begins to ask: the project is known */
    struct sample sample;               /* what is known so far */
    int64_t newest_wall_ns;             /* when it was true: the oldest of its numbers */
    bool answered;                      /* and that is an answer */
    int64_t asked_ns;                   /* boot time */
};

/* `project` may be NULL: the client finds it out at the first poll. MUSTER_E_CONFIG: no client here. */
int gcp_poll_init(struct gcp_poll *poll, const struct queue_env *env, const char *project,
                  void (*ask)(struct gcp_poll *poll), struct error *err);
/* Drops what is under way; `closed` frees what the poll is part of. */
void gcp_poll_close(struct gcp_poll *poll, uv_close_cb closed, void *data);

/* A poll begins: answered from what is kept, or asked for anew. Without a project it fails. */
void gcp_poll_begin(struct gcp_poll *poll, queue_poll_cb *done, void *ctx);
/* It ends: poll->sample is the answer. Nothing is touched after. */
void gcp_poll_finish(struct gcp_poll *poll);
void gcp_poll_failed(struct gcp_poll *poll, const struct error *err);

/* timeSeries.list, with the poll as ctx. A failure to ask ends the poll. */
void gcp_poll_series(struct gcp_poll *poll, const struct timeseries_query *query,
                     gcp_done_cb *done);
/* The newest point of an answer, and that it is part of what is known. */
int gcp_poll_take(struct gcp_poll *poll, const struct gcp_response *response,
                  enum timeseries_many many, double *ret, struct error *err);

#endif
