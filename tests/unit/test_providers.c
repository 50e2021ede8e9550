/* The table of providers; what `local:` entries come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "providers/local/local.h"
#include "tests/unit/provider_help.h"

#include <cmocka.h>

static void test_find(void **state)
{
    (void)state;
    assert_ptr_equal(provider_find("local"), &provider_local);
    assert_null(provider_find("lokal"));
    for (const struct provider_plugin *const *p = providers; *p; p++) {
        assert_ptr_equal(provider_find((*p)->options.name), *p);
        assert_non_null((*p)->list);
        assert_non_null((*p)->mutations->launch);
        assert_non_null((*p)->mutations->terminate);
    }
}

static void test_expand(void **state)
{
    struct pool_spec *spec = pool_spec_new("p");
    size_t entry = 99;
    (void)state;
    spec_add_local(spec, SETTINGS("command", "w", "slots", "4", "max", "3", "as", "c6i.large",
                                  "price", "0.034 USD/h"));
    spec_add_local(spec, SETTINGS("command", "w"));
    spec_add_local(spec, SETTINGS("command", "w", "as", "c6i.large"));
    for (int again = 0; again < 2; again++) {
        assert_int_equal(providers_expand(spec, &entry, NULL), 0);
        assert_int_equal(spec->offers.len, 3);
    }
    const struct offer *offer = &spec->offers.at[0];
    assert_string_equal(offer->name, "local/c6i.large");
    assert_string_equal(offer->inventory, "local");
    assert_string_equal(offer->provider, "local");
    assert_string_equal(offer->type, "c6i.large");
    assert_string_equal(offer->zone, "");
    assert_int_equal(offer->slots, 4);
    assert_int_equal(offer->nodes_max, 3);
    assert_int_equal(offer->price_usd_micro, 34000);
    assert_int_equal(offer->batch, 1);
    assert_int_equal(offer->settle_ns, 2 * NS_PER_S);
    assert_int_equal(offer->entry, 0);
    assert_string_equal(spec->offers.at[1].name, "local/2");
    assert_string_equal(spec->offers.at[1].type, "local");
    assert_int_equal(spec->offers.at[1].price_usd_micro, PRICE_UNKNOWN);
    assert_string_equal(spec->offers.at[2].name, "local/c6i.large/3");
    assert_int_equal(spec->offers.at[2].entry, 2);
    assert_int_equal(entry, 99);
    pool_spec_free(spec);
}

static void test_expand_mistakes(void **state)
{
    struct pool_spec *spec = pool_spec_new("p");
    struct error err = { 0 };
    size_t entry = 99;
    (void)state;
    assert_int_equal(providers_expand(spec, &entry, &err), MUSTER_E_INVALID);
    spec_add_local(spec, SETTINGS("command", "w"));
    spec_add_local(spec, SETTINGS("command", "w", "as",
                                  "a-machine-type-with-a-name-longer-than-any-cloud-has"));
    assert_int_equal(providers_expand(spec, &entry, &err), MUSTER_E_INVALID);
    assert_int_equal(entry, 1);
    assert_int_equal(spec->offers.len, 0);
    pool_spec_free(spec);
}

static void test_check(void **state)
{
    static const struct {
        const char *name;
        const char *settings[7];
        const char *key; /* at fault; NULL: good */
    } cases[] = {
        { "a text", { "command", "python worker.py" }, NULL },
        { "a list", { "command", "python", "command", "my worker.py" }, NULL },
        { "for the shell", { "command", "a | b > 'c", "shell", "yes" }, NULL },
        { "environment", { "command", "w", "environment", "A=b", "environment", "PATH" }, NULL },
        { "no command", { NULL }, "command" },
        { "an empty one", { "command", "" }, "command" },
        { "blanks", { "command", "  " }, "command" },
        { "a pipe without a shell", { "command", "a | b" }, "command" },
        { "an open quote", { "command", "a 'b" }, "command" },
        { "a list for the shell", { "command", "a", "command", "b", "shell", "yes" }, "command" },
        { "nameless variable", { "command", "w", "environment", "=x" }, "environment" },
        { "ours", { "command", "w", "environment", "MUSTER_NODE=x" }, "environment" },
        { "long version", { "command", "w", "version", "123456789012345678901234" }, "version" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct option_set *set = &provider_local.options;
        void *options = options_make(set, cases[i].settings);
        const char *key = "untouched";
        int rc = set->check(options, &key, NULL);
        if ((rc < 0) != (cases[i].key != NULL) || (rc < 0 && strcmp(key, cases[i].key) != 0))
            fail_msg("%s: %d, %s", cases[i].name, rc, key);
        option_set_release(set, options);
        free(options);
    }
}

/* ---- the agent's command line ---- */

struct line {
    struct local_command command;
    void *options;
};

static struct line make_line(const char *const *settings)
{
    struct line line = { .options = options_make(&provider_local.options, settings) };
    struct provider_env env = { .agent_url = "http://127.0.0.1:8420",
                                .agent_token_file = "/state/agent.token" };
    struct intent intent = { .pool = "render", .slots = 4 };
    struct launch_request request = { .intent = &intent,
                                      .options = line.options,
                                      .heartbeat_ns = 2 * NS_PER_S };
    assert_int_equal(local_command_make(&env, &request, "local-abc", "/state/local/local-abc",
                                        &line.command, NULL),
                     0);
    return line;
}

static void drop_line(struct line *line)
{
    local_command_release(&line->command);
    option_set_release(&provider_local.options, line->options);
    free(line->options);
}

static const char *after(const struct word_list *words, const char *word)
{
    for (size_t i = 0; i + 1 < words->all.len; i++) {
        if (strcmp(words->all.at[i], word) == 0)
            return words->all.at[i + 1];
    }
    return "(not there)";
}

static bool has(const struct word_list *words, const char *word)
{
    for (size_t i = 0; i < words->all.len; i++) {
        if (strcmp(words->all.at[i], word) == 0)
            return true;
    }
    return false;
}

static void test_command_line(void **state)
{
    (void)state;
    struct line line = make_line(SETTINGS("command", "work --fast 'a b'", "boot_delay", "3s",
                                          "copies", "per-slot", "agent", "/opt/agent"));
    const struct word_list *argv = &line.command.argv;
    assert_string_equal(argv->all.at[0], "/opt/agent");
    assert_string_equal(after(argv, "--controller"), "http://127.0.0.1:8420");
    assert_string_equal(after(argv, "--node"), "local-abc");
    assert_string_equal(after(argv, "--pool"), "render");
    assert_string_equal(after(argv, "--slots"), "4");
    assert_string_equal(after(argv, "--copies"), "4");
    assert_string_equal(after(argv, "--heartbeat"), "2000ms");
    assert_string_equal(after(argv, "--boot-delay"), "3000ms");
    assert_string_equal(after(argv, "--token-file"), "/state/agent.token");
    assert_string_equal(after(argv, "--log"), "/state/local/local-abc/log");
    assert_false(has(argv, "--busy-command"));
    size_t n = argv->all.len;
    assert_string_equal(argv->all.at[n - 4], "--");
    assert_string_equal(argv->all.at[n - 3], "work");
    assert_string_equal(argv->all.at[n - 1], "a b");
    drop_line(&line);
}

static void test_command_for_the_shell(void **state)
{
    (void)state;
    struct line line = make_line(SETTINGS("command", "a | b", "shell", "yes", "logs", "/var/log/w",
                                          "busy_command", "count busy"));
    const struct word_list *argv = &line.command.argv;
    assert_string_equal(after(argv, "--"), "/bin/sh");
    assert_string_equal(after(argv, "-c"), "a | b");
    assert_string_equal(after(argv, "--copies"), "1");
    assert_string_equal(after(argv, "--log"), "/var/log/w/local-abc.log");
    assert_string_equal(after(argv, "--busy-command"), "count busy");
    drop_line(&line);
}

static void test_environment(void **state)
{
    (void)state;
    setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
    setenv("WANTED", "yes", 1);
    setenv("TZ", "UTC", 1);
    struct line line = make_line(SETTINGS("command", "w", "environment", "A=b=c", "environment",
                                          "WANTED", "environment", "NOT_THERE"));
    const struct word_list *environment = &line.command.environment;
    assert_true(has(environment, "A=b=c"));
    assert_true(has(environment, "WANTED=yes"));
    assert_true(has(environment, "TZ=UTC"));
    for (size_t i = 0; i < environment->all.len; i++) {
        assert_null(strstr(environment->all.at[i], "hush"));
        assert_null(strstr(environment->all.at[i], "NOT_THERE"));
    }
    drop_line(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_expand_mistakes),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_command_for_the_shell),
        cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
