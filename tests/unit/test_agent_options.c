#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "runtime/agent_options.h"

#include <cmocka.h>

#define ARGS_MAX 24

/* Splits at blanks; good enough here. */
static int arguments(const char *line, char *copy, size_t size, char *argv[ARGS_MAX])
{
    int argc = 0;
    str_copy_c(copy, size, line);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    return argc;
}

#define NEEDED "agent --controller http://c --node n --pool p "

static void test_read(void **state)
{
    char copy[512], *argv[ARGS_MAX];
    char slots[] = "MUSTER_SLOTS=7", delay[] = "MUSTER_BOOT_DELAY=3s", odd[] = "MUSTER_SLOTSX=9";
    char *const environment[] = { odd, slots, delay, NULL };
    struct agent_options o;
    enum agent_request request;
    (void)state;
    int argc = arguments(NEEDED "--boot-delay=1s --copies 2 --drain-signal USR1 -- sh -c x", copy,
                         sizeof(copy), argv);
    assert_int_equal(agent_options_read(argc, argv, environment, &o, &request, NULL), 0);
    assert_int_equal(request, AGENT_RUN);
    assert_string_equal(o.controller, "http://c");
    assert_int_equal(o.slots, 7);
    assert_int_equal(o.boot_delay_ns, NS_PER_S); /* the command line wins */
    assert_int_equal(o.copies, 2);
    assert_int_equal(o.heartbeat_ns, 5 * NS_PER_S);
    assert_int_equal(o.lock_fd, -1);
    assert_string_equal(process_signal_words[o.drain_signal], "USR1");
    assert_string_equal(o.command[0], "sh");
    assert_string_equal(o.command[2], "x");
    assert_null(o.command[3]);
    agent_options_release(&o);
}

static void test_command_without_dashes(void **state)
{
    char copy[512], *argv[ARGS_MAX];
    struct agent_options o;
    enum agent_request request;
    (void)state;
    /* What follows the first word belongs to the worker, whatever it looks like. */
    int argc = arguments(NEEDED "work --slots 3 --help", copy, sizeof(copy), argv);
    assert_int_equal(agent_options_read(argc, argv, NULL, &o, &request, NULL), 0);
    assert_int_equal(request, AGENT_RUN);
    assert_int_equal(o.slots, 1);
    assert_string_equal(o.command[1], "--slots");
    agent_options_release(&o);
}

static void test_requests(void **state)
{
    char copy[512], *argv[ARGS_MAX];
    struct agent_options o;
    enum agent_request request = AGENT_RUN;
    (void)state;
    int argc = arguments("agent --slots 3 --help", copy, sizeof(copy), argv);
    assert_int_equal(agent_options_read(argc, argv, NULL, &o, &request, NULL), 0);
    assert_int_equal(request, AGENT_HELP);
    argc = arguments("agent --version", copy, sizeof(copy), argv);
    assert_int_equal(agent_options_read(argc, argv, NULL, &o, &request, NULL), 0);
    assert_int_equal(request, AGENT_VERSION);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        { "agent", "--controller is missing" },
        { "agent --controller http://c --node n -- w", "--pool is missing" },
        { NEEDED "--slots", "--slots needs a value" },
        { NEEDED "--slots x -- w", "--slots" },
        { NEEDED "--slots 0 -- w", "--slots" },
        { NEEDED "--heartbeat 5 -- w", "--heartbeat" },
        { NEEDED "--drain-signal KILL -- w", "--drain-signal" },
        { NEEDED "--boot_delay 5s -- w", "did you mean --boot-delay?" },
        { NEEDED "--xyzzy 5s -- w", "unknown option --xyzzy" },
        { NEEDED "--", "no worker command" },
        { "agent --controller c --node n --pool p w", "no http(s) address" },
        { "agent --controller http://c --node a/b --pool p w", "no node's id" },
        { "agent --controller http://c --node .. --pool p w", "no node's id" },
        { NEEDED "--worker-version 123456789012345678901234 w", "at most 23" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char copy[512], *argv[ARGS_MAX];
        struct agent_options o;
        enum agent_request request;
        struct error err = { 0 };
        int argc = arguments(cases[i].line, copy, sizeof(copy), argv);
        int rc = agent_options_read(argc, argv, NULL, &o, &request, &err);
        if (rc >= 0 || !strstr(err.text, cases[i].text))
            fail_msg("%s: %d: %s", cases[i].line, rc, err.text);
    }
}

static void test_bad_environment(void **state)
{
    char copy[512], *argv[ARGS_MAX];
    char slots[] = "MUSTER_SLOTS=many";
    char *const environment[] = { slots, NULL };
    struct agent_options o;
    enum agent_request request;
    struct error err = { 0 };
    (void)state;
    int argc = arguments(NEEDED "w", copy, sizeof(copy), argv);
    assert_true(agent_options_read(argc, argv, environment, &o, &request, &err) < 0);
    assert_non_null(strstr(err.text, "MUSTER_SLOTS"));
}

static void test_help_names_every_option(void **state)
{
    struct buf text = { 0 };
    (void)state;
    agent_options_help(&text);
    assert_int_equal(buf_failed(&text), 0);
    assert_non_null(strstr(buf_text(&text), "--drain-signal"));
    assert_non_null(strstr(buf_text(&text), "--controller"));
    assert_non_null(strstr(buf_text(&text), "(required)"));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_command_without_dashes),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bad_environment),
        cmocka_unit_test(test_help_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
