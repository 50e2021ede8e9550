#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

#include <cmocka.h>

static void test_parse(void **state)
{
    static const struct {
        const char *name, *text;
        int rc;
        pid_t pid, parent, group, session;
        char process_state;
        uint64_t start;
    } cases[] = {
        { "as the kernel has it",
          "812 (cat) R 800 812 799 34816 812 4194304 100 0 0 0 1 2 0 0 20 0 1 0 123456789012 5 6",
          0, 812, 800, 812, 799, 'R', UINT64_C(123456789012) },
        { "a name with brackets and spaces",
          "812 (a) S 9 (b) Z 800 812 799 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 42 5", 0, 812, 800,
          812, 799, 'Z', 42 },
        { "empty", "", MUSTER_E_INVALID, 0, 0, 0, 0, 0, 0 },
        { "no name", "812 S 1 2 3", MUSTER_E_INVALID, 0, 0, 0, 0, 0, 0 },
        { "cut short", "812 (cat) R 800 812", MUSTER_E_INVALID, 0, 0, 0, 0, 0, 0 },
        { "ends after the name", "812 (cat)", MUSTER_E_INVALID, 0, 0, 0, 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct process p = { .pid = -7 };
        int rc = process_parse(str_from(cases[i].text), &p, NULL);
        if (rc != cases[i].rc)
            fail_msg("%s: %d", cases[i].name, rc);
        if (rc < 0) {
            assert_int_equal(p.pid, -7);
            continue;
        }
        assert_int_equal(p.pid, cases[i].pid);
        assert_int_equal(p.parent, cases[i].parent);
        assert_int_equal(p.group, cases[i].group);
        assert_int_equal(p.session, cases[i].session);
        assert_int_equal(p.state, cases[i].process_state);
        assert_int_equal(p.start, cases[i].start);
    }
}

static pid_t start_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void test_signal_goes_to_that_process_only(void **state)
{
    pid_t pid = start_child();
    struct process p;
    int status;
    (void)state;
    assert_int_equal(process_read(pid, &p, NULL), 0);
    assert_int_equal(p.parent, getpid());
    assert_true(process_alive(pid, p.start));
    /* Another start time: the pid has been used again. */
    assert_false(process_alive(pid, p.start + 1));
    assert_int_equal(process_signal(pid, p.start + 1, SIGKILL, NULL), MUSTER_E_NOTFOUND);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(process_signal(pid, p.start, SIGKILL, NULL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    /* A zombie is no process that anybody could mean. */
    assert_false(process_alive(pid, p.start));
    assert_int_equal(process_signal(pid, p.start, SIGKILL, NULL), MUSTER_E_NOTFOUND);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(process_read(pid, &p, NULL), MUSTER_E_NOTFOUND);
    assert_int_equal(process_signal(pid, p.start, SIGKILL, NULL), MUSTER_E_NOTFOUND);
    assert_int_equal(process_signal(0, 0, SIGKILL, NULL), MUSTER_E_INVALID);
    assert_int_equal(process_signal(-1, 0, SIGKILL, NULL), MUSTER_E_INVALID);
}

struct seen {
    int all;
    bool us, first;
};

static bool look(void *ctx, const struct process *p)
{
    struct seen *seen = ctx;
    seen->all++;
    seen->us = seen->us || p->pid == getpid();
    seen->first = seen->first || p->pid == 1;
    return true;
}

static bool stop_at_once(void *ctx, const struct process *p)
{
    (void)p;
    ++*(int *)ctx;
    return false;
}

static void test_each(void **state)
{
    struct seen seen = { 0 };
    int once = 0;
    (void)state;
    assert_int_equal(process_each(look, &seen, NULL), 0);
    assert_true(seen.us && seen.all > 1);
    assert_int_equal(process_each(stop_at_once, &once, NULL), 0);
    assert_int_equal(once, 1);
}

static void test_signal_words(void **state)
{
    (void)state;
    for (int i = 0; process_signal_words[i]; i++)
        assert_string_equal(sigabbrev_np(process_signal_number(i)), process_signal_words[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_signal_goes_to_that_process_only),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_signal_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
