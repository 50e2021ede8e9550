#include "control/intent.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void words(void **state)
{
    (void)state;
    assert_string_equal(intent_kind_word(INTENT_LAUNCH), "launch");
    assert_string_equal(intent_kind_word(INTENT_TERMINATE), "terminate");
    assert_string_equal(intent_state_word(INTENT_PLANNED), "planned");
    assert_string_equal(intent_state_word(INTENT_SENT), "sent");
    assert_string_equal(intent_state_word(INTENT_UNKNOWN), "unknown");
    assert_string_equal(intent_state_word(INTENT_DONE), "done");
    assert_string_equal(intent_state_word(INTENT_FAILED), "failed");
}

static struct intent sample(void)
{
    return (struct intent){ .number = 7, .pool = "render", .offer = "local/small", .count = 3 };
}

/* The token is what keeps a call from buying twice: it must never change for the same intent... */
static void the_token_is_a_function_of_the_intent(void **state)
{
    (void)state;
    struct intent a = sample();
    struct intent b = sample();
    b.state = INTENT_UNKNOWN;
    b.tries = 5;
    b.sent_ns = 99;
    b.price_usd_micro = 5;
    assert_int_equal(intent_make_token(&a, "c", "j", NULL), 0);
    assert_int_equal(intent_make_token(&b, "c", "j", NULL), 0);
    assert_string_equal(a.token, b.token);
    assert_int_equal(strlen(a.token), 32);
    for (size_t i = 0; i < 32; i++)
        assert_true(islower((unsigned char)a.token[i]) || isdigit((unsigned char)a.token[i]));
}

/* ...and never be that of another. */
static void other_intents_have_other_tokens(void **state)
{
    (void)state;
    struct intent all[8];
    const char *controller[8] = { "c", "d", "c", "c", "c", "c", "c", "c" };
    const char *journal[8] = { "j", "j", "k", "j", "j", "j", "j", "j" };
    for (size_t i = 0; i < 8; i++)
        all[i] = sample();
    all[3].number = 8;
    all[4].count = 4;
    snprintf(all[5].pool, sizeof(all[5].pool), "other");
    snprintf(all[6].offer, sizeof(all[6].offer), "local/large");
    snprintf(all[7].node, sizeof(all[7].node), "i-1");
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(intent_make_token(&all[i], controller[i], journal[i], NULL), 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[i].token, all[k].token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(the_token_is_a_function_of_the_intent),
        cmocka_unit_test(other_intents_have_other_tokens),
    };
    return cmocka_run_group_tests_name("intent", tests, NULL, NULL);
}
