/* Provider local: nodes that really run, found again, stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "providers/local/node_dir.h"
#include "tests/unit/provider_help.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

/* An agent of a few lines: says who it is, holds the lock it was given, goes when it is told. */
#define AGENT_HEAD                                                                                 \
    "#!/bin/sh\n"                                                                                  \
    "while [ \"$1\" != --state-dir ]; do shift; done\n"                                            \
    "dir=$2\n"                                                                                     \
    "echo $$ >> $dir/starts\n"                                                                     \
    "set -- $(cat /proc/$$/stat)\n"                                                                \
    "echo \"{\\\"pid\\\":$$,\\\"start\\\":${22}}\" > $dir/new && mv $dir/new $dir/agent.json\n"

static const char good_agent[] = AGENT_HEAD "trap 'exit 0' TERM\nwhile :; do sleep 0.02; done\n";
static const char stubborn_agent[] = AGENT_HEAD "trap '' TERM\n"
                                                "setsid sh -c 'while :; do sleep 0.02; done' &\n"
                                                "while :; do sleep 0.02; done\n";
static const char short_agent[] = AGENT_HEAD "exit 0\n";

#define TOKEN  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOKEN2 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID     "local-aaaaaaaaaaaa"
#define ID2    "local-bbbbbbbbbbbb"

struct fixture {
    struct scratch scratch;
    uv_loop_t loop;
    struct log log;
    struct clock clock;
    int64_t ahead_ns; /* how much faster our clock went than the real one */
    struct provider_env env;
    struct provider *provider;
    struct pool_spec *spec;
    /* the last answer */
    int answers;
    struct error err;
    char id[NODE_ID_MAX];
    size_t len;
    struct listed_node listed[8];
};

static int64_t boot_ns(void *ctx)
{
    return clock_system.boot_ns(NULL) + ((struct fixture *)ctx)->ahead_ns;
}

static int64_t wall_ns(void *ctx)
{
    (void)ctx;
    return clock_system.wall_ns(NULL);
}

static void open_provider(struct fixture *f)
{
    assert_int_equal(provider_local.open(&f->env, &f->provider, NULL), 0);
}

static void close_provider(struct fixture *f)
{
    provider_local.close(f->provider);
    f->provider = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->scratch);
    uv_loop_init(&f->loop);
    f->log = (struct log){ .fd = -1 };
    f->clock = (struct clock){ boot_ns, wall_ns, f };
    f->env = (struct provider_env){ .loop = &f->loop,
                                    .log = &f->log,
                                    .clock = &f->clock,
                                    .controller = "c",
                                    .state_dir = f->scratch.dir,
                                    .agent_url = "http://127.0.0.1:1",
                                    .agent_token_file = "" };
    f->spec = pool_spec_new("p");
    open_provider(f);
    *state = f;
    return 0;
}

static void kill_all(struct fixture *f, const char *id)
{
    char dir[128];
    size_t n;
    bool alive = true;
    snprintf(dir, sizeof(dir), "%s/local/%s", f->scratch.dir, id);
    while (node_dir_alive(dir, &alive, NULL) == 0 && alive)
        node_dir_kill(dir, &n, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    kill_all(f, ID);
    kill_all(f, ID2);
    close_provider(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    pool_spec_free(f->spec);
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

/* ---- asking and waiting ---- */

static void took_too_long(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("no answer");
}

static void wait_for_answer(struct fixture *f, int before)
{
    uv_timer_t limit;
    uv_timer_init(&f->loop, &limit);
    uv_timer_start(&limit, took_too_long, 20000, 0);
    while (f->answers == before)
        uv_run(&f->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void launched(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    f->len = len;
    if (len > 0)
        snprintf(f->id, sizeof(f->id), "%s", ids[0]);
}

/* With an agent of this text. */
static void begin_launch(struct fixture *f, const char *token, const char *agent)
{
    if (agent) {
        scratch_write(&f->scratch, "agent", agent);
        chmod(scratch_path(&f->scratch, "agent"), 0755);
    }
    if (f->spec->offer_entries.len == 0)
        spec_add_local(f->spec,
                       SETTINGS("command", "work", "agent", scratch_path(&f->scratch, "agent")));
    size_t entry;
    assert_int_equal(providers_expand(f->spec, &entry, NULL), 0);
    struct intent intent = {
        .number = 1, .pool = "p", .inventory = "local", .slots = 2, .count = 1
    };
    snprintf(intent.token, sizeof(intent.token), "%s", token);
    snprintf(intent.offer, sizeof(intent.offer), "%s", f->spec->offers.at[0].name);
    struct launch_request request = { .intent = &intent,
                                      .offer = &f->spec->offers.at[0],
                                      .options = f->spec->offer_entries.at[0].options,
                                      .heartbeat_ns = NS_PER_S };
    provider_local.mutations->launch(f->provider, &request, launched, f);
}

static void launch(struct fixture *f, const char *token, const char *agent)
{
    int before = f->answers;
    f->id[0] = '\0';
    begin_launch(f, token, agent);
    assert_int_equal(f->answers, before); /* never from inside the call */
    wait_for_answer(f, before);
}

static void listed(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
    f->len = len;
    for (size_t i = 0; i < len && i < 8; i++)
        f->listed[i] = nodes[i];
}

static void list(struct fixture *f)
{
    int before = f->answers;
    provider_local.list(f->provider, "local", listed, f);
    assert_int_equal(f->answers, before);
    wait_for_answer(f, before);
    assert_int_equal(f->err.code, 0);
}

static enum listed_state state_of(struct fixture *f, const char *id)
{
    list(f);
    for (size_t i = 0; i < f->len; i++) {
        if (strcmp(f->listed[i].id, id) == 0)
            return f->listed[i].state;
    }
    fail_msg("%s is not listed", id);
    return LISTED_GONE;
}

static void wait_state(struct fixture *f, const char *id, enum listed_state state)
{
    for (int i = 0; i < 500 && state_of(f, id) != state; i++)
        usleep(10000);
    assert_int_equal(state_of(f, id), state);
}

static void terminated(void *ctx, const struct error *err)
{
    struct fixture *f = ctx;
    f->answers++;
    f->err = *err;
}

static void begin_terminate(struct fixture *f, const char *id)
{
    struct intent intent = { .number = 2, .kind = INTENT_TERMINATE, .inventory = "local" };
    snprintf(intent.node, sizeof(intent.node), "%s", id);
    provider_local.mutations->terminate(f->provider, &intent, terminated, f);
}

static void terminate(struct fixture *f, const char *id)
{
    int before = f->answers;
    begin_terminate(f, id);
    assert_int_equal(f->answers, before);
    wait_for_answer(f, before);
}

static size_t lines_of(struct fixture *f, const char *name)
{
    size_t lines = 0;
    FILE *file = fopen(scratch_path(&f->scratch, name), "re");
    for (int c; file && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

/* ---- tests ---- */

static void test_life(void **state)
{
    struct fixture *f = *state;
    list(f);
    assert_int_equal(f->len, 0);
    launch(f, TOKEN, good_agent);
    assert_int_equal(f->err.code, 0);
    assert_string_equal(f->id, ID);
    wait_state(f, ID, LISTED_RUNNING);
    assert_string_equal(f->listed[0].pool, "p");
    assert_string_equal(f->listed[0].offer, "local/1");
    assert_string_equal(f->listed[0].token, TOKEN);
    assert_int_equal(f->listed[0].slots, 2);
    assert_true(f->listed[0].age_ns >= 0 && f->listed[0].age_ns < 20 * NS_PER_S);
    terminate(f, ID);
    assert_int_equal(f->err.code, 0);
    assert_int_equal(state_of(f, ID), LISTED_GONE);
    /* Once more: gone is gone. */
    terminate(f, ID);
    assert_int_equal(f->err.code, 0);
}

static void test_same_token_same_node(void **state)
{
    struct fixture *f = *state;
    launch(f, TOKEN, good_agent);
    wait_state(f, ID, LISTED_RUNNING);
    launch(f, TOKEN, NULL);
    assert_int_equal(f->err.code, 0);
    assert_string_equal(f->id, ID);
    list(f);
    assert_int_equal(f->len, 1);
    assert_int_equal(lines_of(f, "local/" ID "/starts"), 1);
    terminate(f, ID);
    /* Nor after its end: one launch, one machine. */
    launch(f, TOKEN, NULL);
    assert_string_equal(f->id, ID);
    assert_int_equal(state_of(f, ID), LISTED_GONE);
    assert_int_equal(lines_of(f, "local/" ID "/starts"), 1);
}

static void test_two_at_once(void **state)
{
    struct fixture *f = *state;
    begin_launch(f, TOKEN, good_agent);
    begin_launch(f, TOKEN, NULL);
    begin_launch(f, TOKEN2, NULL);
    while (f->answers < 3)
        wait_for_answer(f, f->answers);
    wait_state(f, ID, LISTED_RUNNING);
    wait_state(f, ID2, LISTED_RUNNING);
    assert_int_equal(lines_of(f, "local/" ID "/starts"), 1);
}

static void test_found_again(void **state)
{
    struct fixture *f = *state;
    launch(f, TOKEN, good_agent);
    wait_state(f, ID, LISTED_RUNNING);
    close_provider(f);
    open_provider(f);
    assert_int_equal(state_of(f, ID), LISTED_RUNNING);
    /* Another controller with the same state directory sees none of it, and may not touch it. */
    close_provider(f);
    f->env.controller = "other";
    open_provider(f);
    list(f);
    assert_int_equal(f->len, 0);
    terminate(f, ID);
    assert_int_equal(f->err.code, MUSTER_E_REFUSED);
    close_provider(f);
    f->env.controller = "c";
    open_provider(f);
    terminate(f, ID);
    assert_int_equal(f->err.code, 0);
    wait_state(f, ID, LISTED_GONE);
}

static void test_stubborn_node_is_killed(void **state)
{
    struct fixture *f = *state;
    launch(f, TOKEN, stubborn_agent);
    wait_state(f, ID, LISTED_RUNNING);
    usleep(100000); /* its grandchild is up */
    int before = f->answers;
    begin_terminate(f, ID);
    for (int i = 0; i < 10; i++)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->answers, before);
    assert_int_equal(state_of(f, ID), LISTED_RUNNING);
    f->ahead_ns += 11 * NS_PER_S;
    wait_for_answer(f, before + 1);
    assert_int_equal(f->err.code, 0);
    assert_int_equal(state_of(f, ID), LISTED_GONE);
}

static void test_node_that_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    launch(f, TOKEN, short_agent);
    assert_int_equal(f->err.code, 0);
    wait_state(f, ID, LISTED_GONE);
    /* Long after, its folder is removed. */
    f->ahead_ns += 700 * NS_PER_S;
    list(f);
    assert_int_equal(f->len, 1);
    for (int i = 0; i < 100 && access(scratch_path(&f->scratch, "local/" ID), F_OK) == 0; i++) {
        usleep(10000);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    list(f);
    assert_int_equal(f->len, 0);
}

static void test_no_agent_program(void **state)
{
    struct fixture *f = *state;
    spec_add_local(f->spec, SETTINGS("command", "w", "agent", "/nowhere/muster-agent"));
    launch(f, TOKEN, NULL);
    assert_int_equal(f->err.code, MUSTER_E_CONFIG);
    assert_non_null(strstr(f->err.text, "/nowhere/muster-agent"));
    list(f);
    assert_int_equal(f->len, 0);
    assert_int_equal(access(scratch_path(&f->scratch, "local/" ID), F_OK), -1);
}

static void test_no_log(void **state)
{
    struct fixture *f = *state;
    spec_add_local(f->spec, SETTINGS("command", "w", "logs", "/proc/nowhere"));
    launch(f, TOKEN, NULL);
    assert_int_equal(f->err.code, MUSTER_E_CONFIG);
    assert_non_null(strstr(f->err.text, "/proc/nowhere/" ID ".log"));
    list(f);
    assert_int_equal(f->len, 0);
}

static void test_token_is_needed(void **state)
{
    struct fixture *f = *state;
    launch(f, "", good_agent);
    assert_int_equal(f->err.code, MUSTER_E_INVALID);
    list(f);
    assert_int_equal(f->len, 0);
}

static void test_names_that_are_none(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = { "local-zzzzzzzzzzzz", "i-0abc", "", "../local", "local-../../x" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        terminate(f, names[i]);
        assert_int_equal(f->err.code, 0);
    }
}

static void test_closed_with_calls_in_flight(void **state)
{
    struct fixture *f = *state;
    launch(f, TOKEN, stubborn_agent);
    wait_state(f, ID, LISTED_RUNNING);
    begin_terminate(f, ID);
    begin_launch(f, TOKEN2, NULL);
    provider_local.list(f->provider, "local", listed, f);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    begin_terminate(f, ID);
    int before = f->answers; /* what was answered at once */
    close_provider(f);
    assert_int_equal(f->answers, before);
    /* Whatever became of the second launch: the same token finds out. */
    open_provider(f);
    launch(f, TOKEN2, NULL);
    assert_string_equal(f->id, ID2);
    wait_state(f, ID2, LISTED_RUNNING);
}

/* ---- with the real agent ---- */

static bool real_agent(char *path, size_t size)
{
    char self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;
    slash = slash ? memrchr(self, '/', (size_t)(slash - self)) : NULL;
    if (!slash)
        return false;
    snprintf(path, size, "%.*s/muster-agent", (int)(slash - self), self);
    return access(path, X_OK) == 0;
}

static pid_t read_pid(struct fixture *f, const char *name)
{
    char text[32] = "";
    for (int i = 0; i < 500 && !text[0]; i++) {
        FILE *file = fopen(scratch_path(&f->scratch, name), "re");
        if (!file || !fgets(text, sizeof(text), file))
            usleep(10000);
        if (file)
            fclose(file);
    }
    return (pid_t)strtol(text, NULL, 10);
}

static void launch_real(struct fixture *f, const char *command)
{
    char agent[300];
    if (!real_agent(agent, sizeof(agent))) {
        print_message("muster-agent is not built beside this test\n");
        skip();
    }
    spec_add_local(f->spec, SETTINGS("command", command, "shell", "yes", "agent", agent,
                                     "directory", f->scratch.dir));
    launch(f, TOKEN, NULL);
    assert_int_equal(f->err.code, 0);
    wait_state(f, ID, LISTED_RUNNING);
}

static const struct tiny_answer controller_answers[] = {
    { .path = "/v1/nodes/" ID "/heartbeat",
      .bytes = TINY_OK("application/json", "{\"drain\":false,\"run\":true,\"every_s\":0.2}") },
    { 0 },
};

static void test_real_agent(void **state)
{
    struct fixture *f = *state;
    struct process worker;
    struct tiny_server *server = tiny_server_start(controller_answers, NULL);
    f->env.agent_url = tiny_server_url(server, "");
    launch_real(f, "echo $$ > worker; exec sleep 1000");
    pid_t pid = read_pid(f, "worker");
    assert_int_equal(process_read(pid, &worker, NULL), 0);
    assert_int_not_equal(worker.session, getsid(0));
    terminate(f, ID);
    assert_int_equal(f->err.code, 0);
    assert_int_equal(state_of(f, ID), LISTED_GONE);
    assert_false(process_alive(pid, worker.start));
    tiny_server_stop(server);
}

/* The agent dies; its worker finishes its job first. Until then the node is there, for all to see. */
static void test_real_agent_killed(void **state)
{
    struct fixture *f = *state;
    struct local_agent agent;
    struct tiny_server *server = tiny_server_start(controller_answers, NULL);
    f->env.agent_url = tiny_server_url(server, "");
    launch_real(f, "trap 'touch told; until [ -e finish ]; do sleep 0.02; done; exit' TERM;"
                   "echo $$ > worker; while :; do sleep 0.02; done");
    read_pid(f, "worker");
    char dir[128];
    snprintf(dir, sizeof(dir), "%s/local/%s", f->scratch.dir, ID);
    assert_int_equal(node_dir_read_agent(dir, &agent, NULL), 0);
    assert_int_equal(process_signal(agent.pid, agent.start, SIGKILL, NULL), 0);
    for (int i = 0; i < 500 && access(scratch_path(&f->scratch, "told"), F_OK) != 0; i++)
        usleep(10000);
    assert_int_equal(state_of(f, ID), LISTED_RUNNING);
    scratch_write(&f->scratch, "finish", "");
    wait_state(f, ID, LISTED_GONE);
    tiny_server_stop(server);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_same_token_same_node),
        TEST(test_two_at_once),
        TEST(test_found_again),
        TEST(test_stubborn_node_is_killed),
        TEST(test_node_that_ends_by_itself),
        TEST(test_no_agent_program),
        TEST(test_no_log),
        TEST(test_token_is_needed),
        TEST(test_names_that_are_none),
        TEST(test_closed_with_calls_in_flight),
        TEST(test_real_agent),
        TEST(test_real_agent_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
