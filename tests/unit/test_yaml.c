#include "config/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct yaml_node *parse_ok(struct str text)
{
    struct problems problems;
    struct yaml_node *root = NULL;
    struct error err = { 0 };
    problems_init(&problems);
    if (yaml_parse(text, &root, &problems, &err) < 0)
        fail_msg("%s: %s", err.text, problems.all.len > 0 ? problems.all.at[0].text : "");
    assert_int_equal(problems.errors, 0);
    problems_release(&problems);
    return root;
}

static void assert_place(const struct yaml_node *node, int line, int column, int width)
{
    assert_non_null(node);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
    assert_int_equal(node->width, width);
}

static void a_tree_with_places(void **state)
{
    (void)state;
    struct yaml_node *root = parse_ok(STR("a: { b: 1, \xc3\xbc: \"x y\", none: }\n"
                                          "# comment\n"
                                          "list:\n"
                                          "  - one\n"
                                          "  -   two words\n"
                                          "  - 'it''s'\n"));
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->keys.len, 2);
    const struct yaml_node *a = yaml_get(root, "a");
    assert_place(yaml_get_key(root, "a"), 1, 1, 1);
    assert_place(a, 1, 4, 1);
    assert_place(yaml_get(a, "b"), 1, 9, 1);
    assert_string_equal(yaml_get(a, "b")->text, "1");
    assert_false(yaml_get(a, "b")->quoted);
    assert_place(yaml_get_key(a, "\xc3\xbc"), 1, 12, 1);
    assert_place(yaml_get(a, "\xc3\xbc"), 1, 15, 5); /* quotes and all, in code points */
    assert_string_equal(yaml_get(a, "\xc3\xbc")->text, "x y");
    assert_true(yaml_get(a, "\xc3\xbc")->quoted);
    assert_true(yaml_is_empty(yaml_get(a, "none")));
    assert_place(yaml_get(a, "none"), 1, 26, 1); /* behind its key */
    const struct yaml_node *list = yaml_get(root, "list");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->items.len, 3);
    assert_place(list->items.at[1], 5, 7, 9);
    assert_string_equal(list->items.at[2]->text, "it's");
    assert_null(yaml_get(root, "b"));
    assert_null(yaml_get(list, "one"));
    assert_null(yaml_get(NULL, "one"));
    yaml_free(root);
}

static void empty_texts(void **state)
{
    static const char *const texts[] = { "", "\n", "# only a comment\n", "---\n", "  \n\n" };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct yaml_node *root = parse_ok(str_from(texts[i]));
        assert_true(!root || yaml_is_empty(root));
        yaml_free(root);
    }
    yaml_free(NULL);
}

static void what_is_empty(void **state)
{
    (void)state;
    struct yaml_node *root = parse_ok(STR("[~, null, '', \"~\", x, {}]"));
    static const bool empty[] = { true, true, false, false, false, false };
    for (size_t i = 0; i < root->items.len; i++)
        assert_int_equal(yaml_is_empty(root->items.at[i]), empty[i]);
    yaml_free(root);
}

static void odd_but_right(void **state)
{
    (void)state;
    struct yaml_node *root = parse_ok(STR("\xef\xbb\xbf"
                                          "a: 1\r\nb: |\r\n  two\r\n  lines\r\n"));
    assert_string_equal(yaml_get(root, "a")->text, "1");
    assert_string_equal(yaml_get(root, "b")->text, "two\nlines\n");
    yaml_free(root);
    root = parse_ok(STR("b:\t1\nc: 2\t# tabs between are fine\n"));
    assert_string_equal(yaml_get(root, "b")->text, "1");
    yaml_free(root);
    root = parse_ok(STR("rate: 20% / 1m"));
    assert_string_equal(yaml_get(root, "rate")->text, "20% / 1m");
    yaml_free(root);
}

struct mistake {
    const char *text;
    int line, column;
    const char *says;
};

static void check_mistake(const struct mistake *m, struct str text)
{
    struct problems problems;
    struct yaml_node *root = NULL;
    struct error err = { 0 };
    problems_init(&problems);
    int rc = yaml_parse(text, &root, &problems, &err);
    if (rc != MUSTER_E_INVALID || problems.all.len == 0)
        fail_msg("taken: %s", m->text);
    const struct problem *p = &problems.all.at[0];
    if (p->line != m->line || p->column != m->column || !strstr(p->text, m->says))
        fail_msg("'%s': %d:%d: %s", m->text, p->line, p->column, p->text);
    assert_null(root);
    problems_release(&problems);
}

static void mistakes(void **state)
{
    static const struct mistake cases[] = {
        { "a: 1\na: 2\n", 2, 1, "'a' stands here a second time; the first is on line 1" },
        { "x: { b: 1, c: 2, b: 3 }", 1, 18, "'b' stands here a second time" },
        { "a: &x 1\n", 1, 7, "anchors (&name) are not taken" },
        { "a: *x\n", 1, 4, "aliases (*name) are not taken" },
        { "a: !!int 3\n", 1, 10, "tags (!name) are not taken" },
        { "a: !x [1]\n", 1, 7, "tags (!name) are not taken" },
        { "<<: 1\n", 1, 1, "merge keys (<<) are not taken" },
        { "a: 1\n---\nb: 2\n", 2, 1, "a second document" },
        { "[a, b]: 1\n", 1, 1, "a key must be a single word" },
        { "\"a\\0b\": 1\n", 1, 1, "a key must be a single word" },
        { "a:\n\tb: 1\n", 2, 1, "indent with spaces" },
        { "a: 1\n b: 2\n", 1, 4, "indented too far, or a ':' missing?" },
        { "a: b: c\n", 1, 5, "put a text that contains ': ' in quotes" },
        { "a: @b\n", 1, 4, "put the text in quotes" },
        { "a: %5\n", 1, 4, "put the text in quotes" },
        { "a: \"abc\n", 1, 5, "without closing quote" },
        { "a: \"x\\qz\"\n", 1, 6, "backslash" },
        { "a: [1, 2\nb: 3\n", 3, 1, "without a closing bracket" },
        { "a: - b\n", 1, 4, "begin the list on a line of its own" },
        { "a: 1\nb: |0\n  x\n", 2, 1, "what follows here is not YAML" },
        { "a: 1\n\x01", 2, 1, "the control byte 0x01" },
        { "a: \xff\n", 1, 4, "the byte 0xff is not UTF-8" },
        { "a: \xc3", 1, 4, "0xc3 is not UTF-8" },
        { "a: \xc0\xaf", 1, 4, "0xc0 is not UTF-8" },         /* overlong */
        { "a: \xed\xa0\x80", 1, 4, "0xed is not UTF-8" },     /* a surrogate */
        { "a: \xf4\x90\x80\x80", 1, 4, "0xf4 is not UTF-8" }, /* above U+10FFFF */
        { "\xff\xfe", 1, 1, "0xff is not UTF-8" },            /* UTF-16 */
        { "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 1, 17, "more than 16 levels deep" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_mistake(&cases[i], str_from(cases[i].text));
}

static void nul_bytes(void **state)
{
    (void)state;
    check_mistake(&(struct mistake){ "a NUL", 1, 4, "the control byte 0x00" }, STR("a: \0b"));
}

static void all_mistakes_at_once(void **state)
{
    (void)state;
    struct problems problems;
    struct yaml_node *root = NULL;
    problems_init(&problems);
    assert_int_equal(yaml_parse(STR("a: 1\na: &x 2\nb: *x\n<<: *x\n"), &root, &problems, NULL),
                     MUSTER_E_INVALID);
    assert_int_equal(problems.errors, 5);
    problems_release(&problems);
}

static void too_large(void **state)
{
    (void)state;
    size_t len = YAML_BYTES_MAX + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '#', len);
    check_mistake(&(struct mistake){ "large", 0, 0, "larger than 1024 KiB" },
                  (struct str){ text, len });
    struct yaml_node *root = parse_ok((struct str){ text, len - 1 });
    yaml_free(root);
    memset(text, ',', len);
    for (size_t i = 1; i < len - 2; i += 2)
        text[i] = '1';
    text[0] = '[';
    check_mistake(&(struct mistake){ "many", 0, 0, "more than 10000 values" },
                  (struct str){ text, len - 1 });
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_with_places),
        cmocka_unit_test(empty_texts),
        cmocka_unit_test(what_is_empty),
        cmocka_unit_test(odd_but_right),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(all_mistakes_at_once),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
