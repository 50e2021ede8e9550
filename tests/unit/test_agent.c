/*
 * The life of a node against a server that always says the same; the rest of it, with a controller
 * that changes its mind, is in tests/integration/test_agent.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "runtime/agent.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tiny_server.h"

#include <cmocka.h>

#define JSON(body) TINY_OK("application/json", body)
#define BEAT(node) "/v1/nodes/" node "/heartbeat"

static const struct tiny_answer answers[] = {
    { .path = BEAT("run"), .bytes = JSON("{\"drain\":false,\"run\":true,\"every_s\":0.1}") },
    { .path = BEAT("drain"), .bytes = JSON("{\"drain\":true,\"run\":false,\"every_s\":0.1}") },
    { .path = BEAT("wait"), .bytes = JSON("{\"drain\":false,\"run\":false,\"every_s\":0.1}") },
    { .path = BEAT("junk"), .bytes = JSON("<html>") },
    { .path = BEAT("refused"), .bytes = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" },
    { 0 },
};

#define AGENT "agent-under-test"

/* Not /proc/self/exe: under valgrind that is valgrind. */
static const char *this_program;

struct fixture {
    struct scratch scratch;
    struct tiny_server *server;
    pid_t agent;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->scratch);
    f->server = tiny_server_start(answers, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->agent)
        kill(f->agent, SIGKILL);
    tiny_server_stop(f->server);
    scratch_drop(&f->scratch);
    free(f);
    return 0;
}

/* This program started again as an agent: the whole of muster-agent but for its main. */
static int run(int argc, char **argv)
{
    struct agent_options options;
    enum agent_request request;
    struct error err = { 0 };
    struct log log = { .fd = -1 };
    uv_loop_t loop;
    int status = 2;
    if (agent_options_read(argc, argv, environ, &options, &request, &err) < 0)
        return 3;
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uv_loop_init(&loop);
    int rc = agent_run(&loop, &log, &options, environ, &status, &err);
    if (uv_loop_close(&loop) != 0)
        status = 4;
    agent_options_release(&options);
    curl_global_cleanup();
    return rc < 0 ? 2 : status;
}

static void start(struct fixture *f, const char *node, const char *text, const char *option,
                  const char *value)
{
    char url[128];
    snprintf(url, sizeof(url), "%s", tiny_server_url(f->server, ""));
    char busy[300];
    snprintf(busy, sizeof(busy), "%s", scratch_path(&f->scratch, "busy"));
    const char *const words[] = {
        AGENT,         "--controller", url,          "--node", node, "--pool",  "p",  option, value,
        "--directory", f->scratch.dir, "--busy-dir", busy,     "--", "/bin/sh", "-c", text
    };
    char *argv[sizeof(words) / sizeof(words[0]) + 1] = { 0 };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        argv[i] = (char *)(uintptr_t)words[i];
    f->agent = fork();
    if (f->agent == 0) {
        execv(this_program, argv);
        _exit(99);
    }
}

static int wait_end(struct fixture *f)
{
    int status = 0;
    for (int i = 0; i < 1000; i++) {
        if (waitpid(f->agent, &status, WNOHANG) == f->agent) {
            f->agent = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        usleep(10000);
    }
    fail_msg("the agent did not end");
    return -1;
}

static bool last_says(struct fixture *f, const char *text)
{
    char request[4096];
    tiny_server_request(f->server, request, sizeof(request));
    return strstr(request, text) != NULL;
}

static void wait_says(struct fixture *f, const char *text)
{
    for (int i = 0; i < 1000 && !last_says(f, text); i++)
        usleep(10000);
    assert_true(last_says(f, text));
}

static void test_worker_that_ends(void **state)
{
    struct fixture *f = *state;
    start(f, "run", "exit 0", "--slots", "2");
    assert_int_equal(wait_end(f), 0);
    assert_true(last_says(f, "\"state\":\"drained\""));
    assert_true(last_says(f, "\"exit_status\":0"));
}

static void test_worker_that_fails(void **state)
{
    struct fixture *f = *state;
    start(f, "run", "exit 9", "--copies", "2");
    assert_int_equal(wait_end(f), 1);
    assert_true(last_says(f, "\"exit_status\":9"));
}

static void test_worker_that_works(void **state)
{
    struct fixture *f = *state;
    start(f, "run",
          "trap 'touch told; exit' TERM; touch $MUSTER_BUSY_DIR/job; while :; do sleep 0.02; done",
          "--slots", "2");
    wait_says(f, "\"busy\":1");
    assert_true(last_says(f, "\"state\":\"ready\""));
    kill(f->agent, SIGTERM);
    assert_int_equal(wait_end(f), 0);
    assert_int_equal(access(scratch_path(&f->scratch, "told"), F_OK), 0);
    assert_true(last_says(f, "\"state\":\"drained\""));
}

static void test_busy_by_command(void **state)
{
    struct fixture *f = *state;
    start(f, "run", "exec sleep 1000", "--busy-command", "echo 1");
    wait_says(f, "\"busy\":1");
    kill(f->agent, SIGINT);
    assert_int_equal(wait_end(f), 0);
}

static void test_drained_before_it_ran(void **state)
{
    struct fixture *f = *state;
    start(f, "drain", "touch ran", "--slots", "1");
    wait_says(f, "\"state\":\"drained\"");
    kill(f->agent, SIGTERM);
    assert_int_equal(wait_end(f), 0);
    assert_int_equal(access(scratch_path(&f->scratch, "ran"), F_OK), -1);
}

/* No contact, or not the word that is waited for: no work. */
static void test_never_ran(void **state)
{
    struct fixture *f = *state;
    const char *const nodes[] = { "wait", "junk", "refused", "unknown" };
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        int before = tiny_server_connections(f->server);
        start(f, nodes[i], "touch ran", "--slots", "1");
        for (int k = 0; k < 500 && tiny_server_connections(f->server) == before; k++)
            usleep(10000);
        usleep(200000);
        kill(f->agent, SIGTERM);
        assert_int_equal(wait_end(f), 0);
        assert_int_equal(access(scratch_path(&f->scratch, "ran"), F_OK), -1);
    }
}

static void test_set_up_that_cannot_be(void **state)
{
    struct fixture *f = *state;
    start(f, "run", "true", "--state-dir", "/nowhere");
    assert_int_equal(wait_end(f), 2);
    start(f, "run", "true", "--lock-fd", "999");
    assert_int_equal(wait_end(f), 0); /* without a folder there is no lock to keep */
}

static void test_folder_of_a_node(void **state)
{
    struct fixture *f = *state;
    start(f, "run", "exec sleep 1000", "--state-dir", f->scratch.dir);
    wait_says(f, "\"state\":\"ready\"");
    assert_int_equal(access(scratch_path(&f->scratch, "agent.json"), F_OK), 0);
    pid_t first = f->agent;
    start(f, "run", "true", "--state-dir", f->scratch.dir);
    assert_int_equal(wait_end(f), 2); /* it is taken */
    f->agent = first;
    kill(first, SIGTERM);
    assert_int_equal(wait_end(f), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    if (strcmp(argv[0], AGENT) == 0)
        return run(argc, argv);
    this_program = argv[0];
    const struct CMUnitTest tests[] = {
        TEST(test_worker_that_ends),      TEST(test_worker_that_fails),
        TEST(test_worker_that_works),     TEST(test_busy_by_command),
        TEST(test_drained_before_it_ran), TEST(test_never_ran),
        TEST(test_set_up_that_cannot_be), TEST(test_folder_of_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
