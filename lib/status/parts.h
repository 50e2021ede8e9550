/*
 * What the files of lib/status share among themselves; others use status.h.
 *
 *     status.c      routes, permissions, what is answered from the cache
 *     auth.c        tokens, and where a POST may come from
 *     cache.c       rendered documents, shared until something changes
 *     overview.c    /status, /healthz, /readyz
 *     pool.c        one pool, as part of /status and in full
 *     nodes.c       /nodes
 *     explain.c     /explain
 *     metrics.c     /metrics
 *     dashboard.c   the page a browser is given
 *     commands.c    pause, resume, drain, heartbeats
 */
#ifndef STATUS_PARTS_H
#define STATUS_PARTS_H

#include "base/json.h"
#include "status/auth.h"
#include "status/cache.h"
#include "status/status.h"

#define STATUS_CLASSES 6 /* 0xx .. 5xx */

struct status {
    struct status_env env;
    struct auth auth;
    struct cache cache;
    uint64_t answered[STATUS_CLASSES]; /* requests, by the hundreds of their status */
};

/* One request on its way to an answer. */
struct status_request {
    const struct http_exchange *x;
    struct status_facts facts;
    char name[NODE_ID_MAX]; /* what stood in the path for the route's '*' */
    struct buf out;         /* the answer's body */
    const char *content_type;
    struct error err; /* for an answer of 400 and above whose body is empty: its text */
};

#define TYPE_JSON    "application/json"
#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Each answers one route: writes r->out, or r->err.text, and returns the HTTP status. */
typedef int status_page(struct status *status, struct status_request *r);

status_page status_overview, status_healthz, status_readyz, status_pool_page, status_nodes_page;
status_page status_explain_page, status_metrics_page;
status_page status_pause, status_resume, status_pause_all, status_resume_all;
status_page status_drain, status_heartbeat;
/* The dashboard and what it is made of: for everyone, since it shows nothing by itself. */
status_page status_dashboard, status_dashboard_css, status_dashboard_js;

/* Ready: a tick succeeded not long ago. Otherwise `why` says what is wrong. */
bool status_is_ready(const struct status_facts *facts, char *why, size_t size);

/* pool.c: the members of one pool in /status, between braces that the caller writes. */
void status_pool_members(struct json_out *j, const struct pool_view *pool,
                         const struct status_facts *facts);
void status_node_counts(struct json_out *j, const char *key, const int64_t counts[NODE_STATES]);

/* pool.c: "dry_run", what it would have cost and what really runs; nothing where no books are kept. */
void status_books(struct json_out *j, const struct status_facts *facts, const char *pool,
                  int64_t cost_usd_micro);

/* Small things every document needs. A negative time is unknown: null. */
void status_seconds(struct json_out *j, const char *key, int64_t ns);
void status_usd(struct json_out *j, const char *key, int64_t usd_micro);
void status_time(struct json_out *j, const char *key, int64_t wall_ns);
/* Age of something that happened at at_ns (0: never; then null). */
void status_age(struct json_out *j, const char *key, const struct status_facts *facts,
                int64_t at_ns);

/* A whole number from the query, within bounds; `fallback` when absent. 0, or 400 and r->err. */
int status_query_int(struct status_request *r, const char *name, int64_t fallback, int64_t min,
                     int64_t max, int64_t *ret);

#endif
