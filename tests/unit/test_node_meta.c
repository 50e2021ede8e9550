/* meta.json: what is written is read back; what nobody wrote is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "providers/local/node_dir.h"

#include <cmocka.h>

static const struct local_node example = {
    .id = "local-abcdefghijkl",
    .pool = "render",
    .offer = "local/c6i.large",
    .token = "abcdefghijklmnopqrstuvwxyz234567",
    .controller = "muster",
    .slots = 4,
    .created_wall_ns = 1795342814123 * NS_PER_MS,
    .created_boot_ns = 4711 * NS_PER_MS,
};

static void test_round_trip(void **state)
{
    struct buf text = { 0 };
    struct local_node back;
    (void)state;
    local_node_print(&example, &text);
    assert_int_equal(local_node_parse(buf_str(&text), &back, NULL), 0);
    assert_memory_equal(&back, &example, sizeof(back));
    buf_release(&text);
}

static void test_id(void **state)
{
    char id[NODE_ID_MAX];
    (void)state;
    local_node_id(example.token, id);
    assert_string_equal(id, example.id);
    assert_true(local_node_named(id));
    assert_false(local_node_named("dry-abc"));
    assert_false(local_node_named(""));
    char longer[NODE_ID_MAX + 8] = "local-";
    memset(longer + strlen(longer), 'a', NODE_ID_MAX - strlen(longer));
    assert_false(local_node_named(longer));
}

#define HEAD  "{\"node\":\"n\",\"pool\":\"p\",\"offer\":\"o\",\"token\":\"t\",\"controller\":\"c\","
#define TIMES "\"created_wall_ms\":1,\"created_boot_ms\":2}"

static void test_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "empty", "" },
        { "not JSON", "{\"node\"" },
        { "a list", "[]" },
        { "a number", "7" },
        { "no fields", "{}" },
        { "no slots", HEAD TIMES },
        { "slots as text", HEAD "\"slots\":\"4\"," TIMES },
        { "negative slots", HEAD "\"slots\":-1," TIMES },
        { "absurd slots", HEAD "\"slots\":1e300," TIMES },
        { "no pool", "{\"node\":\"n\",\"offer\":\"o\",\"token\":\"t\",\"controller\":\"c\","
                     "\"slots\":1," TIMES },
        { "long token", "{\"node\":\"n\",\"pool\":\"p\",\"offer\":\"o\",\"controller\":\"c\","
                        "\"token\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
                        "\"slots\":1," TIMES },
        { "absurd time", HEAD "\"slots\":1,\"created_wall_ms\":1e19,\"created_boot_ms\":2}" },
        { "two documents", HEAD "\"slots\":1," TIMES "{}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct local_node node = example;
        if (local_node_parse(str_from(cases[i].text), &node, NULL) != MUSTER_E_INVALID)
            fail_msg("%s was taken", cases[i].name);
        assert_memory_equal(&node, &example, sizeof(node));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
