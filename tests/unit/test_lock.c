#include "store/lock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64], path[96], lock[112];
};

static int make_place(void **state)
{
    static struct place p;
    snprintf(p.folder, sizeof(p.folder), "/tmp/muster-XXXXXX");
    if (!mkdtemp(p.folder))
        return -1;
    snprintf(p.path, sizeof(p.path), "%s/muster.db", p.folder);
    snprintf(p.lock, sizeof(p.lock), "%s.lock", p.path);
    *state = &p;
    return 0;
}

static int remove_place(void **state)
{
    const struct place *p = *state;
    unlink(p->lock);
    return rmdir(p->folder);
}

static void second_one_is_told_the_pid_of_the_first(void **state)
{
    const struct place *p = *state;
    struct error err;
    char pid[32];
    int first = -1, second = -1;
    assert_int_equal(lock_take(p->path, &first, NULL), 0);
    assert_int_equal(lock_take(p->path, &second, &err), MUSTER_E_CONFIG);
    assert_int_equal(second, -1);
    snprintf(pid, sizeof(pid), "process %d uses", (int)getpid());
    assert_non_null(strstr(err.text, pid));
    close(first);
    assert_int_equal(lock_take(p->path, &second, &err), 0);
    close(second);
}

/* Whoever holds the lock may have been killed: its pid in the file binds nobody. */
static void dead_holder_holds_nothing(void **state)
{
    const struct place *p = *state;
    int fd = -1;
    pid_t child = fork();
    if (child == 0) {
        int rc = lock_take(p->path, &fd, NULL);
        raise(rc == 0 ? SIGKILL : SIGTERM);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(lock_take(p->path, &fd, NULL), 0);
    close(fd);
}

/* Node processes outlive their musterd; the lock must not live on in them. */
static void programs_do_not_inherit_it(void **state)
{
    const struct place *p = *state;
    int fd = -1;
    assert_int_equal(lock_take(p->path, &fd, NULL), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
}

static void holder_without_a_pid(void **state)
{
    const struct place *p = *state;
    struct error err;
    int fd = -1, other = -1;
    assert_int_equal(lock_take(p->path, &fd, NULL), 0);
    assert_int_equal(truncate(p->lock, 0), 0);
    assert_int_equal(lock_take(p->path, &other, &err), MUSTER_E_CONFIG);
    assert_non_null(strstr(err.text, "another musterd uses this state"));
    close(fd);
}

/* A link somebody put there must not make us write into another file. */
static void links_are_not_followed(void **state)
{
    const struct place *p = *state;
    struct error err;
    int fd = -1;
    assert_int_equal(symlink("elsewhere", p->lock), 0);
    assert_int_equal(lock_take(p->path, &fd, &err), MUSTER_E_IO);
    assert_int_equal(fd, -1);
}

int main(void)
{
#define place_test(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        place_test(second_one_is_told_the_pid_of_the_first),
        place_test(dead_holder_holds_nothing),
        place_test(programs_do_not_inherit_it),
        place_test(holder_without_a_pid),
        place_test(links_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
