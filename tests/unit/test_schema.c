#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const three[] = {
    "CREATE TABLE a(x); INSERT INTO a VALUES(1)",
    "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1",
    "UPDATE a SET y = y + 10",
};
static const char *const broken[] = {
    "CREATE TABLE a(x); INSERT INTO a VALUES(1)",
    "UPDATE a SET x = 2",
    "UPDATE no_such_table SET x = 3",
};

static int open_empty(void **state)
{
    return sqlite3_open(":memory:", (sqlite3 **)state) == SQLITE_OK ? 0 : -1;
}

static int close_it(void **state)
{
    return sqlite3_close(*state);
}

static int ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int answer = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        answer = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return answer;
}

static int apply(sqlite3 *db, const char *const *steps, size_t len, struct error *err)
{
    int sqlite = -1;
    int rc = schema_apply(db, "x.db", steps, len, &sqlite, err);
    assert_true((rc == MUSTER_E_IO) == (sqlite != SQLITE_OK));
    return rc;
}

static void fresh_file_gets_all_steps(void **state)
{
    sqlite3 *db = *state;
    assert_int_equal(apply(db, three, 3, NULL), 0);
    assert_int_equal(ask(db, "SELECT y FROM a"), 12);
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
    assert_int_equal(ask(db, "PRAGMA application_id"), SCHEMA_APPLICATION);
    assert_int_equal(apply(db, three, 3, NULL), 0);
    assert_int_equal(ask(db, "SELECT y FROM a"), 12);
}

static void older_file_gets_what_is_missing(void **state)
{
    sqlite3 *db = *state;
    assert_int_equal(apply(db, three, 1, NULL), 0);
    sqlite3_exec(db, "UPDATE a SET x = 5", NULL, NULL, NULL);
    assert_int_equal(apply(db, three, 3, NULL), 0);
    assert_int_equal(ask(db, "SELECT y FROM a"), 16);
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
}

static void failed_step_leaves_the_file_as_it_was(void **state)
{
    sqlite3 *db = *state;
    struct error err;
    assert_int_equal(apply(db, broken, 1, NULL), 0);
    assert_int_equal(apply(db, broken, 3, &err), MUSTER_E_IO);
    assert_non_null(strstr(err.text, "x.db: schema 1 to 3: no such table"));
    assert_int_equal(ask(db, "SELECT x FROM a"), 1);
    assert_int_equal(ask(db, "PRAGMA user_version"), 1);
    assert_true(sqlite3_get_autocommit(db));
}

static void newer_file_is_refused(void **state)
{
    sqlite3 *db = *state;
    struct error err;
    assert_int_equal(apply(db, three, 3, NULL), 0);
    assert_int_equal(apply(db, three, 2, &err), MUSTER_E_CONFIG);
    assert_string_equal(err.text,
                        "x.db was written by a newer muster (schema 3, this one knows 2): "
                        "run that one, or name another state file");
    assert_int_equal(ask(db, "SELECT y FROM a"), 12);
}

static void other_databases_are_refused(void **state)
{
    static const char *const makers[] = {
        "CREATE TABLE bookmarks(x)",
        "PRAGMA application_id = 77; PRAGMA user_version = 1",
        "PRAGMA user_version = 1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        sqlite3 *db = NULL;
        struct error err;
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, makers[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(apply(db, three, 3, &err), MUSTER_E_CONFIG);
        assert_non_null(strstr(err.text, "another program"));
        sqlite3_close(db);
    }
}

/* The real steps make a file that SQLite finds in order, with every index it is read by. */
static void real_schema(void **state)
{
    sqlite3 *db = *state;
    assert_int_equal(apply(db, schema_steps, schema_steps_len, NULL), 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 6);
    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_quick_check WHERE quick_check != 'ok'"),
                     0);
}

int main(void)
{
#define db_test(f) cmocka_unit_test_setup_teardown(f, open_empty, close_it)
    const struct CMUnitTest tests[] = {
        db_test(fresh_file_gets_all_steps),
        db_test(older_file_gets_what_is_missing),
        db_test(failed_step_leaves_the_file_as_it_was),
        db_test(newer_file_is_refused),
        cmocka_unit_test(other_databases_are_refused),
        db_test(real_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
