/* What exec and http sources read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "queue/payload.h"

#include <cmocka.h>

static const struct payload_places lenient = { "/waiting", "/running", "/oldest", "/completed",
                                               true };
static const struct payload_places strict = { "/a/0/depth", "/r", "/age", NULL, false };
static const struct payload_places whole = { .waiting = "" };

struct good {
    const char *text;
    const struct payload_places *places;
    double waiting, running, oldest, completed; /* NAN: not known */
};

static void check_value(const char *text, bool has, double got, double want)
{
    if (has != !isnan(want) || (has && islessgreater(got, want)))
        fail_msg("%s: %g, not %g", text, got, want);
}

static void test_good(void **state)
{
    static const struct good cases[] = {
        { "12", &lenient, 12, NAN, NAN, NAN },
        { " 12.5\n", &lenient, 12.5, NAN, NAN, NAN },
        { "0", &lenient, 0, NAN, NAN, NAN },
        { "{\"waiting\":3}", &lenient, 3, NAN, NAN, NAN },
        { "{\"waiting\":3,\"running\":1,\"oldest\":4.5,\"completed\":100}", &lenient, 3, 1, 4.5,
          100 },
        { "{\"waiting\":0,\"oldest\":null}", &lenient, 0, NAN, NAN, NAN },
        { "{\"waiting\":1,\"more\":\"x\"}", &lenient, 1, NAN, NAN, NAN },
        { "{\"a\":[{\"depth\":7}],\"r\":2,\"age\":60}", &strict, 7, 2, 60, NAN },
        { "{\"a\":[{\"depth\":0}],\"r\":0,\"age\":null}", &strict, 0, 0, NAN, NAN },
        { "42", &whole, 42, NAN, NAN, NAN },
        { "1e3", &whole, 1000, NAN, NAN, NAN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct good *c = &cases[i];
        struct sample s = { 0 };
        struct error err = { 0 };
        if (payload_read(str_from(c->text), c->places, &s, &err) < 0)
            fail_msg("%s: %s", c->text, err.text);
        check_value(c->text, true, s.waiting, c->waiting);
        check_value(c->text, s.has_running, s.running, c->running);
        check_value(c->text, s.has_oldest, s.oldest_s, c->oldest);
        check_value(c->text, s.has_completed, s.completed, c->completed);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        const struct payload_places *places;
        const char *says;
    } cases[] = {
        { "", &lenient, "empty" },
        { " \n", &lenient, "empty" },
        { "NaN", &lenient, "not JSON" },
        { "-3", &lenient, "negative (-3)" },
        { "1e999", &lenient, "not a finite number" },
        { "\"12\"", &lenient, "nothing at /waiting; the document is a string" },
        { "true", &lenient, "a boolean" },
        { "null", &lenient, "null" },
        { "12 jobs", &lenient, "text after" },
        { "12\n13", &lenient, "text after" },
        { "<html>", &lenient, "not JSON" },
        { "{\"waitng\":3,\"x\":1}", &lenient, "an object with \"waitng\", \"x\"" },
        { "{}", &lenient, "the document is an object" },
        { "[]", &lenient, "the document is a list" },
        { "{\"waiting\":\"3\"}", &lenient, "/waiting is a string, not a number" },
        { "{\"waiting\":null}", &lenient, "/waiting is null" },
        { "{\"waiting\":false}", &lenient, "/waiting is a boolean" },
        { "{\"waiting\":{}}", &lenient, "/waiting is an object" },
        { "{\"waiting\":3,\"running\":-1}", &lenient, "/running is negative" },
        { "{\"waiting\":3,\"running\":null}", &lenient, "/running is null" },
        { "{\"waiting\":3,\"completed\":\"x\"}", &lenient, "/completed is a string" },
        { "{\"waiting\":3,\"oldest\":\"5s\"}", &lenient, "/oldest is a string" },
        { "{\"a\":[],\"r\":1,\"age\":1}", &strict, "nothing at /a/0/depth" },
        { "{\"a\":[{\"depth\":1}],\"age\":1}", &strict, "nothing at /r" },
        { "{\"a\":[{\"depth\":1}],\"r\":1}", &strict, "nothing at /age" },
        { "12", &strict, "nothing at /a/0/depth; the document is a number" },
        { "{\"n\":1}", &whole, "the document is an object, not a number" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample s = { .waiting = -77 };
        struct error err = { 0 };
        int rc = payload_read(str_from(cases[i].text), cases[i].places, &s, &err);
        if (rc != MUSTER_E_INVALID || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d: %s", cases[i].text, rc, err.text);
        if (islessgreater(s.waiting, -77))
            fail_msg("%s: the output was touched", cases[i].text);
    }
}

/* Names of members are shown, escaped and not too many; values never are. */
static void test_what_errors_show(void **state)
{
    struct error err = { 0 };
    struct sample s;
    (void)state;
    const char *text = "{\"a\\u001b<b\":\"secret\",\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,"
                       "\"8\":8,\"9\":9}";
    assert_int_equal(payload_read(str_from(text), &lenient, &s, &err), MUSTER_E_INVALID);
    assert_null(strstr(err.text, "secret"));
    assert_null(strchr(err.text, '\x1b'));
    assert_non_null(strstr(err.text, "\"8\", ..."));
    assert_null(strstr(err.text, "\"9\""));
}

static void test_pointers(void **state)
{
    (void)state;
    assert_true(payload_pointer_valid(NULL));
    assert_true(payload_pointer_valid(""));
    assert_true(payload_pointer_valid("/a"));
    assert_false(payload_pointer_valid("a"));
    assert_false(payload_pointer_valid("$.a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_what_errors_show),
        cmocka_unit_test(test_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
