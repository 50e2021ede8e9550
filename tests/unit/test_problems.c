#include "config/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char source[] = "pool: render\n"
                             "slots: { min: 0, max: lots }\r\n"
                             "\tgr\xc3\xbc\xc3\x9f: \x1b[31m x\n"
                             "last";

static void init(struct problems *p)
{
    problems_init(p);
    assert_true(problems_name(p, "render.yaml", str_from(source)));
}

static void assert_printed(struct problems *p, bool colour, const char *want)
{
    struct buf out = { 0 };
    problems_print(p, colour, &out);
    assert_string_equal(buf_text(&out), want);
    buf_release(&out);
    problems_release(p);
}

static void like_a_compiler(void **state)
{
    (void)state;
    struct problems p;
    init(&p);
    problems_add(&p, SEVERITY_ERROR, 2, 23, 4, "slots.max: '%s' is not a whole number", "lots");
    assert_int_equal(p.errors, 1);
    assert_printed(&p, false,
                   "render.yaml:2:23: error: slots.max: 'lots' is not a whole number\n"
                   "    2 | slots: { min: 0, max: lots }\n"
                   "      |                       ^~~~\n");
}

static void in_the_order_of_the_file(void **state)
{
    (void)state;
    struct problems p;
    init(&p);
    problems_add(&p, SEVERITY_WARNING, 4, 1, 4, "second");
    problems_add(&p, SEVERITY_ERROR, 1, 7, 99, "first; the tail ends with the line");
    problems_add(&p, SEVERITY_ERROR, 0, 0, 0, "the file as a whole");
    problems_add(&p, SEVERITY_ERROR, 4, 5, 3, "behind the end");
    assert_int_equal(p.errors, 3);
    assert_int_equal(p.warnings, 1);
    assert_printed(&p, false,
                   "render.yaml: error: the file as a whole\n"
                   "render.yaml:1:7: error: first; the tail ends with the line\n"
                   "    1 | pool: render\n"
                   "      |       ^~~~~~\n"
                   "render.yaml:4:1: warning: second\n"
                   "    4 | last\n"
                   "      | ^~~~\n"
                   "render.yaml:4:5: error: behind the end\n"
                   "    4 | last\n"
                   "      |     ^\n");
}

static void no_escape_reaches_the_terminal(void **state)
{
    (void)state;
    struct problems p;
    init(&p);
    problems_add(&p, SEVERITY_ERROR, 3, 8, 1, "bad '%s'", "\x1b[31m\n");
    assert_printed(&p, false,
                   "render.yaml:3:8: error: bad '?[31m?'\n"
                   "    3 |  gr\xc3\xbc\xc3\x9f:  [31m x\n"
                   "      |        ^\n");
}

static void colours(void **state)
{
    (void)state;
    struct problems p;
    init(&p);
    problems_add(&p, SEVERITY_WARNING, 4, 1, 2, "w");
    assert_printed(&p, true,
                   "\033[1mrender.yaml:4:1: \033[1;35mwarning:\033[0m\033[1m w\033[0m\n"
                   "    4 | last\n"
                   "      | \033[1;32m^~\033[0m\n");
}

static void a_long_line_is_shown_in_part(void **state)
{
    (void)state;
    struct problems p;
    struct buf out = { 0 };
    char line[1001];
    memset(line, 'x', 1000);
    line[499] = '!';
    line[1000] = '\0';
    problems_init(&p);
    assert_true(problems_name(&p, "f", str_from(line)));
    problems_add(&p, SEVERITY_ERROR, 1, 500, 900, "there");
    problems_print(&p, false, &out);
    const char *shown = strchr(buf_text(&out), '\n') + 1;
    const char *caret = strchr(shown, '\n') + 1;
    assert_int_equal(strchr(shown, '!') - shown, strchr(caret, '^') - caret);
    assert_true(strlen(caret) <= 170);
    buf_release(&out);
    problems_release(&p);
}

static void many_are_counted(void **state)
{
    (void)state;
    struct problems p;
    struct buf out = { 0 };
    problems_init(&p);
    for (int i = 0; i < PROBLEMS_MAX + 7; i++)
        problems_add(&p, SEVERITY_ERROR, i, 1, 1, "n");
    assert_int_equal(p.errors, PROBLEMS_MAX + 7);
    assert_int_equal(p.all.len, PROBLEMS_MAX);
    problems_print(&p, false, &out);
    assert_non_null(strstr(buf_text(&out), "(no file): 7 more not shown\n"));
    buf_release(&out);
    problems_release(&p);
    problems_release(NULL);
}

static void a_line_that_is_not_there(void **state)
{
    (void)state;
    struct problems p;
    init(&p);
    problems_add(&p, SEVERITY_ERROR, 99, 3, 2, "gone");
    assert_printed(&p, false,
                   "render.yaml:99:3: error: gone\n"
                   "   99 | \n"
                   "      |   ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_compiler),
        cmocka_unit_test(in_the_order_of_the_file),
        cmocka_unit_test(no_escape_reaches_the_terminal),
        cmocka_unit_test(colours),
        cmocka_unit_test(a_long_line_is_shown_in_part),
        cmocka_unit_test(many_are_counted),
        cmocka_unit_test(a_line_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
