#include "store/recover.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/vec.h"
#include "store/problem.h"
#include "store/words.h"

struct recovered {
    VEC(struct intent) open;
    VEC(char *) paused;
    VEC(struct bought_at) places; /* their texts are among `texts` */
    VEC(char *) texts;
    char journal[JOURNAL_ID_MAX];
};

#define INTENT_COLUMNS                                                                             \
    "number, kind, state, pool, offer, inventory, node, token, slots, price_usd_micro, count,"     \
    " planned_wall_ns, served"

/* Both come from partial indexes: their cost does not grow with what was closed. */
static const char intents_sql[] =
    "SELECT " INTENT_COLUMNS " FROM intents WHERE closed_wall_ns IS NULL"
    " UNION ALL SELECT * FROM (SELECT " INTENT_COLUMNS " FROM intents"
    "  WHERE kind = 'launch' AND state = 'done' AND served = 0 AND closed_wall_ns IS NOT NULL"
    "  ORDER BY number DESC LIMIT ?1)"
    " ORDER BY number";

/*
 * Of the last launches at each place (they end about in their order) the last end of one that gave
 * machines. By the index of places, so that its cost does not grow with what was closed either.
 */
static const char places_sql[] =
    "SELECT pool, inventory, (SELECT max(closed_wall_ns) FROM (SELECT state, closed_wall_ns"
    "  FROM intents b WHERE b.kind = 'launch' AND b.pool = a.pool AND b.inventory = a.inventory"
    "  ORDER BY number DESC LIMIT 1000) WHERE state = 'done')"
    " FROM (SELECT DISTINCT pool, inventory FROM intents WHERE kind = 'launch') a"
    " ORDER BY pool, inventory";

typedef int row_reader(struct recovered *to, sqlite3_stmt *stmt);

static bool copy_column(sqlite3_stmt *stmt, int column, char *to, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text && str_copy_c(to, size, text);
}

/* The file comes from outside: a row that no muster wrote is damage, not an intent. */
static bool read_intent(sqlite3_stmt *stmt, struct intent *ret)
{
    struct intent i = {
        .number = (uint64_t)sqlite3_column_int64(stmt, 0),
        .slots = sqlite3_column_int64(stmt, 8),
        .price_usd_micro = sqlite3_column_int64(stmt, 9),
        .count = sqlite3_column_int64(stmt, 10),
        .planned_wall_ns = sqlite3_column_int64(stmt, 11),
        .served = sqlite3_column_int(stmt, 12) != 0,
    };
    bool good = sqlite3_column_int64(stmt, 0) > 0 &&
                words_read_kind((const char *)sqlite3_column_text(stmt, 1), &i.kind) &&
                words_read_state((const char *)sqlite3_column_text(stmt, 2), &i.state) &&
                copy_column(stmt, 3, i.pool, sizeof(i.pool)) &&
                copy_column(stmt, 4, i.offer, sizeof(i.offer)) &&
                copy_column(stmt, 5, i.inventory, sizeof(i.inventory)) &&
                copy_column(stmt, 6, i.node, sizeof(i.node)) &&
                copy_column(stmt, 7, i.token, sizeof(i.token)) && i.token[0] != '\0' &&
                i.count >= 0 && i.slots >= 0;
    if (good)
        *ret = i;
    return good;
}

static int take_intent(struct recovered *to, sqlite3_stmt *stmt)
{
    struct intent intent;
    if (!read_intent(stmt, &intent))
        return SQLITE_CORRUPT;
    return vec_push(&to->open, intent) ? SQLITE_OK : SQLITE_NOMEM;
}

static int take_paused(struct recovered *to, sqlite3_stmt *stmt)
{
    char *pool = str_dup(str_from((const char *)sqlite3_column_text(stmt, 0)));
    if (pool && vec_push(&to->paused, pool))
        return SQLITE_OK;
    free(pool);
    return SQLITE_NOMEM;
}

static int take_place(struct recovered *to, sqlite3_stmt *stmt)
{
    const char *text[2];
    for (int i = 0; i < 2; i++) {
        char *copy = str_dup(str_from((const char *)sqlite3_column_text(stmt, i)));
        if (!copy || !vec_push(&to->texts, copy)) {
            free(copy);
            return SQLITE_NOMEM;
        }
        text[i] = copy;
    }
    struct bought_at place = { text[0], text[1], sqlite3_column_int64(stmt, 2) };
    return vec_push(&to->places, place) ? SQLITE_OK : SQLITE_NOMEM;
}

static int read_rows(struct db *db, const char *sql, row_reader *take, struct recovered *to,
                     struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(stmt) > 0)
        sqlite3_bind_int(stmt, 1, STORE_UNSERVED_MAX);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = take(to, stmt);
    sqlite3_finalize(stmt);
    if (rc == SQLITE_DONE)
        return 0;
    return problem_text(
        db->path, rc, sqlite3_system_errno(db->handle), "read the journal",
        rc == SQLITE_CORRUPT ? "a row that makes no sense" : sqlite3_errmsg(db->handle), err);
}

static int read_last_number(struct db *db, uint64_t *ret, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, "SELECT max(number) FROM intents", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? 0 : db_fail(db, rc, "read the journal", err);
}

static void recovered_free(struct recovered *own)
{
    if (!own)
        return;
    for (size_t i = 0; i < own->paused.len; i++)
        free(own->paused.at[i]);
    for (size_t i = 0; i < own->texts.len; i++)
        free(own->texts.at[i]);
    vec_release(&own->paused);
    vec_release(&own->places);
    vec_release(&own->texts);
    vec_release(&own->open);
    free(own);
}

int recover_read(struct db *db, struct store_recovered *ret, struct error *err)
{
    uint64_t last_number = 0;
    struct recovered *own = calloc(1, sizeof(*own));
    if (!own)
        return error_nomem(err);
    int rc = read_rows(db, intents_sql, take_intent, own, err);
    if (rc == 0)
        rc = read_rows(db, "SELECT pool FROM paused ORDER BY pool", take_paused, own, err);
    if (rc == 0)
        rc = read_rows(db, places_sql, take_place, own, err);
    if (rc == 0)
        rc = read_last_number(db, &last_number, err);
    if (rc < 0) {
        recovered_free(own);
        return rc;
    }
    str_copy_c(own->journal, sizeof(own->journal), db->journal);
    *ret = (struct store_recovered){
        .open = own->open.at,
        .open_len = own->open.len,
        .last_number = last_number,
        .journal = own->journal,
        .paused = (const char *const *)own->paused.at,
        .paused_len = own->paused.len,
        .places = own->places.at,
        .places_len = own->places.len,
        .own = own,
    };
    return 0;
}

void store_recovered_release(struct store_recovered *recovered)
{
    if (!recovered)
        return;
    recovered_free(recovered->own);
    *recovered = (struct store_recovered){ 0 };
}
