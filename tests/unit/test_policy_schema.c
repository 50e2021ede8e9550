/* The schema's form; that it takes what the reader takes is for the integration tests, which have a
 * validator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "config/policy_file.h"
#include "tests/unit/sample_kinds.h"

static void assert_text(const cJSON *root, const char *pointer, const char *want)
{
    const cJSON *at = json_at(root, pointer);
    if (!cJSON_IsString(at) || strcmp(at->valuestring, want) != 0)
        fail_msg("%s is %s, not %s", pointer, at && at->valuestring ? at->valuestring : "absent",
                 want);
}

static void the_form(void **state)
{
    static const struct {
        const char *pointer, *want;
    } texts[] = {
        { "/$schema", "https://json-schema.org/draft/2020-12/schema" },
        { "/required/0", "queue" },
        { "/required/3", "buy" },
        { "/properties/pool/pattern", "^[a-z][a-z0-9-]*$" },
        { "/properties/queue/oneOf/1/required/0", "redis" },
        { "/properties/queue/properties/every/default", "5s" },
        { "/properties/queue/properties/redis/anyOf/0/required/0", "list" },
        { "/properties/queue/properties/spool/anyOf/1/type", "null" },
        { "/properties/slots/properties/max/type", "integer" },
        { "/properties/slots/required/0", "max" },
        { "/properties/scale/items/anyOf/1/enum/0", "backlog" },
        { "/properties/scale/items/anyOf/0/properties/fixed/anyOf/1/type", "integer" },
        { "/properties/pace/properties/in/properties/after/description",
          "slots are given back once fewer were wanted for so long" },
        { "/properties/buy/required/0", "offers" },
        { "/properties/buy/properties/offers/items/anyOf/0/properties/cloud/anyOf/0/properties/"
          "market/anyOf/1/items/enum/1",
          "spot" },
        { "/properties/release/properties/prefer/anyOf/0/enum/4", "oldest" },
        { "/properties/version/properties/expect/type/1", "number" },
    };
    (void)state;
    struct buf out = { 0 };
    cJSON *root = NULL;
    struct error err = { 0 };
    policy_file_schema(&sample_kinds, &out);
    assert_int_equal(buf_failed(&out), 0);
    assert_int_equal(json_parse(buf_str(&out), &root, &err), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_text(root, texts[i].pointer, texts[i].want);
    assert_true(cJSON_IsFalse(json_at(root, "/additionalProperties")));
    assert_true(cJSON_IsFalse(json_at(root, "/properties/release/properties/force/default")));
    assert_int_equal(json_at(root, "/properties/slots/properties/max/minimum")->valueint, 0);
    cJSON_Delete(root);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_form) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
