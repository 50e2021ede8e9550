/*
 * Provider asg: what a group's description says, and what is asked of the group, against a small Auto
 * Scaling in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>

#include <curl/curl.h>

#include <cmocka.h>

#include "auth/aws_client.h"
#include "base/clock.h"
#include "net/http_call.h"
#include "net/http_server.h"
#include "providers/asg/asg.h"
#include "providers/asg/plugin.h"
#include "tests/unit/provider_help.h"
#include "tests/unit/virtual_timers.h"

/* ---- answers ------------------------------------------------------------------------------------ */

#define GROUP(inner)                                                                               \
    "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>"      \
    "<member>" inner "</member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"             \
    "</DescribeAutoScalingGroupsResponse>"
#define SIZES "<MinSize>1</MinSize><MaxSize>9</MaxSize><DesiredCapacity>3</DesiredCapacity>"
#define MEMBER(id, state)                                                                          \
    "<member><InstanceId>" id "</InstanceId><LifecycleState>" state "</LifecycleState>"            \
    "<HealthStatus>Healthy</HealthStatus></member>"
#define TAG(key, value) "<member><Key>" key "</Key><Value>" value "</Value></member>"

static void a_group(void **state)
{
    (void)state;
    static const char text[] = GROUP(
        SIZES "<Instances>" MEMBER("i-1", "Pending:Wait") MEMBER("i-2", "InService") MEMBER(
            "i-3", "Standby") MEMBER("i-4", "Terminating:Proceed") MEMBER("i-5", "Terminated")
            MEMBER("i-6",
                   "Warmed:Stopped") "<member><InstanceId>i-7</"
                                     "InstanceId><LifecycleState>InService</LifecycleState>"
                                     "<HealthStatus>Unhealthy</HealthStatus></member></Instances>"
                                     "<SuspendedProcesses><member><ProcessName>Launch</"
                                     "ProcessName></member>"
                                     "<member><ProcessName>AlarmNotification</ProcessName></member>"
                                     "<member><ProcessName>Terminate</ProcessName></member></"
                                     "SuspendedProcesses>"
                                     "<Tags>" TAG("muster:controller", "me") TAG("other", "x")
                                         TAG("muster:pool", "a&amp;b") TAG("muster:intent", "tok")
                                             TAG("muster:target",
                                                 "7") "</Tags>"
                                                      "<NewInstancesProtectedFromScaleIn>true</"
                                                      "NewInstancesProtectedFromScaleIn>");
    struct asg_group g = { 0 };
    struct error err = { 0 };
    assert_int_equal(asg_read_group(str_from(text), &g, &err), 0);
    assert_true(g.found && g.protects && g.rebalances && !g.deleting);
    assert_int_equal(g.min, 1);
    assert_int_equal(g.max, 9);
    assert_int_equal(g.desired, 3);
    assert_int_equal(g.members.len, 7);
    assert_int_equal(asg_group_alive(&g), 4);
    assert_int_equal(asg_group_member(&g, "i-1")->state, LISTED_PENDING);
    assert_int_equal(asg_group_member(&g, "i-4")->state, LISTED_STOPPING);
    assert_int_equal(asg_group_member(&g, "i-5")->state, LISTED_GONE);
    assert_true(asg_group_member(&g, "i-6")->warm);
    assert_true(asg_group_member(&g, "i-7")->unhealthy);
    assert_null(asg_group_member(&g, "i-8"));
    assert_string_equal(g.suspended, "Launch, Terminate");
    assert_string_equal(g.controller, "me");
    assert_string_equal(g.pool, "a&b");
    assert_string_equal(g.token, "tok");
    assert_int_equal(g.target, 7);
    asg_group_release(&g);
}

static void no_group_and_broken_ones(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        bool found;
    } cases[] = {
        { "<DescribeAutoScalingGroupsResponse/>", 0, false },
        { GROUP(SIZES), 0, true },
        { GROUP("<MinSize>1</MinSize>"), MUSTER_E_INVALID, false },
        { GROUP("<MinSize>many</MinSize>"), MUSTER_E_INVALID, false },
        { GROUP(SIZES "<Instances><member/></Instances>"), MUSTER_E_INVALID, false },
        { GROUP(SIZES "</member><member>" SIZES), MUSTER_E_INVALID, false },
        { "<DescribeInstancesResponse/>", MUSTER_E_INVALID, false },
        { "", MUSTER_E_INVALID, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asg_group g = { 0 };
        struct error err = { 0 };
        assert_int_equal(asg_read_group(str_from(cases[i].text), &g, &err), cases[i].code);
        assert_int_equal(g.found, cases[i].found);
        asg_group_release(&g);
    }
}

static void entries(void **state)
{
    (void)state;
    static const struct {
        const char *region, *group, *wrong;
    } cases[] = {
        { "eu-central-1", "workers", NULL },
        { "eu-central-1", "with spaces / and slashes", NULL },
        { "eu central", "workers", "region" },
        { "", "workers", "region" },
        { "eu-central-1", "", "group" },
        { "eu-central-1", "a:b", "group" },
        { "eu-central-1", "0123456789012345678901234567890123456789012345678", "group" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *key = NULL;
        struct error err = { 0 };
        void *o = options_make(&provider_asg.options,
                               SETTINGS("region", cases[i].region, "group", cases[i].group));
        int rc = provider_asg.options.check(o, &key, &err);
        assert_int_equal(rc, cases[i].wrong ? MUSTER_E_INVALID : 0);
        if (cases[i].wrong)
            assert_string_equal(key, cases[i].wrong);
        option_set_release(&provider_asg.options, o);
        free(o);
    }
    struct pool_spec *spec = pool_spec_new("p");
    void *o = options_make(&provider_asg.options,
                           SETTINGS("region", "eu-1", "group", "g", "slots", "4", "max", "7",
                                    "market", "spot", "price", "0.1 USD/h"));
    assert_int_equal(provider_asg.expand(o, 3, spec, NULL), 0);
    assert_string_equal(spec->offers.at[0].name, "asg/eu-1/g");
    assert_string_equal(spec->offers.at[0].inventory, "asg:eu-1/g");
    assert_int_equal(spec->offers.at[0].market, MARKET_SPOT);
    assert_int_equal(spec->offers.at[0].nodes_max, 7);
    assert_int_equal(spec->offers.at[0].price_usd_micro, 100000);
    assert_int_equal(provider_asg.expand(o, 4, spec, NULL), MUSTER_E_INVALID); /* twice */
    option_set_release(&provider_asg.options, o);
    free(o);
    pool_spec_free(spec);
}

/* ---- a small Auto Scaling ----------------------------------------------------------------------- */

#define INVENTORY "asg:eu-1/g"

struct group {
    uv_loop_t loop;
    struct log log;
    struct clock clock;
    struct aws_settings settings;
    struct http_client *http;
    struct http_server *server;
    struct aws_client *aws;
    struct provider_env env;
    struct provider *provider;
    int min, max, desired, members, room; /* i-0 .. i-<members - 1> */
    char pool[16], token[64];
    int target;
    const char *broken; /* this action is answered with 500, and is done */
    char calls[1024];   /* "SetDesiredCapacity=4 " */
    int answers, code;
    size_t len;
    char text[ERROR_TEXT_MAX];
};

static int64_t virtual_ns(void *ctx)
{
    (void)ctx;
    return virtual_now_ns;
}

static void value_of(struct str body, const char *name, char *to, size_t size)
{
    const char *at = memmem(body.ptr, body.len, name, strlen(name));
    size_t len = 0;
    for (at = at ? at + strlen(name) : NULL;
         at && at + len < body.ptr + body.len && at[len] != '&' && len + 1 < size; len++)
        to[len] = at[len];
    to[len] = '\0';
}

static void describe(const struct group *g, struct buf *out)
{
    buf_addf(out,
             "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
             "<AutoScalingGroups><member><MinSize>%d</MinSize><MaxSize>%d</MaxSize>"
             "<DesiredCapacity>%d</DesiredCapacity><Tags>" TAG("muster:controller", "test")
                 TAG("muster:pool", "%s") TAG("muster:intent", "%s")
                     TAG("muster:target", "%d") "</Tags><Instances>",
             g->min, g->max, g->desired, g->pool, g->token, g->target);
    for (int i = 0; i < g->members; i++)
        buf_addf(out, MEMBER("i-%d", "InService"), i);
    buf_add_c(out, "</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
                   "</DescribeAutoScalingGroupsResponse>");
}

static void carry_out(struct group *g, const char *action, struct str body, struct buf *out)
{
    char value[64];
    size_t len = strlen(g->calls);
    if (strcmp(action, "DescribeAutoScalingGroups") == 0) {
        describe(g, out);
    } else if (strcmp(action, "CreateOrUpdateTags") == 0) {
        value_of(body, "Tags.member.1.Value=", g->token, sizeof(g->token));
        value_of(body, "Tags.member.2.Value=", value, sizeof(value));
        g->target = (int)strtol(value, NULL, 10);
    } else if (strcmp(action, "SetDesiredCapacity") == 0) {
        value_of(body, "DesiredCapacity=", value, sizeof(value));
        snprintf(g->calls + len, sizeof(g->calls) - len, "set %s ", value);
        g->desired = (int)strtol(value, NULL, 10);
        while (g->members < g->desired && g->members < g->room)
            g->members++;
    } else if (strcmp(action, "TerminateInstanceInAutoScalingGroup") == 0) {
        value_of(body, "InstanceId=", value, sizeof(value));
        snprintf(g->calls + len, sizeof(g->calls) - len, "end %s ", value);
        g->desired--;
        g->members--;
    }
    if (out->len == 0)
        buf_addf(out, "<%sResponse/>", action);
}

static void handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    struct group *g = ctx;
    struct buf out = { 0 };
    char action[64];
    value_of(x->body, "Action=", action, sizeof(action));
    carry_out(g, action, x->body, &out);
    ret->status = g->broken && strcmp(g->broken, action) == 0 ? 500 : 200;
    size_t len = out.len;
    ret->take_body = http_body_new(buf_take(&out), len, "text/xml");
}

static void begin(struct group *g)
{
    const struct http_server_options options = { .host = "127.0.0.1" };
    struct error err = { 0 };
    char url[64];
    *g = (struct group){ .log = { .fd = -1 },
                         .clock = { virtual_ns, virtual_ns, NULL },
                         .max = 9,
                         .room = 99,
                         .pool = "p" };
    virtual_now_ns = 1000 * NS_PER_S;
    uv_loop_init(&g->loop);
    assert_int_equal(http_client_new(&g->loop, "test", &g->http, &err), 0);
    assert_int_equal(http_server_new(&g->loop, NULL, &options, handle, g, &g->server, &err), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(g->server));
    setenv("AWS_ENDPOINT_URL", url, 1);
    virtual_timers_on = true;
    const struct aws_client_env env = { &g->loop, &g->log, &g->clock, g->http, &g->settings };
    assert_int_equal(aws_client_new(&env, &g->aws, &err), 0);
    g->env = (struct provider_env){ .loop = &g->loop,
                                    .log = &g->log,
                                    .clock = &g->clock,
                                    .controller = "test",
                                    .state_dir = "/nowhere",
                                    .aws = g->aws };
    assert_int_equal(provider_asg.open(&g->env, &g->provider, &err), 0);
    virtual_timers_on = false;
}

static void end(struct group *g)
{
    provider_asg.close(g->provider);
    aws_client_free(g->aws);
    http_client_free(g->http);
    http_server_free(g->server);
    uv_run(&g->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&g->loop), 0);
}

/* Until so many answers came; time stands still while a call is under way. */
static void run(struct group *g, int answers)
{
    while (g->answers < answers) {
        if (g->http->calls)
            uv_run(&g->loop, UV_RUN_ONCE);
        else if (!virtual_timers_fire())
            virtual_now_ns = virtual_timers_next_ns();
        assert_true(virtual_now_ns < 3600 * NS_PER_S);
    }
}

static void note(struct group *g, size_t len, const struct error *err)
{
    g->answers++;
    g->len = len;
    g->code = err->code;
    snprintf(g->text, sizeof(g->text), "%s", err->text);
}

static void on_list(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    (void)nodes;
    note(ctx, len, err);
}

static void on_launch(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                      const struct error *err)
{
    (void)ids;
    note(ctx, len, err);
}

static void on_terminate(void *ctx, const struct error *err)
{
    note(ctx, 0, err);
}

static int list(struct group *g)
{
    provider_asg.list(g->provider, INVENTORY, on_list, g);
    run(g, g->answers + 1);
    return g->code;
}

static void ask(struct group *g, const char *token, int64_t count)
{
    struct intent intent = {
        .count = count, .slots = 1, .tries = 1, .inventory = INVENTORY, .pool = "p"
    };
    str_copy_c(intent.token, sizeof(intent.token), token);
    const struct launch_request request = { .intent = &intent };
    provider_asg.mutations->launch(g->provider, &request, on_launch, g);
}

static int launch(struct group *g, const char *token, int64_t count)
{
    ask(g, token, count);
    run(g, g->answers + 1);
    return g->code;
}

static void ask_end(struct group *g, const char *node, int tries)
{
    struct intent intent = { .kind = INTENT_TERMINATE, .tries = tries, .inventory = INVENTORY };
    str_copy_c(intent.node, sizeof(intent.node), node);
    provider_asg.mutations->terminate(g->provider, &intent, on_terminate, g);
}

static void more_and_fewer(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    assert_int_equal(list(&g), 0);
    assert_int_equal(launch(&g, "t1", 3), 0);
    assert_int_equal(g.len, 3);
    assert_string_equal(g.token, "t1");
    assert_int_equal(launch(&g, "t2", 9), MUSTER_E_CAPACITY); /* MaxSize */
    assert_int_equal(g.len, 6);
    assert_non_null(strstr(g.text, "room for 6 of 9"));
    ask_end(&g, "i-8", 1);
    run(&g, g.answers + 1);
    assert_int_equal(g.code, 0);
    assert_string_equal(g.calls, "set 3 set 9 end i-8 ");
    /* Asked again for one that is gone: no other goes in its place. */
    ask_end(&g, "i-8", 2);
    run(&g, g.answers + 1);
    assert_int_equal(g.code, 0);
    assert_string_equal(g.calls, "set 3 set 9 end i-8 ");
    end(&g);
}

static void what_does_not_come_is_taken_back(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    g.room = 2;
    assert_int_equal(list(&g), 0);
    assert_int_equal(launch(&g, "t1", 5), MUSTER_E_CAPACITY);
    assert_int_equal(g.len, 2);
    assert_int_equal(g.desired, 2);
    assert_string_equal(g.calls, "set 5 set 2 ");
    assert_non_null(strstr(g.text, "made 2 of 5"));
    end(&g);
}

/* The answer is lost, and lost again; asked once more the launch goes on, and does not begin anew. */
static void begun_before(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    assert_int_equal(list(&g), 0);
    g.broken = "SetDesiredCapacity";
    assert_int_equal(launch(&g, "t1", 3), MUSTER_E_UNKNOWN);
    g.broken = NULL;
    assert_int_equal(launch(&g, "t1", 3), MUSTER_E_UNKNOWN); /* listings know its machines */
    assert_int_equal(g.members, 3);
    assert_int_equal(g.desired, 3);
    /* It was written down, and then not set. */
    snprintf(g.token, sizeof(g.token), "t2");
    g.target = 5;
    assert_int_equal(launch(&g, "t2", 2), MUSTER_E_UNKNOWN);
    assert_int_equal(g.members, 5);
    /* Machines were returned since: what is missing may be those. */
    assert_int_equal(list(&g), 0);
    ask_end(&g, "i-4", 1);
    run(&g, g.answers + 1);
    assert_int_equal(launch(&g, "t2", 2), MUSTER_E_UNKNOWN);
    assert_int_equal(g.members, 4);
    end(&g);
}

static void what_nobody_counted(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    g.desired = g.members = 1; /* and no listing yet */
    assert_int_equal(launch(&g, "t1", 2), MUSTER_E_TRANSIENT);
    assert_int_equal(list(&g), 0);
    g.desired = 3; /* its owner raised it; they are not there yet */
    assert_int_equal(launch(&g, "t1", 2), MUSTER_E_TRANSIENT);
    assert_string_equal(g.calls, "");
    g.members = 3;
    assert_int_equal(list(&g), 0);
    assert_int_equal(launch(&g, "t1", 2), 0);
    assert_string_equal(g.calls, "set 5 ");
    snprintf(g.pool, sizeof(g.pool), "q");
    assert_int_equal(launch(&g, "t2", 2), MUSTER_E_CONFIG);
    end(&g);
}

/* Two launches and a termination at once: one after the other, and each right. */
static void in_turn(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    assert_int_equal(list(&g), 0);
    assert_int_equal(launch(&g, "t0", 1), 0);
    ask(&g, "t1", 2);
    ask(&g, "t2", 3);
    ask_end(&g, "i-0", 1);
    run(&g, g.answers + 3);
    assert_string_equal(g.calls, "set 1 set 3 set 6 end i-0 ");
    assert_int_equal(g.desired, 5);
    /* Closed with all kinds of work under way. */
    ask(&g, "t3", 1);
    ask(&g, "t4", 1);
    ask_end(&g, "i-1", 2);
    provider_asg.list(g.provider, INVENTORY, on_list, &g);
    int answers = g.answers;
    virtual_timers_fire();
    end(&g);
    assert_int_equal(g.answers, answers);
}

static void on_finding(void *ctx, const struct finding *finding)
{
    struct group *g = ctx;
    size_t len = strlen(g->calls);
    snprintf(g->calls + len, sizeof(g->calls) - len, "%s%s ",
             finding->answer == FINDING_OK ? "" : "!", finding->what);
}

static void on_checked(void *ctx)
{
    ((struct group *)ctx)->answers++;
}

static void looked_at_live(void **state)
{
    (void)state;
    struct group g;
    begin(&g);
    struct pool_spec *spec = pool_spec_new("p");
    struct option_choice entry = { &provider_asg.options,
                                   options_make(&provider_asg.options,
                                                SETTINGS("region", "eu-1", "group", "g")) };
    assert_true(vec_push(&spec->offer_entries, entry));
    assert_int_equal(provider_asg.expand(entry.options, 0, spec, NULL), 0);
    spec->slots_max = 9;
    const struct provider_check check = { spec, 0, on_finding, on_checked, &g };
    provider_asg.check(g.provider, &check);
    run(&g, g.answers + 1);
    assert_string_equal(g.calls, "group pool processes !machines at work room at rest ");
    g.calls[0] = '\0';
    g.min = 1;
    g.max = 5;
    snprintf(g.pool, sizeof(g.pool), "q");
    provider_asg.check(g.provider, &check);
    run(&g, g.answers + 1);
    assert_string_equal(g.calls, "group !pool processes !machines at work !room !at rest ");
    g.calls[0] = g.pool[0] = '\0';
    provider_asg.check(g.provider, &check);
    run(&g, g.answers + 1);
    assert_string_equal(g.calls, "!group ");
    end(&g);
    pool_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group),
        cmocka_unit_test(no_group_and_broken_ones),
        cmocka_unit_test(entries),
        cmocka_unit_test(more_and_fewer),
        cmocka_unit_test(what_does_not_come_is_taken_back),
        cmocka_unit_test(begun_before),
        cmocka_unit_test(what_nobody_counted),
        cmocka_unit_test(in_turn),
        cmocka_unit_test(looked_at_live),
    };
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
