/* Busy slots told by files, and by a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "base/clock.h"
#include "control/node.h"
#include "runtime/busy_command.h"
#include "runtime/busy_dir.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

struct fixture {
    struct scratch scratch;
    uv_loop_t loop;
    struct clock clock;
    int64_t now_ns;
    uv_timer_t alive; /* watching a folder alone keeps no loop going */
    struct busy_dir *dir;
    struct busy_report seen;
    int answers;
};

static int64_t boot_ns(void *ctx)
{
    return ((struct fixture *)ctx)->now_ns;
}

static void tick(uv_timer_t *timer)
{
    (void)timer;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->scratch);
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->alive);
    uv_timer_start(&f->alive, tick, 100000, 0);
    f->now_ns = 1000 * NS_PER_S;
    f->clock = (struct clock){ boot_ns, boot_ns, f };
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    busy_dir_free(f->dir);
    uv_close((uv_handle_t *)&f->alive, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

static void watch(struct fixture *f)
{
    assert_int_equal(busy_dir_new(&f->loop, &f->clock, f->scratch.dir, &f->dir, NULL), 0);
}

/* Lets the loop read the events there are, then looks. */
static void look(struct fixture *f)
{
    for (int i = 0; i < 3; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    busy_dir_look(f->dir, &f->seen);
}

static void drop(struct fixture *f, const char *name)
{
    assert_int_equal(unlink(scratch_path(&f->scratch, name)), 0);
}

static void test_unknown_until_used(void **state)
{
    struct fixture *f = *state;
    watch(f);
    look(f);
    assert_int_equal(f->seen.busy, BUSY_UNKNOWN);
    assert_int_equal(f->seen.idle_ns, -1);
    scratch_write(&f->scratch, ".hidden", "");
    look(f);
    assert_int_equal(f->seen.busy, BUSY_UNKNOWN);
    scratch_write(&f->scratch, ".used", "");
    f->now_ns += 3 * NS_PER_S;
    look(f);
    assert_int_equal(f->seen.busy, 0);
    assert_int_equal(f->seen.idle_ns, 3 * NS_PER_S);
}

static void test_jobs_are_counted_and_timed(void **state)
{
    struct fixture *f = *state;
    watch(f);
    scratch_write(&f->scratch, "a", "");
    look(f);
    assert_int_equal(f->seen.busy, 1);
    assert_int_equal(f->seen.idle_ns, 0);
    f->now_ns += 2 * NS_PER_S;
    scratch_write(&f->scratch, "b", "some words");
    look(f);
    assert_int_equal(f->seen.busy, 2);
    f->now_ns += 2 * NS_PER_S;
    drop(f, "a");
    look(f);
    assert_int_equal(f->seen.busy, 1);
    assert_int_equal(f->seen.served, 1);
    assert_int_equal(f->seen.served_ns, 4 * NS_PER_S);
    f->now_ns += 1 * NS_PER_S;
    /* Moving it away ends a job, too. */
    char to[300];
    snprintf(to, sizeof(to), "%s/../muster-test-moved-%d", f->scratch.dir, (int)getpid());
    assert_int_equal(rename(scratch_path(&f->scratch, "b"), to), 0);
    unlink(to);
    look(f);
    assert_int_equal(f->seen.busy, 0);
    assert_int_equal(f->seen.served, 2);
    assert_int_equal(f->seen.served_ns, 7 * NS_PER_S);
    f->now_ns += 9 * NS_PER_S;
    look(f);
    assert_int_equal(f->seen.idle_ns, 9 * NS_PER_S);
}

static void test_short_jobs_are_not_missed(void **state)
{
    struct fixture *f = *state;
    watch(f);
    for (int i = 0; i < 20; i++) {
        scratch_write(&f->scratch, "job", "");
        drop(f, "job");
    }
    look(f);
    assert_int_equal(f->seen.busy, 0);
    assert_int_equal(f->seen.served, 20);
}

static void test_file_of_a_dead_process(void **state)
{
    struct fixture *f = *state;
    char text[32];
    watch(f);
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    snprintf(text, sizeof(text), "%d\n", (int)pid);
    scratch_write(&f->scratch, "job", text);
    scratch_write(&f->scratch, "other", "12 monkeys");
    look(f);
    assert_int_equal(f->seen.busy, 2);
    kill(pid, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    look(f);
    assert_int_equal(f->seen.busy, 1); /* a zombie works no more */
    waitpid(pid, NULL, 0);
    look(f);
    assert_int_equal(f->seen.busy, 1);
}

static void test_marks_of_an_earlier_life(void **state)
{
    struct fixture *f = *state;
    char text[32];
    snprintf(text, sizeof(text), "%d", (int)getpid());
    scratch_write(&f->scratch, "old", "");
    scratch_write(&f->scratch, ".used", "");
    scratch_write(&f->scratch, "running", text);
    watch(f);
    look(f);
    assert_int_equal(f->seen.busy, 1);
    assert_int_equal(access(scratch_path(&f->scratch, "old"), F_OK), -1);
}

static void test_no_folder(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct busy_dir *dir = NULL;
    assert_int_equal(busy_dir_new(&f->loop, &f->clock, "/nowhere", &dir, &err), MUSTER_E_IO);
    assert_null(dir);
    assert_non_null(strstr(err.text, "/nowhere"));
    /* A folder that vanishes: unknown, not idle. */
    scratch_write(&f->scratch, "a", "");
    watch(f);
    look(f);
    scratch_drop(&f->scratch);
    look(f);
    assert_int_equal(f->seen.busy, BUSY_UNKNOWN);
}

/* ---- by a command ---- */

static void answered(void *ctx)
{
    ((struct fixture *)ctx)->answers++;
}

static int64_t ask(struct fixture *f, const char *text)
{
    struct busy_command *command = NULL;
    struct busy_report seen;
    int status, before = f->answers;
    assert_int_equal(busy_command_new(&f->loop, &f->clock, text, environ, &command, NULL), 0);
    busy_command_look(command, &seen);
    assert_int_equal(seen.busy, BUSY_UNKNOWN);
    busy_command_run(command, answered, f);
    busy_command_run(command, answered, f); /* one at a time */
    assert_int_equal(f->answers, before);
    pid_t pid = waitpid(-1, &status, 0);
    assert_false(busy_command_reaped(command, pid + 1, status));
    assert_true(busy_command_reaped(command, pid, status));
    assert_int_equal(f->answers, before + 1);
    busy_command_look(command, &seen);
    busy_command_free(command);
    return seen.busy;
}

static void test_command(void **state)
{
    static const struct {
        const char *command;
        int64_t busy;
    } cases[] = {
        { "echo 3", 3 },
        { "echo; echo '  0 '", 0 },
        { "printf 7", 7 },
        { "echo -1", BUSY_UNKNOWN },
        { "echo many", BUSY_UNKNOWN },
        { "echo 3 of 4", BUSY_UNKNOWN },
        { "true", BUSY_UNKNOWN },
        { "echo 3; exit 1", BUSY_UNKNOWN },
        { "echo 3; kill -9 $$", BUSY_UNKNOWN },
        { "echo 99999999999999999999", BUSY_UNKNOWN },
        { "seq 1000", BUSY_UNKNOWN },
        { "no-such-program-here 2>/dev/null", BUSY_UNKNOWN },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t busy = ask(f, cases[i].command);
        if (busy != cases[i].busy)
            fail_msg("%s: %lld", cases[i].command, (long long)busy);
    }
    assert_false(busy_command_reaped(NULL, 1, 0));
    busy_command_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_until_used),
        TEST(test_jobs_are_counted_and_timed),
        TEST(test_short_jobs_are_not_missed),
        TEST(test_file_of_a_dead_process),
        TEST(test_marks_of_an_earlier_life),
        TEST(test_no_folder),
        TEST(test_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
