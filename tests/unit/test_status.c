/* The endpoint's pages over a real core, asked without any socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "status/parts.h"
#include "tests/fleet.h"

#include <cmocka.h>

#define ADMIN "admin-token-0123456789"
#define AGENT "agent-token-0123456789"

struct fixture {
    struct fleet fleet;
    struct status *status;
    struct log log;
    struct status_file_problem broken;
    uint64_t generation;
    int64_t ticked_ns;
    int renders; /* requests that looked at the facts */
    bool full;   /* the daemon cannot take events */
};

static void facts(void *ctx, struct status_facts *ret)
{
    struct fixture *f = ctx;
    f->renders++;
    *ret = (struct status_facts){
        .generation = f->generation,
        .now_ns = f->fleet.now_ns,
        .wall_ns = f->fleet.wall_ns,
        .started_ns = f->fleet.now_ns - 90 * NS_PER_S,
        .started_wall_ns = f->fleet.wall_ns - 90 * NS_PER_S,
        .controller = "test",
        .mode = "live",
        .tick_every_ns = NS_PER_S,
        .ticked_ns = f->ticked_ns,
        .tick = { .count = 90, .sum_ns = 90 * NS_PER_MS, .p50_ns = NS_PER_MS, .p99_ns = 2 },
        .store = { .writable = true },
        .file_problems = &f->broken,
        .file_problems_len = f->broken.file != NULL,
    };
}

static int submit(void *ctx, struct event *ev, struct error *err)
{
    struct fixture *f = ctx;
    f->generation++;
    return f->full ? error_nomem(err) : fleet_step(&f->fleet, ev, err);
}

static int decision_at(void *ctx, const char *pool, int64_t wall_ns, struct buf *out,
                       struct error *err)
{
    (void)ctx;
    if (strcmp(pool, "pool-0") != 0)
        return error_set(err, MUSTER_E_NOTFOUND, "nothing is known of '%s'", pool);
    buf_addf(out, "{\"asked\":%lld}", (long long)(wall_ns / NS_PER_S));
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fleet_init(&f->fleet, 3, 5);
    f->log.fd = -1;
    f->ticked_ns = f->fleet.now_ns;
    struct status_env env = {
        .control = f->fleet.control,
        .log = &f->log,
        .facts = facts,
        .submit = submit,
        .decision_at = decision_at,
        .ctx = f,
    };
    assert_int_equal(status_new(&env, &f->status, NULL), 0);
    assert_int_equal(status_set_tokens(f->status, STATUS_ADMIN, STR(ADMIN), NULL), 0);
    assert_int_equal(status_set_tokens(f->status, STATUS_AGENT, STR(AGENT), NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    status_free(f->status);
    fleet_release(&f->fleet);
    free(f);
    return 0;
}

/* ---- asking ---- */

struct reply {
    int status;
    const char *allow;
    char *text;
};

struct ask {
    const char *method, *target, *token, *body, *type, *accept, *origin;
};

static const char *query(const struct http_exchange *x, const char *name)
{
    static char values[4][128];
    static unsigned next;
    char *value = values[next++ % 4];
    const char *at = strchr(x->target, '?');
    size_t len = strlen(name);
    while (at) {
        at++;
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(at + len + 1, "&"),
                     at + len + 1);
            return value;
        }
        at = strchr(at, '&');
    }
    return NULL;
}

static const char *header(const struct http_exchange *x, const char *name)
{
    const struct ask *ask = x->internal;
    return strcmp(name, "Accept") == 0 ? ask->accept : NULL;
}

static struct reply ask_full(struct fixture *f, struct ask ask)
{
    char path[1024];
    char authorization[300] = "";
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(ask.target, "?"), ask.target);
    if (ask.token)
        snprintf(authorization, sizeof(authorization), "Bearer %s", ask.token);
    struct http_exchange x = {
        .method = ask.method ? ask.method : "GET",
        .path = path,
        .target = ask.target,
        .host = "127.0.0.1:8420",
        .authorization = authorization,
        .content_type = ask.type ? ask.type : "",
        .origin = ask.origin ? ask.origin : "",
        .body = str_from(ask.body),
        .query = query,
        .header = header,
        .internal = &ask,
    };
    struct http_answer answer = { .status = 500 };
    status_handle(f->status, &x, &answer);
    struct reply reply = { .status = answer.status, .allow = answer.allow };
    assert_non_null(answer.take_body);
    reply.text = str_dup(http_body_text(answer.take_body));
    http_body_unref(answer.take_body);
    return reply;
}

static struct reply get(struct fixture *f, const char *target)
{
    return ask_full(f, (struct ask){ .target = target });
}

static struct reply post(struct fixture *f, const char *target, const char *token, const char *body)
{
    return ask_full(f, (struct ask){ .method = "POST",
                                     .target = target,
                                     .token = token,
                                     .body = body,
                                     .type = body ? "application/json" : NULL });
}

static cJSON *get_json(struct fixture *f, const char *target)
{
    struct reply reply = get(f, target);
    cJSON *json = NULL;
    struct error err = { 0 };
    if (reply.status != 200 || json_parse(str_from(reply.text), &json, &err) < 0)
        fail_msg("%s: %d %s: %s", target, reply.status, err.text, reply.text);
    free(reply.text);
    return json;
}

static double num(const cJSON *json, const char *pointer)
{
    const cJSON *item = json_at(json, pointer);
    if (!cJSON_IsNumber(item))
        fail_msg("%s is not a number", pointer);
    return item->valuedouble;
}

static const char *text(const cJSON *json, const char *pointer)
{
    const char *value = cJSON_GetStringValue(json_at(json, pointer));
    if (!value)
        fail_msg("%s is not a text", pointer);
    return value;
}

#define assert_num(json, pointer, value) assert_float_equal(num((json), (pointer)), (value), 1e-9)

/* ---- reading ---- */

static void overview(void **state)
{
    struct fixture *f = *state;
    f->broken = (struct status_file_problem){ "bad.yaml", "bad.yaml:3:1: error: x", FLEET_WALL_NS };
    cJSON *json = get_json(f, "/status");
    assert_string_equal(text(json, "/version"), MUSTER_VERSION);
    assert_string_equal(text(json, "/mode"), "live");
    assert_string_equal(text(json, "/at"), "2026-11-22T09:40:16Z");
    assert_num(json, "/uptime_s", 90);
    assert_true(cJSON_IsTrue(json_at(json, "/ready")));
    assert_true(cJSON_IsTrue(json_at(json, "/store/writable")));
    assert_string_equal(text(json, "/policy_errors/0/file"), "bad.yaml");
    assert_string_equal(text(json, "/policy_errors/0/since"), "2026-11-22T09:40:14Z");
    assert_string_equal(text(json, "/inventories/0/name"), "local");
    assert_num(json, "/inventories/0/listed_age_s", 1);
    assert_true(cJSON_IsNull(json_at(json, "/inventories/0/failing_s")));
    assert_int_equal(cJSON_GetArraySize(json_at(json, "/pools")), 3);
    assert_string_equal(text(json, "/pools/1/name"), "pool-1");
    assert_string_equal(text(json, "/pools/1/problem"), "");
    assert_string_equal(text(json, "/pools/1/signal/state"), "fresh");
    assert_num(json, "/pools/1/signal/waiting", 5);
    assert_num(json, "/pools/1/signal/running", 5);
    assert_true(cJSON_IsNull(json_at(json, "/pools/1/signal/oldest_s")));
    assert_num(json, "/pools/1/signal/age_s", 1);
    assert_num(json, "/pools/1/nodes/ready", 5);
    assert_num(json, "/pools/1/nodes/total", 5);
    assert_num(json, "/pools/1/slots/ready", 10);
    assert_num(json, "/pools/1/slots/busy", 5);
    assert_num(json, "/pools/1/slots/max", 20);
    assert_num(json, "/pools/1/desired", 10);
    assert_num(json, "/pools/1/price_usd_per_hour", 0.17);
    assert_num(json, "/totals/nodes/ready", 15);
    assert_num(json, "/totals/desired", 30);
    assert_non_null(strstr(text(json, "/pools/1/last/summary"),
                           "backlog: (5 waiting + 5 running) / 1 per slot"));
    cJSON_Delete(json);
}

static void unknown_is_null_not_zero(void **state)
{
    struct fixture *f = *state;
    struct event ev = { .type = EVENT_POLICY };
    ev.policy.take_spec = fleet_spec("fresh", 4);
    fleet_must(&f->fleet, &ev);
    cJSON *json = get_json(f, "/status/fresh");
    assert_string_equal(text(json, "/signal/state"), "none");
    assert_true(cJSON_IsNull(json_at(json, "/signal/waiting")));
    assert_true(cJSON_IsNull(json_at(json, "/signal/age_s")));
    cJSON_Delete(json);
}

static void one_pool(void **state)
{
    struct fixture *f = *state;
    cJSON *json = get_json(f, "/status/pool-2");
    assert_string_equal(text(json, "/name"), "pool-2");
    assert_string_equal(text(json, "/settings/file"), "policies/test.yaml");
    assert_string_equal(text(json, "/settings/policies/0"), "backlog");
    assert_string_equal(text(json, "/settings/offers/0/name"), "local/small");
    assert_num(json, "/settings/offers/0/price_usd_per_hour", 0.034);
    assert_num(json, "/rates/samples", 1);
    assert_int_equal(cJSON_GetArraySize(json_at(json, "/intents")), 0);
    cJSON_Delete(json);
}

static void open_intents_are_shown(void **state)
{
    struct fixture *f = *state;
    fleet_sample(&f->fleet, "pool-1", 9, 5); /* more than there are slots: something is bought */
    cJSON *json = get_json(f, "/status/pool-1");
    assert_string_equal(text(json, "/intents/0/kind"), "launch");
    assert_string_equal(text(json, "/intents/0/about"), "local/small");
    assert_num(json, "/intents_open", 1);
    assert_num(json, "/nodes/requested", 2);
    cJSON_Delete(json);
}

static void pages_of_nodes(void **state)
{
    static const struct {
        const char *target;
        int count, total;
        const char *first;
    } cases[] = {
        { "/nodes", 15, 15, "pool-0-n0" },
        { "/nodes?limit=4", 4, 15, "pool-0-n0" },
        { "/nodes?limit=4&offset=3", 4, 15, "pool-0-n3" },
        { "/nodes?offset=7", 8, 15, "pool-1-n2" },
        { "/nodes?offset=15", 0, 15, NULL },
        { "/nodes?offset=9999999", 0, 15, NULL },
        { "/nodes?pool=pool-1", 5, 5, "pool-1-n0" },
        { "/nodes?pool=pool-1&offset=4&limit=1000", 1, 5, "pool-1-n4" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cJSON *json = get_json(f, cases[i].target);
        if (cJSON_GetArraySize(json_at(json, "/nodes")) != cases[i].count ||
            (int)num(json, "/total") != cases[i].total)
            fail_msg("%s", cases[i].target);
        if (cases[i].first)
            assert_string_equal(text(json, "/nodes/0/id"), cases[i].first);
        cJSON_Delete(json);
    }
    cJSON *json = get_json(f, "/nodes?limit=1");
    assert_string_equal(text(json, "/nodes/0/state"), "ready");
    assert_string_equal(text(json, "/nodes/0/offer"), "local/small");
    assert_num(json, "/nodes/0/busy", 1);
    assert_true(cJSON_IsTrue(json_at(json, "/nodes/0/adopted")));
    cJSON_Delete(json);
}

static void explanations(void **state)
{
    struct fixture *f = *state;
    cJSON *json = get_json(f, "/explain/pool-0");
    assert_string_equal(text(json, "/last/trail/1/who"), "backlog");
    assert_num(json, "/last/trail/1/values/waiting", 5);
    assert_num(json, "/last/desired", 10);
    assert_true(cJSON_IsObject(json_at(json, "/changed")));
    cJSON_Delete(json);

    struct reply reply = get(f, "/explain/pool-0?format=text");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "pool pool-0\nlast decision: "));
    assert_non_null(strstr(reply.text, "(5 waiting + 5 running) / 1 per slot"));
    free(reply.text);
    struct reply same =
        ask_full(f, (struct ask){ .target = "/explain/pool-0", .accept = "text/plain" });
    assert_non_null(strstr(same.text, "pool pool-0\n"));
    free(same.text);

    json = get_json(f, "/explain/pool-0?at=2026-11-22T09:40:14Z");
    assert_num(json, "/decision/asked", 1795340414);
    cJSON_Delete(json);
}

static void browsers_get_a_dashboard(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *target, *accept, *begins;
    } cases[] = {
        { "/", NULL, "muster " MUSTER_VERSION },
        { "/", "*/*", "muster " MUSTER_VERSION },
        { "/", "text/html,application/xhtml+xml", "<!doctype html>" },
        { "/dashboard.css", NULL, ":root" },
        { "/dashboard.js", NULL, "\"use strict\"" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply reply =
            ask_full(f, (struct ask){ .target = cases[i].target, .accept = cases[i].accept });
        assert_int_equal(reply.status, 200);
        assert_int_equal(strncmp(reply.text, cases[i].begins, strlen(cases[i].begins)), 0);
        /* Nothing that the Content-Security-Policy would stop. */
        assert_null(strstr(reply.text, "<script>"));
        assert_null(strstr(reply.text, "style=\""));
        assert_null(strstr(reply.text, "innerHTML"));
        free(reply.text);
    }
}

static void health(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t later_s;
        int ready, alive;
    } cases[] = { { 0, 200, 200 }, { 9, 200, 200 }, { 20, 503, 200 }, { 1000, 503, 503 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->ticked_ns = f->fleet.now_ns - cases[i].later_s * NS_PER_S;
        struct reply ready = get(f, "/readyz");
        struct reply alive = get(f, "/healthz");
        assert_int_equal(ready.status, cases[i].ready);
        assert_int_equal(alive.status, cases[i].alive);
        free(ready.text);
        free(alive.text);
    }
    f->ticked_ns = 0;
    struct reply ready = get(f, "/readyz");
    assert_int_equal(ready.status, 503);
    assert_string_equal(ready.text, "not ready: no tick has succeeded yet\n");
    free(ready.text);
}

static void metrics_please_promtool(void **state)
{
    struct fixture *f = *state;
    fleet_sample(&f->fleet, "pool-1", 50, 5);
    struct reply reply = get(f, "/metrics");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "\nmuster_pool_desired_slots{pool=\"pool-1\"} 20\n"));
    assert_non_null(strstr(reply.text, "\nmuster_pool_nodes{pool=\"pool-1\",state=\"ready\"} 5\n"));
    assert_non_null(strstr(reply.text, "\nmuster_policy_errors 0\n"));
    assert_non_null(
        strstr(reply.text, "\nmuster_pool_signal_state{pool=\"pool-1\",state=\"fresh\"} 1\n"));
    if (system("command -v promtool >/dev/null") != 0) {
        free(reply.text);
        printf("there is no promtool on this machine\n");
        skip();
    }
    FILE *promtool = popen("promtool check metrics 2>&1", "w");
    fputs(reply.text, promtool);
    assert_int_equal(pclose(promtool), 0);
    free(reply.text);
}

static void rendered_once_per_generation(void **state)
{
    struct fixture *f = *state;
    struct reply first = get(f, "/status");
    f->fleet.now_ns += 50 * NS_PER_S; /* would show in every age */
    struct reply second = get(f, "/status");
    assert_string_equal(first.text, second.text);
    f->generation++;
    struct reply third = get(f, "/status");
    assert_string_not_equal(first.text, third.text);
    free(first.text);
    free(second.text);
    free(third.text);
}

/* ---- what is refused ---- */

static void refusals(void **state)
{
    static const struct {
        struct ask ask;
        int status;
        const char *text; /* part of the body, or of Allow */
    } cases[] = {
        { { .target = "/nowhere" }, 404, "no such path" },
        { { .target = "/status/" }, 404, "no such path" },
        { { .target = "/status/pool-0/" }, 404, "no such path" },
        { { .target = "//status" }, 404, "no such path" },
        { { .target = "/status/../metrics" }, 404, "no such path" },
        { { .target = "/status/%70ool-0" }, 404, "no such path" },
        { { .target = "/STATUS" }, 404, "no such path" },
        { { .target = "/status/nobody" }, 404, "there is no pool 'nobody'" },
        { { .target = "/explain/nobody" }, 404, "there is no pool 'nobody'" },
        { { .target = "/explain/nobody?at=2026-11-22T09:40Z" }, 404, "nothing is known" },
        { { .target = "/explain/pool-0?at=yesterday" }, 400, "at must be" },
        { { .target = "/nodes?pool=nobody" }, 404, "there is no pool 'nobody'" },
        { { .target = "/nodes?limit=0" }, 400, "limit must be" },
        { { .target = "/nodes?limit=1001" }, 400, "limit must be" },
        { { .target = "/nodes?limit=x" }, 400, "limit must be" },
        { { .target = "/nodes?offset=-1" }, 400, "offset must be" },
        { { .method = "POST", .target = "/status" }, 405, "GET, HEAD" },
        { { .method = "GET", .target = "/v1/pools/pool-0/pause" }, 405, "POST" },
        { { .method = "HEAD", .target = "/v1/nodes/x/heartbeat" }, 405, "POST" },
        { { .method = "POST", .target = "/v1/pools/pool-0/pause" }, 401, "admin token" },
        { { .method = "POST", .target = "/v1/pools/pool-0/pause", .token = "wrong" }, 401, NULL },
        { { .method = "POST", .target = "/v1/pools/pool-0/pause", .token = AGENT }, 403, NULL },
        { { .method = "POST", .target = "/v1/pools/nobody/pause", .token = ADMIN },
          404,
          "there is no pool" },
        { { .method = "POST", .target = "/v1/nodes/nobody/drain", .token = ADMIN },
          404,
          "there is no node" },
        { { .method = "POST",
            .target = "/v1/pools/pool-0/pause",
            .token = ADMIN,
            .origin = "http://evil.example" },
          403,
          "another site" },
        { { .method = "POST",
            .target = "/v1/pools/pool-0/pause",
            .token = ADMIN,
            .body = "{}",
            .type = "text/plain" },
          415,
          "Content-Type" },
        { { .method = "POST",
            .target = "/v1/pools/pool-0/pause",
            .token = ADMIN,
            .body = "{",
            .type = "application/json" },
          400,
          "JSON" },
        { { .method = "POST",
            .target = "/v1/nodes/pool-0-n0/heartbeat",
            .body = "{}",
            .type = "application/json" },
          401,
          "agent token" },
        { { .method = "POST",
            .target = "/v1/nodes/pool-0-n0/heartbeat",
            .token = AGENT,
            .body = "{}",
            .type = "application/json; charset=utf-8" },
          400,
          "state: must be" },
        { { .method = "POST",
            .target = "/v1/nodes/pool-0-n0/heartbeat",
            .token = AGENT,
            .body = "{}",
            .type = "application/jsonp" },
          415,
          "Content-Type" },
        { { .method = "POST",
            .target = "/v1/nodes/nobody/heartbeat",
            .token = AGENT,
            .body = "{\"state\":\"ready\",\"seq\":1}",
            .type = "application/json" },
          404,
          "there is no node" },
        { { .method = "POST",
            .target = "/v1/nodes/pool-0-n0/heartbeat",
            .token = AGENT,
            .body = "{\"state\":\"ready\",\"seq\":1,\"pool\":\"pool-1\"}",
            .type = "application/json" },
          400,
          "is of pool 'pool-0'" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply reply = ask_full(f, cases[i].ask);
        const char *where = cases[i].status == 405 ? reply.allow : reply.text;
        if (reply.status != cases[i].status || (cases[i].text && !strstr(where, cases[i].text)))
            fail_msg("%s: %d %s", cases[i].ask.target, reply.status, reply.text);
        assert_int_equal(strncmp(reply.text, "{\"error\":\"", 10), 0);
        free(reply.text);
    }
}

static void a_read_token_closes_reading(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(status_set_tokens(f->status, STATUS_READ, STR("read-token-0123456789"), NULL),
                     0);
    static const struct {
        const char *target, *token;
        int status;
    } cases[] = {
        { "/status", NULL, 401 },
        { "/metrics", NULL, 401 },
        { "/nodes", AGENT, 403 },
        { "/explain/pool-0", NULL, 401 },
        { "/status", "read-token-0123456789", 200 },
        { "/status", ADMIN, 200 },
        { "/status", NULL, 401 }, /* also when it is in the cache */
        { "/healthz", NULL, 200 },
        { "/readyz", NULL, 200 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply reply =
            ask_full(f, (struct ask){ .target = cases[i].target, .token = cases[i].token });
        if (reply.status != cases[i].status)
            fail_msg("case %zu: %d", i, reply.status);
        free(reply.text);
    }
}

/* ---- commands ---- */

static bool is_paused(struct fixture *f, const char *pool)
{
    struct pool_view view;
    return control_pool_find(f->fleet.control, pool, &view) && view.paused;
}

static void pausing(void **state)
{
    struct fixture *f = *state;
    struct reply before = get(f, "/status");
    assert_null(strstr(before.text, "\"paused\":true"));
    free(before.text);
    static const struct {
        const char *target;
        bool one, two;
    } cases[] = {
        { "/v1/pools/pool-1/pause", true, false },
        { "/v1/pools/pool-1/pause", true, false },
        { "/v1/pause", true, true },
        { "/v1/resume", true, false },
        { "/v1/pools/pool-1/resume", false, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reply reply = post(f, cases[i].target, ADMIN, i % 2 ? "{}" : NULL);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.text, "\"paused\":"));
        free(reply.text);
        assert_int_equal(is_paused(f, "pool-1"), cases[i].one);
        assert_int_equal(is_paused(f, "pool-2"), cases[i].two);
        /* Shown at once, whatever was rendered a moment ago. */
        struct reply after = get(f, "/status");
        assert_int_equal(strstr(after.text, "\"paused\":true") != NULL,
                         cases[i].one || cases[i].two);
        free(after.text);
    }
}

static void draining(void **state)
{
    struct fixture *f = *state;
    struct reply reply = post(f, "/v1/nodes/pool-0-n3/drain", ADMIN, NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text,
                        "{\"node\":\"pool-0-n3\",\"pool\":\"pool-0\",\"state\":\"draining\"}\n");
    free(reply.text);
}

static void heartbeats(void **state)
{
    struct fixture *f = *state;
    struct reply reply =
        post(f, "/v1/nodes/pool-0-n3/heartbeat", AGENT,
             "{\"pool\":\"pool-0\",\"state\":\"ready\",\"seq\":1000,\"slots\":2,\"busy\":2}");
    assert_string_equal(reply.text,
                        "{\"known\":true,\"drain\":false,\"run\":true,\"every_s\":30}\n");
    free(reply.text);
    assert_int_equal(control_node_find(f->fleet.control, "pool-0-n3", NULL)->busy, 2);

    free(post(f, "/v1/nodes/pool-0-n3/drain", ADMIN, NULL).text);
    reply = post(f, "/v1/nodes/pool-0-n3/heartbeat", AGENT, "{\"state\":\"ready\",\"seq\":1001}");
    assert_non_null(strstr(reply.text, "\"drain\":true"));
    free(reply.text);
}

static void an_event_that_cannot_be_taken(void **state)
{
    struct fixture *f = *state;
    f->full = true;
    struct reply reply = post(f, "/v1/pools/pool-1/pause", ADMIN, NULL);
    assert_int_equal(reply.status, 503);
    assert_string_equal(reply.text, "{\"error\":\"out of memory\"}\n");
    free(reply.text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(overview),
        TEST(unknown_is_null_not_zero),
        TEST(one_pool),
        TEST(open_intents_are_shown),
        TEST(pages_of_nodes),
        TEST(explanations),
        TEST(browsers_get_a_dashboard),
        TEST(health),
        TEST(metrics_please_promtool),
        TEST(rendered_once_per_generation),
        TEST(refusals),
        TEST(a_read_token_closes_reading),
        TEST(pausing),
        TEST(draining),
        TEST(heartbeats),
        TEST(an_event_that_cannot_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
