/* Starting programs, and the worker's copies: how they start, end, and what they leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/agent_log.h"
#include "runtime/agent_worker.h"
#include "runtime/spawn.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

static int spawn(char *const *argv, const char *directory, pid_t *pid, struct error *err)
{
    struct spawn_request request = { .argv = argv,
                                     .environment = environ,
                                     .directory = directory,
                                     .output = -1,
                                     .death_signal = SIGTERM };
    return spawn_process(&request, pid, err);
}

static void test_spawn(void **state)
{
    char sh[] = "/bin/sh", c[] = "-c";
    /* Its own group, our session, no signal ignored or blocked, nothing to read. */
    char text[] = "read x && exit 1; set -- $(cat /proc/$$/stat); [ $5 = $1 ] || exit 2;"
                  "grep -q 'SigIgn:.*0000000$' /proc/self/status || exit 3;"
                  "grep -q 'SigBlk:.*0000000000000000' /proc/self/status || exit 4;"
                  "[ $(pwd) = /proc ] || exit 5; exit 42";
    char *const argv[] = { sh, c, text, NULL };
    pid_t pid;
    int status;
    sigset_t blocked;
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    assert_int_equal(spawn(argv, "/proc", &pid, NULL), 0);
    sigset_t after;
    sigprocmask(SIG_UNBLOCK, &blocked, &after);
    assert_true(sigismember(&after, SIGUSR1));
    assert_false(sigismember(&after, SIGTERM));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_spawn_failures(void **state)
{
    char program[] = "/nowhere/program", folder[] = "/", found[] = "true";
    char *const missing[] = { program, NULL };
    char *const no_program[] = { folder, NULL };
    char *const on_path[] = { found, NULL };
    struct error err = { 0 };
    pid_t pid = -7;
    (void)state;
    assert_int_equal(spawn(missing, "", &pid, &err), MUSTER_E_CONFIG);
    assert_string_equal(err.text, "cannot start /nowhere/program: No such file or directory");
    assert_int_equal(spawn(no_program, "", &pid, &err), MUSTER_E_CONFIG);
    assert_int_equal(spawn(on_path, "/nowhere", &pid, &err), MUSTER_E_CONFIG);
    assert_string_equal(err.text,
                        "cannot change to the directory /nowhere: No such file or directory");
    assert_int_equal(pid, -7);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie of the attempts */
    assert_int_equal(spawn(on_path, "", &pid, &err), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

struct fixture {
    struct scratch scratch;
    struct agent_options options;
    struct agent_worker *worker;
    char *command[4];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->scratch);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    while (waitpid(-1, NULL, WNOHANG) != -1)
        agent_worker_sweep(SIGKILL);
    agent_worker_free(f->worker);
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

static int start(struct fixture *f, const char *text, int64_t copies, struct error *err)
{
    static char sh[] = "/bin/sh", c[] = "-c";
    f->command[0] = sh;
    f->command[1] = c;
    f->command[2] = (char *)(uintptr_t)text;
    f->options = (struct agent_options){ .copies = copies,
                                         .directory = f->scratch.dir,
                                         .command = f->command };
    assert_int_equal(agent_worker_new(&f->options, environ, &f->worker, NULL), 0);
    return agent_worker_start(f->worker, err);
}

static void reap(struct fixture *f)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        agent_worker_reaped(f->worker, pid, status);
}

/* Reaps until so many copies run, as the agent's loop does. */
static void wait_running(struct fixture *f, size_t running)
{
    for (int i = 0; i < 500 && agent_worker_running(f->worker) != running; i++) {
        reap(f);
        usleep(10000);
    }
    assert_int_equal(agent_worker_running(f->worker), running);
}

static void wait_file(struct fixture *f, const char *name)
{
    for (int i = 0; i < 500 && access(scratch_path(&f->scratch, name), F_OK) != 0; i++)
        usleep(10000);
    assert_int_equal(access(scratch_path(&f->scratch, name), F_OK), 0);
}

static void test_copies_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        start(f, "[ $MUSTER_COPY = 0 ] && exit 7; sleep 1000 & touch up; wait; :", 2, NULL), 0);
    wait_file(f, "up");
    wait_running(f, 1);
    assert_true(agent_worker_lost_one(f->worker));
    assert_int_equal(agent_worker_status(f->worker), 7);
    agent_worker_drain(f->worker);
    usleep(100000);
    reap(f);
    assert_int_equal(agent_worker_running(f->worker), 1); /* sh died of it, its sleep goes on */
    agent_worker_drain(f->worker);
    wait_running(f, 0);
    assert_int_equal(agent_worker_status(f->worker), 7); /* the first */
}

static void test_drain_goes_to_the_main_process_once(void **state)
{
    struct fixture *f = *state;
    /* A warm shutdown: the main process counts signals; its child must not see any. */
    assert_int_equal(start(f,
                           "trap 'echo x >> told' TERM; sh -c 'trap \"touch child\" TERM; touch up;"
                           "while [ ! -e stop ]; do sleep 0.01; done' & "
                           "while [ ! -e stop ]; do sleep 0.01; done; wait",
                           1, NULL),
                     0);
    wait_file(f, "up");
    agent_worker_drain(f->worker);
    agent_worker_drain(f->worker);
    wait_file(f, "told");
    agent_worker_drain(f->worker);
    usleep(50000);
    assert_int_equal(access(scratch_path(&f->scratch, "child"), F_OK), -1);
    assert_int_equal(agent_worker_running(f->worker), 1);
    scratch_write(&f->scratch, "stop", "");
    wait_running(f, 0);
    FILE *told = fopen(scratch_path(&f->scratch, "told"), "re");
    char line[8];
    assert_non_null(fgets(line, sizeof(line), told));
    assert_null(fgets(line, sizeof(line), told));
    fclose(told);
}

static void test_start_failure(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    char program[] = "/nowhere/w";
    f->command[0] = program;
    f->options =
        (struct agent_options){ .copies = 2, .directory = f->scratch.dir, .command = f->command };
    assert_int_equal(agent_worker_new(&f->options, environ, &f->worker, NULL), 0);
    assert_int_equal(agent_worker_start(f->worker, &err), MUSTER_E_CONFIG);
    assert_int_equal(agent_worker_running(f->worker), 0);
    assert_int_equal(agent_worker_status(f->worker), 0);
}

static void test_sweep_finds_all_descendants(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        start(f,
              "setsid sh -c 'sh -c \"trap : TERM; touch deep; while :; do sleep 0.01; done\" & "
              "touch daemon; sleep 1000' & until [ -e deep ]; do sleep 0.01; done",
              1, NULL),
        0);
    wait_file(f, "deep");
    wait_running(f, 0);
    for (int i = 0; i < 500; i++) {
        agent_worker_sweep(SIGKILL);
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0)
            break;
        usleep(10000);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_log_is_bounded(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/log", f->scratch.dir);
    scratch_write(&f->scratch, "log", "12345678");
    agent_log_bound(path, 8);
    assert_int_equal(access(scratch_path(&f->scratch, "log.1"), F_OK), -1);
    agent_log_bound(path, 7);
    FILE *kept = fopen(scratch_path(&f->scratch, "log.1"), "re");
    char text[16];
    assert_non_null(kept);
    assert_non_null(fgets(text, sizeof(text), kept));
    assert_string_equal(text, "12345678");
    fclose(kept);
    FILE *log = fopen(path, "re");
    assert_null(fgets(text, sizeof(text), log));
    fclose(log);
    agent_log_bound("/nowhere/log", 1);
    struct error err = { 0 };
    assert_int_equal(agent_log_open("/nowhere/log", &err), MUSTER_E_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spawn), cmocka_unit_test(test_spawn_failures),
        TEST(test_copies_end),        TEST(test_drain_goes_to_the_main_process_once),
        TEST(test_start_failure),     TEST(test_sweep_finds_all_descendants),
        TEST(test_log_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
