#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "store/problem.h"
#include "store/schema.h"

/*
 * A page cache of half a MiB and a small lookaside: the store must not make an idle daemon large.
 * Nothing process-wide (sqlite3_config) is touched; that would be the program's to do. The WAL is
 * cut back to 4 MiB after a burst.
 */
static const char settings[] = "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -512;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA journal_size_limit = 4194304;";

#define LOOKASIDE_SLOT   1200
#define LOOKASIDE_SLOTS  16
#define BUSY_MS          2000
#define DAMAGED_RETRY_NS INT64_C(60000000000)
/* Up to here a check of the whole file costs some 20 ms: then it is done at every start. */
#define SMALL_FILE (INT64_C(4) << 20)

static const char *const statement_sql[DB_STATEMENTS] = {
    [DB_BEGIN] = "BEGIN IMMEDIATE",
    [DB_COMMIT] = "COMMIT",
    [DB_INTENT_WRITE] =
        "INSERT INTO intents(number, kind, state, pool, offer, inventory, node, token, slots,"
        " price_usd_micro, count, planned_wall_ns, served)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT(number) DO UPDATE SET state = excluded.state WHERE token = excluded.token",
    [DB_INTENT_CLOSE] = "UPDATE intents SET state = ?2, closed_wall_ns = ?3 WHERE number = ?1",
    [DB_SERVED] = "UPDATE intents SET served = 1 WHERE number = ?1",
    [DB_PAUSE] = "INSERT OR REPLACE INTO paused(pool, since_wall_ns, who) VALUES(?1, ?2, ?3)",
    [DB_RESUME] = "DELETE FROM paused WHERE pool = ?1",
    [DB_SAMPLE] = "INSERT OR REPLACE INTO samples(wall_ns, pool, waiting, running, oldest_s,"
                  " completed) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [DB_DECISION] = "INSERT INTO decisions(wall_ns, pool, number, before, desired, held, trail,"
                    " steps_dropped) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [DB_COST] = "INSERT INTO cost(hour_wall_ns, pool, usd_micro, node_hours) VALUES(?1, ?2, ?3, ?4)"
                " ON CONFLICT(hour_wall_ns, pool) DO UPDATE SET"
                " usd_micro = usd_micro + excluded.usd_micro,"
                " node_hours = node_hours + excluded.node_hours",
};

static void disconnect(struct db *db)
{
    for (size_t i = 0; i < DB_STATEMENTS; i++) {
        sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    sqlite3_close(db->handle);
    db->handle = NULL;
}

int db_fail(struct db *db, int rc, const char *what, struct error *err)
{
    int system_errno = sqlite3_system_errno(db->handle);
    int code = problem_text(db->path, rc, system_errno, what, sqlite3_errmsg(db->handle), err);
    if (problem_is_lasting(rc, system_errno))
        disconnect(db);
    return code;
}

/* The file itself, before SQLite makes it: with our mode, and with its name safely in the folder. */
static int create_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : error_errno(err, errno, "cannot make %s", path);
    close(fd);
    const char *slash = strrchr(path, '/');
    char *folder =
        slash ? str_dup((struct str){ path, (size_t)(slash - path) + 1 }) : str_dup(STR("."));
    if (!folder)
        return error_nomem(err);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : error_errno(err, errno, "cannot sync %s", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

/* A file from outside may hold triggers and views; nothing of ours does. */
static void be_careful(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SLOT, LOOKASIDE_SLOTS);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, BUSY_MS);
}

/* Copies the first column of the first row; SQLITE_DONE when there is none. */
static int ask_text(sqlite3 *handle, const char *sql, char *ret, size_t size)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        str_copy_c(ret, size, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int check_whole(struct db *db, struct error *err)
{
    char answer[200] = "";
    int rc = ask_text(db->handle, "PRAGMA quick_check(1)", answer, sizeof(answer));
    if (rc != SQLITE_OK)
        return db_fail(db, rc, "check", err);
    if (strcmp(answer, "ok") != 0)
        return problem_text(db->path, SQLITE_CORRUPT, 0, "check", answer, err);
    return 0;
}

static int use_wal(struct db *db, struct error *err)
{
    char mode[16] = "";
    int rc = ask_text(db->handle, "PRAGMA journal_mode = WAL", mode, sizeof(mode));
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return db_fail(db, rc, "open", err);
    if (!db->memory && strcmp(mode, "wal") != 0)
        return error_set(err, MUSTER_E_CONFIG,
                         "%s: this file system cannot hold a write-ahead log (SQLite says %s): put "
                         "the state on a local disk",
                         db->path, mode);
    return 0;
}

/* The id by which tokens of this journal differ from those of any other. */
static int read_journal(struct db *db, struct error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[JOURNAL_ID_MAX - 1];
    char fresh[JOURNAL_ID_MAX] = "";
    char found[JOURNAL_ID_MAX] = "";
    char sql[160];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return error_errno(err, errno, "cannot make a random id");
    for (size_t i = 0; i < sizeof(bytes); i++)
        fresh[i] = letters[bytes[i] % 32];
    sqlite3_snprintf(sizeof(sql), sql,
                     "INSERT OR IGNORE INTO meta VALUES('journal', '%s'), ('created', datetime())",
                     fresh);
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = ask_text(db->handle, "SELECT value FROM meta WHERE key = 'journal'", found,
                      sizeof(found));
    if (rc != SQLITE_OK)
        return db_fail(db, rc, "read", err);
    if (strspn(found, letters) != JOURNAL_ID_MAX - 1)
        return problem_text(db->path, SQLITE_CORRUPT, 0, "read", "its id is not an id", err);
    if (db->journal[0] && strcmp(db->journal, found) != 0)
        return error_set(err, MUSTER_E_CONFIG,
                         "%s was replaced by another file while musterd runs: restart musterd",
                         db->path);
    str_copy_c(db->journal, sizeof(db->journal), found);
    return 0;
}

static int bring_up_to_date(struct db *db, struct error *err)
{
    struct error detail = { 0 };
    int sqlite = SQLITE_OK;
    int rc = schema_apply(db->handle, db->path, schema_steps, schema_steps_len, &sqlite, &detail);
    if (sqlite != SQLITE_OK)
        return problem_text(db->path, sqlite, sqlite3_system_errno(db->handle), "open", detail.text,
                            err);
    return rc == 0 ? 0 : error_set(err, rc, "%s", detail.text);
}

static int prepare_tables(struct db *db, bool check, struct error *err)
{
    int rc = check ? check_whole(db, err) : 0;
    if (rc == 0)
        rc = bring_up_to_date(db, err);
    if (rc == 0)
        rc = use_wal(db, err);
    if (rc == 0)
        rc = read_journal(db, err);
    return rc;
}

static int connect(struct db *db, bool again, struct error *err)
{
    struct stat file = { 0 };
    int rc = db->memory || again ? 0 : create_file(db->path, err);
    if (rc < 0)
        return rc;
    rc = sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        rc = db_fail(db, rc, "open", err);
    } else {
        be_careful(db->handle);
        bool known = db->memory || stat(db->path, &file) == 0;
        rc = prepare_tables(db, again || (known && file.st_size <= SMALL_FILE), err);
        db->device = file.st_dev;
        db->inode = file.st_ino;
    }
    if (rc < 0)
        disconnect(db);
    return rc;
}

int db_open(const char *path, struct db **ret, struct error *err)
{
    struct db *db = calloc(1, sizeof(*db));
    if (!db)
        return error_nomem(err);
    db->path = str_dup(str_from(path));
    db->memory = strcmp(path, ":memory:") == 0;
    int rc = db->path ? connect(db, false, err) : error_nomem(err);
    if (rc < 0)
        db_close(db);
    else
        *ret = db;
    return rc;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    disconnect(db);
    free(db->path);
    free(db);
}

/* Looking through a large damaged file again and again would find nothing but damage. */
static int connect_again(struct db *db, int64_t now_ns, struct error *err)
{
    if (now_ns < db->retry_ns)
        return error_set(err, db->damage.code, "%s", db->damage.text);
    int rc = connect(db, true, &db->damage);
    if (rc < 0)
        error_set(err, rc, "%s", db->damage.text);
    db->retry_ns = rc == MUSTER_E_CONFIG ? now_ns + DAMAGED_RETRY_NS : 0;
    return rc;
}

int db_ready(struct db *db, int64_t now_ns, struct error *err)
{
    struct stat file;
    if (!db->handle)
        return connect_again(db, now_ns, err);
    if (db->memory)
        return 0;
    /* An open file can be written although its name is gone; a restart would then not find it. */
    if (stat(db->path, &file) < 0 || file.st_dev != db->device || file.st_ino != db->inode)
        return error_set(
            err, MUSTER_E_CONFIG,
            "%s was moved or deleted while musterd runs: nothing is bought or returned; "
            "put it back, or restart musterd",
            db->path);
    return 0;
}

int db_statement(struct db *db, enum db_statement which, sqlite3_stmt **ret, struct error *err)
{
    sqlite3_stmt **stmt = &db->statements[which];
    if (*stmt) {
        sqlite3_reset(*stmt);
        sqlite3_clear_bindings(*stmt);
    } else {
        int rc = sqlite3_prepare_v3(db->handle, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                    stmt, NULL);
        if (rc != SQLITE_OK)
            return db_fail(db, rc, "prepare", err);
    }
    *ret = *stmt;
    return 0;
}

int db_run(struct db *db, sqlite3_stmt *stmt, const char *what, struct error *err)
{
    int rc = sqlite3_step(stmt);
    /* A borrowed text must not be looked at again, and an open statement holds its transaction. */
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? 0 : db_fail(db, rc, what, err);
}

static int run_plain(struct db *db, enum db_statement which, const char *what, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_statement(db, which, &stmt, err);
    return rc < 0 ? rc : db_run(db, stmt, what, err);
}

int db_begin(struct db *db, struct error *err)
{
    return run_plain(db, DB_BEGIN, "begin", err);
}

int db_commit(struct db *db, struct error *err)
{
    return run_plain(db, DB_COMMIT, "commit", err);
}

void db_rollback(struct db *db)
{
    /* SQLite has rolled back by itself after some failures: then there is nothing to do. */
    if (db->handle && !sqlite3_get_autocommit(db->handle) &&
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        disconnect(db);
}

int db_reader(const char *path, sqlite3 **ret, struct error *err)
{
    sqlite3 *handle = NULL;
    int rc = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        rc = problem_text(path, rc, handle ? sqlite3_system_errno(handle) : 0, "read",
                          handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc), err);
        sqlite3_close(handle);
        return rc;
    }
    be_careful(handle);
    sqlite3_exec(handle, "PRAGMA cache_size = -64", NULL, NULL, NULL);
    *ret = handle;
    return 0;
}

void db_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}
