#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <unistd.h>
#include <cmocka.h>

/*
 * The runtime with real parts: a policy directory, a queue source that runs a command, the store in
 * memory, and the dry executor over the local provider. The loop turns until something is true, with a
 * generous limit that only a failure ever reaches.
 */
struct world {
    char dir[64];
    uv_loop_t loop;
    struct log log;
    struct kinds kinds;
    struct provider_env provider_env;
    struct store *store;
    struct runtime *runtime;
    bool stopped;
};

static void put(const struct world *w, const char *queue)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/policies/a.yaml", w->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "queue: { %s, every: 100ms, stale_after: 10s }\nslots: { max: 5 }\n"
            "scale: [ backlog: { per_slot: 1 } ]\nhealth: { boot: 1ms, heartbeat: 100ms }\n"
            "pace: { in: { after: 0s, at_most: unlimited } }\n"
            "buy: { offers: [ local: { command: [/bin/false] } ] }\n",
            queue);
    fclose(file);
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped = true;
}

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char path[128];
    assert_non_null(w);
    snprintf(w->dir, sizeof(w->dir), "/tmp/muster-runtime.XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof(path), "%s/policies", w->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    w->log = (struct log){ .fd = -1 };
    kinds_init(&w->kinds);
    w->provider_env = (struct provider_env){ .loop = &w->loop,
                                             .log = &w->log,
                                             .clock = &clock_system,
                                             .controller = "test",
                                             .state_dir = w->dir,
                                             .agent_url = "http://127.0.0.1:9",
                                             .agent_token_file = "/nowhere" };
    struct store_options store = { .path = ":memory:", .retention_ns = NS_PER_S };
    assert_int_equal(store_open(&w->loop, &w->log, &clock_system, &store, &w->store, NULL), 0);
    *state = w;
    return 0;
}

static void start(struct world *w)
{
    char path[128];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/policies", w->dir);
    struct runtime_options options = { .loop = &w->loop,
                                       .log = &w->log,
                                       .clock = &clock_system,
                                       .store = w->store,
                                       .kinds = &w->kinds,
                                       .provider_env = &w->provider_env,
                                       .policies = path,
                                       .dry_run = true,
                                       .stopped = on_stopped,
                                       .ctx = w };
    control_options_default(&options.control);
    options.control.tick_ns = 50 * NS_PER_MS;
    options.control.list_every_ns = 100 * NS_PER_MS;
    if (runtime_new(&options, &w->runtime, &err) < 0)
        fail_msg("%s", err.text);
    runtime_start(w->runtime);
}

static int remove_world(void **state)
{
    struct world *w = *state;
    char path[160];
    runtime_free(w->runtime);
    store_close(w->store);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0); /* every handle was closed */
    snprintf(path, sizeof(path), "%s/policies/a.yaml", w->dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/policies", w->dir);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/local", w->dir);
    rmdir(path);
    rmdir(w->dir);
    free(w);
    return 0;
}

static bool pool(const struct world *w, struct pool_view *ret)
{
    return control_pool_find(runtime_control(w->runtime), "a", ret);
}

static bool has_ready(const struct world *w, int64_t ready)
{
    struct pool_view view;
    return pool(w, &view) && view.nodes[NODE_READY] == ready && view.desired == ready;
}

static bool holds_failed(const struct world *w)
{
    struct pool_view view;
    return pool(w, &view) && view.signal->state == SIGNAL_FAILED;
}

#define turn_until(w, condition)                                                                   \
    do {                                                                                           \
        int64_t limit_ns = clock_system.boot_ns(NULL) + 20 * NS_PER_S;                             \
        while (!(condition)) {                                                                     \
            assert_true(clock_system.boot_ns(NULL) < limit_ns);                                    \
            uv_run(&(w)->loop, UV_RUN_ONCE);                                                       \
        }                                                                                          \
    } while (0)

static void a_queue_fills_and_empties(void **state)
{
    struct world *w = *state;
    struct runtime_view view;
    put(w, "exec: \"echo 3\"");
    start(w);
    turn_until(w, has_ready(w, 3));
    runtime_look(w->runtime, &view);
    assert_string_equal(view.mode, "dry-run");
    assert_true(view.ticked_ns > 0);
    assert_true(view.tick->count > 0);
    put(w, "exec: \"echo 0\""); /* the directory is watched */
    turn_until(w, has_ready(w, 0));
}

static void a_queue_that_fails_holds(void **state)
{
    struct world *w = *state;
    struct pool_view view;
    put(w, "exec: \"echo 2\"");
    start(w);
    turn_until(w, has_ready(w, 2));
    put(w, "exec: \"/nowhere/at-all\"");
    runtime_reload(w->runtime);
    turn_until(w, holds_failed(w));
    assert_true(pool(w, &view));
    assert_int_equal(view.desired, 2);
    assert_int_equal(view.nodes[NODE_READY], 2);
}

static void stopping_ends_quietly(void **state)
{
    struct world *w = *state;
    put(w, "exec: \"echo 1\"");
    start(w);
    turn_until(w, has_ready(w, 1));
    runtime_stop(w->runtime);
    runtime_stop(w->runtime); /* twice is once */
    turn_until(w, w->stopped);
}

static void events_from_outside(void **state)
{
    struct world *w = *state;
    struct pool_view view;
    struct error err = { 0 };
    put(w, "exec: \"echo 1\"");
    start(w);
    turn_until(w, has_ready(w, 1));
    struct event ev = { .type = EVENT_PAUSE };
    ev.pause.pool = "a";
    assert_int_equal(runtime_submit(w->runtime, &ev, &err), 0);
    assert_true(pool(w, &view));
    assert_true(view.paused);
    ev.pause.pool = "nobody";
    assert_int_equal(runtime_submit(w->runtime, &ev, &err), MUSTER_E_NOTFOUND);
    assert_non_null(strstr(err.text, "nobody"));
}

/* A real node that reports to a dry run must not hear what was only played with it. */
static void a_dry_run_tells_nodes_to_go_on(void **state)
{
    struct world *w = *state;
    put(w, "exec: \"echo 1\"");
    start(w);
    turn_until(w, has_ready(w, 1));
    const struct control *c = runtime_control(w->runtime);
    char id[NODE_ID_MAX];
    str_copy_c(id, sizeof(id), control_node(c, "a", 0)->id);
    struct event ev = { .type = EVENT_DRAIN };
    ev.drain.node = id;
    assert_int_equal(runtime_submit(w->runtime, &ev, NULL), 0);
    assert_true(control_beat_reply(c, id).drain);
    struct beat_reply reply = runtime_beat_reply(w->runtime, id);
    assert_true(reply.known);
    assert_false(reply.drain);
    assert_true(reply.run);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_queue_fills_and_empties),      IN_A_WORLD(a_queue_that_fails_holds),
        IN_A_WORLD(stopping_ends_quietly),          IN_A_WORLD(events_from_outside),
        IN_A_WORLD(a_dry_run_tells_nodes_to_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
