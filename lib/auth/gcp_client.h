/*
 * Calls to Google Cloud's REST APIs: access tokens, endpoints, retries, rate limits, and errors classed
 * by remedy. One client for all services and projects of one identity; used by lib/queue and
 * providers/gcp.
 *
 * Tokens come from application default credentials (gcp_credentials.h) and are refreshed ahead of
 * expiry in the background; a call that is refused with 401 is sent once more with a new one. Tokens,
 * keys and assertions never appear in an error text or a log line.
 */
#ifndef AUTH_GCP_CLIENT_H
#define AUTH_GCP_CLIENT_H

#include <stdbool.h>

#include <uv.h>

#include "auth/gcp_error.h"
#include "auth/gcp_settings.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http_client.h"

struct gcp_client;

struct gcp_client_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct http_client *http;            /* shared */
    const struct gcp_settings *settings; /* borrowed; lives longer than the client */
};

int gcp_client_new(const struct gcp_client_env *env, struct gcp_client **ret, struct error *err);
/* Drops calls in flight: their callbacks never come once this returned. Takes NULL. */
void gcp_client_free(struct gcp_client *client);

/* How urgent a call is when a rate limit makes calls wait: giving back before looking before buying. */
enum gcp_priority { GCP_TERMINATE, GCP_DESCRIBE, GCP_LAUNCH };

/* Paths are meant from where the service's own begin; gcp_endpoint.h has the addresses. */
enum gcp_service {
    GCP_COMPUTE,    /* .../compute/v1/ : "projects/p/zones/z/instances" */
    GCP_MONITORING, /* .../v3/ : "projects/p/timeSeries" */
    GCP_PUBSUB,     /* .../v1/ : "projects/p/subscriptions/s"; PUBSUB_EMULATOR_HOST counts */
    GCP_BILLING,    /* .../v1/ : "services/6F81-5844-456A/skus" */
    GCP_IAM,      /* iamcredentials .../v1/ : "projects/-/serviceAccounts/E:generateAccessToken" */
    GCP_STS,      /* .../v1/ : "token" */
    GCP_PROJECTS, /* cloudresourcemanager .../v1/ : "projects/p:testIamPermissions" */
    GCP_SERVICES, /* how many there are */
};

struct gcp_request {
    enum gcp_service service;
    const char *method; /* "GET", "POST", "DELETE" */
    const char
        *name; /* "instances.insert", as the API's reference has it: rate limits and messages */
    const char *path;  /* without a leading '/', its parts percent-encoded: gcp_path_add() */
    const char *query; /* without '?', encoded: gcp_query_add(); NULL: none */
    struct str body;   /* JSON; empty: none */
    enum gcp_priority priority;
    /*
     * The same request may be sent again when nobody knows whether the first arrived: reads, and writes
     * with a requestId or a name that only one can have. Otherwise a lost answer is MUSTER_E_UNKNOWN at
     * once.
     */
    bool repeatable;
    /*
     * So long it may wait here for its turn; when that would take longer it is MUSTER_E_THROTTLED at once,
     * and will not be sent. 0: as long as it takes.
     */
    int64_t wait_max_ns;
    size_t response_max; /* 0: 8 MiB */
    int64_t timeout_ns;  /* of one try; 0: 30 s. operations.wait takes up to two minutes */
};

struct gcp_response {
    int status;             /* HTTP */
    struct str body;        /* borrowed for the call */
    struct gcp_fault fault; /* all zero on success */
};

/*
 * err->code 0: HTTP 2xx. Otherwise an error classed by remedy, its text "Compute instances.insert:
 * quotaExceeded: Quota 'CPUS' exceeded. (HTTP 403)"; the response is given too when there was one.
 * That an operation was accepted does not say that it went well: gcp_fault_from_operation().
 */
typedef void gcp_done_cb(void *ctx, const struct gcp_response *response, const struct error *err);

/* Copies what it needs. The callback comes later, from the loop, exactly once. */
int gcp_call(struct gcp_client *client, const struct gcp_request *request, gcp_done_cb *done,
             void *ctx, struct error *err);

/* project: "" only with an error. The settings', the environment's, the file's, the metadata server's. */
typedef void gcp_project_cb(void *ctx, const char *project, const struct error *err);

/* The project for what names none; asked once, then known. The callback comes later, exactly once. */
int gcp_client_project(struct gcp_client *client, gcp_project_cb *done, void *ctx,
                       struct error *err);

/* Drops every call made with this ctx: their callbacks never come. */
void gcp_client_drop(struct gcp_client *client, const void *ctx);

/* "Compute", "Cloud Monitoring": for people. */
const char *gcp_service_word(enum gcp_service service);

/* "a=1" or "&a=1", the value percent-encoded. */
void gcp_query_add(struct buf *to, const char *name, struct str value);
void gcp_query_addf(struct buf *to, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One part of a path, percent-encoded (also '/'). */
void gcp_path_add(struct buf *to, struct str part);

#endif
