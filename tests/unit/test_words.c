#include "store/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Files with these words exist: a change here is a change of the schema. */
static void words_never_change(void **state)
{
    (void)state;
    static const char *const states[] = { "planned", "sent", "unknown", "done", "failed" };
    assert_string_equal(words_kind(INTENT_LAUNCH), "launch");
    assert_string_equal(words_kind(INTENT_TERMINATE), "terminate");
    for (int i = INTENT_PLANNED; i <= INTENT_FAILED; i++)
        assert_string_equal(words_state((enum intent_state)i), states[i]);
}

static void words_are_read_back(void **state)
{
    (void)state;
    enum intent_state found = INTENT_FAILED;
    enum intent_kind kind = INTENT_LAUNCH;
    for (int i = INTENT_PLANNED; i <= INTENT_FAILED; i++) {
        assert_true(words_read_state(words_state((enum intent_state)i), &found));
        assert_int_equal(found, i);
    }
    assert_true(words_read_kind("terminate", &kind));
    assert_int_equal(kind, INTENT_TERMINATE);
    assert_false(words_read_kind("", &kind));
    assert_false(words_read_kind(NULL, &kind));
    assert_false(words_read_state("Done", &found));
    assert_int_equal(found, INTENT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_never_change),
        cmocka_unit_test(words_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
