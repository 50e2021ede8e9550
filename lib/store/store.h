/*
 * The one thing that must survive: intents, and beside them history (samples, decisions, cost) and
 * the pauses. SQLite, WAL, synchronous=FULL; one file.
 *
 * All writing happens on one thread-pool job at a time; what is asked for while a job runs goes into
 * the next one as one transaction (group commit). Callbacks come on the loop's thread.
 *
 * A store that fails to write (disk full, I/O error) answers every intent with an error, so nothing
 * is sent to any cloud; it tries again with the next write. A corrupt or foreign file is refused by
 * store_open with a text that says what to do.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "control/control.h"

struct store;

struct store_options {
    const char *path;     /* created with mode 0600 if absent; ":memory:" for tests and dry runs */
    int64_t retention_ns; /* older history is deleted */
};

/* Opens, takes the single-writer lock (a second musterd on the same file fails: MUSTER_E_CONFIG, its
 * text names the other's pid where known), migrates. Blocks; called before the loop runs. */
int store_open(uv_loop_t *loop, struct log *log, const struct clock *clock,
               const struct store_options *options, struct store **ret, struct error *err);

/* Waits for the running write, writes what is pending, closes. Takes NULL. */
void store_close(struct store *store);

/* What EVENT_RECOVERED needs. Borrowed until store_close or the next call. */
struct store_recovered {
    const struct intent *open;
    size_t open_len;
    uint64_t last_number;
    const char *journal; /* 16 random letters, made with the file */
    const char *const *paused;
    size_t paused_len;
};
int store_recover(struct store *store, struct store_recovered *ret, struct error *err);

/* Durable when `done` comes with err->code 0. */
typedef void store_written_cb(void *ctx, uint64_t number, const struct error *err);
void store_write_intent(struct store *store, const struct intent *intent, store_written_cb *done,
                        void *ctx);
/* The rest is written with the next commit; a failure is logged and counted. */
void store_close_intent(struct store *store, const struct intent *intent);
void store_served(struct store *store, uint64_t number);
void store_paused(struct store *store, const char *pool, bool paused, const char *who);
void store_sample(struct store *store, const char *pool, int64_t wall_ns,
                  const struct sample *sample);
void store_decision(struct store *store, const char *pool, const struct decision *decision);
void store_cost(struct store *store, const char *pool, int64_t wall_ns, int64_t usd_micro,
                double node_hours);

/* Reading back, for `muster explain --at` and tests; blocks shortly. JSON text of the decision. */
int store_decision_at(struct store *store, const char *pool, int64_t wall_ns, struct buf *out,
                      struct error *err);

struct store_health {
    bool writable; /* the last write worked */
    uint64_t failures;
    char problem[160];
    size_t pending; /* entries waiting to be written; bounded, history is dropped first */
};
void store_health(const struct store *store, struct store_health *ret);

#endif
