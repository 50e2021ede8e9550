/* A local node's folder: who may start it, who is alive, what is listed, what is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "providers/local/node_list.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

struct fixture {
    struct scratch scratch;
    char root[80], dir[160];
    struct local_node node;
};

static void name_node(struct fixture *f, const char *token)
{
    f->node = (struct local_node){ .pool = "p", .offer = "local/1", .controller = "c", .slots = 2 };
    snprintf(f->node.token, sizeof(f->node.token), "%s", token);
    local_node_id(token, f->node.id);
    snprintf(f->dir, sizeof(f->dir), "%s/%s", f->root, f->node.id);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->scratch);
    snprintf(f->root, sizeof(f->root), "%s/local", f->scratch.dir);
    name_node(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

static enum local_claim claim(struct fixture *f, int *lock)
{
    enum local_claim result;
    struct error err = { 0 };
    *lock = -1;
    int rc = node_dir_claim(f->root, f->dir, &f->node, &result, lock, &err);
    if (rc < 0)
        fail_msg("claim: %s", err.text);
    return result;
}

static bool alive(struct fixture *f)
{
    bool result = false;
    assert_int_equal(node_dir_alive(f->dir, &result, NULL), 0);
    return result;
}

static void test_claimed_once(void **state)
{
    struct fixture *f = *state;
    struct local_node there;
    int first, second;
    assert_int_equal(claim(f, &first), LOCAL_CLAIMED);
    assert_true(first >= 0);
    assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
    assert_true(alive(f));
    assert_int_equal(claim(f, &second), LOCAL_RUNNING);
    assert_int_equal(second, -1);
    assert_int_equal(local_node_read(f->dir, &there, NULL), 0);
    assert_memory_equal(&there, &f->node, sizeof(there));
    close(first);
    assert_false(alive(f));
}

static void test_claimer_died_before_the_agent_ran(void **state)
{
    struct fixture *f = *state;
    int lock;
    claim(f, &lock);
    close(lock);
    assert_int_equal(claim(f, &lock), LOCAL_CLAIMED);
    close(lock);
}

static void test_not_started_a_second_time(void **state)
{
    struct fixture *f = *state;
    int lock;
    struct local_agent agent;
    claim(f, &lock);
    assert_int_equal(node_dir_read_agent(f->dir, &agent, NULL), MUSTER_E_NOTFOUND);
    assert_int_equal(node_dir_write_agent(f->dir, NULL), 0);
    close(lock);
    assert_int_equal(claim(f, &lock), LOCAL_RAN);
    assert_int_equal(lock, -1);
    assert_int_equal(node_dir_read_agent(f->dir, &agent, NULL), 0);
    assert_int_equal(agent.pid, getpid());
    assert_true(process_alive(agent.pid, agent.start));
}

static void test_folder_of_another_launch(void **state)
{
    struct fixture *f = *state;
    int lock = -1;
    enum local_claim result = LOCAL_RAN;
    claim(f, &lock);
    close(lock);
    lock = -1;
    f->node.token[31] = 'b'; /* the same folder name, another token */
    assert_int_equal(node_dir_claim(f->root, f->dir, &f->node, &result, &lock, NULL),
                     MUSTER_E_REFUSED);
    assert_int_equal(lock, -1);
    assert_int_equal(result, LOCAL_RAN);
}

static void test_remove(void **state)
{
    struct fixture *f = *state;
    int lock;
    claim(f, &lock);
    assert_int_equal(node_dir_remove(f->dir, NULL), MUSTER_E_REFUSED);
    assert_int_equal(access(f->dir, F_OK), 0);
    close(lock);
    assert_int_equal(node_dir_remove(f->dir, NULL), 0);
    assert_int_equal(access(f->dir, F_OK), -1);
    assert_int_equal(node_dir_remove(f->dir, NULL), 0);
    bool result;
    assert_int_equal(node_dir_alive(f->dir, &result, NULL), MUSTER_E_NOTFOUND);
}

static void test_lock_by_hand(void **state)
{
    struct fixture *f = *state;
    int lock = -1, again = -1;
    assert_int_equal(node_dir_lock(f->scratch.dir, &lock, NULL), 0);
    assert_int_equal(node_dir_lock(f->scratch.dir, &again, NULL), MUSTER_E_REFUSED);
    close(lock);
    assert_int_equal(node_dir_lock(f->scratch.dir, &again, NULL), 0);
    close(again);
}

/* ---- listing ---- */

static const struct listed_node *find(const struct node_list *list, const char *id)
{
    for (size_t i = 0; i < list->nodes.len; i++) {
        if (strcmp(list->nodes.at[i].id, id) == 0)
            return &list->nodes.at[i];
    }
    return NULL;
}

static void test_listing(void **state)
{
    struct fixture *f = *state;
    struct node_list list = { 0 };
    int starting, running, gone, foreign;
    assert_int_equal(node_list_read(f->root, "c", 0, &list, NULL), 0);
    assert_int_equal(list.nodes.len, 0);

    claim(f, &starting);
    name_node(f, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    f->node.created_boot_ns = 5 * NS_PER_S;
    claim(f, &running);
    node_dir_write_agent(f->dir, NULL);
    name_node(f, "cccccccccccccccccccccccccccccccc");
    claim(f, &gone);
    close(gone);
    name_node(f, "dddddddddddddddddddddddddddddddd");
    snprintf(f->node.controller, sizeof(f->node.controller), "other");
    claim(f, &foreign);
    /* What is no node's folder is never looked at. */
    scratch_write(&f->scratch, "local/README", "x");

    assert_int_equal(node_list_read(f->root, "c", 8 * NS_PER_S, &list, NULL), 0);
    assert_int_equal(list.nodes.len, 3);
    const struct listed_node *node = find(&list, "local-aaaaaaaaaaaa");
    assert_int_equal(node->state, LISTED_PENDING);
    node = find(&list, "local-bbbbbbbbbbbb");
    assert_int_equal(node->state, LISTED_RUNNING);
    assert_string_equal(node->pool, "p");
    assert_string_equal(node->offer, "local/1");
    assert_string_equal(node->token, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(node->slots, 2);
    assert_int_equal(node->age_ns, 3 * NS_PER_S);
    node = find(&list, "local-cccccccccccc");
    assert_int_equal(node->state, LISTED_GONE);
    assert_int_equal(node->age_ns, -1);
    assert_int_equal(list.dead.len, 1);
    assert_string_equal(list.dead.at[0].name, "local-cccccccccccc");
    node_list_release(&list);
    close(starting);
    close(running);
    close(foreign);
}

static void test_damaged_record(void **state)
{
    struct fixture *f = *state;
    struct node_list list = { 0 };
    struct error err = { 0 };
    int lock;
    claim(f, &lock);
    scratch_write(&f->scratch, "local/local-aaaaaaaaaaaa/meta.json", "{");
    /* Alive: leaving it out would be taken for its end. */
    assert_int_equal(node_list_read(f->root, "c", 0, &list, &err), MUSTER_E_INVALID);
    assert_non_null(strstr(err.text, "meta.json"));
    assert_int_equal(list.nodes.len, 0);
    /* Dead: rubbish. */
    close(lock);
    assert_int_equal(node_list_read(f->root, "c", 0, &list, &err), 0);
    assert_int_equal(list.nodes.len, 0);
    assert_int_equal(list.dead.len, 1);
    node_list_release(&list);
}

static void test_launch_in_the_making(void **state)
{
    struct fixture *f = *state;
    struct node_list list = { 0 };
    int lock;
    claim(f, &lock);
    assert_int_equal(unlink(scratch_path(&f->scratch, "local/local-aaaaaaaaaaaa/meta.json")), 0);
    assert_int_equal(node_list_read(f->root, "c", 0, &list, NULL), 0);
    assert_int_equal(list.nodes.len + list.dead.len, 0);
    close(lock);
    node_list_release(&list);
}

/* ---- stopping ---- */

/* A child that holds the node's lock, as an agent would, or merely carries the node's mark. */
static pid_t start_member(struct fixture *f, int lock, bool marked)
{
    int up[2];
    char mark[200];
    snprintf(mark, sizeof(mark), "MUSTER_BUSY_DIR=%s/busy", f->dir);
    char *const environment[] = { marked ? mark : NULL, NULL };
    char *const argv[] = { (char[]){ "sleep" }, (char[]){ "1000" }, NULL };
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (!marked)
            fcntl(lock, F_SETFD, 0);
        execve("/bin/sleep", argv, environment);
        _exit(1);
    }
    close(up[1]);
    char byte;
    assert_int_equal(read(up[0], &byte, 1), 0); /* closed by exec */
    close(up[0]);
    return pid;
}

static void test_kill(void **state)
{
    struct fixture *f = *state;
    size_t count = 0;
    int lock, status;
    claim(f, &lock);
    pid_t holder = start_member(f, lock, false);
    pid_t marked = start_member(f, lock, true);
    /* We have the file open too, as a backup program may: no reason to die. */
    pid_t reader = fork();
    if (reader == 0) {
        int fd = open(scratch_path(&f->scratch, "local/local-aaaaaaaaaaaa/lock"), O_RDONLY);
        close(lock);
        pause();
        _exit(fd >= 0);
    }
    usleep(50000);
    close(lock);
    assert_true(alive(f));
    assert_int_equal(node_dir_kill(f->dir, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_int_equal(waitpid(marked, &status, 0), marked);
    assert_false(alive(f));
    assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
    kill(reader, SIGKILL);
    waitpid(reader, &status, 0);
    assert_int_equal(node_dir_kill("/nowhere", &count, NULL), MUSTER_E_NOTFOUND);
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    int lock, status;
    claim(f, &lock);
    assert_int_equal(node_dir_stop(f->dir, NULL), MUSTER_E_NOTFOUND);
    pid_t agent = fork();
    if (agent == 0) {
        node_dir_write_agent(f->dir, NULL);
        pause();
        _exit(0);
    }
    while (node_dir_stop(f->dir, NULL) == MUSTER_E_NOTFOUND)
        usleep(1000);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(node_dir_stop(f->dir, NULL), MUSTER_E_NOTFOUND);
    scratch_write(&f->scratch, "local/local-aaaaaaaaaaaa/agent.json", "{\"pid\":-1,\"start\":0}");
    assert_int_equal(node_dir_stop(f->dir, NULL), MUSTER_E_INVALID);
    close(lock);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_claimed_once),
        TEST(test_claimer_died_before_the_agent_ran),
        TEST(test_not_started_a_second_time),
        TEST(test_folder_of_another_launch),
        TEST(test_remove),
        TEST(test_lock_by_hand),
        TEST(test_listing),
        TEST(test_damaged_record),
        TEST(test_launch_in_the_making),
        TEST(test_kill),
        TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
