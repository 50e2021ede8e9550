/* Files that are not what they should be, and a file that stops being it while it is used. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store_help.h"

static void exec_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void overwrite(const char *path, off_t at, size_t len, int byte)
{
    unsigned char junk[512];
    memset(junk, byte, sizeof(junk));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t done = 0; done < len;) {
        size_t n = len - done < sizeof(junk) ? len - done : sizeof(junk);
        assert_true(pwrite(fd, junk, n, at + (off_t)done) == (ssize_t)n);
        done += n;
    }
    close(fd);
}

static void newer_schema(const char *path)
{
    exec_file(path, "PRAGMA user_version = 99");
}

static void foreign_database(const char *path)
{
    exec_file(path, "PRAGMA application_id = 1");
}

static void no_database(const char *path)
{
    overwrite(path, 0, 100, 'x');
}

static void zeroed(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    overwrite(path, 0, (size_t)st.st_size, 0);
}

static void zeroed_page(const char *path)
{
    overwrite(path, 8192, 4096, 0);
}

static void junk_page(const char *path)
{
    overwrite(path, 4096, 4096, 0xa5);
}

static void cut_short(const char *path)
{
    assert_int_equal(truncate(path, 4096 * 3 + 100), 0);
}

static void lost_table(const char *path)
{
    exec_file(path, "DROP TABLE intents");
}

static void strange_kind(const char *path)
{
    exec_file(path, "UPDATE intents SET kind = 'borrow' WHERE number = 2");
}

static void endless_token(const char *path)
{
    exec_file(path, "UPDATE intents SET token = printf('%.500c', 'x') WHERE number = 2");
}

static void no_id(const char *path)
{
    exec_file(path, "UPDATE meta SET value = '' WHERE key = 'journal'");
}

/* Opened or read back: refused, with a text that says what to do. Never a crash, never silence. */
static void damaged_files_are_refused(void **state)
{
    static const struct {
        const char *name;
        void (*damage)(const char *path);
        int code;
        const char *says;
    } cases[] = {
        { "newer schema", newer_schema, MUSTER_E_CONFIG, "by a newer muster (schema 99" },
        { "foreign database", foreign_database, MUSTER_E_CONFIG, "another program" },
        { "no database", no_database, MUSTER_E_CONFIG, "not a state file" },
        { "zeroed", zeroed, MUSTER_E_CONFIG, "not a state file" },
        { "zeroed page", zeroed_page, MUSTER_E_CONFIG, "is damaged" },
        { "junk page", junk_page, MUSTER_E_CONFIG, "is damaged" },
        { "cut short", cut_short, MUSTER_E_CONFIG, "is damaged" },
        { "lost table", lost_table, MUSTER_E_CONFIG, "is damaged (no such table: intents)" },
        { "strange kind", strange_kind, MUSTER_E_CONFIG, "is damaged" },
        { "endless token", endless_token, MUSTER_E_CONFIG, "is damaged" },
        { "no id", no_id, MUSTER_E_CONFIG, "is damaged" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        struct error err = { 0 };
        struct store_recovered r = { 0 };
        bench_init(&b);
        assert_int_equal(bench_open(&b, NULL), 0);
        for (uint64_t n = 1; n <= 50; n++)
            bench_write(&b, n);
        bench_run(&b);
        bench_close(&b);
        cases[i].damage(b.path);
        int rc = bench_open(&b, &err);
        if (rc == 0)
            rc = store_recover(b.store, &r, &err);
        if (rc != cases[i].code || err.code != rc || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].name, rc, err.text);
        assert_null(r.own);
        bench_release(&b);
    }
}

/* An empty file is what a first start that lost power may leave: it is a fresh one. */
static void empty_file_is_a_fresh_one(void **state)
{
    struct bench *b = *state;
    bench_close(b);
    assert_int_equal(truncate(b->path, 0), 0);
    assert_int_equal(bench_open(b, NULL), 0);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(b->acked, 1);
}

static void second_store_is_refused(void **state)
{
    struct bench *b = *state;
    struct store *second = NULL;
    struct error err;
    assert_int_equal(store_open(&b->loop, &b->log, &b->clock, &b->options, &second, &err),
                     MUSTER_E_CONFIG);
    assert_null(second);
    assert_non_null(strstr(err.text, "another musterd, process "));
}

static void moved_file_is_noticed(void **state)
{
    struct bench *b = *state;
    struct store_health health;
    char away[128];
    snprintf(away, sizeof(away), "%s/away", b->folder);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(rename(b->path, away), 0);
    bench_write(b, 2);
    bench_run(b);
    assert_int_equal(b->refused, 1);
    assert_int_equal(b->last_error.code, MUSTER_E_CONFIG);
    assert_non_null(strstr(b->last_error.text, "moved or deleted"));
    store_health(b->store, &health);
    assert_false(health.writable);
    assert_non_null(strstr(health.problem, "moved or deleted"));
    assert_int_equal(rename(away, b->path), 0);
    bench_write(b, 2);
    bench_run(b);
    assert_int_equal(b->acked, 2);
}

static void another_writer_is_waited_for_and_then_told(void **state)
{
    struct bench *b = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(b->refused, 1);
    assert_int_equal(b->last_error.code, MUSTER_E_TRANSIENT);
    sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(other);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(b->acked, 1);
}

/* A good file in the place of the damaged one; another journal, though. */
static void put_another_file(const char *path)
{
    struct bench other;
    char from[128];
    bench_init(&other);
    assert_int_equal(bench_open(&other, NULL), 0);
    bench_close(&other);
    snprintf(from, sizeof(from), "%s", other.path);
    assert_int_equal(rename(from, path), 0);
    bench_release(&other);
}

/* Damage that shows only while running: a batch fails, and so does every later one, until a restart. */
static void damage_while_running(void **state)
{
    struct bench *b = *state;
    struct stat st;
    bench_close(b);
    exec_file(b->path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000)"
                       " INSERT INTO intents SELECT i, 'launch', 'failed', 'render', '', '', '',"
                       " printf('%.200c', 'x'), 1, 1, 1, 1, i, 0 FROM n");
    /* Large enough not to be read through, and so into the cache, when it is opened. */
    assert_int_equal(bench_open(b, NULL), 0);
    assert_int_equal(stat(b->path, &st), 0);
    overwrite(b->path, 8192, (size_t)st.st_size - 8192, 0xa5);
    bench_write(b, 40001);
    bench_run(b);
    assert_int_equal(b->acked, 0);
    assert_int_equal(b->refused, 1);
    assert_non_null(strstr(b->last_error.text, "is damaged"));
    bench_write(b, 40002);
    bench_run(b);
    assert_int_equal(b->acked, 0);
    assert_int_equal(b->refused, 2);
    assert_int_equal(b->last_error.code, MUSTER_E_CONFIG);

    /* It is looked at again a minute later, not at every write. */
    put_another_file(b->path);
    bench_write(b, 40003);
    bench_run(b);
    assert_int_equal(b->refused, 3);
    b->now_ns += 61 * NS_PER_S;
    bench_write(b, 40003);
    bench_run(b);
    assert_non_null(strstr(b->last_error.text, "replaced by another file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_files_are_refused),
        bench_test(empty_file_is_a_fresh_one),
        bench_test(second_store_is_refused),
        bench_test(moved_file_is_noticed),
        bench_test(another_writer_is_waited_for_and_then_told),
        bench_test(damage_while_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
