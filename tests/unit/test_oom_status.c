/* No page of the endpoint, and no command, may do worse than say 503 when memory is out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "oom.h"
#include "status/heartbeat.h"
#include "status/status.h"
#include "tests/fleet.h"

#include <cmocka.h>

static struct fleet fleet;

static void facts(void *ctx, struct status_facts *ret)
{
    (void)ctx;
    *ret = (struct status_facts){ .now_ns = fleet.now_ns,
                                  .controller = "test",
                                  .mode = "live",
                                  .ticked_ns = fleet.now_ns,
                                  .tick_every_ns = NS_PER_S };
}

/* The core has tests of its own; here it always takes the event. */
static int submit(void *ctx, struct event *ev, struct error *err)
{
    (void)ctx;
    (void)ev;
    (void)err;
    return 0;
}

static const char *no_value(const struct http_exchange *x, const char *name)
{
    (void)x;
    (void)name;
    return NULL;
}

static int ask(const char *method, const char *path, const char *body)
{
    struct status_env env = { .control = fleet.control, .facts = facts, .submit = submit };
    struct status *status = NULL;
    int rc = status_new(&env, &status, NULL);
    if (rc < 0)
        return rc;
    struct http_exchange x = {
        .method = method,
        .path = path,
        .target = path,
        .host = "",
        .authorization = "Bearer admin-token-0123456789",
        .content_type = "application/json",
        .origin = "",
        .body = str_from(body),
        .query = no_value,
        .header = no_value,
    };
    struct http_answer answer = { 0 };
    if (status_set_tokens(status, STATUS_ADMIN, STR("admin-token-0123456789"), NULL) == 0 &&
        status_set_tokens(status, STATUS_AGENT, STR("agent-token-0123456789"), NULL) == 0)
        status_handle(status, &x, &answer);
    else
        answer.status = 503;
    http_body_unref(answer.take_body);
    status_free(status);
    return answer.status;
}

static void every_page(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } cases[] = {
        { "GET", "/", "", 200 },
        { "GET", "/status", "", 200 },
        { "GET", "/status/pool-0", "", 200 },
        { "GET", "/nodes", "", 200 },
        { "GET", "/explain/pool-0", "", 200 },
        { "GET", "/metrics", "", 200 },
        { "GET", "/readyz", "", 200 },
        { "GET", "/nowhere", "", 404 },
        { "POST", "/v1/pools/pool-0/pause", "{}", 200 },
        { "POST", "/v1/nodes/pool-0-n0/drain", "{}", 200 },
        { "POST", "/v1/nodes/pool-0-n0/heartbeat", "{\"state\":\"ready\",\"seq\":1}", 200 },
    };
    (void)state;
    fleet_init(&fleet, 2, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (long n = 0; oom_sweep(n); n++) {
            oom_arm(n);
            int status = ask(cases[i].method, cases[i].path, cases[i].body);
            bool hit = oom_disarm();
            /* Some failures cost only a nicety, such as a place in the cache. */
            bool fine =
                status == cases[i].status || (hit && (status == 503 || status == MUSTER_E_NOMEM));
            if (!fine)
                fail_msg("%s, allocation %ld: %d", cases[i].path, n, status);
        }
    }
    fleet_release(&fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
