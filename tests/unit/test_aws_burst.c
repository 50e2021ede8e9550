/*
 * 3,000 machines at once: the core, the provider, the AWS client and HTTP over loopback, against an EC2
 * with the published limits, in virtual time. It must not take much longer than the limits allow, no call
 * may be refused for a limit that is known, and not one machine too many may come of the waiting.
 */
#include "core_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "auth/aws_client.h"
#include "net/http_call.h"
#include "providers/aws/plugin.h"
#include "tests/unit/ec2_buckets.h"
#include "tests/unit/provider_help.h"
#include "tests/unit/virtual_timers.h"

#define WANTED 3000

struct burst {
    uv_loop_t loop;
    struct clock clock;
    struct log log;
    struct aws_settings settings;
    struct http_client *http;
    struct aws_client *aws;
    struct provider_env env;
    struct provider *provider;
    struct ec2_buckets ec2;
    struct core core;
    struct pool_spec *spec; /* the core's */
    VEC(uint64_t) written;  /* intents on their way to the journal */
    VEC(struct intent) sent;
    VEC(char *) listings;
    int64_t asked_ns, begun_ns;
};

static int64_t virtual_ns(void *ctx)
{
    (void)ctx;
    return virtual_now_ns;
}

static void step(struct burst *b, struct event ev)
{
    b->core.now_ns = virtual_now_ns;
    b->core.wall_ns = SECONDS(1790000000) + virtual_now_ns;
    if (core_step(&b->core, ev) < 0)
        fail_msg("event %d: %s", (int)ev.type, b->core.err.text);
    for (size_t i = 0; i < b->core.out.all.len; i++) {
        const struct effect *e = &b->core.out.all.at[i];
        if (e->type == EFFECT_WRITE_INTENT)
            assert_true(vec_push(&b->written, e->intent->number));
        else if (e->type == EFFECT_LAUNCH)
            assert_true(vec_push(&b->sent, *e->intent));
        else if (e->type == EFFECT_LIST)
            assert_true(vec_push(&b->listings, str_dup(str_from(e->list.inventory))));
        else
            assert_int_not_equal(e->type, EFFECT_TERMINATE);
    }
}

/* ---- effects ------------------------------------------------------------------------------------ */

struct launching {
    struct burst *burst;
    uint64_t number;
};

static void on_launch(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                      const struct error *err)
{
    struct launching *l = ctx;
    bool failed = err->code && len == 0;
    step(l->burst, (struct event){ .type = failed ? EVENT_LAUNCH_FAILED : EVENT_LAUNCHED,
                                   .result = { .number = l->number,
                                               .ids = ids,
                                               .len = len,
                                               .code = err->code,
                                               .text = err->text } });
    free(l);
}

static void send_launch(struct burst *b, const struct intent *intent)
{
    struct launching *l = malloc(sizeof(*l));
    *l = (struct launching){ b, intent->number };
    const struct launch_request request = { .intent = intent,
                                            .offer = &b->spec->offers.at[0],
                                            .options = b->spec->offer_entries.at[0].options };
    provider_aws.mutations->launch(b->provider, &request, on_launch, l);
}

static void on_list(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    struct burst *b = ctx;
    const char *inventory = "aws:eu-central-1";
    struct event ev = { .type = EVENT_LISTING };
    assert_int_equal(err->code, 0);
    ev.listing.inventory = inventory;
    ev.listing.nodes = nodes;
    ev.listing.len = len;
    ev.listing.asked_ns = b->asked_ns;
    step(b, ev);
}

/* What is owed to the core; a journal that is prompt. */
static bool carry_out(struct burst *b)
{
    if (b->written.len > 0) {
        uint64_t number = b->written.at[0];
        vec_remove(&b->written, 0);
        step(b, (struct event){ .type = EVENT_INTENT_WRITTEN, .intent.number = number });
    } else if (b->sent.len > 0) {
        struct intent intent = b->sent.at[0];
        vec_remove(&b->sent, 0);
        send_launch(b, &intent);
    } else if (b->listings.len > 0) {
        free(b->listings.at[0]);
        vec_remove(&b->listings, 0);
        b->asked_ns = virtual_now_ns;
        provider_aws.list(b->provider, "aws:eu-central-1", on_list, b);
    } else {
        return false;
    }
    return true;
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Time stands still while anything is under way. */
static void settle(struct burst *b)
{
    for (;;) {
        if (b->http->calls)
            uv_run(&b->loop, UV_RUN_ONCE);
        else if (!virtual_timers_fire() && !carry_out(b))
            return;
    }
}

static bool all_there(const struct burst *b)
{
    return b->ec2.machines >= WANTED && !control_intent(b->core.control, 0);
}

/* For so long, or until all machines are there. */
static void run(struct burst *b, int64_t most_ns, bool to_the_end)
{
    int64_t tick_ns = virtual_now_ns;
    int64_t begun_ns = virtual_now_ns;
    while ((to_the_end || !all_there(b)) && virtual_now_ns - begun_ns < most_ns) {
        settle(b);
        int64_t timer_ns = virtual_timers_next_ns();
        if (timer_ns < tick_ns) {
            virtual_now_ns = timer_ns;
            continue;
        }
        virtual_now_ns = tick_ns;
        tick_ns += NS_PER_S;
        step(b, (struct event){ .type = EVENT_TICK });
        assert_true(b->ec2.machines <= WANTED);
    }
    settle(b);
}

/* ---- set up ------------------------------------------------------------------------------------- */

static struct pool_spec *make_spec(const char *const *settings)
{
    struct pool_spec *spec = pool_spec_new("p");
    struct option_choice entry = { &provider_aws.options,
                                   options_make(&provider_aws.options, settings) };
    assert_non_null(spec);
    assert_true(vec_push(&spec->offer_entries, entry));
    assert_int_equal(provider_aws.expand(entry.options, 0, spec, NULL), 0);
    assert_int_equal(spec->offers.len, 1);
    spec->slots_max = spec->nodes_max = WANTED;
    spec->in = spec->out = (struct pace){ 0 };
    spec->stale_after_ns = spec->ready_within_ns = SECONDS(86400);
    core_scale(spec, &policy_backlog, NULL);
    return spec;
}

static void begin(struct burst *b, const char *const *settings)
{
    struct error err = { 0 };
    struct control_options options;
    *b = (struct burst){ .clock = { virtual_ns, virtual_ns, NULL }, .log = { .fd = -1 } };
    control_options_default(&options);
    options.list_every_ns = SECONDS(60);
    str_copy_c(options.controller, sizeof(options.controller), "test");
    core_start_with(&b->core, &options);
    virtual_now_ns = b->core.now_ns;
    uv_loop_init(&b->loop);
    assert_int_equal(http_client_new(&b->loop, "test", &b->http, &err), 0);
    ec2_buckets_start(&b->ec2, &b->loop, &b->clock);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(b->ec2.server));
    setenv("AWS_ENDPOINT_URL", url, 1);
    virtual_timers_on = true;
    const struct aws_client_env env = { &b->loop, &b->log, &b->clock, b->http, &b->settings };
    assert_int_equal(aws_client_new(&env, &b->aws, &err), 0);
    b->env = (struct provider_env){ .loop = &b->loop,
                                    .log = &b->log,
                                    .clock = &b->clock,
                                    .controller = "test",
                                    .state_dir = "/nowhere",
                                    .agent_url = "http://127.0.0.1:1",
                                    .aws = b->aws };
    assert_int_equal(provider_aws.open(&b->env, &b->provider, &err), 0);
    virtual_timers_on = false;
    b->spec = make_spec(settings);
    b->ec2.offer = b->spec->offers.at[0].name;
}

static void end(struct burst *b)
{
    provider_aws.close(b->provider);
    aws_client_free(b->aws);
    http_client_free(b->http);
    ec2_buckets_stop(&b->ec2);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    core_stop(&b->core);
    vec_release(&b->written);
    vec_release(&b->sent);
    vec_release(&b->listings);
}

/* Gives how long it took, in seconds. */
static double burst(struct burst *b, int64_t most_ns)
{
    struct sample sample = { .waiting = WANTED, .has_running = true };
    step(b, (struct event){ .type = EVENT_POLICY, .policy.take_spec = b->spec });
    step(b, (struct event){ .type = EVENT_POLICIES, .policies.complete = true });
    step(b, (struct event){ .type = EVENT_TICK });
    settle(b); /* the first, empty listing */
    b->begun_ns = virtual_now_ns;
    step(b, (struct event){ .type = EVENT_SAMPLE, .sample = { "p", &sample } });
    run(b, most_ns, false);
    double took_s = (double)(b->ec2.last_ns - b->begun_ns) / (double)NS_PER_S;
    /* What was given up, or asked for again, must not come after all. */
    int calls = b->ec2.calls;
    run(b, 1800 * NS_PER_S, true);
    assert_int_equal(b->ec2.calls, calls);
    return took_s;
}

/* ---- bursts ------------------------------------------------------------------------------------- */

static void check(const struct burst *b, const char *what, double took_s, double bound_s)
{
    printf("%s: %zu machines in %.1f s, by %d calls; the limits allow %.1f s; %d refused\n", what,
           b->ec2.machines, took_s, b->ec2.calls, bound_s, b->ec2.refused);
    assert_int_equal(b->ec2.machines, WANTED);
    assert_int_equal(b->ec2.refused, 0);
    assert_int_equal(b->ec2.again, 0);
    assert_true(took_s <= 1.1 * bound_s);
}

/* 60 fleets of 50, and 50 + 5 a second may be asked for. */
static void by_fleets(void **state)
{
    (void)state;
    struct burst b;
    begin(&b,
          SETTINGS("region", "eu-central-1", "zones", "a", "zones", "b", "zones", "c", "types",
                   "{ c5.large: 1, m5.large: 1 }", "market", "[spot]", "launch_template", "lt-1"));
    b.ec2.jitter_ns = 100 * NS_PER_MS;
    double took_s = burst(&b, 600 * NS_PER_S);
    check(&b, "CreateFleet", took_s, (60 - 50) / 5.0);
    end(&b);
}

/* One type in one place: 1,000 machines at once, and then 2 a second. */
static void by_runs(void **state)
{
    (void)state;
    struct burst b;
    begin(&b, SETTINGS("region", "eu-central-1", "zones", "a", "types", "{ c5.large: 1 }", "market",
                       "[spot]", "launch_template", "lt-1"));
    b.ec2.jitter_ns = 100 * NS_PER_MS;
    double took_s = burst(&b, 3600 * NS_PER_S);
    check(&b, "RunInstances", took_s, (WANTED - 1000) / 2.0);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_fleets),
        cmocka_unit_test(by_runs),
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
