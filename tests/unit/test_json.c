#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void commas_are_right(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct json_out j = json_begin(&b);
    json_open(&j, NULL, '{');
    json_int(&j, "waiting", 12);
    json_open(&j, "nodes", '[');
    json_str(&j, NULL, "a");
    json_open(&j, NULL, '{');
    json_close(&j, '}');
    json_open(&j, NULL, '[');
    json_close(&j, ']');
    json_null(&j, NULL);
    json_close(&j, ']');
    json_bool(&j, "yes", true);
    json_bool(&j, "no", false);
    json_str(&j, "none", NULL);
    json_close(&j, '}');
    assert_string_equal(
        buf_text(&b),
        "{\"waiting\":12,\"nodes\":[\"a\",{},[],null],\"yes\":true,\"no\":false,\"none\":null}");
    buf_release(&b);
}

static void texts_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        { "nothing", "", "\"\"" },
        { "plain", "a b/c", "\"a b/c\"" },
        { "quote and backslash", "\"\\", "\"\\\"\\\\\"" },
        { "control bytes", "\n\t\x01\x7f", "\"\\n\\u0009\\u0001\\u007f\"" },
        { "no tag", "</script>", "\"\\u003c/script>\"" },
        { "two bytes", "\xc3\xa4", "\"\xc3\xa4\"" },
        { "three bytes", "\xe2\x82\xac", "\"\xe2\x82\xac\"" },
        { "four bytes", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
        { "lone continuation", "\x80x", "\"\\ufffdx\"" },
        { "overlong", "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
        { "overlong in three", "\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "beyond Unicode", "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "cut short at the end", "a\xe2\x82", "\"a\\ufffd\\ufffd\"" },
        { "not a first byte", "\xff", "\"\\ufffd\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = { 0 };
        json_quote(&b, cases[i].in);
        if (strcmp(buf_text(&b), cases[i].out) != 0)
            fail_msg("%s: %s", cases[i].name, buf_text(&b));
        buf_release(&b);
    }
}

static void numbers_are_json(void **state)
{
    (void)state;
    static const struct {
        double in;
        const char *out;
    } cases[] = {
        { 0, "0" },
        { -0.0, "0" },
        { 12, "12" },
        { -3, "-3" },
        { 0.5, "0.5" },
        { 1.0 / 3, "0.333333" },
        { 1e14, "100000000000000" },
        { 1e15, "1e+15" },
        { 1e300, "1e+300" },
        { 1764000000.5, "1764000000.5" },
        { 123456.75, "123456.75" },
        { NAN, "null" },
        { INFINITY, "null" },
        { -INFINITY, "null" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = { 0 };
        struct json_out j = json_begin(&b);
        json_num(&j, NULL, cases[i].in);
        assert_string_equal(buf_text(&b), cases[i].out);
        buf_release(&b);
    }
    struct buf b = { 0 };
    struct json_out j = json_begin(&b);
    json_open(&j, NULL, '[');
    json_int(&j, NULL, INT64_MIN);
    json_int(&j, NULL, INT64_MAX);
    json_close(&j, ']');
    assert_string_equal(buf_text(&b), "[-9223372036854775808,9223372036854775807]");
    buf_release(&b);
}

static void documents_are_taken_whole(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct str text;
        bool ok;
    } cases[] = {
        { "object", STR("{\"a\": 1}"), true },
        { "white space around", STR(" \n[1, 2]\r\n\t"), true },
        { "number", STR("12"), true },
        { "negative exponent", STR("-1.5e-3"), true },
        { "nothing", STR(""), false },
        { "no text at all", { NULL, 0 }, false },
        { "white space", STR("  "), false },
        { "cut short", STR("{\"a\": "), false },
        { "cut short in a text", STR("\"abc"), false },
        { "cut short in an escape", STR("\"abc\\"), false },
        { "two documents", STR("{} {}"), false },
        { "word after", STR("12 jobs"), false },
        { "bytes after a NUL", STR("{}\0x"), false },
        { "NUL after", STR("{}\0"), false },
        { "not JSON", STR("<html>"), false },
        { "not a number", STR("NaN"), false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cJSON *root = NULL;
        struct error err = { 0 };
        int rc = json_parse(cases[i].text, &root, &err);
        if ((rc == 0) != cases[i].ok || (rc == 0) != (root != NULL) || rc != err.code)
            fail_msg("%s: %d %s", cases[i].name, rc, err.text);
        if (rc < 0)
            assert_int_equal(rc, MUSTER_E_INVALID);
        cJSON_Delete(root);
    }
}

/* The text is borrowed and need not end in a NUL. */
static void only_len_bytes_are_read(void **state)
{
    (void)state;
    cJSON *root = NULL;
    assert_int_equal(json_parse((struct str){ "[1]x", 3 }, &root, NULL), 0);
    cJSON_Delete(root);
    assert_int_equal(json_parse((struct str){ "123456", 3 }, &root, NULL), 0);
    assert_int_equal(root->valueint, 123);
    cJSON_Delete(root);
}

static void errors_say_where(void **state)
{
    (void)state;
    cJSON *root = NULL;
    struct error err;
    json_parse(STR("{\"a\": 1, b}"), &root, &err);
    assert_non_null(strstr(err.text, "not JSON (at byte "));
    json_parse(STR("{} x"), &root, &err);
    assert_string_equal(err.text, "text after the JSON document (at byte 3)");
}

static int parse_nested(int depth, const char *inside)
{
    char text[400] = "";
    for (int i = 0; i < depth; i++)
        text[i] = '[';
    int n = snprintf(text + depth, sizeof(text) - (size_t)depth, "%s", inside);
    for (int i = 0; i < depth; i++)
        text[depth + n + i] = ']';
    cJSON *root = NULL;
    int rc = json_parse((struct str){ text, (size_t)(depth * 2 + n) }, &root, NULL);
    cJSON_Delete(root);
    return rc;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(parse_nested(64, ""), 0);
    assert_int_equal(parse_nested(65, ""), MUSTER_E_INVALID);
    /* Brackets inside a text do not count, nor does a quote that is escaped end it. */
    assert_int_equal(parse_nested(64, "\"[[[[\\\"[[[[\""), 0);
    assert_int_equal(parse_nested(60, "[],[],[],[],[],[]"), 0);
}

static void pointers_find(void **state)
{
    (void)state;
    cJSON *root = NULL;
    assert_int_equal(
        json_parse(STR("{\"a\":{\"b/c\":1,\"~d\":2,\"\":3},\"list\":[10,[20],30],\"n\":null}"),
                   &root, NULL),
        0);
    static const struct {
        const char *pointer;
        int value; /* -1: nothing there; -2: there, not a number */
    } cases[] = {
        { "", -2 },          { "/a/b~1c", 1 },
        { "/a/~0d", 2 },     { "/a/", 3 },
        { "/list/0", 10 },   { "/list/1/0", 20 },
        { "/list/2", 30 },   { "/n", -2 },
        { "/list/3", -1 },   { "/list/-1", -1 },
        { "/list/01", -1 },  { "/list/-", -1 },
        { "/list/", -1 },    { "/list/9999999999", -1 },
        { "/list/0/x", -1 }, { "a", -1 },
        { "/A", -1 },        { "/", -1 },
        { "/a/b", -1 },      { "/a/b~1cd", -1 },
        { "/n/x", -1 },      { "/list/0 ", -1 },
        { "/a//", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const cJSON *at = json_at(root, cases[i].pointer);
        int got = !at ? -1 : cJSON_IsNumber(at) ? at->valueint : -2;
        if (got != cases[i].value)
            fail_msg("'%s': %d", cases[i].pointer, got);
    }
    assert_null(json_at(NULL, "/a"));
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_are_right),        cmocka_unit_test(texts_are_quoted),
        cmocka_unit_test(numbers_are_json),        cmocka_unit_test(documents_are_taken_whole),
        cmocka_unit_test(only_len_bytes_are_read), cmocka_unit_test(errors_say_where),
        cmocka_unit_test(nesting_is_bounded),      cmocka_unit_test(pointers_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
