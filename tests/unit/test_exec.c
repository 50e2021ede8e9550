/* The exec source, with real commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/queue_harness.h"

#include <cmocka.h>

static int set_up(void **state)
{
    struct queue_harness *h = malloc(sizeof(*h));
    queue_harness_init(h);
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    queue_harness_release(*state);
    free(*state);
    return 0;
}

static int run(struct queue_harness *h, const char *command, const char *shell, const char *timeout)
{
    if (!queue_harness_open(h, &queue_exec,
                            QUEUE_SETTINGS("command", command, "shell", shell, "timeout", timeout)))
        fail_msg("%s: %s", command, h->err.text);
    return queue_harness_poll(h);
}

static void test_good_commands(void **state)
{
    struct queue_harness *h = *state;
    assert_int_equal(run(h, "echo 12", "no", "10s"), 0);
    assert_float_equal(h->sample.waiting, 12, 0);
    assert_false(h->sample.has_running);
    queue_harness_close(h);

    assert_int_equal(run(h, "echo '{\"waiting\":3,\"running\":1}'", "no", "10s"), 0);
    assert_float_equal(h->sample.waiting, 3, 0);
    assert_float_equal(h->sample.running, 1, 0);
    queue_harness_close(h);

    assert_int_equal(run(h, "seq 3 | wc -l; echo noise >&2", "yes", "10s"), 0);
    assert_float_equal(h->sample.waiting, 3, 0);
    /* the same source again */
    assert_int_equal(queue_harness_poll(h), 0);
}

static void test_bad_commands(void **state)
{
    static const struct {
        const char *command, *shell, *timeout;
        int code;
        const char *says;
    } cases[] = {
        { "exit 3", "yes", "10s", MUSTER_E_INVALID, "exec /bin/sh: exit status 3" },
        { "echo no access >&2; echo more >&2; exit 1", "yes", "10s", MUSTER_E_INVALID,
          "exit status 1: no access" },
        { "printf 'a\\033[31mb' >&2; exit 1", "yes", "10s", MUSTER_E_INVALID, "a?[31mb" },
        { "kill -9 $$", "yes", "10s", MUSTER_E_INVALID, "killed by signal 9" },
        { "echo '-1'", "no", "10s", MUSTER_E_INVALID, "its output: the document is negative" },
        { "echo NaN", "no", "10s", MUSTER_E_INVALID, "its output: not JSON" },
        { "true", "no", "10s", MUSTER_E_INVALID, "its output: empty" },
        { "/no/such/program", "no", "10s", MUSTER_E_CONFIG, "no program /no/such/program" },
        { "/etc/passwd", "no", "10s", MUSTER_E_CONFIG, "cannot start /etc/passwd" },
        { "yes", "no", "10s", MUSTER_E_TOOBIG, "more than 65536 bytes" },
        { "sleep 60", "no", "100ms", MUSTER_E_UNKNOWN, "not finished after 100ms" },
        { "trap '' TERM; sleep 60; sleep 60", "yes", "100ms", MUSTER_E_UNKNOWN, "not finished" },
        { "setsid sleep 4 & exit 0", "yes", "1s", MUSTER_E_UNKNOWN, "has its output open" },
    };
    struct queue_harness *h = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = run(h, cases[i].command, cases[i].shell, cases[i].timeout);
        if (code != cases[i].code || !strstr(h->err.text, cases[i].says))
            fail_msg("%s: %d: %s", cases[i].command, code, h->err.text);
        queue_harness_close(h);
    }
}

/* A flood on stderr is neither kept nor allowed to hold the command up. */
static void test_much_on_stderr(void **state)
{
    struct queue_harness *h = *state;
    assert_int_equal(run(h, "seq 100000 >&2; echo 5", "yes", "10s"), 0);
    assert_float_equal(h->sample.waiting, 5, 0);
}

static void test_environment(void **state)
{
    struct queue_harness *h = *state;
    setenv("AWS_SECRET_ACCESS_KEY", "canary", 1);
    int rc =
        run(h, "test -z \"$AWS_SECRET_ACCESS_KEY\" && test -n \"$PATH\" && echo 1", "yes", "10s");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    assert_int_equal(rc, 0);
}

/* What the command started is killed with it. */
static void test_timeout_kills_the_group(void **state)
{
    struct queue_harness *h = *state;
    char path[] = "/tmp/muster-test-XXXXXX", command[128];
    int fd = mkstemp(path);
    snprintf(command, sizeof(command), "sleep 60 & echo $! >%s; wait", path);
    assert_int_equal(run(h, command, "yes", "1s"), MUSTER_E_UNKNOWN);
    char text[32] = { 0 };
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    unlink(path);
    int pid = (int)strtol(text, NULL, 10);
    /* Killed, though perhaps not waited for yet by whoever inherits it. */
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
        char stat_path[64], stat_text[256] = { 0 };
        snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", pid);
        FILE *stat_file = fopen(stat_path, "re");
        if (!stat_file)
            return;
        bool read_it = fgets(stat_text, sizeof(stat_text), stat_file) != NULL;
        fclose(stat_file);
        if (!read_it || strstr(stat_text, ") Z "))
            return;
        usleep(20000);
    }
    assert_int_equal(kill(pid, 0), -1);
}

static void test_close_in_flight(void **state)
{
    struct queue_harness *h = *state;
    assert_true(queue_harness_open(h, &queue_exec, QUEUE_SETTINGS("command", "sleep 60")));
    queue_harness_start(h);
    uv_run(&h->loop, UV_RUN_NOWAIT);
    queue_harness_close(h);
    int64_t before = clock_system.boot_ns(NULL);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_int_equal(h->answers, 0);
    assert_true(clock_system.boot_ns(NULL) - before < 10 * NS_PER_S);
}

static void test_close_in_callback(void **state)
{
    static const char *const commands[] = { "echo 1", "false", "/no/such/program", "sleep 9" };
    struct queue_harness *h = *state;
    for (size_t i = 0; i < 4; i++) {
        h->close_in_callback = true;
        assert_int_equal(run(h, commands[i], "no", i == 3 ? "100ms" : "10s") == 0, i == 0);
        assert_null(h->queue);
    }
}

static void test_check(void **state)
{
    struct queue_harness *h = *state;
    assert_false(queue_harness_open(h, &queue_exec, QUEUE_SETTINGS("command", "a | b")));
    assert_string_equal(
        h->err.text, "command: '|' means something to a shell only: say shell: yes, or quote it");
    queue_harness_close(h);
    assert_false(queue_harness_open(h, &queue_exec, QUEUE_SETTINGS("command", "")));
    queue_harness_close(h);
    assert_true(
        queue_harness_open(h, &queue_exec, QUEUE_SETTINGS("command", "a | b", "shell", "yes")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good_commands),           TEST(test_bad_commands),
        TEST(test_much_on_stderr),          TEST(test_environment),
        TEST(test_timeout_kills_the_group), TEST(test_close_in_flight),
        TEST(test_close_in_callback),       TEST(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
