/* The disk is full, or its limit is reached: nothing is acknowledged, nothing is forgotten, and all
 * goes on once there is room again. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store_help.h"

/* Files of this process may not grow beyond what they are now. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void write_until_refused(struct bench *b, uint64_t first)
{
    for (uint64_t n = first; n < first + 2000 && b->refused == 0; n++) {
        bench_write(b, n);
        bench_run(b);
    }
    assert_true(b->refused > 0);
}

static void limit_is_reached_and_lifted(void **state)
{
    struct bench *b = *state;
    struct store_health health;
    struct sample sample = make_sample(1);
    struct store_recovered r = { 0 };
    signal(SIGXFSZ, SIG_IGN);
    limit_files(200 << 10);
    write_until_refused(b, 1);
    int acked = b->acked;
    assert_true(acked > 5);
    assert_int_equal(b->last_error.code, MUSTER_E_IO);
    assert_non_null(strstr(b->last_error.text, "nothing is bought or returned"));
    store_health(b->store, &health);
    assert_false(health.writable);
    assert_int_equal(health.failures, 1);
    assert_non_null(strstr(health.problem, "muster.db"));

    /* A pause, an end and a readiness wait; history does not. (A smaller write might
     * still find room: no longer.) */
    limit_files(4096);
    store_paused(b->store, "render", true, "alice");
    bench_end(b, 1, INTENT_DONE);
    store_served(b->store, 2, NULL, NULL, NULL);
    store_sample(b->store, "render", NOON_NS, &sample);
    bench_run(b);
    store_health(b->store, &health);
    assert_int_equal(health.pending, 3);
    assert_int_equal(health.dropped, 1);
    bench_write(b, 5000);
    bench_run(b);
    assert_int_equal(b->acked, acked);
    assert_int_equal(b->refused, 2);

    limit_files(RLIM_INFINITY);
    bench_write(b, 5001);
    bench_run(b);
    assert_int_equal(b->acked, acked + 1);
    store_health(b->store, &health);
    assert_true(health.writable);
    assert_string_equal(health.problem, "");
    assert_int_equal(health.pending, 0);

    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.open_len, acked + 1);
    assert_int_equal(r.paused_len, 1);
    assert_int_equal(r.open[0].state, INTENT_DONE);
    assert_true(r.open[1].served);
    assert_true(r.last_number == 5001);
    store_recovered_release(&r);
}

/* Kept entries alone must not make the writer try again and again. */
static void waiting_entries_do_not_spin(void **state)
{
    struct bench *b = *state;
    struct store_health health;
    signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    store_paused(b->store, "render", true, "alice");
    bench_run(b); /* returns: nothing is left to run */
    store_health(b->store, &health);
    assert_int_equal(health.failures, 1);
    assert_int_equal(health.pending, 1);
    limit_files(RLIM_INFINITY);
    bench_close(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM paused"), 1);
}

static int no_room(struct bench *b)
{
    char name[96];
    snprintf(name, sizeof(name), "%s/filler", b->folder);
    FILE *filler = fopen(name, "w");
    while (filler && fputc('x', filler) != EOF)
        continue;
    return filler ? fclose(filler) : -1;
}

/* In a child of its own, which alone sees the small file system. Exit status 77: cannot be mounted. */
static int on_a_small_disk(struct bench *b)
{
    char name[96];
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", b->folder, "tmpfs", 0, "size=512k") < 0)
        return 77;
    if (bench_open(b, &b->last_error) < 0)
        return 1;
    bench_write(b, 1);
    bench_run(b);
    no_room(b);
    write_until_refused(b, 2);
    if (!strstr(b->last_error.text, "the disk is full") || b->refused != 1)
        return 2;
    int acked = b->acked;
    snprintf(name, sizeof(name), "%s/filler", b->folder);
    unlink(name);
    bench_write(b, 9000);
    bench_run(b);
    if (b->acked != acked + 1)
        return 3;
    bench_close(b);
    return bench_ask(b, "SELECT count(*) FROM intents") == acked + 1 ? 0 : 4;
}

static void full_disk(void **state)
{
    struct bench *b = *state;
    int status;
    bench_close(b);
    bench_remove_files(b);
    pid_t child = fork();
    if (child == 0)
        _exit(on_a_small_disk(b));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77) {
        print_message("a small file system cannot be mounted here (not root)\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(full_disk),
        bench_test(limit_is_reached_and_lifted),
        bench_test(waiting_entries_do_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
