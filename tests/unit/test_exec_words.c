/* Commands into words, without a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "queue/exec_words.h"

#include <cmocka.h>

/* "[one][two]" */
static void show(const struct exec_words *words, struct buf *to)
{
    buf_clear(to);
    for (char **word = words->argv; *word; word++)
        buf_addf(to, "[%s]", *word);
}

static void test_words(void **state)
{
    static const struct {
        const char *command, *words; /* words NULL: refused */
    } cases[] = {
        { "depth", "[depth]" },
        { "  depth  -q\trender\n", "[depth][-q][render]" },
        { "a 'b c' \"d e\"", "[a][b c][d e]" },
        { "a 'b \"c\"' \"d 'e'\"", "[a][b \"c\"][d 'e']" },
        { "a b\\ c \\'", "[a][b c][']" },
        { "a \"x\\\"y\" 'x\\y'", "[a][x\"y][x\\y]" },
        { "a ''", "[a][]" },
        { "a --x='1 2'3", "[a][--x=1 23]" },
        { "jq '.a | .b'", "[jq][.a | .b]" },
        { "a issue#3 x~y", "[a][issue#3][x~y]" },
        { "a trailing\\", "[a][trailing\\]" },
        { "", NULL },
        { "  ", NULL },
        { "a 'b", NULL },
        { "a \"b", NULL },
        { "a | b", NULL },
        { "a > b", NULL },
        { "a $HOME", NULL },
        { "a `b`", NULL },
        { "a *.txt", NULL },
        { "a; b", NULL },
        { "a && b", NULL },
        { "a # comment", NULL },
        { "a ~/b", NULL },
    };
    struct buf shown = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct exec_words words = { 0 };
        struct error err = { 0 };
        int rc = exec_words_split(cases[i].command, &words, &err);
        if (!cases[i].words) {
            if (rc != MUSTER_E_INVALID || !err.text[0])
                fail_msg("%s: not refused", cases[i].command);
            continue;
        }
        if (rc < 0)
            fail_msg("%s: %s", cases[i].command, err.text);
        show(&words, &shown);
        assert_string_equal(buf_text(&shown), cases[i].words);
        exec_words_release(&words);
    }
    buf_release(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
