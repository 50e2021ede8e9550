#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

static int set_up(void **state)
{
    struct scratch *s = calloc(1, sizeof(*s));
    scratch_make(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    scratch_drop(*state);
    free(*state);
    return 0;
}

static void test_replace_and_read(void **state)
{
    struct scratch *s = *state;
    struct buf text = { 0 };
    struct stat status;
    const char *path = scratch_path(s, "f");
    assert_int_equal(file_replace(path, STR("one"), NULL), 0);
    assert_int_equal(file_replace_unsynced(path, STR("two, longer"), NULL), 0);
    assert_int_equal(file_read(path, 11, &text, NULL), 0);
    assert_string_equal(buf_text(&text), "two, longer");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(access(scratch_path(s, "f.new"), F_OK), -1);
    buf_release(&text);
}

static void test_read_failures(void **state)
{
    struct scratch *s = *state;
    struct buf text = { 0 };
    struct error err = { 0 };
    scratch_write(s, "f", "12345");
    assert_int_equal(file_read(scratch_path(s, "f"), 4, &text, &err), MUSTER_E_TOOBIG);
    assert_non_null(strstr(err.text, "larger than 4 bytes"));
    assert_int_equal(file_read(scratch_path(s, "g"), 4, &text, &err), MUSTER_E_NOTFOUND);
    assert_int_equal(file_read(s->dir, 4, &text, &err), MUSTER_E_CONFIG);
    buf_release(&text);
}

static void test_replace_failures(void **state)
{
    struct scratch *s = *state;
    struct error err = { 0 };
    assert_int_equal(file_replace(scratch_path(s, "no/such"), STR("x"), &err), MUSTER_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    /* A folder stands where the file should be: nothing is left beside it. */
    assert_int_equal(mkdir(scratch_path(s, "d"), 0700), 0);
    assert_int_equal(file_replace(scratch_path(s, "d"), STR("x"), &err), MUSTER_E_IO);
    assert_int_equal(access(scratch_path(s, "d.new"), F_OK), -1);
}

static void test_join(void **state)
{
    char path[8] = "before";
    (void)state;
    assert_int_equal(file_join(path, sizeof(path), "abc", "def", NULL), 0);
    assert_string_equal(path, "abc/def");
    assert_int_equal(file_join(path, sizeof(path), "abc", "defg", NULL), MUSTER_E_TOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replace_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replace_failures, set_up, tear_down),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
