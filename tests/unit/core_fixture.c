#include "core_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- starting and stopping ---------------------------------------------------------------------- */

void core_start_unread(struct core *core, const struct control_options *options)
{
    *core = (struct core){ .now_ns = SECONDS(1000), .wall_ns = SECONDS(1790000000) };
    control_options_default(&core->options);
    if (options)
        core->options = *options;
    core->control = control_new(&core->options, &core->err);
    assert_non_null(core->control);
}

void core_start_with(struct core *core, const struct control_options *options)
{
    core_start_unread(core, options);
    struct event ev = { .type = EVENT_RECOVERED, .recovered.journal = "journal0journal0" };
    assert_int_equal(core_step(core, ev), 0);
}

void core_start(struct core *core)
{
    core_start_with(core, NULL);
}

void core_stop(struct core *core)
{
    control_free(core->control);
    effect_list_release(&core->out);
    vec_release(&core->journal);
}

/* ---- steps, and what holds for each of them ------------------------------------------------------ */

static struct core_entry *journalled(const struct core *core, uint64_t number)
{
    for (size_t i = 0; i < core->journal.len; i++) {
        if (core->journal.at[i].intent.number == number)
            return &core->journal.at[i];
    }
    return NULL;
}

static void check_effect(struct core *core, const struct effect *e)
{
    struct core_entry *entry;
    switch (e->type) {
    case EFFECT_WRITE_INTENT:
        assert_null(journalled(core, e->intent->number));
        assert_int_equal(strlen(e->intent->token), 32);
        assert_true(vec_push(&core->journal, (struct core_entry){ .intent = *e->intent }));
        break;
    case EFFECT_LAUNCH:
    case EFFECT_TERMINATE:
        entry = journalled(core, e->intent->number);
        assert_non_null(entry);
        assert_true(entry->acknowledged);
        assert_false(entry->closed);
        assert_string_equal(entry->intent.token, e->intent->token);
        assert_string_equal(entry->intent.node, e->intent->node);
        assert_int_equal(entry->intent.count, e->intent->count);
        assert_int_equal(e->intent->kind == INTENT_LAUNCH, e->type == EFFECT_LAUNCH);
        break;
    case EFFECT_CLOSE_INTENT:
        entry = journalled(core, e->intent->number);
        if (entry)
            entry->closed = true;
        break;
    case EFFECT_POLL:
    case EFFECT_LIST:
    case EFFECT_SERVED:
    case EFFECT_PAUSED:
    case EFFECT_DECISION:
    case EFFECT_COST:
    case EFFECT_NOTE:
        break;
    }
}

int core_step(struct core *core, struct event ev)
{
    ev.now_ns = core->now_ns;
    ev.wall_ns = core->wall_ns;
    if (ev.type == EVENT_INTENT_WRITTEN) {
        struct core_entry *entry = journalled(core, ev.intent.number);
        if (entry)
            entry->acknowledged = true;
    }
    effect_list_clear(&core->out);
    error_clear(&core->err);
    int rc = control_step(core->control, &ev, &core->out, &core->err);
    for (size_t i = 0; i < core->out.all.len; i++)
        check_effect(core, &core->out.all.at[i]);
    return rc;
}

void core_tick(struct core *core, int64_t forward_ns)
{
    core->now_ns += forward_ns;
    core->wall_ns += forward_ns;
    assert_int_equal(core_step(core, (struct event){ .type = EVENT_TICK }), 0);
}

void core_ticks(struct core *core, int64_t forward_ns, int64_t every_ns)
{
    for (int64_t passed = 0; passed < forward_ns; passed += every_ns)
        core_tick(core, every_ns);
}

/* ---- specs --------------------------------------------------------------------------------------- */

struct offer *core_offer(struct pool_spec *spec, const char *name, int64_t slots,
                         int64_t price_usd_micro)
{
    struct offer offer = {
        .inventory = "local",
        .provider = "local",
        .slots = slots,
        .price_usd_micro = price_usd_micro,
        .batch = 1,
        .settle_ns = SECONDS(30),
    };
    snprintf(offer.name, sizeof(offer.name), "%s", name);
    assert_true(vec_push(&spec->offers, offer));
    return &spec->offers.at[spec->offers.len - 1];
}

struct pool_spec *core_spec(const char *name)
{
    struct pool_spec *spec = pool_spec_new(name);
    assert_non_null(spec);
    spec->slots_max = 100;
    spec->nodes_max = 100;
    spec->in = (struct pace){ 0 };
    spec->stale_after_ns = SECONDS(86400);
    core_offer(spec, "local/small", 1, DOLLARS(0.01));
    return spec;
}

void core_scale(struct pool_spec *spec, const struct policy *policy, ...)
{
    struct scale_entry entry = { .policy = policy };
    entry.options = calloc(1, policy->options.size);
    assert_non_null(entry.options);
    assert_int_equal(option_set_defaults(&policy->options, entry.options, NULL), 0);
    va_list args;
    va_start(args, policy);
    for (const char *key; (key = va_arg(args, const char *));) {
        const struct option *row = option_find(&policy->options, str_from(key));
        assert_non_null(row);
        struct error err = { 0 };
        const char *value = va_arg(args, const char *);
        if (option_parse(row, entry.options, str_from(value), &err) < 0)
            fail_msg("%s: %s: %s", policy->options.name, key, err.text);
    }
    va_end(args);
    assert_true(vec_push(&spec->scale, entry));
}

/* ---- events in a line ---------------------------------------------------------------------------- */

static void must(struct core *core, struct event ev)
{
    int rc = core_step(core, ev);
    if (rc < 0)
        fail_msg("event %d: %s", (int)ev.type, core->err.text);
}

void core_policy(struct core *core, struct pool_spec *take_spec)
{
    must(core, (struct event){ .type = EVENT_POLICY, .policy.take_spec = take_spec });
}

void core_policies(struct core *core, bool complete)
{
    must(core, (struct event){ .type = EVENT_POLICIES, .policies.complete = complete });
}

void core_sample(struct core *core, const char *pool, double waiting, double running)
{
    struct sample sample = { .waiting = waiting, .running = running, .has_running = true };
    must(core, (struct event){ .type = EVENT_SAMPLE, .sample = { pool, &sample } });
}

void core_listing(struct core *core, const char *inventory, const struct listed_node *nodes,
                  size_t len)
{
    must(core, (struct event){ .type = EVENT_LISTING,
                               .listing = { inventory, nodes, len, core->now_ns } });
}

void core_list_fleet(struct core *core, int n)
{
    struct listed_node nodes[32];
    assert_true(n <= 32);
    for (int i = 0; i < n; i++) {
        nodes[i] = (struct listed_node){ .pool = "p", .state = LISTED_RUNNING, .slots = 1 };
        snprintf(nodes[i].id, sizeof(nodes[i].id), "n-%d", i + 1);
        snprintf(nodes[i].offer, sizeof(nodes[i].offer), "local/small");
    }
    core_listing(core, "local", nodes, (size_t)n);
}

void core_acknowledge(struct core *core)
{
    for (size_t i = 0; i < core->journal.len; i++) {
        uint64_t number = core->journal.at[i].intent.number;
        if (!core->journal.at[i].acknowledged && !core->journal.at[i].closed)
            must(core, (struct event){ .type = EVENT_INTENT_WRITTEN, .intent.number = number });
    }
}

void core_launched(struct core *core, uint64_t number, const char *id)
{
    char ids[1][NODE_ID_MAX];
    snprintf(ids[0], sizeof(ids[0]), "%s", id);
    must(core,
         (struct event){
             .type = EVENT_LAUNCHED,
             .result = { .number = number, .ids = (const char(*)[NODE_ID_MAX])ids, .len = 1 } });
}

void core_launch_failed(struct core *core, uint64_t number, int code)
{
    must(core,
         (struct event){ .type = EVENT_LAUNCH_FAILED,
                         .result = { .number = number, .code = code, .text = "made to fail" } });
}

void core_beat(struct core *core, const char *node, enum beat_state state, int64_t busy)
{
    struct event ev = { .type = EVENT_HEARTBEAT,
                        .heartbeat = { .state = state, .busy = busy, .idle_ns = -1 } };
    const struct node *known = control_node_find(core->control, node, NULL);
    ev.heartbeat.seq = known ? known->beat_seq + 1 : 1;
    snprintf(ev.heartbeat.node, sizeof(ev.heartbeat.node), "%s", node);
    must(core, ev);
}

/* ---- short cuts ---------------------------------------------------------------------------------- */

void core_pool(struct core *core, struct pool_spec *take_spec)
{
    core_policy(core, take_spec);
    core_policies(core, true);
    core_listing(core, "local", NULL, 0);
}

void core_launch_all(struct core *core, int first)
{
    core_acknowledge(core);
    for (size_t i = 0; i < core->journal.len; i++) {
        const struct core_entry *entry = &core->journal.at[i];
        if (entry->intent.kind != INTENT_LAUNCH || entry->closed)
            continue;
        char ids[16][NODE_ID_MAX];
        assert_true(entry->intent.count <= 16);
        for (int64_t k = 0; k < entry->intent.count; k++)
            snprintf(ids[k], sizeof(ids[k]), "n-%d", first++);
        must(core, (struct event){ .type = EVENT_LAUNCHED,
                                   .result = { .number = entry->intent.number,
                                               .ids = (const char(*)[NODE_ID_MAX])ids,
                                               .len = (size_t)entry->intent.count } });
    }
}

void core_fleet_booting(struct core *core, struct pool_spec *take_spec, int n)
{
    core_scale(take_spec, &policy_backlog, NULL);
    core_pool(core, take_spec);
    core_sample(core, "p", n, 0);
    core_launch_all(core, 1);
    assert_int_equal(core_nodes(core, "p", NODE_BOOTING), n);
}

void core_fleet(struct core *core, struct pool_spec *take_spec, int n)
{
    core_fleet_booting(core, take_spec, n);
    for (int i = 1; i <= n; i++) {
        char id[NODE_ID_MAX];
        snprintf(id, sizeof(id), "n-%d", i);
        core_beat(core, id, BEAT_READY, 0);
    }
    assert_int_equal(core_nodes(core, "p", NODE_READY), n);
}

/* ---- looking ------------------------------------------------------------------------------------- */

size_t core_count(const struct core *core, enum effect_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < core->out.all.len; i++)
        n += core->out.all.at[i].type == type;
    return n;
}

const struct effect *core_effect(const struct core *core, enum effect_type type)
{
    for (size_t i = 0; i < core->out.all.len; i++) {
        if (core->out.all.at[i].type == type)
            return &core->out.all.at[i];
    }
    fail_msg("no effect of type %d in the last step", (int)type);
    abort();
}

bool core_noted(const struct core *core, const char *part)
{
    for (size_t i = 0; i < core->out.all.len; i++) {
        const struct effect *e = &core->out.all.at[i];
        if (e->type == EFFECT_NOTE && strstr(e->note.text, part))
            return true;
    }
    return false;
}

struct pool_view core_view(const struct core *core, const char *pool)
{
    struct pool_view view;
    assert_true(control_pool_find(core->control, pool, &view));
    return view;
}

enum node_state core_state(const struct core *core, const char *node)
{
    const struct node *found = control_node_find(core->control, node, NULL);
    return found ? (enum node_state)found->state : NODE_GONE;
}

bool core_trail_has(const struct core *core, const char *pool, const char *who, const char *part)
{
    struct pool_view view = core_view(core, pool);
    bool found = false;
    for (size_t i = 0; view.last && i < view.last->trail.len; i++) {
        const struct trail_step *step = &view.last->trail.steps[i];
        struct buf text = { 0 };
        trail_step_text(step, &text);
        found |= strcmp(step->who, who) == 0 && strstr(buf_text(&text), part);
        buf_release(&text);
    }
    return found;
}

const char *core_bought(const struct core *core, char text[static 256])
{
    size_t len = 0;
    int64_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < core->out.all.len; i++) {
        const struct effect *e = &core->out.all.at[i];
        if (e->type != EFFECT_WRITE_INTENT || e->intent->kind != INTENT_LAUNCH)
            continue;
        const struct effect *next = i + 1 < core->out.all.len ? e + 1 : NULL;
        n += e->intent->count;
        if (next && next->type == EFFECT_WRITE_INTENT &&
            strcmp(next->intent->offer, e->intent->offer) == 0)
            continue;
        len += (size_t)snprintf(text + len, 256 - len, "%s%s*%lld", len ? " " : "",
                                e->intent->offer, (long long)n);
        n = 0;
    }
    return text;
}

int core_nodes(const struct core *core, const char *pool, enum node_state state)
{
    return (int)core_view(core, pool).nodes[state];
}
