/*
 * The one thing that must survive: intents, and beside them history (samples, decisions, cost) and
 * the pauses. SQLite, WAL, synchronous=FULL; one file.
 *
 * All writing happens on one thread-pool job at a time; what is asked for in one turn of the loop, or
 * while a job runs, goes into the next one as one transaction (group commit). Callbacks come on the
 * loop's thread, in the order of the asking. Everything given to the store is copied.
 *
 * A store that fails to write (disk full, I/O error) answers every intent with an error, so nothing
 * is sent to any cloud; it tries again with the next write. What a restart must know (ends of
 * intents, nodes that were ready, pauses) waits for that; history does not, it is dropped and
 * counted. A corrupt or foreign file is refused by store_open with a text that says what to do.
 *
 * One thread (the loop's) calls these functions.
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
    int64_t retention_ns; /* older history is deleted; <= 0: none is for its age */
    int64_t max_bytes;    /* of the file: the oldest history goes first; 0: STORE_BYTES_DEFAULT */
};

#define STORE_BYTES_DEFAULT (INT64_C(256) << 20)

/* Opens, takes the single-writer lock (a second musterd on the same file fails: MUSTER_E_CONFIG, its
 * text names the other's pid where known), migrates. Blocks; called before the loop runs. */
int store_open(uv_loop_t *loop, struct log *log, const struct clock *clock,
               const struct store_options *options, struct store **ret, struct error *err);

/* Waits for the running write, writes what is pending (their callbacks come now), closes. Turns the
 * loop for that, so not to be called from one of the loop's callbacks. Takes NULL. */
void store_close(struct store *store);

/* What EVENT_RECOVERED needs. */
struct store_recovered {
    /*
     * By number: the intents that were not closed; and closed launches that succeeded but of which no
     * node was ever ready (state INTENT_DONE, not served), the newest STORE_UNSERVED_MAX of them.
     * planned_ns, sent_ns and retry_ns are 0: they were read from the clock of another life.
     */
    const struct intent *open;
    size_t open_len;
    uint64_t last_number;
    const char *journal; /* 16 random letters, made with the file */
    const char *const *paused;
    size_t paused_len;
    const struct bought_at *places; /* of all launches that are kept, once each */
    size_t places_len;
    struct recovered *own; /* all of the above lives here */
};

#define STORE_UNSERVED_MAX 10000

/* Reads it all; blocks; before the first write. The caller releases it as soon as it was taken in. */
int store_recover(struct store *store, struct store_recovered *ret, struct error *err);
void store_recovered_release(struct store_recovered *recovered);

/*
 * Journals an intent. 0: `done` comes later, with err->code 0 once it is durable, else with what
 * failed. MUSTER_E_NOMEM: not taken, `done` never comes.
 *
 * A number that is in the journal already is written over only by the same token.
 */
typedef void store_written_cb(void *ctx, uint64_t number, const struct error *err);
int store_write_intent(struct store *store, const struct intent *intent, store_written_cb *done,
                       void *ctx, struct error *err);
/* Whoever asked with this ctx goes away: its intents are still written, nobody is told. */
void store_forget(struct store *store, const void *ctx);
/* The rest is written with the next commit; a failure is logged and counted. */
void store_close_intent(struct store *store, const struct intent *intent);
/*
 * Records that a node of this launch may be working. 0: taken, and tried again until it is durable;
 * `done` (may be NULL) comes then. Otherwise it is not recorded and `done` never comes.
 */
int store_served(struct store *store, uint64_t number, store_written_cb *done, void *ctx,
                 struct error *err);
void store_paused(struct store *store, const char *pool, bool paused, const char *who);
/* A sample that equals the pool's last is written at most every 10 s. */
void store_sample(struct store *store, const char *pool, int64_t wall_ns,
                  const struct sample *sample);
void store_decision(struct store *store, const char *pool, const struct decision *decision);
/* Adds to the pool's row of that hour. */
void store_cost(struct store *store, const char *pool, int64_t wall_ns, int64_t usd_micro,
                double node_hours);

/*
 * The pool's last decision at or before wall_ns, as a JSON object { pool, number, at, before, desired,
 * held, trail, steps_dropped }; for `muster explain --at` and tests. Sees what is committed; blocks
 * shortly, but never behind a write to the disk. None: MUSTER_E_NOTFOUND.
 */
int store_decision_at(struct store *store, const char *pool, int64_t wall_ns, struct buf *out,
                      struct error *err);

struct store_health {
    bool writable; /* the last write worked */
    uint64_t failures;
    char problem[160]; /* of the last write; "" when it worked */
    size_t pending;    /* entries waiting to be written; bounded, history is dropped first */
    uint64_t dropped;  /* history entries that were never written */
};
void store_health(const struct store *store, struct store_health *ret);

#endif
