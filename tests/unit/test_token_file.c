#include "runtime/token_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <unistd.h>
#include <cmocka.h>

struct place {
    char dir[64];
    char path[96];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    snprintf(p->dir, sizeof(p->dir), "/tmp/muster-token.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof(p->path), "%s/admin.token", p->dir);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void absent_is_an_error_unless_it_may_be_made(void **state)
{
    struct place *p = *state;
    struct buf text = { 0 };
    struct error err = { 0 };
    assert_int_equal(token_file_read(p->path, false, &text, &err), MUSTER_E_IO);
    assert_non_null(strstr(err.text, p->path));
    assert_int_equal(text.len, 0);
    buf_release(&text);
}

static void made_once_then_read(void **state)
{
    struct place *p = *state;
    struct buf first = { 0 };
    struct buf second = { 0 };
    struct stat st;
    assert_int_equal(token_file_read(p->path, true, &first, NULL), 0);
    assert_int_equal(first.len, 65); /* 256 bits in hexadecimal, and a line end */
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(token_file_read(p->path, true, &second, NULL), 0);
    assert_string_equal(buf_text(&first), buf_text(&second));
    buf_release(&first);
    buf_release(&second);
}

static void two_files_hold_two_tokens(void **state)
{
    struct place *p = *state;
    struct buf first = { 0 };
    struct buf second = { 0 };
    assert_int_equal(token_file_read(p->path, true, &first, NULL), 0);
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(token_file_read(p->path, true, &second, NULL), 0);
    assert_string_not_equal(buf_text(&first), buf_text(&second));
    buf_release(&first);
    buf_release(&second);
}

static void a_file_others_may_read_is_refused(void **state)
{
    struct place *p = *state;
    struct buf text = { 0 };
    struct error err = { 0 };
    assert_int_equal(token_file_read(p->path, true, &text, NULL), 0);
    buf_clear(&text);
    assert_int_equal(chmod(p->path, 0644), 0);
    assert_int_equal(token_file_read(p->path, true, &text, &err), MUSTER_E_CONFIG);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_int_equal(text.len, 0);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(absent_is_an_error_unless_it_may_be_made, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(made_once_then_read, make_place, remove_place),
        cmocka_unit_test_setup_teardown(two_files_hold_two_tokens, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_file_others_may_read_is_refused, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
