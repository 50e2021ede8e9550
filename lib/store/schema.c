#include "store/schema.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Words and not numbers for kinds and states, times as Unix nanoseconds: people look in with sqlite3.
 *
 * samples and cost are kept in the order of time (not by pool): what is written goes to the end of
 * the file and what retention takes comes from its start, however many pools there are. Reading one
 * pool's samples goes through all pools' of that time, which is rare.
 */
static const char step_0[] =
    "CREATE TABLE meta("
    "  key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE intents("
    "  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, pool TEXT NOT NULL,"
    "  offer TEXT NOT NULL, inventory TEXT NOT NULL, node TEXT NOT NULL, token TEXT NOT NULL,"
    "  slots INTEGER NOT NULL, price_usd_micro INTEGER NOT NULL, count INTEGER NOT NULL,"
    "  planned_wall_ns INTEGER NOT NULL, closed_wall_ns INTEGER,"
    "  served INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX intents_open ON intents(number) WHERE closed_wall_ns IS NULL;"
    "CREATE INDEX intents_unserved ON intents(number)"
    "  WHERE kind = 'launch' AND state = 'done' AND served = 0;"
    "CREATE INDEX intents_places ON intents(pool, inventory) WHERE kind = 'launch';"
    "CREATE INDEX intents_closed ON intents(closed_wall_ns) WHERE closed_wall_ns IS NOT NULL;"
    "CREATE TABLE paused("
    "  pool TEXT PRIMARY KEY, since_wall_ns INTEGER NOT NULL, who TEXT NOT NULL)"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE samples("
    "  wall_ns INTEGER NOT NULL, pool TEXT NOT NULL, waiting REAL, running REAL, oldest_s REAL,"
    "  completed REAL, PRIMARY KEY(wall_ns, pool)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE decisions("
    "  id INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL, pool TEXT NOT NULL,"
    "  number INTEGER NOT NULL, before INTEGER NOT NULL, desired INTEGER NOT NULL,"
    "  held INTEGER NOT NULL, trail TEXT NOT NULL, steps_dropped INTEGER NOT NULL) STRICT;"
    "CREATE INDEX decisions_by_pool ON decisions(pool, wall_ns);"
    "CREATE INDEX decisions_by_time ON decisions(wall_ns);"
    "CREATE TABLE cost("
    "  hour_wall_ns INTEGER NOT NULL, pool TEXT NOT NULL, usd_micro INTEGER NOT NULL,"
    "  node_hours REAL NOT NULL, PRIMARY KEY(hour_wall_ns, pool)) STRICT, WITHOUT ROWID;";

const char *const schema_steps[] = { step_0 };
const size_t schema_steps_len = sizeof(schema_steps) / sizeof(schema_steps[0]);

static int ask_number(sqlite3 *handle, const char *sql, int *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int(stmt, 0);
    int end = sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc != SQLITE_DONE ? rc : end;
}

static int set_numbers(sqlite3 *handle, size_t version)
{
    char sql[96];
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
             SCHEMA_APPLICATION, version);
    return sqlite3_exec(handle, sql, NULL, NULL, NULL);
}

static int run_steps(sqlite3 *handle, const char *path, const char *const *steps, size_t from,
                     size_t len, struct error *err)
{
    int rc = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (size_t i = from; i < len && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(handle, steps[i], NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = set_numbers(handle, len);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        error_set(err, MUSTER_E_IO, "%s: schema %zu to %zu: %s", path, from, len,
                  sqlite3_errmsg(handle));
        sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

static int foreign(const char *path, struct error *err)
{
    return error_set(err, MUSTER_E_CONFIG,
                     "%s is a database of another program: name another state file", path);
}

int schema_apply(sqlite3 *handle, const char *path, const char *const *steps, size_t len,
                 int *ret_sqlite, struct error *err)
{
    int application = 0;
    int version = 0;
    int tables = 0;
    int rc = ask_number(handle, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = ask_number(handle, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK)
        rc = ask_number(handle, "SELECT count(*) FROM sqlite_schema", &tables);
    *ret_sqlite = rc;
    if (rc != SQLITE_OK)
        return error_set(err, MUSTER_E_IO, "%s: %s", path, sqlite3_errmsg(handle));

    bool empty = application == 0 && version == 0 && tables == 0;
    if (!empty && (application != SCHEMA_APPLICATION || version < 0))
        return foreign(path, err);
    if ((size_t)version > len)
        return error_set(
            err, MUSTER_E_CONFIG,
            "%s was written by a newer muster (schema %d, this one knows %zu): run that "
            "one, or name another state file",
            path, version, len);
    if ((size_t)version < len)
        rc = run_steps(handle, path, steps, (size_t)version, len, err);
    *ret_sqlite = rc;
    return rc == SQLITE_OK ? 0 : MUSTER_E_IO;
}
