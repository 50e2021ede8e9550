#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "store/db.h"
#include "store/entry.h"
#include "store/lock.h"
#include "store/read.h"
#include "store/recover.h"
#include "store/thin.h"
#include "store/write.h"

/* Bytes of history that wait for the writer; beyond, it is dropped. */
#define HISTORY_WAITING_MAX ((size_t)4 << 20)
/* Entries a restart must know, while nothing can be written. The core's own bounds are far below. */
#define STATE_WAITING_MAX 100000

/*
 * What is asked for goes to `pending`. An idle handle, which runs once the loop has been through what
 * was due, moves all of it to `batch` and gives that to the thread pool: everything asked for in one
 * turn is one transaction. While the job runs, db, batch, prune and result are the job's.
 */
struct store {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    int lock_fd;
    struct thin thin;

    struct entry_queue pending;
    bool wanted; /* something new is pending; not what was kept after a failure */
    uv_idle_t kick;
    bool closing, closed;

    bool running;
    uv_work_t work;
    struct db *db;
    struct prune prune;
    struct entry_queue batch;
    struct error result;

    struct store_health health;
};

static int64_t wall_now_ns(const struct store *store)
{
    return store->clock->wall_ns(store->clock->ctx);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void note_result(struct store *store)
{
    struct store_health *health = &store->health;
    bool failed = store->result.code < 0;
    /* Once when it begins and once when it ends, and not at every try. */
    if (failed && health->writable)
        log_printf(store->log, LOG_ERROR, "%s; continuing: tried again with the next write",
                   store->result.text);
    if (!failed && !health->writable)
        log_printf(store->log, LOG_INFO, "state is written again");
    health->writable = !failed;
    health->failures += failed;
    str_copy_c(health->problem, sizeof(health->problem), failed ? store->result.text : "");
}

static void answer(const struct entry_intent *e, const struct error *result)
{
    struct error refused;
    if (result->code == 0 && e->refused) {
        error_set(&refused, MUSTER_E_INVALID,
                  "intent %llu is in the journal already, with another token",
                  (unsigned long long)e->intent.number);
        result = &refused;
    }
    if (e->done)
        e->done(e->ctx, e->intent.number, result);
}

static void answer_served(const struct entry_served *e, const struct error *result)
{
    if (e->done)
        e->done(e->ctx, e->number, result);
}

/* Of a batch that could not be written, what a restart must know goes first into the next. */
static void keep_state(struct store *store)
{
    struct entry_queue keep = { 0 };
    struct entry_queue rest = { 0 };
    for (struct entry *entry; (entry = entry_queue_take(&store->batch));) {
        bool state = entry->type != ENTRY_INTENT && !entry_is_history(entry);
        store->health.dropped += entry_is_history(entry);
        entry_queue_add(state ? &keep : &rest, entry);
    }
    store->batch = rest;
    entry_queue_put_back(&store->pending, &keep);
}

static void batch_start(struct store *store)
{
    store->batch = store->pending;
    store->pending = (struct entry_queue){ 0 };
    store->wanted = false;
    store->prune.now_ns = store->clock->boot_ns(store->clock->ctx);
    store->prune.now_wall_ns = wall_now_ns(store);
    error_clear(&store->result);
}

static void batch_write(struct store *store)
{
    write_batch(store->db, &store->batch, &store->prune, &store->result);
}

static void batch_end(struct store *store)
{
    const struct error result = store->result;
    note_result(store);
    if (result.code < 0)
        keep_state(store);
    /* From the store's own queue, so that an answer may lead to store_forget. */
    for (struct entry *entry; (entry = entry_queue_take(&store->batch));) {
        if (entry->type == ENTRY_INTENT)
            answer((const struct entry_intent *)entry, &result);
        else if (entry->type == ENTRY_SERVED)
            answer_served((const struct entry_served *)entry, &result);
        free(entry);
    }
}

static void kick_if_wanted(struct store *store);

static void job_run(uv_work_t *work)
{
    batch_write(work->data);
}

static void job_done(uv_work_t *work, int status)
{
    struct store *store = work->data;
    (void)status; /* only a job that was cancelled has one, and nobody cancels ours */
    store->running = false;
    batch_end(store);
    kick_if_wanted(store);
}

static void kick_run(uv_idle_t *kick)
{
    struct store *store = kick->data;
    uv_idle_stop(kick);
    batch_start(store);
    if (store->db->memory) { /* never waits for a disk, and has one connection only */
        batch_write(store);
        batch_end(store);
        return;
    }
    store->running = true;
    uv_queue_work(store->loop, &store->work, job_run, job_done);
}

static void kick_if_wanted(struct store *store)
{
    if (store->wanted && !store->running && !store->closing)
        uv_idle_start(&store->kick, kick_run);
}

static void add(struct store *store, struct entry *take_entry)
{
    entry_queue_add(&store->pending, take_entry);
    store->wanted = true;
    kick_if_wanted(store);
}

/* ---- what can be asked for ----------------------------------------------------------------- */

int store_write_intent(struct store *store, const struct intent *intent, store_written_cb *done,
                       void *ctx, struct error *err)
{
    if (store->closing)
        return error_set(err, MUSTER_E_REFUSED, "the store is closing");
    struct entry *entry = entry_intent(ENTRY_INTENT, intent, 0);
    if (!entry)
        return error_nomem(err);
    ((struct entry_intent *)entry)->done = done;
    ((struct entry_intent *)entry)->ctx = ctx;
    add(store, entry);
    return 0;
}

static void forget(const struct entry_queue *queue, const void *ctx)
{
    for (struct entry *entry = queue->head; entry; entry = entry->next) {
        /* The writer does not look at these fields. */
        struct entry_intent *intent = (struct entry_intent *)entry;
        struct entry_served *served = (struct entry_served *)entry;
        if (entry->type == ENTRY_INTENT && intent->ctx == ctx)
            intent->done = NULL;
        if (entry->type == ENTRY_SERVED && served->ctx == ctx)
            served->done = NULL;
    }
}

void store_forget(struct store *store, const void *ctx)
{
    forget(&store->pending, ctx);
    forget(&store->batch, ctx);
}

static void add_state(struct store *store, struct entry *take_entry, const char *what)
{
    if (take_entry && store->pending.len < STATE_WAITING_MAX) {
        add(store, take_entry);
        return;
    }
    store->health.failures++;
    log_printf(store->log, LOG_ERROR,
               "%s was not recorded: %s; continuing: a restart will not know", what,
               take_entry ? "too much waits to be written" : "out of memory");
    free(take_entry);
}

void store_close_intent(struct store *store, const struct intent *intent)
{
    add_state(store, entry_intent(ENTRY_CLOSE, intent, wall_now_ns(store)), "the end of an intent");
}

int store_served(struct store *store, uint64_t number, store_written_cb *done, void *ctx,
                 struct error *err)
{
    if (store->closing)
        return error_set(err, MUSTER_E_REFUSED, "the store is closing");
    struct entry *entry = entry_served(number);
    if (!entry)
        return error_nomem(err);
    if (store->pending.len >= STATE_WAITING_MAX) {
        free(entry);
        return error_set(err, MUSTER_E_TOOBIG, "too much waits to be written");
    }
    ((struct entry_served *)entry)->done = done;
    ((struct entry_served *)entry)->ctx = ctx;
    add(store, entry);
    return 0;
}

void store_paused(struct store *store, const char *pool, bool paused, const char *who)
{
    add_state(store, entry_paused(pool, paused, who, wall_now_ns(store)),
              paused ? "a pause" : "the end of a pause");
}

static void add_history(struct store *store, struct entry *take_entry)
{
    size_t waiting = store->pending.history_bytes + store->batch.history_bytes;
    if (take_entry && waiting + take_entry->bytes <= HISTORY_WAITING_MAX) {
        add(store, take_entry);
        return;
    }
    store->health.dropped++;
    free(take_entry);
}

void store_sample(struct store *store, const char *pool, int64_t wall_ns,
                  const struct sample *sample)
{
    if (thin_keeps(&store->thin, pool, wall_ns, sample))
        add_history(store, entry_sample(pool, wall_ns, sample));
}

void store_decision(struct store *store, const char *pool, const struct decision *decision)
{
    add_history(store, entry_decision(pool, decision));
}

void store_cost(struct store *store, const char *pool, int64_t wall_ns, int64_t usd_micro,
                double node_hours)
{
    add_history(store, entry_cost(pool, wall_ns, usd_micro, node_hours));
}

void store_health(const struct store *store, struct store_health *ret)
{
    *ret = store->health;
    ret->pending = store->pending.len + store->batch.len;
}

/* ---- reading back -------------------------------------------------------------------------- */

int store_recover(struct store *store, struct store_recovered *ret, struct error *err)
{
    if (store->running || store->pending.len > 0)
        return error_set(err, MUSTER_E_REFUSED, "the journal is read before it is written");
    int rc = db_ready(store->db, store->clock->boot_ns(store->clock->ctx), err);
    return rc < 0 ? rc : recover_read(store->db, ret, err);
}

/*
 * By a connection of its own, opened for the question: the writer's may be in the middle of a sync,
 * for which the loop must not wait, and a second one kept open would cost memory all day.
 */
int store_decision_at(struct store *store, const char *pool, int64_t wall_ns, struct buf *out,
                      struct error *err)
{
    sqlite3 *reader = NULL;
    const char *path = store->db->path;
    if (store->db->memory)
        return read_decision(store->db->handle, path, pool, wall_ns, out, err);
    int rc = db_reader(path, &reader, err);
    if (rc == 0)
        rc = read_decision(reader, path, pool, wall_ns, out, err);
    sqlite3_close(reader);
    return rc;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void store_free(struct store *store)
{
    db_close(store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    entry_queue_release(&store->pending);
    thin_release(&store->thin);
    free(store);
}

static int open_file(struct store *store, const char *path, struct error *err)
{
    if (!path || !path[0])
        return error_set(err, MUSTER_E_CONFIG, "the state file has no name");
    int rc = strcmp(path, ":memory:") == 0 ? 0 : lock_take(path, &store->lock_fd, err);
    return rc < 0 ? rc : db_open(path, &store->db, err);
}

int store_open(uv_loop_t *loop, struct log *log, const struct clock *clock,
               const struct store_options *options, struct store **ret, struct error *err)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return error_nomem(err);
    store->loop = loop;
    store->log = log;
    store->clock = clock;
    store->lock_fd = -1;
    store->health.writable = true;
    store->prune.retention_ns = options->retention_ns;
    store->prune.max_bytes = options->max_bytes > 0 ? options->max_bytes : STORE_BYTES_DEFAULT;
    int rc = open_file(store, options->path, err);
    if (rc < 0) {
        store_free(store);
        return rc;
    }
    uv_idle_init(loop, &store->kick);
    store->kick.data = store;
    store->work.data = store;
    *ret = store;
    return 0;
}

/* What callbacks of the last intents ask for is still written: their ends, a pause. */
static void write_the_rest(struct store *store)
{
    for (int round = 0; round < 3 && store->pending.len > 0; round++) {
        batch_start(store);
        batch_write(store);
        batch_end(store);
        if (store->result.code < 0)
            break;
    }
    if (store->pending.len > 0)
        log_printf(store->log, LOG_ERROR, "%zu entries were never written; a restart will not know",
                   store->pending.len);
}

static void kick_closed(uv_handle_t *kick)
{
    ((struct store *)kick->data)->closed = true;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store->closing = true;
    uv_idle_stop(&store->kick);
    while (store->running)
        uv_run(store->loop, UV_RUN_ONCE);
    write_the_rest(store);
    uv_close((uv_handle_t *)&store->kick, kick_closed);
    while (!store->closed)
        uv_run(store->loop, UV_RUN_ONCE);
    store_free(store);
}
