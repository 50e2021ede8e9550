#include "tests/unit/aws_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "providers/aws/plugin.h"
#include "tests/unit/provider_help.h"

static int64_t virtual_ns(void *ctx)
{
    (void)ctx;
    return virtual_now_ns;
}

static void note(struct aws_world *w, const char *text)
{
    size_t len = strlen(w->notes);
    snprintf(w->notes + len, sizeof(w->notes) - len, "%s\n", text);
}

static void step(struct aws_world *w, struct event ev)
{
    w->core.now_ns = virtual_now_ns;
    w->core.wall_ns = SECONDS(1790000000) + virtual_now_ns;
    if (core_step(&w->core, ev) < 0)
        fail_msg("event %d: %s", (int)ev.type, w->core.err.text);
    for (size_t i = 0; i < w->core.out.all.len; i++) {
        const struct effect *e = &w->core.out.all.at[i];
        if (e->type == EFFECT_WRITE_INTENT)
            assert_true(vec_push(&w->written, e->intent->number));
        else if (e->type == EFFECT_LAUNCH)
            assert_true(vec_push(&w->sent, *e->intent));
        else if (e->type == EFFECT_LIST)
            assert_true(vec_push(&w->listings, str_dup(str_from(e->list.inventory))));
        else if (e->type == EFFECT_TERMINATE)
            assert_true(vec_push(&w->sent, *e->intent));
        else if (e->type == EFFECT_NOTE)
            note(w, e->note.text);
    }
}

/* ---- effects ------------------------------------------------------------------------------------ */

struct launching {
    struct aws_world *world;
    uint64_t number;
};

static void on_launch(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len,
                      const struct error *err)
{
    struct launching *l = ctx;
    bool failed = err->code && len == 0;
    step(l->world, (struct event){ .type = failed ? EVENT_LAUNCH_FAILED : EVENT_LAUNCHED,
                                   .result = { .number = l->number,
                                               .ids = ids,
                                               .len = len,
                                               .code = err->code,
                                               .text = err->text } });
    free(l);
}

static void on_terminate(void *ctx, const struct error *err)
{
    struct launching *l = ctx;
    step(l->world,
         (struct event){ .type = err->code ? EVENT_TERMINATE_FAILED : EVENT_TERMINATED,
                         .result = { .number = l->number, .code = err->code, .text = err->text } });
    free(l);
}

static const struct offer *find_offer(const struct aws_world *w, const char *name)
{
    size_t i = 0;
    while (i + 1 < w->spec->offers.len && strcmp(w->spec->offers.at[i].name, name) != 0)
        i++;
    return &w->spec->offers.at[i];
}

static void send_intent(struct aws_world *w, const struct intent *intent)
{
    struct launching *l = malloc(sizeof(*l));
    *l = (struct launching){ w, intent->number };
    const struct launch_request request = { .intent = intent,
                                            .offer = find_offer(w, intent->offer),
                                            .options = w->spec->offer_entries.at[0].options };
    if (intent->kind == INTENT_LAUNCH)
        provider_aws.mutations->launch(w->provider, &request, on_launch, l);
    else
        provider_aws.mutations->terminate(w->provider, intent, on_terminate, l);
}

static void on_list(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    struct aws_world *w = ctx;
    const char *inventory = "aws:eu-central-1";
    struct event ev = { .type = EVENT_LISTING };
    if (err->code) {
        ev.type = EVENT_LISTING_FAILED;
        ev.listing_failed.inventory = inventory;
        ev.listing_failed.code = err->code;
        ev.listing_failed.text = err->text;
        step(w, ev);
        return;
    }
    ev.listing.inventory = inventory;
    ev.listing.nodes = nodes;
    ev.listing.len = len;
    ev.listing.asked_ns = w->asked_ns;
    step(w, ev);
}

/* What is owed to the core; a journal that is prompt. */
static bool carry_out(struct aws_world *w)
{
    if (w->written.len > 0) {
        uint64_t number = w->written.at[0];
        vec_remove(&w->written, 0);
        step(w, (struct event){ .type = EVENT_INTENT_WRITTEN, .intent.number = number });
    } else if (w->sent.len > 0) {
        struct intent intent = w->sent.at[0];
        vec_remove(&w->sent, 0);
        send_intent(w, &intent);
    } else if (w->listings.len > 0) {
        free(w->listings.at[0]);
        vec_remove(&w->listings, 0);
        w->asked_ns = virtual_now_ns;
        provider_aws.list(w->provider, "aws:eu-central-1", on_list, w);
    } else {
        return false;
    }
    return true;
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Time stands still while anything is under way. */
static void settle(struct aws_world *w)
{
    for (;;) {
        if (w->http->calls)
            uv_run(&w->loop, UV_RUN_ONCE);
        else if (!virtual_timers_fire() && !carry_out(w))
            return;
    }
}

static bool all_there(const struct aws_world *w, size_t enough)
{
    return enough > 0 && w->ec2.machines.len >= enough && !control_intent(w->core.control, 0);
}

void aws_world_run(struct aws_world *w, int64_t for_ns, size_t enough)
{
    int64_t begun_ns = virtual_now_ns;
    int64_t tick_ns = virtual_now_ns;
    settle(w);
    while (!all_there(w, enough) && virtual_now_ns - begun_ns < for_ns) {
        int64_t timer_ns = virtual_timers_next_ns();
        bool tick = timer_ns >= tick_ns;
        virtual_now_ns = tick ? tick_ns : timer_ns;
        if (tick) {
            tick_ns += NS_PER_S;
            step(w, (struct event){ .type = EVENT_TICK });
        }
        settle(w);
        assert_true(tiny_ec2_alive(&w->ec2, true) + tiny_ec2_alive(&w->ec2, false) <= w->most);
    }
}

void aws_world_sample(struct aws_world *w, double waiting)
{
    struct sample sample = { .waiting = waiting, .has_running = true };
    step(w, (struct event){ .type = EVENT_SAMPLE, .sample = { "p", &sample } });
}

void aws_world_beat(struct aws_world *w, const char *node, enum beat_state state)
{
    struct event ev = { .type = EVENT_HEARTBEAT, .heartbeat = { .state = state, .idle_ns = -1 } };
    ev.heartbeat.seq = ++w->beats;
    str_copy_c(ev.heartbeat.node, sizeof(ev.heartbeat.node), node);
    step(w, ev);
}

/* ---- set up ------------------------------------------------------------------------------------- */

static struct pool_spec *make_spec(const char *const *settings, int64_t most)
{
    struct pool_spec *spec = pool_spec_new("p");
    struct option_choice entry = { &provider_aws.options,
                                   options_make(&provider_aws.options, settings) };
    assert_non_null(spec);
    assert_true(vec_push(&spec->offer_entries, entry));
    assert_int_equal(provider_aws.expand(entry.options, 0, spec, NULL), 0);
    spec->slots_max = spec->nodes_max = most;
    spec->in = spec->out = (struct pace){ 0 };
    spec->stale_after_ns = spec->ready_within_ns = SECONDS(86400);
    core_scale(spec, &policy_backlog, NULL);
    return spec;
}

void aws_world_start(struct aws_world *w, const char *const *settings, int64_t most)
{
    struct error err = { 0 };
    struct control_options options;
    *w = (struct aws_world){ .clock = { virtual_ns, virtual_ns, NULL }, .log = { .fd = -1 } };
    control_options_default(&options);
    options.list_every_ns = SECONDS(60);
    str_copy_c(options.controller, sizeof(options.controller), "test");
    core_start_with(&w->core, &options);
    virtual_now_ns = w->core.now_ns;
    uv_loop_init(&w->loop);
    assert_int_equal(http_client_new(&w->loop, "test", &w->http, &err), 0);
    tiny_ec2_start(&w->ec2, &w->loop, &w->clock);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(w->ec2.server));
    setenv("AWS_ENDPOINT_URL", url, 1);
    virtual_timers_on = true;
    const struct aws_client_env env = { &w->loop, &w->log, &w->clock, w->http, &w->settings };
    assert_int_equal(aws_client_new(&env, &w->aws, &err), 0);
    w->env = (struct provider_env){ .loop = &w->loop,
                                    .log = &w->log,
                                    .clock = &w->clock,
                                    .controller = "test",
                                    .state_dir = "/nowhere",
                                    .agent_url = "http://127.0.0.1:1",
                                    .aws = w->aws };
    assert_int_equal(provider_aws.open(&w->env, &w->provider, &err), 0);
    virtual_timers_on = false;
    w->most = (size_t)most;
    w->spec = make_spec(settings, most);
    for (size_t i = 0; i < w->spec->offers.len; i++)
        w->ec2.offers[w->spec->offers.at[i].market] = w->spec->offers.at[i].name;
    step(w, (struct event){ .type = EVENT_POLICY, .policy.take_spec = w->spec });
    step(w, (struct event){ .type = EVENT_POLICIES, .policies.complete = true });
    step(w, (struct event){ .type = EVENT_TICK });
    settle(w); /* the first, empty listing */
    w->begun_ns = virtual_now_ns;
}

void aws_world_stop(struct aws_world *w)
{
    provider_aws.close(w->provider);
    aws_client_free(w->aws);
    http_client_free(w->http);
    tiny_ec2_stop(&w->ec2);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    core_stop(&w->core);
    vec_release(&w->written);
    vec_release(&w->sent);
    vec_release(&w->listings);
}
