#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void str_compares(void **state)
{
    (void)state;
    const struct str empty = { NULL, 0 };
    assert_true(str_eq(STR("abc"), str_from("abc")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_true(str_eq(empty, STR("")));
    assert_true(str_eq_c(empty, ""));
    assert_true(str_eq_c((struct str){ "abcdef", 3 }, "abc"));
    assert_int_equal(str_from(NULL).len, 0);
    assert_true(str_starts(STR("spool:x"), "spool:"));
    assert_false(str_starts(STR("spoo"), "spool"));
    assert_true(str_starts(empty, ""));
}

static void str_trims(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        { "nothing", "", "" },
        { "plain", "a b", "a b" },
        { "both ends", " \ta b\r\n ", "a b" },
        { "only space", " \n ", "" },
        { "left", "  x", "x" },
        { "right", "x  ", "x" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!str_eq_c(str_trim(str_from(cases[i].in)), cases[i].out))
            fail_msg("%s", cases[i].name);
    }
    assert_int_equal(str_trim((struct str){ NULL, 0 }).len, 0);
}

static void str_dup_copies(void **state)
{
    (void)state;
    char *copy = str_dup((struct str){ "abcdef", 3 });
    assert_string_equal(copy, "abc");
    free(copy);
    copy = str_dup((struct str){ NULL, 0 });
    assert_string_equal(copy, "");
    free(copy);
}

static void str_copy_cuts_and_says_so(void **state)
{
    (void)state;
    char field[4] = "???";
    assert_true(str_copy_c(field, sizeof(field), "abc"));
    assert_string_equal(field, "abc");
    assert_false(str_copy_c(field, sizeof(field), "wxyz"));
    assert_string_equal(field, "wxy");
    assert_true(str_copy_c(field, sizeof(field), NULL));
    assert_string_equal(field, "");
    assert_false(str_copy_c(field, 1, "a"));
    assert_string_equal(field, "");
    field[0] = '!';
    assert_false(str_copy_c(field, 0, "a"));
    assert_int_equal(field[0], '!');
}

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        { "", "", 0 },         { "", "abc", 3 },
        { "abc", "", 3 },      { "abc", "abc", 0 },
        { "abc", "abd", 1 },   { "abc", "ab", 1 },
        { "abc", "xabc", 1 },  { "ab", "ba", 1 },
        { "waht", "what", 1 }, { "kitten", "sitting", 3 },
        { "ca", "abc", 3 },    { "a", "b", 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (str_distance(cases[i].a, cases[i].b) != cases[i].distance ||
            str_distance(cases[i].b, cases[i].a) != cases[i].distance)
            fail_msg("%s, %s: %zu", cases[i].a, cases[i].b, str_distance(cases[i].a, cases[i].b));
    }
    char longer[200];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(str_distance(longer, "a"), 199);
    longer[64] = '\0';
    assert_int_equal(str_distance(longer, "a"), 63);
}

static void nearest_is_a_likely_typo_or_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = { "queue", "slots", "nodes", "stale_after", "min" };
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        { "slot", "slots" }, { "qeueu", "queue" }, { "stale-after", "stale_after" },
        { "stale", NULL },   { "zzzzzz", NULL },   { "x", NULL },
        { "mi", "min" },     { "", NULL },         { "staleafter", "stale_after" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = str_nearest(cases[i].word, keys, COUNT(keys));
        if (found != cases[i].nearest &&
            (!found || !cases[i].nearest || strcmp(found, cases[i].nearest) != 0))
            fail_msg("%s: %s", cases[i].word, found ? found : "nothing");
    }
    assert_null(str_nearest("slots", NULL, 0));
}

static void buf_grows_and_ends_in_nul(void **state)
{
    (void)state;
    struct buf b = { 0 };
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_str(&b).len, 0);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%d,", i % 10);
    assert_int_equal(b.len, 2000);
    assert_int_equal(strlen(buf_text(&b)), 2000);
    buf_add(&b, NULL, 0);
    buf_add_str(&b, STR("end"));
    buf_add_c(&b, "!");
    buf_add_char(&b, '\0');
    assert_int_equal(b.len, 2005);
    assert_memory_equal(b.ptr + 2000, "end!\0", 6);
    assert_int_equal(buf_failed(&b), 0);
    buf_clear(&b);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
    buf_release(&b);
    buf_release(NULL);
}

static void buf_has_a_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_add_c(&b, "0123456789");
    assert_int_equal(buf_failed(&b), 0);
    buf_add_char(&b, 'x');
    assert_int_equal(buf_failed(&b), MUSTER_E_TOOBIG);
    /* What failed once stays as it was. */
    buf_clear(&b);
    buf_addf(&b, "%s", "much more than ten bytes");
    buf_add_c(&b, "y");
    assert_int_equal(buf_failed(&b), MUSTER_E_TOOBIG);
    assert_int_equal(b.len, 0);
    assert_null(buf_take(&b));
    buf_clear(&b);
    buf_add(&b, "z", SIZE_MAX);
    assert_int_equal(buf_failed(&b), MUSTER_E_TOOBIG);
    buf_clear(&b);
    buf_add_c(&b, "ok");
    assert_string_equal(buf_text(&b), "ok");
    buf_release(&b);
    assert_int_equal(b.ceiling, 10);
}

static void buf_format_of_its_own_length(void **state)
{
    (void)state;
    /* The terminator lands exactly at the end of what was reserved. */
    for (size_t n = 50; n < 80; n++) {
        struct buf b = { 0 };
        buf_addf(&b, "%*s", (int)n, "x");
        assert_int_equal(b.len, n);
        assert_int_equal(b.ptr[n], '\0');
        buf_release(&b);
    }
}

static void buf_take_hands_over(void **state)
{
    (void)state;
    struct buf b = { 0 };
    char *text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
    buf_add_c(&b, "abc");
    text = buf_take(&b);
    assert_string_equal(text, "abc");
    assert_int_equal(b.len, 0);
    assert_null(b.ptr);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_compares),
        cmocka_unit_test(str_trims),
        cmocka_unit_test(str_dup_copies),
        cmocka_unit_test(str_copy_cuts_and_says_so),
        cmocka_unit_test(distances),
        cmocka_unit_test(nearest_is_a_likely_typo_or_nothing),
        cmocka_unit_test(buf_grows_and_ends_in_nul),
        cmocka_unit_test(buf_has_a_ceiling),
        cmocka_unit_test(buf_format_of_its_own_length),
        cmocka_unit_test(buf_take_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
