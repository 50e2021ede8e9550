/*
 * What people and machines see of the controller: the endpoint's pages and its few commands.
 *
 * Everything is read from the core's views and from what the daemon says about itself; nothing is
 * recomputed for display. Documents are rendered once per change and shared by all who ask.
 *
 *     GET  /                          a dashboard for browsers, a list of the paths for others
 *     GET  /status  /status/POOL      all pools; one pool with its settings and open intents
 *     GET  /nodes?pool=&offset=&limit=
 *     GET  /explain/POOL              why: the trail of the last decision and of the last change
 *     GET  /healthz  /readyz  /metrics
 *     POST /v1/pause  /v1/resume  /v1/pools/POOL/pause  /v1/pools/POOL/resume  /v1/nodes/NODE/drain
 *     POST /v1/nodes/NODE/heartbeat
 *
 * docs/endpoint.md documents every field. All calls happen on the loop's thread.
 */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "base/error.h"
#include "base/log.h"
#include "control/control.h"
#include "net/http_server.h"
#include "queue/notice_queue.h"
#include "store/store.h"

struct status;

/* How long something took; quantiles of the recent ones. */
struct status_timing {
    uint64_t count;
    int64_t sum_ns; /* of all `count` */
    int64_t p50_ns, p99_ns, max_ns;
};

/* A policy file that cannot be used now; the pool runs on what the file said before. */
struct status_file_problem {
    const char *file;
    const char *text; /* one line: the first error */
    int64_t since_wall_ns;
};

/* What the daemon knows about itself. Texts are borrowed for the length of the request. */
struct status_facts {
    /* Grows with every step that changed anything and with every tick: what was rendered under
     * another generation is not shown again. */
    uint64_t generation;
    int64_t now_ns, wall_ns;
    int64_t started_ns, started_wall_ns;
    const char *controller;
    const char *mode; /* "live", "dry-run" */
    int64_t tick_every_ns;
    int64_t ticked_ns; /* boot clock: when the last tick that succeeded ended; 0: none yet */
    struct status_timing tick;     /* how long ticks take */
    struct status_timing lateness; /* how late they begin */
    struct store_health store;
    const struct status_file_problem *file_problems;
    size_t file_problems_len;
    const struct books *books; /* of a dry run; NULL: none */
    const struct notice_queue_view *notices;
    size_t notices_len;
};

/* Borrowed, lives longer than the status. */
struct status_env {
    const struct control *control;
    struct log *log;
    /* Called when a document is made, which is far less often than one is asked for. */
    void (*facts)(void *ctx, struct status_facts *ret);
    /* facts().generation and the clock of facts().now_ns alone, for what is asked a thousand times a
     * second; generation may be NULL: facts is called each time. */
    uint64_t (*generation)(void *ctx);
    const struct clock *clock;
    /* Adds the clocks, steps the core, carries out what follows. The event is borrowed. */
    int (*submit)(void *ctx, struct event *ev, struct error *err);
    /* What a heartbeat is answered with, right after submit took it. NULL: control_beat_reply. */
    struct beat_reply (*beat_reply)(void *ctx, const char *node);
    /* The decision in force at a moment, as a JSON object, from history; MUSTER_E_NOTFOUND: none.
     * NULL: there is no history. */
    int (*decision_at)(void *ctx, const char *pool, int64_t wall_ns, struct buf *out,
                       struct error *err);
    void *ctx;
};

int status_new(const struct status_env *env, struct status **ret, struct error *err);
void status_free(struct status *status);

/*
 * Who may ask. Reading is open to all until a read token is set; the other two are closed until
 * theirs is. Admin may do everything.
 */
enum status_role { STATUS_READ, STATUS_AGENT, STATUS_ADMIN, STATUS_ROLES };

/*
 * Replaces the role's tokens by those of a token file's text, one a line, so that a new one can be
 * handed out before the old one is withdrawn. At most four, each of 16 to 256 printable characters.
 * Only their digests are kept. MUSTER_E_CONFIG, and no change, if the text holds no usable token.
 */
int status_set_tokens(struct status *status, enum status_role role, struct str text,
                      struct error *err);

/* An http_handler: ctx is the struct status. */
void status_handle(void *ctx, const struct http_exchange *x, struct http_answer *ret);

#endif
