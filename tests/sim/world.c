/* Time, what is due, and the life of a controller. */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/sim/check.h"
#include "tests/sim/policy_text.h"
#include "tests/sim/trace.h"

void *must(void *memory)
{
    if (!memory) {
        fprintf(stderr, "sim-runner: out of memory\n");
        abort();
    }
    return memory;
}

double world_seconds(const struct world *w)
{
    return (double)(w->now_ns - TIME_ZERO_NS) / 1e9;
}

bool world_breaks(const struct world *w, const char *breakage)
{
    return w->breakage && strcmp(w->breakage, breakage) == 0;
}

void world_trace(struct world *w, const char *format, ...)
{
    char line[TRACE_LINE];
    int n = snprintf(line, sizeof(line), "%10.3fs  ", world_seconds(w));
    va_list args;
    va_start(args, format);
    vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
    va_end(args);
    trace_line(w->trace, line);
}

void world_fail(struct world *w, const char *format, ...)
{
    if (w->failed)
        return; /* what came first is the cause */
    w->failed = true;
    va_list args;
    va_start(args, format);
    vsnprintf(w->failure, sizeof(w->failure), format, args);
    va_end(args);
    world_trace(w, "FAILED: %s", w->failure);
}

/* ---- happenings --------------------------------------------------------------------------------- */

struct happening *happening_new(struct world *w, enum happening_kind kind)
{
    struct happening *h = must(calloc(1, sizeof(*h)));
    h->kind = kind;
    h->life = w->life;
    return h;
}

struct happening *happening_copy(const struct happening *h)
{
    struct happening *copy = must(malloc(sizeof(*copy)));
    *copy = *h;
    if (h->ids) {
        copy->ids = must(malloc(h->len * sizeof(h->ids[0])));
        memcpy(copy->ids, h->ids, h->len * sizeof(h->ids[0]));
    }
    if (h->listed) {
        copy->listed = must(malloc(h->len * sizeof(h->listed[0])));
        memcpy(copy->listed, h->listed, h->len * sizeof(h->listed[0]));
    }
    return copy;
}

void happening_free(struct happening *h)
{
    if (!h)
        return;
    free(h->ids);
    free(h->listed);
    free(h);
}

void happening_plan(struct world *w, struct happening *take_h, int64_t delay_ns)
{
    take_h->at_ns = w->now_ns + (delay_ns > 0 ? delay_ns : 0);
    must(agenda_add(&w->agenda, (struct agenda_entry){ .at_ns = take_h->at_ns, .what = take_h })
             ? (void *)w
             : NULL);
}

/* ---- the core's step, and what it wants done ------------------------------------------------------ */

static void carry_out(struct world *w, const struct effect *e)
{
    switch (e->type) {
    case EFFECT_POLL:
        work_polled(w, e->poll.pool);
        break;
    case EFFECT_LIST:
        cloud_list(w, e->list.inventory);
        break;
    case EFFECT_WRITE_INTENT:
        journal_ask(w, &(struct journal_entry){ .kind = JOURNAL_WRITE, .intent = *e->intent });
        break;
    case EFFECT_CLOSE_INTENT:
        journal_ask(w, &(struct journal_entry){ .kind = JOURNAL_CLOSE, .intent = *e->intent });
        break;
    case EFFECT_SERVED: {
        struct journal_entry served = { .kind = JOURNAL_SERVED };
        served.intent.number = e->served.number;
        journal_ask(w, &served);
        break;
    }
    case EFFECT_LAUNCH:
        w->launches++;
        cloud_call(w, AT_CLOUD_LAUNCH, e->intent);
        break;
    case EFFECT_TERMINATE:
        w->terminations++;
        cloud_call(w, AT_CLOUD_TERMINATE, e->intent);
        break;
    case EFFECT_PAUSED: {
        struct journal_entry entry = { .kind = JOURNAL_PAUSED, .paused = e->paused.paused };
        str_copy_c(entry.pool, sizeof(entry.pool), e->paused.pool);
        journal_ask(w, &entry);
        break;
    }
    case EFFECT_DECISION:
    case EFFECT_COST:
    case EFFECT_NOTE:
        break;
    }
}

static void trace_effect(struct world *w, const struct effect *e)
{
    const struct intent *i = e->intent;
    switch (e->type) {
    case EFFECT_WRITE_INTENT:
    case EFFECT_CLOSE_INTENT:
    case EFFECT_LAUNCH:
    case EFFECT_TERMINATE: {
        static const char *const words[] = {
            [EFFECT_WRITE_INTENT] = "write",
            [EFFECT_CLOSE_INTENT] = "close",
            [EFFECT_LAUNCH] = "launch",
            [EFFECT_TERMINATE] = "terminate",
        };
        world_trace(w, "effect %s: #%llu %s %s%s x%lld %s try %d", words[e->type],
                    (unsigned long long)i->number, intent_kind_word(i->kind), i->offer, i->node,
                    (long long)i->count, intent_state_word(i->state), i->tries);
        break;
    }
    case EFFECT_SERVED:
        world_trace(w, "effect served: #%llu", (unsigned long long)e->served.number);
        break;
    case EFFECT_DECISION:
        world_trace(w, "decision %s: %lld -> %lld%s", e->decision.pool,
                    (long long)e->decision.decision->desired_before,
                    (long long)e->decision.decision->desired,
                    e->decision.decision->held ? " (held)" : "");
        break;
    case EFFECT_NOTE:
        world_trace(w, "note %s: %s", e->note.pool, e->note.text);
        break;
    case EFFECT_PAUSED:
        world_trace(w, "effect paused: '%s' %d", e->paused.pool, e->paused.paused);
        break;
    case EFFECT_POLL:
    case EFFECT_LIST:
    case EFFECT_COST:
        break;
    }
}

int world_step(struct world *w, struct event *ev, struct error *err)
{
    if (!w->control)
        return 0;
    ev->now_ns = w->now_ns;
    ev->wall_ns = w->wall_zero_ns + w->now_ns - TIME_ZERO_NS;
    effect_list_clear(&w->effects);
    w->steps++;
    int rc = control_step(w->control, ev, &w->effects, err);
    for (size_t i = 0; i < w->effects.all.len && w->control; i++) {
        const struct effect *e = &w->effects.all.at[i];
        if (w->crash_after == 0) {
            world_crash(w);
            return 0;
        }
        if (w->crash_after > 0)
            w->crash_after--;
        trace_effect(w, e);
        check_effect(w, e);
        if (w->told)
            w->told(w, e);
        carry_out(w, e);
    }
    check_after(w, ev);
    return rc;
}

/* ---- time ---------------------------------------------------------------------------------------- */

static bool sane(double value)
{
    return value >= 0 && value <= SIGNAL_JOBS_MAX;
}

/* The event's pointers lead into the happening, wherever that has been copied to. */
static void point(struct happening *h)
{
    struct event *ev = &h->event;
    switch (ev->type) {
    case EVENT_LISTING:
        ev->listing.inventory = h->name;
        ev->listing.nodes = h->listed;
        ev->listing.len = h->len;
        ev->listing.asked_ns = h->asked_ns;
        break;
    case EVENT_LISTING_FAILED:
        ev->listing_failed.inventory = h->name;
        ev->listing_failed.code = h->fate.code;
        ev->listing_failed.text = h->text;
        break;
    case EVENT_SAMPLE:
        ev->sample.pool = h->name;
        ev->sample.sample = &h->sample;
        break;
    case EVENT_SAMPLE_FAILED:
        ev->sample_failed.pool = h->name;
        ev->sample_failed.text = h->text;
        break;
    case EVENT_INTENT_WRITTEN:
    case EVENT_INTENT_LOST:
        ev->intent.text = h->text;
        break;
    case EVENT_LAUNCHED:
    case EVENT_LAUNCH_FAILED:
    case EVENT_TERMINATED:
    case EVENT_TERMINATE_FAILED:
        ev->result.ids = (const char(*)[NODE_ID_MAX])h->ids;
        ev->result.len = h->len;
        ev->result.text = h->text;
        break;
    case EVENT_RECOVERED:
    case EVENT_POLICY:
    case EVENT_POLICY_REMOVED:
    case EVENT_POLICIES:
    case EVENT_TICK:
    case EVENT_HEARTBEAT:
    case EVENT_PRICE:
    case EVENT_INTERRUPTION:
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_DRAIN:
        break; /* none of them leads into a happening */
    }
}

static void to_core(struct world *w, struct happening *h)
{
    if (h->life != w->life || !w->control)
        return;
    struct error err = { 0 };
    point(h);
    if (h->event.type == EVENT_LISTING && !h->fate.empty)
        *cloud_empties(w, h->name) = 0;
    if (h->event.type == EVENT_SAMPLE || h->event.type == EVENT_SAMPLE_FAILED) {
        bool good = h->event.type == EVENT_SAMPLE && h->fate.code == 0 && sane(h->sample.waiting) &&
                    (!h->sample.has_running || sane(h->sample.running)) &&
                    (!h->sample.has_oldest || sane(h->sample.oldest_s));
        tenant_get(w, h->name)->informed_ns = good ? w->now_ns : 0;
    }
    world_step(w, &h->event, &err);
    if (h->event.type == EVENT_HEARTBEAT && w->control)
        agent_happens(w, h); /* the reply goes back */
}

static void happen(struct world *w, struct happening *h)
{
    switch (h->kind) {
    case TO_CORE:
        to_core(w, h);
        break;
    case AT_CLOUD_LAUNCH:
    case AT_CLOUD_TERMINATE:
    case AT_CLOUD_LIST:
    case MACHINE_BOOTED:
    case MACHINE_STOPPED:
    case MACHINE_DIES:
        cloud_happens(w, h);
        break;
    case AT_QUEUE:
        work_answers(w, h);
        break;
    case AT_JOURNAL:
        if (h->life == w->life)
            journal_commit(w);
        break;
    case AGENT_BEATS:
    case AGENT_HEARS:
    case WORKER_READY:
    case WORKER_ENDS:
    case JOB_DONE:
        agent_happens(w, h);
        break;
    case PLANNED:
        h->planned(w, h);
        break;
    }
}

static void tick(struct world *w)
{
    struct event ev = { .type = EVENT_TICK };
    struct error err = { 0 };
    world_step(w, &ev, &err);
}

static int64_t next_tick_ns(const struct world *w)
{
    if (!w->control)
        return INT64_MAX;
    int64_t next = control_next_ns(w->control);
    return next > w->now_ns ? next : w->now_ns;
}

static void run(struct world *w, int64_t until_ns)
{
    int64_t ticked_ns = -1;
    while (!w->failed) {
        int64_t due_ns = agenda_next_ns(&w->agenda);
        int64_t tick_ns = next_tick_ns(w);
        if (tick_ns == ticked_ns) /* a tick that leaves something due now gets another one later */
            tick_ns += NS_PER_MS;
        int64_t next_ns = due_ns <= tick_ns ? due_ns : tick_ns;
        if (next_ns > until_ns)
            break;
        w->now_ns = next_ns;
        if (due_ns <= tick_ns) {
            struct happening *h = agenda_take(&w->agenda).what;
            happen(w, h);
            happening_free(h);
        } else {
            ticked_ns = tick_ns;
            tick(w);
        }
    }
}

void world_run(struct world *w, int64_t until_ns)
{
    run(w, until_ns);
    if (!w->failed && until_ns > w->now_ns)
        w->now_ns = until_ns;
}

void world_run_before(struct world *w, int64_t until_ns)
{
    run(w, until_ns - 1);
    if (!w->failed && until_ns > w->now_ns)
        w->now_ns = until_ns;
}

/* ---- lives ----------------------------------------------------------------------------------------- */

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    w->now_ns = TIME_ZERO_NS;
    w->wall_zero_ns = INT64_C(1768435200) * NS_PER_S; /* 2026-01-15, a Thursday, 00:00 UTC */
    rng_init(&w->rng, seed);
    control_options_default(&w->options);
    w->crash_after = -1;
    w->restart_ns = -1;
    w->boot_ns = 40 * NS_PER_S;
    w->stop_ns = 5 * NS_PER_S;
    w->trace = must(calloc(1, sizeof(*w->trace)));
    trace_init(w->trace, NULL);
    w->check = check_new();
}

void world_release(struct world *w)
{
    control_free(w->control);
    effect_list_release(&w->effects);
    for (size_t i = 0; i < w->agenda.heap.len; i++)
        happening_free(w->agenda.heap.at[i].what);
    agenda_release(&w->agenda);
    for (size_t i = 0; i < w->machines.len; i++)
        free(w->machines.at[i]);
    vec_release(&w->machines);
    for (size_t i = 0; i < w->tenants.len; i++) {
        free(w->tenants.at[i]->policy);
        vec_release(&w->tenants.at[i]->waiting);
        free(w->tenants.at[i]);
    }
    vec_release(&w->tenants);
    journal_release(&w->journal);
    check_free(w->check);
    free(w->trace);
}

static int give_policy(struct world *w, const struct tenant *tenant, struct error *err)
{
    struct pool_spec *spec;
    int rc = policy_text_parse(tenant->name, tenant->policy, &spec, err);
    if (rc < 0)
        return rc;
    if (world_breaks(w, "max-doubled")) {
        spec->slots_max *= 2;
        spec->nodes_max *= 2;
    }
    struct event ev = { .type = EVENT_POLICY, .policy.take_spec = spec };
    return world_step(w, &ev, err);
}

void world_start(struct world *w)
{
    struct error err = { 0 };
    w->life++;
    w->control = must(control_new(&w->options, &err));
    world_trace(w, "life %llu begins", (unsigned long long)w->life);
    for (size_t i = 0; i < w->tenants.len; i++)
        w->tenants.at[i]->informed_ns = 0;
    check_life(w);
    journal_recover(w);
    for (size_t i = 0; i < w->tenants.len && w->control; i++) {
        struct tenant *tenant = w->tenants.at[i];
        if (tenant->policy && give_policy(w, tenant, &err) < 0)
            world_fail(w, "policy of %s: %s", tenant->name, err.text);
    }
    struct event ev = { .type = EVENT_POLICIES, .policies.complete = true };
    world_step(w, &ev, &err);
}

static void restart(struct world *w, struct happening *h)
{
    if (!w->control && h->life == w->life)
        world_start(w);
}

void world_crash(struct world *w)
{
    if (!w->control)
        return;
    world_trace(w, "crash");
    w->crashes++;
    control_free(w->control);
    w->control = NULL;
    w->crash_after = -1;
    effect_list_clear(&w->effects);
    journal_crash(w);
    if (w->restart_ns < 0)
        return;
    struct happening *h = happening_new(w, PLANNED);
    h->planned = restart;
    happening_plan(w, h, w->restart_ns);
}

/* ---- pools, as people see them ------------------------------------------------------------------- */

struct tenant *tenant_find(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->tenants.len; i++) {
        if (strcmp(w->tenants.at[i]->name, name) == 0)
            return w->tenants.at[i];
    }
    return NULL;
}

struct tenant *tenant_get(struct world *w, const char *name)
{
    struct tenant *tenant = tenant_find(w, name);
    if (tenant)
        return tenant;
    tenant = must(calloc(1, sizeof(*tenant)));
    str_copy_c(tenant->name, sizeof(tenant->name), name);
    PUSH(&w->tenants, tenant);
    return tenant;
}

int tenant_policy(struct world *w, const char *name, const char *text, struct error *err)
{
    struct tenant *tenant = tenant_get(w, name);
    free(tenant->policy);
    tenant->policy = text ? must(str_dup(str_from(text))) : NULL;
    if (!w->control)
        return 0;
    world_trace(w, "policy %s %s", name, text ? "is written" : "is removed");
    if (text)
        return give_policy(w, tenant, err);
    struct event ev = { .type = EVENT_POLICY_REMOVED, .policy_removed.pool = tenant->name };
    return world_step(w, &ev, err);
}

int tenant_pause(struct world *w, const char *name, bool paused, struct error *err)
{
    if (!w->control)
        return error_set(err, MUSTER_E_TRANSIENT, "the controller is not running");
    struct tenant *tenant = tenant_get(w, name);
    bool before = tenant->paused;
    tenant->paused = paused;
    world_trace(w, "%s '%s'", paused ? "pause" : "resume", name);
    struct event ev = { .type = paused ? EVENT_PAUSE : EVENT_RESUME, .pause.pool = tenant->name };
    int rc = world_step(w, &ev, err);
    if (rc < 0)
        tenant->paused = before; /* the person was told no */
    return rc;
}

bool tenant_is_paused(struct world *w, const struct tenant *tenant)
{
    const struct tenant *all = tenant_find(w, "");
    return tenant->paused || (all && all->paused);
}

struct machine *machine_find(struct world *w, const char *id)
{
    int64_t number;
    if (strncmp(id, "m-", 2) != 0 || units_parse_int(str_from(id + 2), &number, NULL) < 0)
        return NULL;
    bool known = number >= 1 && number <= (int64_t)w->machines.len;
    return known ? w->machines.at[number - 1] : NULL;
}
