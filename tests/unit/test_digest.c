#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* FIPS 180-2, appendix B, and the empty text; base32 by coreutils (sha256sum | xxd -r -p | base32). */
static const struct {
    const char *text, *hex, *token;
} cases[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "xj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      "esgwuyosay4lrzoae2jqyptahgrtzzczmt7scz7w5tw5igo3a3aq" },
};

static void known_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char hex[DIGEST_HEX_MAX];
        char token[DIGEST_TOKEN_MAX];
        struct str text = str_from(cases[i].text);
        assert_int_equal(digest_hex(text, hex, NULL), 0);
        assert_string_equal(hex, cases[i].hex);
        assert_int_equal(digest_token(text, token, NULL), 0);
        assert_string_equal(token, cases[i].token);
    }
}

static void bytes_after_a_nul_count(void **state)
{
    (void)state;
    unsigned char one[DIGEST_BYTES];
    unsigned char other[DIGEST_BYTES];
    assert_int_equal(digest_sha256((struct str){ "a\0b", 3 }, one, NULL), 0);
    assert_int_equal(digest_sha256((struct str){ "a\0c", 3 }, other, NULL), 0);
    assert_memory_not_equal(one, other, DIGEST_BYTES);
}

static void nothing_at_all_is_the_empty_text(void **state)
{
    (void)state;
    char hex[DIGEST_HEX_MAX];
    assert_int_equal(digest_hex((struct str){ NULL, 0 }, hex, NULL), 0);
    assert_string_equal(hex, cases[0].hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(bytes_after_a_nul_count),
        cmocka_unit_test(nothing_at_all_is_the_empty_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
