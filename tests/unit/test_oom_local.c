/* Every allocation made to fail in turn: a local node's record, the listing, the command line, the
 * executors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <unistd.h>

#include "providers/local/local.h"
#include "providers/local/node_list.h"
#include "runtime/agent_options.h"
#include "runtime/busy_dir.h"
#include "runtime/virtual_fleet.h"
#include "tests/unit/executor_help.h"
#include "tests/unit/oom.h"
#include "tests/unit/provider_help.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

#define TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct local_node make_node(char fill)
{
    struct local_node node = { .pool = "p", .offer = "local/1", .controller = "c", .slots = 2 };
    memset(node.token, fill, 32);
    local_node_id(node.token, node.id);
    return node;
}

static void test_folder(void **state)
{
    struct scratch scratch;
    char root[80], dir[160];
    struct local_node node = make_node('a'), there;
    struct local_agent agent;
    (void)state;
    scratch_make(&scratch);
    snprintf(root, sizeof(root), "%s/local", scratch.dir);
    snprintf(dir, sizeof(dir), "%s/%s", root, node.id);
    for (long n = 0; oom_sweep(n); n++) {
        enum local_claim claim;
        struct error err = { 0 };
        int lock = -1;
        oom_arm(n);
        int rc = node_dir_claim(root, dir, &node, &claim, &lock, &err);
        if (rc == 0)
            rc = local_node_read(dir, &there, &err);
        if (rc == 0)
            rc = node_dir_write_agent(dir, &err);
        if (rc == 0)
            rc = node_dir_read_agent(dir, &agent, &err);
        oom_disarm();
        assert_true(rc == 0 || err.code == MUSTER_E_NOMEM);
        if (lock >= 0)
            close(lock);
        assert_int_equal(node_dir_remove(dir, NULL), 0);
    }
    scratch_drop(&scratch);
}

static void test_listing(void **state)
{
    struct scratch scratch;
    char root[80], dir[160];
    enum local_claim claim;
    int locks[6];
    (void)state;
    scratch_make(&scratch);
    snprintf(root, sizeof(root), "%s/local", scratch.dir);
    for (int i = 0; i < 6; i++) {
        struct local_node node = make_node((char)('a' + i));
        snprintf(dir, sizeof(dir), "%s/%s", root, node.id);
        assert_int_equal(node_dir_claim(root, dir, &node, &claim, &locks[i], NULL), 0);
        if (i % 2)
            node_dir_write_agent(dir, NULL);
        if (i > 3)
            close(locks[i]);
    }
    for (long n = 0; oom_sweep(n); n++) {
        struct node_list list = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = node_list_read(root, "c", 0, &list, &err);
        bool hit = oom_disarm();
        /* A view that lacks a node must not pass for a complete one. */
        if (rc == 0) {
            assert_int_equal(list.nodes.len, 6);
            for (size_t i = 0; i < 6; i++) {
                char letter = list.nodes.at[i].token[0];
                bool booting = letter == 'a' || letter == 'c';
                bool gone = letter > 'd';
                assert_int_equal(list.nodes.at[i].state, gone      ? LISTED_GONE
                                                         : booting ? LISTED_PENDING
                                                                   : LISTED_RUNNING);
            }
        } else
            assert_true(hit && rc == MUSTER_E_NOMEM && list.nodes.len == 0);
        node_list_release(&list);
    }
    for (int i = 0; i < 4; i++)
        close(locks[i]);
    scratch_drop(&scratch);
}

static void test_command(void **state)
{
    void *options =
        options_make(&provider_local.options,
                     SETTINGS("command", "a 'b c'", "environment", "A=b", "copies", "per-slot"));
    struct provider_env env = { .agent_url = "http://c", .agent_token_file = "t" };
    struct intent intent = { .pool = "p", .slots = 2 };
    struct launch_request request = { .intent = &intent, .options = options };
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct local_command command = { 0 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = local_command_make(&env, &request, "local-a", "/s/local/local-a", &command, &err);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
        local_command_release(&command);
    }
    option_set_release(&provider_local.options, options);
    free(options);
}

static void test_agent_options(void **state)
{
    char a0[] = "agent", a1[] = "--controller=http://c", a2[] = "--node=n", a3[] = "--pool=p",
         a4[] = "w";
    char *const argv[] = { a0, a1, a2, a3, a4, NULL };
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct agent_options options;
        enum agent_request request;
        struct error err = { 0 };
        oom_arm(n);
        int rc = agent_options_read(5, argv, NULL, &options, &request, &err);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
        if (rc == 0)
            agent_options_release(&options);
    }
}

static void turn(uv_loop_t *loop)
{
    for (int i = 0; i < 3; i++)
        uv_run(loop, UV_RUN_NOWAIT);
}

static void test_busy_dir(void **state)
{
    struct scratch scratch;
    uv_loop_t loop;
    (void)state;
    scratch_make(&scratch);
    uv_loop_init(&loop);
    for (long n = 0; oom_sweep(n); n++) {
        struct busy_dir *dir = NULL;
        struct busy_report seen = { .busy = 1 };
        struct error err = { 0 };
        oom_arm(n);
        int rc = busy_dir_new(&loop, &clock_system, scratch.dir, &dir, &err);
        if (rc == 0) {
            scratch_write(&scratch, "job", "");
            turn(&loop);
            busy_dir_look(dir, &seen);
        }
        oom_disarm();
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        assert_int_equal(seen.busy, 1); /* never idle for lack of memory */
        busy_dir_free(dir);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
    scratch_drop(&scratch);
}

/* An executor that runs out of memory fails the call or loses the answer; the core lives with both. */
static void sweep_executor(rig_maker *make)
{
    for (long n = 0; oom_sweep(n); n++) {
        struct rig *rig = rig_new(make);
        struct intent launch = rig_launch_intent(1);
        struct intent terminate = rig_terminate_intent(2, "dry-abcdefghijkl-0");
        struct listed_node real = { .id = "i-1", .pool = "p", .state = LISTED_RUNNING };
        const struct error none = { 0 };
        oom_arm(n);
        rig_list(rig, "fake:eu");
        for (size_t i = 0; i < fake.len; i++)
            fake.calls[i].listed(fake.calls[i].ctx, &real, 1, &none);
        rig_launch(rig, &launch);
        rig_terminate(rig, &terminate);
        rig_list(rig, "other");
        rig_turn(rig);
        oom_disarm();
        rig_free(rig);
    }
}

static void test_executors(void **state)
{
    (void)state;
    sweep_executor(executor_live_new);
    sweep_executor(executor_dry_new);
}

/* ---- the provider's own calls ---- */

struct answers {
    int lists, launches, terminates;
};

static void on_listed(void *ctx, const struct listed_node *nodes, size_t len,
                      const struct error *err)
{
    (void)nodes;
    (void)len;
    (void)err;
    ((struct answers *)ctx)->lists++;
}

static void on_launched(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                        const struct error *err)
{
    (void)ids;
    assert_int_equal(len, 0);
    assert_true(err->code == MUSTER_E_CONFIG || err->code == MUSTER_E_NOMEM);
    ((struct answers *)ctx)->launches++;
}

static void on_terminated(void *ctx, const struct error *err)
{
    assert_true(err->code == 0 || err->code == MUSTER_E_NOMEM);
    ((struct answers *)ctx)->terminates++;
}

/* Each call is answered once, or, when there was no memory for the call itself, not at all. */
static void test_provider(void **state)
{
    struct scratch scratch;
    uv_loop_t loop;
    struct log log = { .fd = -1 };
    void *options =
        options_make(&provider_local.options, SETTINGS("command", "w", "agent", "/nowhere/agent"));
    struct intent intent = { .pool = "p", .slots = 1, .count = 1, .token = TOKEN };
    struct intent stop = { .kind = INTENT_TERMINATE, .node = "local-aaaaaaaaaaaa" };
    struct launch_request request = { .intent = &intent, .options = options };
    (void)state;
    scratch_make(&scratch);
    uv_loop_init(&loop);
    struct provider_env env = { .loop = &loop,
                                .log = &log,
                                .clock = &clock_system,
                                .controller = "c",
                                .state_dir = scratch.dir,
                                .agent_url = "http://c",
                                .agent_token_file = "" };
    for (long n = 0; oom_sweep(n); n++) {
        struct provider *provider = NULL;
        struct answers answers = { 0 };
        oom_arm(n);
        if (provider_local.open(&env, &provider, NULL) == 0) {
            provider_local.mutations->launch(provider, &request, on_launched, &answers);
            uv_run(&loop, UV_RUN_DEFAULT);
            provider_local.list(provider, "local", on_listed, &answers);
            provider_local.mutations->terminate(provider, &stop, on_terminated, &answers);
            uv_run(&loop, UV_RUN_DEFAULT);
        }
        bool hit = oom_disarm();
        assert_true(answers.lists <= 1 && answers.launches <= 1 && answers.terminates <= 1);
        if (!hit)
            assert_int_equal(answers.lists + answers.launches + answers.terminates, 3);
        provider_local.close(provider);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
    option_set_release(&provider_local.options, options);
    free(options);
    scratch_drop(&scratch);
}

static void test_executor_new(void **state)
{
    rig_maker *const makers[] = { executor_live_new, executor_dry_new };
    struct rig *rig = rig_new(executor_live_new);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (long n = 0; oom_sweep(n); n++) {
            struct executor *executor = NULL;
            oom_arm(n);
            int rc = makers[i](&rig->env, &executor, NULL);
            bool hit = oom_disarm();
            assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
            if (rc == 0)
                executor->ops->free(executor);
        }
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),       cmocka_unit_test(test_listing),
        cmocka_unit_test(test_command),      cmocka_unit_test(test_agent_options),
        cmocka_unit_test(test_busy_dir),     cmocka_unit_test(test_executors),
        cmocka_unit_test(test_executor_new), cmocka_unit_test(test_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
