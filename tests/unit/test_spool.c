/* The spool source, on real directories. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/spool_scan.h"
#include "tests/unit/queue_harness.h"

#include <cmocka.h>

struct fixture {
    struct queue_harness h;
    char dir[32];
};

static const char *in(const struct fixture *f, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return path;
}

static void make_file(const struct fixture *f, const char *name)
{
    int fd = open(in(f, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void make_dir(const struct fixture *f, const char *name)
{
    assert_int_equal(mkdir(in(f, name), 0700), 0);
}

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/muster-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    queue_harness_init(&f->h);
    make_dir(f, "waiting");
    make_dir(f, "running");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    queue_harness_release(&f->h);
    snprintf(command, sizeof(command), "chmod -R u+rwx %s 2>/dev/null; rm -rf %s", f->dir, f->dir);
    int rc = system(command);
    free(f);
    return rc;
}

static int scan(struct fixture *f)
{
    if (!f->h.queue)
        assert_true(queue_harness_open(&f->h, &queue_spool, QUEUE_SETTINGS("dir", f->dir)));
    return queue_harness_poll(&f->h);
}

static void check_counts(struct fixture *f, double waiting, double running, double completed)
{
    if (scan(f) != 0)
        fail_msg("%s", f->h.err.text);
    assert_float_equal(f->h.sample.waiting, waiting, 0);
    assert_true(f->h.sample.has_running);
    assert_float_equal(f->h.sample.running, running, 0);
    assert_int_equal(f->h.sample.has_completed, completed >= 0);
    if (completed >= 0)
        assert_float_equal(f->h.sample.completed, completed, 0);
}

static void test_counts(void **state)
{
    struct fixture *f = *state;
    check_counts(f, 0, 0, -1);
    assert_false(f->h.sample.has_oldest);
    make_file(f, "waiting/a");
    make_file(f, "waiting/b");
    make_file(f, "running/c");
    make_dir(f, "running/node-1");
    make_dir(f, "running/node-2");
    make_file(f, "running/node-1/d");
    make_file(f, "running/node-1/e");
    make_dir(f, "done");
    make_file(f, "done/x");
    check_counts(f, 2, 3, 1);
    assert_true(f->h.sample.has_oldest);
}

static void test_what_is_not_a_job(void **state)
{
    struct fixture *f = *state;
    make_file(f, "waiting/.tmp-a");
    make_file(f, "running/.x");
    make_dir(f, "waiting/directory");
    make_file(f, "waiting/directory/inside");
    make_dir(f, "running/node");
    make_dir(f, "running/node/deeper");
    make_file(f, "running/node/deeper/x");
    make_dir(f, "elsewhere");
    make_file(f, "elsewhere/1");
    assert_int_equal(symlink("../elsewhere", in(f, "running/linked")), 0);
    assert_int_equal(symlink("../elsewhere/1", in(f, "waiting/linked")), 0);
    assert_int_equal(symlink("nowhere", in(f, "waiting/dangling")), 0);
    assert_int_equal(mkfifo(in(f, "waiting/fifo"), 0600), 0);
    check_counts(f, 0, 0, -1);
    assert_false(f->h.sample.has_oldest);
}

static void test_oldest(void **state)
{
    struct fixture *f = *state;
    f->h.wall_ns = INT64_C(1700000000) * NS_PER_S;
    make_file(f, "waiting/a");
    make_file(f, "waiting/b");
    make_file(f, "running/c");
    const struct timespec then[2] = { { .tv_sec = 1700000000 - 90 },
                                      { .tv_sec = 1700000000 - 90 } };
    const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    const struct timespec future[2] = { { .tv_sec = 1800000000 }, { .tv_sec = 1800000000 } };
    utimensat(AT_FDCWD, in(f, "waiting/a"), then, 0);
    utimensat(AT_FDCWD, in(f, "waiting/b"), future, 0);
    utimensat(AT_FDCWD, in(f, "running/c"), long_ago, 0);
    check_counts(f, 2, 1, -1);
    assert_true(f->h.sample.has_oldest);
    assert_float_equal(f->h.sample.oldest_s, 90, 1e-6);
    unlink(in(f, "waiting/a"));
    check_counts(f, 1, 1, -1);
    assert_float_equal(f->h.sample.oldest_s, 0, 0);
}

/* A directory that is not there is never an empty queue. */
static void test_missing(void **state)
{
    struct fixture *f = *state;
    rmdir(in(f, "running"));
    assert_int_equal(scan(f), MUSTER_E_CONFIG);
    assert_non_null(strstr(f->h.err.text, "there is no directory running in it: mkdir it"));
    make_dir(f, "running");
    check_counts(f, 0, 0, -1);
    rmdir(in(f, "waiting"));
    assert_int_equal(scan(f), MUSTER_E_CONFIG);
    rmdir(in(f, "running"));
    rmdir(f->dir);
    assert_int_equal(scan(f), MUSTER_E_CONFIG);
    assert_non_null(strstr(f->h.err.text, "there is no such directory"));
}

static void test_not_a_directory(void **state)
{
    struct fixture *f = *state;
    rmdir(in(f, "waiting"));
    make_file(f, "waiting");
    assert_int_equal(scan(f), MUSTER_E_IO);
    assert_non_null(strstr(f->h.err.text, "Not a directory"));
}

static void test_no_permission(void **state)
{
    struct fixture *f = *state;
    if (getuid() == 0) {
        print_message("root may read everything\n");
        skip();
    }
    make_dir(f, "running/node");
    chmod(in(f, "running/node"), 0);
    assert_int_equal(scan(f), MUSTER_E_IO);
}

static void test_other_names(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "in");
    make_dir(f, "work");
    make_file(f, "in/a");
    make_file(f, "work/b");
    assert_true(queue_harness_open(
        &f->h, &queue_spool,
        QUEUE_SETTINGS("dir", f->dir, "waiting", "in", "running", "work", "done", "in")));
    check_counts(f, 1, 1, 1);
}

static void test_close_in_flight(void **state)
{
    struct fixture *f = *state;
    assert_true(queue_harness_open(&f->h, &queue_spool, QUEUE_SETTINGS("dir", f->dir)));
    queue_harness_start(&f->h);
    queue_harness_close(&f->h);
    uv_run(&f->h.loop, UV_RUN_DEFAULT);
    assert_int_equal(f->h.answers, 0);
}

static void test_close_in_callback(void **state)
{
    struct fixture *f = *state;
    f->h.close_in_callback = true;
    assert_int_equal(scan(f), 0);
    assert_null(f->h.queue);
}

/* Jobs that move while they are counted are never missed. */
static void test_moving_jobs(void **state)
{
    struct fixture *f = *state;
    char from[64], to[64];
    for (int i = 0; i < 20; i++) {
        snprintf(from, sizeof(from), "waiting/%d", i);
        make_file(f, from);
    }
    for (int i = 0; i < 20; i++) {
        assert_true(queue_harness_open(&f->h, &queue_spool, QUEUE_SETTINGS("dir", f->dir)));
        queue_harness_start(&f->h);
        snprintf(from, sizeof(from), "%s/waiting/%d", f->dir, i);
        snprintf(to, sizeof(to), "%s/running/%d", f->dir, i);
        assert_int_equal(rename(from, to), 0);
        while (!f->h.answers)
            uv_run(&f->h.loop, UV_RUN_DEFAULT);
        assert_true(f->h.sample.waiting + f->h.sample.running >= 20);
        queue_harness_close(&f->h);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts),      TEST(test_what_is_not_a_job), TEST(test_oldest),
        TEST(test_missing),     TEST(test_not_a_directory),   TEST(test_no_permission),
        TEST(test_other_names), TEST(test_close_in_flight),   TEST(test_close_in_callback),
        TEST(test_moving_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
