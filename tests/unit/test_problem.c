#include "store/problem.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void texts_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rc, system_errno, code;
        bool lasting;
        const char *says;
    } cases[] = {
        { "full", SQLITE_FULL, 0, MUSTER_E_IO, false,
          "/var/lib/muster/muster.db: the disk is full: nothing is bought or returned until it can "
          "be written; free space in /var/lib/muster" },
        { "full, as an I/O error", SQLITE_IOERR_WRITE, ENOSPC, MUSTER_E_IO, false,
          "the disk is full" },
        { "quota", SQLITE_IOERR_WRITE, EDQUOT, MUSTER_E_IO, false,
          "quota or file size is reached: nothing is bought or returned" },
        { "file size", SQLITE_IOERR_WRITE, EFBIG, MUSTER_E_IO, false, "raise it" },
        { "sync", SQLITE_IOERR_FSYNC, EIO, MUSTER_E_IO, true,
          "the disk failed at commit: Input/output error: nothing is bought or returned" },
        { "no memory in the kernel", SQLITE_IOERR_WRITE, ENOMEM, MUSTER_E_IO, true,
          "the disk failed" },
        { "short read", SQLITE_IOERR_SHORT_READ, 0, MUSTER_E_IO, true,
          "the disk failed at commit: words of SQLite: nothing" },
        { "damage", SQLITE_CORRUPT_INDEX, 0, MUSTER_E_CONFIG, true,
          "is damaged (words of SQLite): stop musterd, move the file" },
        { "not a database", SQLITE_NOTADB, 0, MUSTER_E_CONFIG, true, "not a state file" },
        { "read only", SQLITE_READONLY, 0, MUSTER_E_CONFIG, false,
          "cannot be written (words of SQLite): musterd's user" },
        { "no permission", SQLITE_CANTOPEN, EACCES, MUSTER_E_CONFIG, true, "Permission denied" },
        { "locked", SQLITE_BUSY_SNAPSHOT, 0, MUSTER_E_TRANSIENT, false,
          "locked by another program" },
        { "no memory, as an I/O error", SQLITE_IOERR_NOMEM, 0, MUSTER_E_NOMEM, true,
          "out of memory" },
        { "no memory", SQLITE_NOMEM, 0, MUSTER_E_NOMEM, false, "out of memory" },
        { "anything else", SQLITE_MISUSE, 0, MUSTER_E_IO, false, "words of SQLite (SQLite 21)" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        int rc = problem_text("/var/lib/muster/muster.db", cases[i].rc, cases[i].system_errno,
                              "commit", "words of SQLite", &err);
        if (rc != cases[i].code || err.code != rc || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].name, rc, err.text);
        assert_int_equal(problem_is_lasting(cases[i].rc, cases[i].system_errno), cases[i].lasting);
        rc = problem_text("x", cases[i].rc, cases[i].system_errno, "commit", "", NULL);
        assert_int_equal(rc, cases[i].code);
    }
}

static void folder_of_a_bare_name(void **state)
{
    (void)state;
    struct error err;
    problem_text("muster.db", SQLITE_FULL, 0, "commit", "", &err);
    assert_non_null(strstr(err.text, "free space in ."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_say_what_to_do),
        cmocka_unit_test(folder_of_a_bare_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
