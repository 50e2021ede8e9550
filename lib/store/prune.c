#include "store/prune.h"

enum { SAMPLES, DECISIONS, COST, INTENTS, TABLES };

/*
 * The newest time among the `rows` oldest rows before the cutoff, and then everything up to there: two
 * walks along an index, whose cost is what is deleted and not what is kept.
 */
#define TABLE(name, time, and)                                                                     \
    {                                                                                              \
        "SELECT max(t) FROM (SELECT " time " AS t FROM " name " WHERE " time                       \
        " < ?1 ORDER BY " time " LIMIT ?2)",                                                       \
            "DELETE FROM " name " WHERE " time " <= ?1" and                                        \
    }

static const struct {
    const char *bound, *cut;
} tables[TABLES] = {
    [SAMPLES] = TABLE("samples", "wall_ns", ""),
    [DECISIONS] = TABLE("decisions", "wall_ns", ""),
    [COST] = TABLE("cost", "hour_wall_ns", ""),
    [INTENTS] =
        TABLE("intents", "closed_wall_ns", " AND number < (SELECT max(number) FROM intents)"),
};

/* Runs a statement with its up to two numbers; *ret_found and *ret from its first row, if any. */
static int run(struct db *db, const char *sql, int64_t first, int64_t second, bool *ret_found,
               int64_t *ret, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        const int64_t numbers[] = { first, second };
        for (int i = 0; i < sqlite3_bind_parameter_count(stmt); i++)
            sqlite3_bind_int64(stmt, i + 1, numbers[i]);
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW && ret) {
        *ret_found = sqlite3_column_type(stmt, 0) == SQLITE_INTEGER;
        *ret = sqlite3_column_int64(stmt, 0);
    }
    int end = sqlite3_finalize(stmt);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        rc = end;
    return rc == SQLITE_OK ? 0 : db_fail(db, rc, "delete old history", err);
}

/* The time up to which `rows` rows can go; INT64_MIN: none before `before_ns`. */
static int find_bound(struct db *db, int table, int64_t before_ns, size_t rows, int64_t *ret,
                      struct error *err)
{
    bool found = false;
    int64_t bound = 0;
    int rc = run(db, tables[table].bound, before_ns, (int64_t)rows, &found, &bound, err);
    if (rc == 0)
        *ret = found ? bound : INT64_MIN;
    return rc;
}

static int cut(struct db *db, int table, int64_t bound, struct error *err)
{
    return bound == INT64_MIN ? 0 : run(db, tables[table].cut, bound, 0, NULL, NULL, err);
}

static int cut_old(struct db *db, const struct prune *prune, size_t rows, struct error *err)
{
    int rc = 0;
    for (int table = 0; table < TABLES && rc == 0; table++) {
        int64_t bound = INT64_MIN;
        rc = find_bound(db, table, prune->now_wall_ns - prune->retention_ns, rows, &bound, err);
        if (rc == 0)
            rc = cut(db, table, bound, err);
    }
    return rc;
}

/* Samples and decisions, which are the bulk, are cut at one and the same time: of the few decisions
 * none goes before the many samples of its day. */
static int cut_excess(struct db *db, size_t rows, struct error *err)
{
    int64_t samples = INT64_MIN;
    int64_t decisions = INT64_MIN;
    int rc = find_bound(db, SAMPLES, INT64_MAX, rows, &samples, err);
    if (rc == 0)
        rc = find_bound(db, DECISIONS, INT64_MAX, rows, &decisions, err);
    int64_t low = samples < decisions ? samples : decisions;
    int64_t high = samples < decisions ? decisions : samples;
    int64_t bound = low == INT64_MIN ? high : low;
    if (rc == 0)
        rc = cut(db, SAMPLES, bound, err);
    if (rc == 0)
        rc = cut(db, DECISIONS, bound, err);
    return rc;
}

/* A pool that launches and loses without end must not fill the file before the retention is over. */
static int cut_intents(struct db *db, size_t rows, struct error *err)
{
    return run(db,
               "DELETE FROM intents WHERE number IN (SELECT number FROM intents WHERE number <="
               " (SELECT max(number) FROM intents) - ?1 AND closed_wall_ns IS NOT NULL"
               " ORDER BY number LIMIT ?2)",
               PRUNE_INTENTS_MAX, (int64_t)rows, NULL, NULL, err);
}

static int used_bytes(struct db *db, int64_t *ret, struct error *err)
{
    static const char *const asked[] = { "PRAGMA page_count", "PRAGMA freelist_count",
                                         "PRAGMA page_size" };
    int64_t n[3] = { 0 };
    for (size_t i = 0; i < 3; i++) {
        bool found;
        int rc = run(db, asked[i], 0, 0, &found, &n[i], err);
        if (rc < 0)
            return rc;
    }
    *ret = (n[0] - n[1]) * n[2];
    return 0;
}

int prune_some(struct db *db, struct prune *prune, size_t written, struct error *err)
{
    int64_t used = 0;
    if (prune->now_ns < prune->due_ns)
        return 0;
    size_t rows = PRUNE_ROWS > written * 2 ? PRUNE_ROWS : written * 2;
    int rc = used_bytes(db, &used, err);
    bool excess = used > prune->max_bytes;
    if (rc == 0 && prune->retention_ns > 0)
        rc = cut_old(db, prune, rows, err);
    if (rc == 0)
        rc = cut_intents(db, rows, err);
    if (rc == 0 && excess)
        rc = cut_excess(db, rows, err);
    if (rc == 0)
        prune->due_ns = excess ? prune->now_ns : prune->now_ns + PRUNE_EVERY_NS;
    return rc;
}
