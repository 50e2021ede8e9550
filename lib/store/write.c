#include "store/write.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/words.h"

static void bind_number(sqlite3_stmt *stmt, int index, uint64_t number)
{
    sqlite3_bind_int64(stmt, index, (sqlite3_int64)number);
}

static int write_intent(struct db *db, struct entry_intent *e, struct error *err)
{
    const struct intent *intent = &e->intent;
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, DB_INTENT_WRITE, &stmt, err);
    if (rc < 0)
        return rc;
    bind_number(stmt, 1, intent->number);
    db_bind_text(stmt, 2, words_kind(intent->kind));
    db_bind_text(stmt, 3, words_state(intent->state));
    db_bind_text(stmt, 4, intent->pool);
    db_bind_text(stmt, 5, intent->offer);
    db_bind_text(stmt, 6, intent->inventory);
    db_bind_text(stmt, 7, intent->node);
    db_bind_text(stmt, 8, intent->token);
    sqlite3_bind_int64(stmt, 9, intent->slots);
    sqlite3_bind_int64(stmt, 10, intent->price_usd_micro);
    sqlite3_bind_int64(stmt, 11, intent->count);
    sqlite3_bind_int64(stmt, 12, intent->planned_wall_ns);
    sqlite3_bind_int(stmt, 13, intent->served);
    rc = db_run(db, stmt, "write an intent", err);
    e->refused = rc == 0 && sqlite3_changes(db->handle) == 0;
    return rc;
}

static int close_intent(struct db *db, const struct entry_intent *e, struct error *err)
{
    bool ended = e->intent.state == INTENT_DONE || e->intent.state == INTENT_FAILED;
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, DB_INTENT_CLOSE, &stmt, err);
    if (rc < 0)
        return rc;
    bind_number(stmt, 1, e->intent.number);
    db_bind_text(stmt, 2, words_state(e->intent.state));
    if (ended)
        sqlite3_bind_int64(stmt, 3, e->entry.wall_ns);
    return db_run(db, stmt, "close an intent", err);
}

static int write_served(struct db *db, const struct entry_served *e, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, DB_SERVED, &stmt, err);
    if (rc < 0)
        return rc;
    bind_number(stmt, 1, e->number);
    return db_run(db, stmt, "write that a node served", err);
}

static int write_paused(struct db *db, const struct entry_paused *e, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, e->paused ? DB_PAUSE : DB_RESUME, &stmt, err);
    if (rc < 0)
        return rc;
    db_bind_text(stmt, 1, e->pool);
    if (e->paused) {
        sqlite3_bind_int64(stmt, 2, e->entry.wall_ns);
        db_bind_text(stmt, 3, e->who);
    }
    return db_run(db, stmt, "write a pause", err);
}

/* What the source does not tell is NULL; so is NaN, by SQLite itself. */
static void bind_if(sqlite3_stmt *stmt, int index, bool told, double value)
{
    if (told)
        sqlite3_bind_double(stmt, index, value);
}

static int write_sample(struct db *db, const struct entry_sample *e, struct error *err)
{
    const struct sample *sample = &e->sample;
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, DB_SAMPLE, &stmt, err);
    if (rc < 0)
        return rc;
    sqlite3_bind_int64(stmt, 1, e->entry.wall_ns);
    db_bind_text(stmt, 2, e->pool);
    sqlite3_bind_double(stmt, 3, sample->waiting);
    bind_if(stmt, 4, sample->has_running, sample->running);
    bind_if(stmt, 5, sample->has_oldest, sample->oldest_s);
    bind_if(stmt, 6, sample->has_completed, sample->completed);
    return db_run(db, stmt, "write a sample", err);
}

/* The trail becomes text here, on the writer's thread, and not where decisions are made. */
static int trail_document(const struct entry_decision *e, struct buf *out, struct error *err)
{
    struct trail trail = { .len = e->len, .dropped = e->dropped };
    struct json_out j = json_begin(out);
    memcpy(trail.steps, e->steps, e->len * sizeof(trail.steps[0]));
    trail_json(&trail, &j, NULL);
    return buf_failed(out) ? error_nomem(err) : 0;
}

static int write_decision(struct db *db, const struct entry_decision *e, struct error *err)
{
    struct buf trail = { 0 };
    sqlite3_stmt *stmt = NULL;
    int rc = trail_document(e, &trail, err);
    if (rc == 0)
        rc = db_statement(db, DB_DECISION, &stmt, err);
    if (rc == 0) {
        sqlite3_bind_int64(stmt, 1, e->entry.wall_ns);
        db_bind_text(stmt, 2, e->pool);
        bind_number(stmt, 3, e->number);
        sqlite3_bind_int64(stmt, 4, e->before);
        sqlite3_bind_int64(stmt, 5, e->desired);
        sqlite3_bind_int(stmt, 6, e->held);
        db_bind_text(stmt, 7, buf_text(&trail));
        sqlite3_bind_int(stmt, 8, e->dropped);
        rc = db_run(db, stmt, "write a decision", err);
    }
    buf_release(&trail);
    return rc;
}

#define HOUR_NS (3600 * NS_PER_S)

static int write_cost(struct db *db, const struct entry_cost *e, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, DB_COST, &stmt, err);
    if (rc < 0)
        return rc;
    sqlite3_bind_int64(stmt, 1, e->entry.wall_ns / HOUR_NS * HOUR_NS);
    db_bind_text(stmt, 2, e->pool);
    sqlite3_bind_int64(stmt, 3, e->usd_micro);
    sqlite3_bind_double(stmt, 4, isfinite(e->node_hours) ? e->node_hours : 0);
    return db_run(db, stmt, "write cost", err);
}

static int write_entry(struct db *db, struct entry *entry, struct error *err)
{
    switch (entry->type) {
    case ENTRY_INTENT:
        return write_intent(db, (struct entry_intent *)entry, err);
    case ENTRY_CLOSE:
        return close_intent(db, (const struct entry_intent *)entry, err);
    case ENTRY_SERVED:
        return write_served(db, (const struct entry_served *)entry, err);
    case ENTRY_PAUSED:
        return write_paused(db, (const struct entry_paused *)entry, err);
    case ENTRY_SAMPLE:
        return write_sample(db, (const struct entry_sample *)entry, err);
    case ENTRY_DECISION:
        return write_decision(db, (const struct entry_decision *)entry, err);
    case ENTRY_COST:
        return write_cost(db, (const struct entry_cost *)entry, err);
    default:
        return 0;
    }
}

int write_batch(struct db *db, const struct entry_queue *batch, struct prune *prune,
                struct error *err)
{
    int rc = db_ready(db, prune->now_ns, err);
    if (rc < 0)
        return rc;
    rc = db_begin(db, err);
    for (struct entry *entry = batch->head; entry && rc == 0; entry = entry->next)
        rc = write_entry(db, entry, err);
    if (rc == 0)
        rc = prune_some(db, prune, batch->len, err);
    if (rc == 0)
        rc = db_commit(db, err);
    if (rc < 0)
        db_rollback(db);
    return rc;
}
