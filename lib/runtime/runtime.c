#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/notices.h"
#include "runtime/recording.h"
#include "runtime/serving.h"
#include "runtime/sources.h"

#define RECORD_MAX_BYTES ((int64_t)4 << 30)
#define STOP_WAIT_NS     (10 * NS_PER_S)
#define SERVING_RETRY_NS (10 * NS_PER_MS)
#define RESCAN_MS        250  /* file events come in bursts */
#define UNSETTLED_MS     3100 /* see policy_dir_unsettled */

struct runtime {
    struct runtime_options options;
    struct control *control;
    struct executor *executor;
    struct policy_dir *policies;
    struct recording *recording; /* NULL: none */
    struct notices *notices;
    struct books books; /* of a dry run */
    struct effect_list effects;
    struct sources sources;
    struct serving serving;
    uv_timer_t *timer, *rescan;
    uv_fs_event_t *watch;
    bool stopping;
    bool failed; /* the last step did not do all it should; it is tried again with the next tick */
    int64_t stop_by_ns;
    int64_t due_ns;
    int64_t started_ns, started_wall_ns, ticked_ns;
    uint64_t generation;
    struct timing tick, lateness;
};

static int64_t now_ns(const struct runtime *r)
{
    return r->options.clock->boot_ns(r->options.clock->ctx);
}

static int64_t wall_ns(const struct runtime *r)
{
    return r->options.clock->wall_ns(r->options.clock->ctx);
}

static void carry_out(struct runtime *r);

/* ---- stepping the core -------------------------------------------------------------------------- */

static void recording_ended(struct runtime *r, const struct error *err)
{
    log_line(r->options.log, LOG_WARNING, "the recording ends; continuing: without it",
             LOG_STR("file", r->options.record), LOG_STR("problem", err->text));
    recording_close(r->recording);
    r->recording = NULL;
}

/* policy: for EVENT_POLICY, what is recorded of it. */
static int take(struct runtime *r, struct event *ev, const struct recorded_policy *policy,
                struct error *err)
{
    struct error lost = { 0 };
    ev->now_ns = now_ns(r);
    ev->wall_ns = wall_ns(r);
    effect_list_clear(&r->effects);
    if (r->recording && recording_event(r->recording, ev, policy, &lost) < 0)
        recording_ended(r, &lost);
    int rc = control_step(r->control, ev, &r->effects, err);
    if (r->recording && recording_effects(r->recording, &r->effects, rc, &lost) < 0)
        recording_ended(r, &lost);
    r->generation++;
    /* Also after a failure: what was decided before it is in the list and must not be lost. */
    carry_out(r);
    return rc;
}

int runtime_submit(struct runtime *r, struct event *ev, struct error *err)
{
    return take(r, ev, NULL, err);
}

/* For events nobody waits for: a failure is logged here. */
static void submit_policy(struct runtime *r, struct event *ev, const struct recorded_policy *policy)
{
    struct error err = { 0 };
    int rc = take(r, ev, policy, &err);
    if (rc < 0 && !r->failed)
        log_line(r->options.log, LOG_ERROR, "a step failed; continuing: the next tick tries again",
                 LOG_STR("problem", err.text));
    r->failed = rc < 0;
}

static void submit(struct runtime *r, struct event *ev)
{
    submit_policy(r, ev, NULL);
}

/* ---- queue sources ------------------------------------------------------------------------------ */

static void on_sampled(void *ctx, const char *pool, const struct sample *sample,
                       const struct error *err)
{
    struct runtime *r = ctx;
    struct event ev = { .type = EVENT_SAMPLE };
    if (err && err->code < 0) {
        ev.type = EVENT_SAMPLE_FAILED;
        ev.sample_failed.pool = pool;
        ev.sample_failed.text = err->text;
    } else {
        store_sample(r->options.store, pool, wall_ns(r), sample);
        ev.sample.pool = pool;
        ev.sample.sample = sample;
    }
    submit(r, &ev);
}

/* ---- effects ------------------------------------------------------------------------------------ */

static void on_written(void *ctx, uint64_t number, const struct error *err)
{
    struct runtime *r = ctx;
    struct event ev = { .type = EVENT_INTENT_WRITTEN };
    ev.intent.number = number;
    if (err && err->code < 0) {
        ev.type = EVENT_INTENT_LOST;
        ev.intent.text = err->text;
    }
    submit(r, &ev);
}

static void write_intent(struct runtime *r, const struct intent *intent)
{
    struct error err = { 0 };
    if (store_write_intent(r->options.store, intent, on_written, r, &err) < 0) {
        /* No answer will come: the core takes it as lost after its own deadline. */
        log_line(r->options.log, LOG_ERROR, "an intent could not be journalled; continuing",
                 LOG_INT("intent", (int64_t)intent->number), LOG_STR("problem", err.text));
    }
}

static void log_intent(struct runtime *r, const struct intent *intent)
{
    bool launch = intent->kind == INTENT_LAUNCH;
    log_line(r->options.log, LOG_INFO, launch ? "launch" : "terminate",
             LOG_STR("pool", intent->pool),
             LOG_STR(launch ? "offer" : "node", launch ? intent->offer : intent->node),
             LOG_INT("nodes", intent->count), LOG_INT("intent", (int64_t)intent->number),
             LOG_INT("try", intent->tries));
}

static void launch(struct runtime *r, const struct intent *intent)
{
    struct pool_view view;
    log_intent(r, intent);
    if (control_pool_find(r->control, intent->pool, &view))
        r->executor->ops->launch(r->executor, intent, view.spec);
}

/* The line people read most: what changed, and the last reason for it. */
static void log_decision(struct runtime *r, const char *pool, const struct decision *decision)
{
    struct buf why = { 0 };
    const struct trail_step *step = NULL;
    for (size_t i = 0; i < decision->trail.len; i++) {
        const struct trail_step *s = &decision->trail.steps[i];
        if (!step || (s->stage <= STAGE_GUARD && s->before != s->after))
            step = s;
    }
    if (step) {
        buf_addf(&why, "%s: ", step->who);
        trail_step_text(step, &why);
    }
    bool moved = decision->desired != decision->desired_before;
    log_line(r->options.log, moved ? LOG_INFO : LOG_DEBUG, "decision", LOG_STR("pool", pool),
             LOG_INT("before", decision->desired_before), LOG_INT("desired", decision->desired),
             LOG_STR("why", buf_text(&why)));
    buf_release(&why);
}

static void log_note(struct runtime *r, const struct effect *e)
{
    if (e->note.pool[0])
        log_line(r->options.log, e->note.level, e->note.text, LOG_STR("pool", e->note.pool));
    else
        log_line(r->options.log, e->note.level, e->note.text);
}

struct beat_reply runtime_beat_reply(struct runtime *r, const char *node)
{
    struct beat_reply reply = control_beat_reply(r->control, node);
    const struct node *found = control_node_find(r->control, node, NULL);
    if (r->options.dry_run) {
        /* A real node of a real fleet: what is decided about it here is played, not meant. */
        reply.drain = false;
        reply.run = true;
        return reply;
    }
    if (found && serving_waits(&r->serving, found->intent)) {
        reply.run = false;
        reply.heartbeat_ns = SERVING_RETRY_NS;
    }
    return reply;
}

static void carry_out_one(struct runtime *r, const struct effect *e)
{
    struct store *store = r->options.store;
    switch (e->type) {
    case EFFECT_POLL:
        sources_poll(&r->sources, e->poll.pool);
        break;
    case EFFECT_LIST:
        r->executor->ops->list(r->executor, e->list.inventory);
        break;
    case EFFECT_WRITE_INTENT:
        write_intent(r, e->intent);
        break;
    case EFFECT_CLOSE_INTENT:
        store_close_intent(store, e->intent);
        break;
    case EFFECT_LAUNCH:
        launch(r, e->intent);
        break;
    case EFFECT_TERMINATE:
        log_intent(r, e->intent);
        r->executor->ops->terminate(r->executor, e->intent);
        break;
    case EFFECT_SERVED:
        serving_begin(&r->serving, e->served.number);
        break;
    case EFFECT_PAUSED:
        store_paused(store, e->paused.pool, e->paused.paused, "admin");
        log_line(r->options.log, LOG_WARNING, e->paused.paused ? "paused" : "resumed",
                 LOG_STR("pool", e->paused.pool[0] ? e->paused.pool : "*"));
        break;
    case EFFECT_DECISION:
        store_decision(store, e->decision.pool, e->decision.decision);
        log_decision(r, e->decision.pool, e->decision.decision);
        break;
    case EFFECT_COST:
        store_cost(store, e->cost.pool, wall_ns(r), e->cost.usd_micro, e->cost.node_hours);
        break;
    case EFFECT_NOTE:
        log_note(r, e);
        break;
    }
}

static bool in_flight(const struct runtime *r)
{
    for (size_t i = 0;; i++) {
        const struct intent *intent = control_intent(r->control, i);
        if (!intent)
            return false;
        if (intent->state == INTENT_PLANNED || intent->state == INTENT_SENT)
            return true;
    }
}

static void arm_timer(struct runtime *r);

static void carry_out(struct runtime *r)
{
    /* Plug-ins never call back from inside a call, so the list cannot change under the loop. */
    for (size_t i = 0; i < r->effects.all.len; i++)
        carry_out_one(r, &r->effects.all.at[i]);
    effect_list_clear(&r->effects);
    arm_timer(r);
}

/* ---- time --------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct runtime *r = timer->data;
    int64_t begun_ns = now_ns(r);
    if (r->stopping) {
        if (!in_flight(r) || begun_ns >= r->stop_by_ns) {
            uv_timer_stop(timer);
            r->options.stopped(r->options.ctx);
        }
        return;
    }
    timing_add(&r->lateness, begun_ns > r->due_ns ? begun_ns - r->due_ns : 0);
    r->due_ns = INT64_MAX;
    struct event ev = { .type = EVENT_TICK };
    submit(r, &ev);
    sources_answer(&r->sources);
    int64_t ended_ns = now_ns(r);
    timing_add(&r->tick, ended_ns - begun_ns);
    if (!r->failed)
        r->ticked_ns = ended_ns;
    arm_timer(r);
}

static void arm_timer(struct runtime *r)
{
    if (!r->timer || r->stopping)
        return;
    int64_t next_ns = control_next_ns(r->control);
    if (next_ns >= r->due_ns && uv_is_active((uv_handle_t *)r->timer))
        return; /* it rings early enough */
    int64_t wait_ns = next_ns - now_ns(r);
    if (wait_ns > 60 * NS_PER_S)
        wait_ns = 60 * NS_PER_S;
    uint64_t wait_ms = wait_ns > 0 ? (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
    r->due_ns = next_ns;
    uv_timer_start(r->timer, on_timer, wait_ms, 0);
}

/* ---- policies ----------------------------------------------------------------------------------- */

static void on_policy(void *ctx, struct pool_spec *take_spec, const char *file, struct str text)
{
    struct runtime *r = ctx;
    char pool[POOL_NAME_MAX];
    str_copy_c(pool, sizeof(pool), take_spec->name);
    /* The source borrows its settings from the old spec, which the core frees. */
    sources_close(&r->sources, pool);
    struct event ev = { .type = EVENT_POLICY };
    ev.policy.take_spec = take_spec;
    char *copy = r->recording ? str_dup(text) : NULL;
    submit_policy(r, &ev, &(struct recorded_policy){ file, copy });
    free(copy);
    struct error err = { 0 };
    struct pool_view view;
    if (control_pool_find(r->control, pool, &view) &&
        sources_open(&r->sources, view.spec, &err) < 0)
        log_line(r->options.log, LOG_ERROR, "the queue cannot be opened; continuing without it",
                 LOG_STR("pool", pool), LOG_STR("problem", err.text));
}

static void on_policy_removed(void *ctx, const char *pool)
{
    struct runtime *r = ctx;
    sources_close(&r->sources, pool);
    struct event ev = { .type = EVENT_POLICY_REMOVED };
    ev.policy_removed.pool = pool;
    submit(r, &ev);
}

static void on_scanned(void *ctx, bool complete)
{
    struct event ev = { .type = EVENT_POLICIES };
    ev.policies.complete = complete;
    submit(ctx, &ev);
}

static void scan(struct runtime *r)
{
    struct error err = { 0 };
    if (policy_dir_scan(r->policies, &err) < 0)
        log_line(r->options.log, LOG_ERROR,
                 "the policy directory cannot be read; continuing: the policies stay as they are",
                 LOG_STR("problem", err.text));
    if (policy_dir_unsettled(r->policies))
        uv_timer_start(r->rescan, r->rescan->timer_cb, UNSETTLED_MS, 0);
}

static void on_rescan(uv_timer_t *timer)
{
    scan(timer->data);
}

static void on_dir_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct runtime *r = watch->data;
    (void)name;
    (void)events;
    (void)status;
    if (!r->stopping)
        uv_timer_start(r->rescan, on_rescan, RESCAN_MS, 0);
}

void runtime_reload(struct runtime *r)
{
    if (!r->stopping)
        uv_timer_start(r->rescan, on_rescan, 0, 0);
}

/* ---- life --------------------------------------------------------------------------------------- */

/* Offers of one inventory whose price is another now. */
static void take_prices(struct runtime *r, const char *inventory)
{
    for (size_t i = 0; i < control_pools(r->control); i++) {
        struct pool_view view;
        control_pool_view(r->control, i, &view);
        for (size_t k = 0; k < view.spec->offers.len; k++) {
            const struct offer *offer = &view.spec->offers.at[k];
            if (strcmp(offer->inventory, inventory) != 0)
                continue;
            int64_t price = r->executor->ops->price(r->executor, offer, view.spec);
            if (price < 0 || price == offer->price_usd_micro)
                continue;
            struct event ev = { .type = EVENT_PRICE };
            ev.price.pool = view.spec->name;
            ev.price.offer = offer->name;
            ev.price.usd_micro = price;
            submit(r, &ev);
        }
    }
}

static void on_executor_event(void *ctx, struct event *ev)
{
    struct runtime *r = ctx;
    char inventory[64] = "";
    if (ev->type == EVENT_LISTING)
        str_copy_c(inventory, sizeof(inventory), ev->listing.inventory);
    submit(r, ev);
    if (inventory[0] && !r->stopping)
        take_prices(r, inventory);
}

static struct beat_reply on_beat_reply(void *ctx, const char *node)
{
    struct runtime *r = ctx;
    return control_beat_reply(r->control, node);
}

static int64_t price_of(void *ctx, const char *pool, const char *offer)
{
    const struct runtime *r = ctx;
    struct pool_view view;
    if (!control_pool_find(r->control, pool, &view))
        return PRICE_UNKNOWN;
    for (size_t i = 0; i < view.spec->offers.len; i++) {
        if (strcmp(view.spec->offers.at[i].name, offer) == 0)
            return view.spec->offers.at[i].price_usd_micro;
    }
    return PRICE_UNKNOWN;
}

/* A dry run keeps books of what really runs. */
static void on_listed(void *ctx, const char *inventory, const struct listed_node *nodes, size_t len)
{
    struct runtime *r = ctx;
    if (!books_listing(&r->books, inventory, nodes, len, now_ns(r), price_of, r))
        log_line(r->options.log, LOG_WARNING,
                 "out of memory; continuing: the books of the dry run miss a listing",
                 LOG_STR("inventory", inventory));
}

static int recover(struct runtime *r, struct error *err)
{
    struct store_recovered found = { 0 };
    int rc = store_recover(r->options.store, &found, err);
    if (rc < 0)
        return rc;
    struct event ev = { .type = EVENT_RECOVERED };
    ev.recovered.open = found.open;
    ev.recovered.open_len = found.open_len;
    ev.recovered.last_number = found.last_number;
    ev.recovered.journal = found.journal;
    ev.recovered.paused = found.paused;
    ev.recovered.paused_len = found.paused_len;
    ev.recovered.places = found.places;
    ev.recovered.places_len = found.places_len;
    rc = runtime_submit(r, &ev, err);
    store_recovered_release(&found);
    return rc;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void *new_handle(struct runtime *r, size_t size)
{
    uv_handle_t *handle = calloc(1, size);
    if (handle)
        handle->data = r;
    return handle;
}

static int make_handles(struct runtime *r, struct error *err)
{
    r->timer = new_handle(r, sizeof(*r->timer));
    r->rescan = new_handle(r, sizeof(*r->rescan));
    r->watch = new_handle(r, sizeof(*r->watch));
    if (!r->timer || !r->rescan || !r->watch) {
        free(r->timer);
        free(r->rescan);
        free(r->watch);
        r->timer = r->rescan = NULL;
        r->watch = NULL;
        return error_nomem(err);
    }
    void *data = r;
    uv_timer_init(r->options.loop, r->timer);
    uv_timer_init(r->options.loop, r->rescan);
    uv_fs_event_init(r->options.loop, r->watch);
    r->timer->data = r->rescan->data = r->watch->data = data;
    r->rescan->timer_cb = on_rescan;
    return 0;
}

static int make_parts(struct runtime *r, struct error *err)
{
    struct executor_env env = {
        .provider_env = r->options.provider_env,
        .event = on_executor_event,
        .reply = on_beat_reply,
        .listed = on_listed,
        .ctx = r,
    };
    struct policy_dir_env policies = {
        .kinds = r->options.kinds,
        .clock = r->options.clock,
        .log = r->options.log,
        .changed = on_policy,
        .removed = on_policy_removed,
        .scanned = on_scanned,
        .ctx = r,
    };
    r->control = control_new(&r->options.control, err);
    if (!r->control)
        return MUSTER_E_NOMEM;
    if (r->options.record && recording_open(r->options.record, RECORD_MAX_BYTES,
                                            &r->options.control, &r->recording, err) < 0)
        return err->code;
    int rc = r->options.dry_run ? executor_dry_new(&env, &r->executor, err)
                                : executor_live_new(&env, &r->executor, err);
    struct notices_env notices = {
        .loop = r->options.loop,
        .log = r->options.log,
        .clock = r->options.clock,
        .aws = r->options.aws,
        .settings = r->options.aws_settings,
        .runtime = r,
    };
    /* A message can be taken but once: a dry run leaves them to who means it. */
    if (rc == 0 && !r->options.dry_run)
        rc = notices_new(&notices, &r->notices, err);
    if (rc == 0)
        rc = policy_dir_new(r->options.policies, &policies, &r->policies, err);
    if (rc == 0)
        rc = recover(r, err);
    return rc == 0 ? make_handles(r, err) : rc;
}

int runtime_new(const struct runtime_options *options, struct runtime **ret, struct error *err)
{
    struct runtime *r = calloc(1, sizeof(*r));
    if (!r)
        return error_nomem(err);
    r->options = *options;
    r->due_ns = INT64_MAX;
    r->serving.store = options->store;
    r->sources.env = (struct queue_env){
        .loop = options->loop,
        .log = options->log,
        .clock = options->clock,
        .http = options->http,
        .aws = options->aws,
        .aws_settings = options->aws_settings,
        .gcp = options->gcp,
        .gcp_settings = options->gcp_settings,
    };
    r->sources.sampled = on_sampled;
    r->sources.ctx = r;
    r->started_ns = now_ns(r);
    r->started_wall_ns = wall_ns(r);
    int rc = make_parts(r, err);
    if (rc < 0) {
        runtime_free(r);
        return rc;
    }
    *ret = r;
    return 0;
}

void runtime_start(struct runtime *r)
{
    /* Watched first: what changes while it is read for the first time is not missed. */
    int rc = uv_fs_event_start(r->watch, on_dir_event, r->options.policies, 0);
    if (rc < 0)
        log_line(r->options.log, LOG_WARNING,
                 "the policy directory cannot be watched; continuing: SIGHUP reads it again",
                 LOG_STR("problem", uv_strerror(rc)));
    scan(r);
    notices_start(r->notices);
    arm_timer(r);
}

void runtime_stop(struct runtime *r)
{
    if (r->stopping)
        return;
    r->stopping = true;
    r->stop_by_ns = now_ns(r) + STOP_WAIT_NS;
    uv_timer_stop(r->rescan);
    uv_fs_event_stop(r->watch);
    notices_free(r->notices);
    r->notices = NULL;
    uv_timer_start(r->timer, on_timer, 0, 20);
}

void runtime_free(struct runtime *r)
{
    if (!r)
        return;
    store_forget(r->options.store, r);
    if (r->executor)
        r->executor->ops->free(r->executor);
    notices_free(r->notices);
    sources_release(&r->sources);
    serving_release(&r->serving);
    if (r->timer) {
        uv_close((uv_handle_t *)r->timer, free_handle);
        uv_close((uv_handle_t *)r->rescan, free_handle);
        uv_close((uv_handle_t *)r->watch, free_handle);
    }
    policy_dir_free(r->policies);
    control_free(r->control);
    recording_close(r->recording);
    effect_list_release(&r->effects);
    books_release(&r->books);
    free(r);
}

const struct control *runtime_control(const struct runtime *r)
{
    return r->control;
}

void runtime_look(const struct runtime *r, struct runtime_view *ret)
{
    *ret = (struct runtime_view){
        .generation = r->generation,
        .mode = r->executor->ops->name,
        .started_ns = r->started_ns,
        .started_wall_ns = r->started_wall_ns,
        .ticked_ns = r->ticked_ns,
        .tick_ns = r->options.control.tick_ns,
        .tick = &r->tick,
        .lateness = &r->lateness,
        .policies = r->policies,
        .books = r->options.dry_run ? &r->books : NULL,
        .notices = r->notices,
    };
}
