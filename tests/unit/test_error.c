#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_stores_code_and_text(void **state)
{
    (void)state;
    struct error err = { 0 };
    int rc = error_set(&err, MUSTER_E_QUOTA, "limit %d of %s", 7, "eu-1");
    assert_int_equal(rc, MUSTER_E_QUOTA);
    assert_int_equal(err.code, MUSTER_E_QUOTA);
    assert_string_equal(err.text, "limit 7 of eu-1");
}

static void set_cuts_a_long_text(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, MUSTER_E_INVALID, "%*s", ERROR_TEXT_MAX * 2, "x");
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void no_err_gives_the_code(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, MUSTER_E_AUTH, "%s", "x"), MUSTER_E_AUTH);
    assert_int_equal(error_errno(NULL, ENOENT, "open"), MUSTER_E_IO);
    assert_int_equal(error_nomem(NULL), MUSTER_E_NOMEM);
    assert_true(error_wrap(NULL, "context") < 0);
    error_clear(NULL);
}

static void wrap_puts_context_in_front(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, MUSTER_E_THROTTLED, "HTTP 503");
    assert_int_equal(error_wrap(&err, "CreateFleet"), MUSTER_E_THROTTLED);
    assert_int_equal(error_wrap(&err, "launch %d in %s", 3, "us-east-1a"), MUSTER_E_THROTTLED);
    assert_string_equal(err.text, "launch 3 in us-east-1a: CreateFleet: HTTP 503");
}

/* A short context must not cost the cause its end. */
static void wrap_keeps_a_long_cause(void **state)
{
    (void)state;
    struct error err;
    char cause[400];
    memset(cause, 'c', sizeof(cause) - 1);
    cause[sizeof(cause) - 2] = '!';
    cause[sizeof(cause) - 1] = '\0';
    error_set(&err, MUSTER_E_IO, "%s", cause);
    error_wrap(&err, "read");
    assert_int_equal(strlen(err.text), strlen("read: ") + strlen(cause));
    assert_int_equal(err.text[strlen(err.text) - 1], '!');
}

static void wrap_never_pushes_the_cause_out(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, MUSTER_E_IO, "the cause");
    error_wrap(&err, "%*s", ERROR_TEXT_MAX, "far");
    assert_non_null(strstr(err.text, ": the cause"));
    for (int i = 0; i < 50; i++)
        error_wrap(&err, "%s", "again and again and again");
    assert_int_equal(err.code, MUSTER_E_IO);
    assert_true(strlen(err.text) < ERROR_TEXT_MAX);
}

static void errno_is_named(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_errno(&err, ENOENT, "open %s", "/x"), MUSTER_E_IO);
    assert_string_equal(err.text, "open /x: No such file or directory");
    assert_int_equal(error_errno(&err, ENOMEM, "open"), MUSTER_E_NOMEM);
    assert_int_equal(error_errno(&err, EIO, "%*s", ERROR_TEXT_MAX * 2, "x"), MUSTER_E_IO);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void clear_empties(void **state)
{
    (void)state;
    struct error err;
    error_nomem(&err);
    assert_string_equal(err.text, "out of memory");
    error_clear(&err);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.text, "");
}

/* Metrics and JSON name the codes: every one has a word, and none shares it. */
static void every_code_has_its_own_word(void **state)
{
    (void)state;
    for (int code = MUSTER_OK; code >= MUSTER_E_REFUSED; code--) {
        assert_string_not_equal(error_word(code), "error");
        for (int other = MUSTER_OK; other > code; other--)
            assert_string_not_equal(error_word(code), error_word(other));
    }
    assert_string_equal(error_word(MUSTER_E_REFUSED - 1), "error");
    assert_string_equal(error_word(1), "error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_stores_code_and_text),
        cmocka_unit_test(set_cuts_a_long_text),
        cmocka_unit_test(no_err_gives_the_code),
        cmocka_unit_test(wrap_puts_context_in_front),
        cmocka_unit_test(wrap_keeps_a_long_cause),
        cmocka_unit_test(wrap_never_pushes_the_cause_out),
        cmocka_unit_test(errno_is_named),
        cmocka_unit_test(clear_empties),
        cmocka_unit_test(every_code_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
