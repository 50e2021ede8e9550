/*
 * The connection to the state file: opened with its settings, its failures as texts for people, its
 * statements. Used by one thread at a time: the loop's until the first job, then whichever runs the
 * job.
 *
 * After a failure of the disk the connection is closed (what a failed fsync left in memory cannot be
 * trusted); db_ready opens the file again, with a check, before the next write.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define JOURNAL_ID_MAX 17

enum db_statement {
    DB_BEGIN,
    DB_COMMIT,
    DB_INTENT_WRITE,
    DB_INTENT_CLOSE,
    DB_SERVED,
    DB_PAUSE,
    DB_RESUME,
    DB_SAMPLE,
    DB_DECISION,
    DB_COST,
    DB_STATEMENTS,
};

struct db {
    sqlite3 *handle; /* NULL: closed after a failure */
    char *path;
    bool memory; /* ":memory:" */
    dev_t device;
    ino_t inode;
    char journal[JOURNAL_ID_MAX];
    struct error damage; /* why it could not be opened again, */
    int64_t retry_ns;    /* and when to try */
    sqlite3_stmt *statements[DB_STATEMENTS];
};

int db_open(const char *path, struct db **ret, struct error *err);
void db_close(struct db *db);

/* Opens the file again if it was closed (once a minute while it is damaged), and sees that the path
 * still leads to it. now_ns: boot clock. */
int db_ready(struct db *db, int64_t now_ns, struct error *err);

/* The failure `rc` that SQLite just answered, as an error for people. `what` says what was being
 * done. Closes the connection where it cannot be trusted any more. */
int db_fail(struct db *db, int rc, const char *what, struct error *err);

/* A prepared statement, reset and without values. */
int db_statement(struct db *db, enum db_statement which, sqlite3_stmt **ret, struct error *err);
/* Runs a statement that answers no rows. */
int db_run(struct db *db, sqlite3_stmt *stmt, const char *what, struct error *err);

int db_begin(struct db *db, struct error *err);
int db_commit(struct db *db, struct error *err);
/* Never fails: a transaction that cannot be rolled back ends with the connection. */
void db_rollback(struct db *db);

/* A second, read-only connection to the same file, which never waits for the writer. Close it with
 * sqlite3_close. Not for ":memory:". */
int db_reader(const char *path, sqlite3 **ret, struct error *err);

void db_bind_text(sqlite3_stmt *stmt, int index,
                  const char *text); /* borrowed until the next reset */

#endif
