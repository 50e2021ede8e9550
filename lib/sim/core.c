/* The core is stepped as musterd steps it, and what it asks for is carried out. */
#include <string.h>

#include "sim/engine.h"

static uint32_t offer_index(const struct engine *e, const char *name)
{
    uint32_t i = 0;
    while (i + 1 < e->offers.len && strcmp(e->offers.at[i].offer.name, name) != 0)
        i++;
    return i;
}

static uint32_t inventory_index_of(const struct engine *e, const char *name)
{
    uint32_t i = 0;
    while (i + 1 < e->inventories.len && strcmp(e->inventories.at[i], name) != 0)
        i++;
    return i;
}

static int launch(struct engine *e, const struct intent *intent, struct error *err)
{
    struct call call = { .number = intent->number, .count = intent->count };
    call.offer = offer_index(e, intent->offer);
    memcpy(call.token, intent->token, sizeof(call.token));
    return sim_cloud_launch_later(e, &call, err);
}

static int terminate(struct engine *e, const struct intent *intent, struct error *err)
{
    struct call call = { .number = intent->number };
    memcpy(call.node, intent->node, sizeof(call.node));
    return sim_cloud_terminate_later(e, &call, err);
}

static void decided(struct engine *e, const struct decision *decision)
{
    e->result.decisions++;
    engine_trace(e, (uint64_t)e->now_ns ^ (uint64_t)decision->desired << 20 ^
                        (uint64_t)decision->held << 60);
    sim_account_desired(e, decision->desired);
    if (e->options.decided)
        e->options.decided(e->options.ctx, decision);
}

static int carry_out(struct engine *e, const struct effect *effect, struct error *err)
{
    switch (effect->type) {
    case EFFECT_POLL:
        return engine_plan(e, DUE_SAMPLE, e->now_ns + e->market->poll_ns, NULL, 0, 0, err);
    case EFFECT_LIST:
        return engine_plan(e, DUE_LISTED, e->now_ns + e->market->list_ns, NULL,
                           inventory_index_of(e, effect->list.inventory), (uint64_t)e->now_ns, err);
    case EFFECT_WRITE_INTENT:
        return vec_push(&e->written, effect->intent->number) ? 0 : error_nomem(err);
    case EFFECT_LAUNCH:
        return launch(e, effect->intent, err);
    case EFFECT_TERMINATE:
        return terminate(e, effect->intent, err);
    case EFFECT_DECISION:
        decided(e, effect->decision.decision);
        return 0;
    case EFFECT_CLOSE_INTENT:
    case EFFECT_SERVED:
    case EFFECT_PAUSED:
    case EFFECT_COST:
    case EFFECT_NOTE:
        return 0;
    }
    return 0;
}

static int step(struct engine *e, struct event *ev, struct error *err)
{
    ev->now_ns = e->now_ns + SIM_ZERO_NS;
    ev->wall_ns = e->wall_zero_ns + e->now_ns;
    effect_list_clear(&e->effects);
    e->result.steps++;
    int rc = control_step(e->control, ev, &e->effects, err);
    for (size_t i = 0; rc == 0 && i < e->effects.all.len; i++)
        rc = carry_out(e, &e->effects.all.at[i], err);
    return rc;
}

/* The journal writes at once: what was decided is acknowledged, in order, before anything else happens. */
static int acknowledge(struct engine *e, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < e->written.len; i++) {
        struct event ev = { .type = EVENT_INTENT_WRITTEN };
        ev.intent.number = e->written.at[i];
        rc = step(e, &ev, err);
    }
    vec_clear(&e->written);
    return rc;
}

int sim_core_step(struct engine *e, struct event *ev, struct error *err)
{
    int rc = step(e, ev, err);
    if (rc == 0 && e->written.len > 0)
        rc = acknowledge(e, err);
    int64_t next_ns = control_next_ns(e->control);
    e->tick_ns = next_ns == INT64_MAX ? INT64_MAX : next_ns - SIM_ZERO_NS;
    return rc;
}

int sim_core_tick(struct engine *e, struct error *err)
{
    struct event ev = { .type = EVENT_TICK };
    return sim_core_step(e, &ev, err);
}

int sim_core_sample(struct engine *e, struct error *err)
{
    struct sample sample = { .waiting = (double)e->waiting };
    sample.has_running = e->tells_running;
    if (e->tells_running)
        sample.running = (double)(e->running + e->lost_jobs);
    sample.has_completed = e->tells_completed;
    if (e->tells_completed)
        sample.completed = (double)e->result.done;
    sample.has_oldest = e->tells_oldest && e->waiting > 0;
    if (sample.has_oldest)
        sample.oldest_s = (double)sim_jobs_oldest_ns(e) / 1e9;
    struct event ev = { .type = EVENT_SAMPLE };
    ev.sample.pool = e->spec->name;
    ev.sample.sample = &sample;
    return sim_core_step(e, &ev, err);
}

/* A source that must be told where a number is tells it only when it was. */
static bool told(const struct pool_spec *spec, const char *key, bool otherwise)
{
    const struct option_set *set = spec->queue.set;
    for (const struct option *row = set ? set->rows : NULL; row && row->key; row++) {
        const char *field = (const char *)spec->queue.options + row->offset;
        if (strcmp(row->key, key) != 0)
            continue;
        if (row->type == OPTION_TYPE_STRING)
            return *(char *const *)(const void *)field != NULL;
        if (row->type == OPTION_TYPE_STRINGS)
            return ((const struct option_strings *)(const void *)field)->len > 0;
        if (row->type == OPTION_TYPE_BOOL)
            return *(const bool *)field;
    }
    return otherwise;
}

/* What the other sources tell, by their names in policy files. */
static void learn_source(struct engine *e)
{
    static const struct {
        const char *name;
        bool running, oldest, completed;
    } sources[] = {
        { "spool", true, true, true },       { "celery", true, false, false },
        { "rq", true, true, false },         { "sidekiq", true, true, true },
        { "bullmq", true, true, true },      { "sqs", true, false, false },
        { "cloudwatch", true, true, false }, { "exec", true, false, false },
        { "pubsub", false, true, false },
    };
    const char *name = e->spec->queue.set ? e->spec->queue.set->name : "";
    bool running = true, oldest = false, completed = false;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(sources[i].name, name) != 0)
            continue;
        running = sources[i].running;
        oldest = sources[i].oldest;
        completed = sources[i].completed;
    }
    e->tells_running = told(e->spec, "running", running);
    e->tells_oldest = told(e->spec, "oldest", oldest);
    e->tells_completed = told(e->spec, "completed", completed);
}

int sim_core_start(struct engine *e, struct error *err)
{
    struct control_options options;
    control_options_default(&options);
    if (e->options.control)
        options = *e->options.control;
    e->control = control_new(&options, err);
    if (!e->control)
        return MUSTER_E_NOMEM;
    learn_source(e);
    struct event recovered = { .type = EVENT_RECOVERED };
    recovered.recovered.journal = "simulation";
    int rc = sim_core_step(e, &recovered, err);
    if (rc < 0)
        return rc;
    struct event policy = { .type = EVENT_POLICY, .policy.take_spec = e->own_spec };
    e->own_spec = NULL; /* the core's, whatever becomes of it */
    rc = sim_core_step(e, &policy, err);
    struct event policies = { .type = EVENT_POLICIES, .policies.complete = true };
    return rc < 0 ? rc : sim_core_step(e, &policies, err);
}
