#include "store/read.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/problem.h"

static const char decision_sql[] =
    READ_DECISIONS " AND wall_ns <= ?2 ORDER BY wall_ns DESC, id DESC LIMIT 1";

static struct str column_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return (struct str){ text ? text : "[]",
                         text ? (size_t)sqlite3_column_bytes(stmt, column) : 2 };
}

void read_put_decision(struct buf *out, const char *pool, sqlite3_stmt *stmt)
{
    char at[CLOCK_TEXT_MAX];
    struct json_out j = json_begin(out);
    clock_format_wall(sqlite3_column_int64(stmt, 0), at);
    json_open(&j, NULL, '{');
    json_str(&j, "pool", pool);
    json_int(&j, "number", sqlite3_column_int64(stmt, 1));
    json_str(&j, "at", at);
    json_int(&j, "before", sqlite3_column_int64(stmt, 2));
    json_int(&j, "desired", sqlite3_column_int64(stmt, 3));
    json_bool(&j, "held", sqlite3_column_int(stmt, 4) != 0);
    json_raw(&j, "trail", column_text(stmt, 5));
    json_int(&j, "steps_dropped", sqlite3_column_int64(stmt, 6));
    json_close(&j, '}');
}

int read_decision(sqlite3 *handle, const char *path, const char *pool, int64_t wall_ns,
                  struct buf *out, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, decision_sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, pool, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, wall_ns);
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW)
        read_put_decision(out, pool, stmt);
    sqlite3_finalize(stmt);
    if (rc == SQLITE_DONE)
        return error_set(err, MUSTER_E_NOTFOUND, "no decision of pool %s is recorded up to then",
                         pool);
    if (rc != SQLITE_ROW)
        return problem_text(path, rc, sqlite3_system_errno(handle), "read a decision",
                            sqlite3_errmsg(handle), err);
    return buf_failed(out) ? error_nomem(err) : 0;
}
