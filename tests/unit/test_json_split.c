/* json_split: documents read piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json_split.h"

static const char *const wanted[] = { "next", "items.*.list.*", "items.*.warning", "all", NULL };

/* Each value in a line: which, the key, the text. */
static int add(void *ctx, size_t which, const char *key, struct str text, struct error *err)
{
    (void)err;
    buf_addf(ctx, "%zu %s %.*s\n", which, key, (int)text.len, text.ptr);
    return 0;
}

/* In pieces of `step` bytes. */
static int read_all(const char *document, size_t step, size_t most, struct buf *out)
{
    struct json_split split;
    struct str text = str_from(document);
    int rc = 0;
    json_split_init(&split, wanted, most, add, out);
    for (size_t at = 0; rc == 0 && at < text.len; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        rc = json_split_feed(&split, (struct str){ text.ptr + at, len }, NULL);
    }
    if (rc == 0)
        rc = json_split_end(&split, NULL);
    json_split_release(&split);
    return rc;
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *document, *told;
    } cases[] = {
        { "{}", "" },
        { " [ 1 , [ ] , { } , \"]\" ] ", "" },
        { "12", "" },
        { "{\"next\": \"a\\\"b\"}", "0  \"a\\\"b\"\n" },
        { "{\"next\":12, \"other\":{\"next\":13}}", "0  12\n" },
        { "{\"items\":{\"zones/a\":{\"list\":[{\"n\":[1,2]} , 7],\"x\":[{}]},"
          "\"zones/b\":{\"warning\":{\"code\":\"}\"}}}}",
          "1 zones/a {\"n\":[1,2]}\n1 zones/a 7\n2 zones/b {\"code\":\"}\"}\n" },
        { "{\"items\":[{\"list\":[true]}]}", "1  true\n" },
        { "{\"all\":{\"next\":1,\"items\":{}},\"next\":null}",
          "3  {\"next\":1,\"items\":{}}\n0  null\n" },
        { "{\"n\\u0065xt\":1}", "" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 200; step += step < 12 ? 1 : 60) {
            struct buf out = { 0 };
            assert_int_equal(read_all(cases[i].document, step, 1000, &out), 0);
            assert_string_equal(buf_text(&out), cases[i].told);
            buf_release(&out);
        }
    }
}

static void what_is_no_document(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "[1}",
        "{\"a\" 1}",
        "{a:1}",
        "{}{}",
        "{} 1",
        "[]]",
        "\"a",
        "[\"\n\"]",
        "[,1]",
        "{\"next\":",
        "{\"next\":[",
        "{\"next\":\"",
        "{\"items\":{\"z\":{\"list\":[{}",
        "]",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 100; step += 7) {
            struct buf out = { 0 };
            if (read_all(cases[i], step, 1000, &out) != MUSTER_E_INVALID)
                fail_msg("read: %s", cases[i]);
            buf_release(&out);
        }
    }
}

static void bounds(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct buf deep = { 0 };
    assert_int_equal(read_all("{\"next\":\"0123456789\"}", 3, 8, &out), MUSTER_E_TOOBIG);
    assert_int_equal(read_all("{\"other\":\"0123456789\"}", 3, 8, &out), 0);
    for (int i = 0; i < 100; i++)
        buf_add_char(&deep, '[');
    assert_int_equal(read_all(buf_text(&deep), 9, 8, &out), MUSTER_E_TOOBIG);
    buf_release(&deep);
    buf_release(&out);
}

static int refuse(void *ctx, size_t which, const char *key, struct str text, struct error *err)
{
    (void)ctx, (void)which, (void)key, (void)text;
    return error_set(err, MUSTER_E_REFUSED, "no");
}

static void a_callback_ends_it(void **state)
{
    (void)state;
    struct json_split split;
    struct error err = { 0 };
    json_split_init(&split, wanted, 100, refuse, NULL);
    assert_int_equal(json_split_feed(&split, STR("{\"next\":1,"), &err), MUSTER_E_REFUSED);
    json_split_release(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(what_is_no_document),
        cmocka_unit_test(bounds),
        cmocka_unit_test(a_callback_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
