/* The cloud and its market: calls that take a while, views that lag, capacity that comes and goes. */
#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

/* ---- calls ------------------------------------------------------------------------------------------ */

static int keep_call(struct engine *e, const struct call *call, uint32_t *ret, struct error *err)
{
    uint32_t n = 0;
    while (n < e->calls.len && e->calls.at[n].used)
        n++;
    if (n == e->calls.len && !vec_push(&e->calls, *call))
        return error_nomem(err);
    e->calls.at[n] = *call;
    e->calls.at[n].used = true;
    *ret = n;
    return 0;
}

static int call_later(struct engine *e, enum due kind, const struct call *call, struct error *err)
{
    uint32_t n;
    int rc = keep_call(e, call, &n, err);
    return rc < 0 ? rc : engine_plan(e, kind, e->now_ns + e->market->call_ns, NULL, n, 0, err);
}

int sim_cloud_launch_later(struct engine *e, const struct call *call, struct error *err)
{
    return call_later(e, DUE_LAUNCH, call, err);
}

int sim_cloud_terminate_later(struct engine *e, const struct call *call, struct error *err)
{
    return call_later(e, DUE_TERMINATE, call, err);
}

static int tell_refused(struct engine *e, const struct call *call, struct error *err)
{
    struct event ev = { .type = EVENT_LAUNCH_FAILED };
    ev.result.number = call->number;
    ev.result.code = MUSTER_E_CAPACITY;
    ev.result.text = "the market has no capacity for it now";
    return sim_core_step(e, &ev, err);
}

static int tell_launched(struct engine *e, const struct call *call, const char (*ids)[NODE_ID_MAX],
                         int64_t had, struct error *err)
{
    struct event ev = { .type = EVENT_LAUNCHED };
    ev.result.number = call->number;
    ev.result.ids = ids;
    ev.result.len = (size_t)had;
    if (had < call->count) {
        ev.result.code = MUSTER_E_CAPACITY;
        ev.result.text = "the market has capacity for a part of it only";
    }
    return sim_core_step(e, &ev, err);
}

int sim_cloud_launch(struct engine *e, uint32_t n, struct error *err)
{
    struct call call = e->calls.at[n];
    e->calls.at[n].used = false;
    int64_t had = sim_machines_to_be_had(e, call.offer, call.count);
    e->result.refused += had < call.count;
    if (!call.number)
        e->ordered -= call.count;
    if (had == 0)
        return call.number ? tell_refused(e, &call, err) : 0;
    char(*ids)[NODE_ID_MAX] = calloc((size_t)had, sizeof(*ids));
    if (!ids)
        return error_nomem(err);
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < had; i++) {
        struct machine *m;
        rc = sim_machine_new(e, call.offer, call.token, &m, err);
        if (rc == 0)
            memcpy(ids[i], m->id, sizeof(ids[i]));
    }
    if (rc == 0 && call.number)
        rc = tell_launched(e, &call, (const char(*)[NODE_ID_MAX])ids, had, err);
    free(ids);
    return rc;
}

int sim_cloud_terminate(struct engine *e, uint32_t n, struct error *err)
{
    struct call call = e->calls.at[n];
    e->calls.at[n].used = false;
    struct machine *m = map_get(&e->machines_by_id, call.node);
    int rc = m ? sim_machine_stops(e, m, err) : 0;
    if (rc < 0 || !call.number)
        return rc;
    struct event ev = { .type = EVENT_TERMINATED };
    ev.result.number = call.number;
    return sim_core_step(e, &ev, err);
}

/* ---- listings ----------------------------------------------------------------------------------------- */

static enum listed_state state_at(const struct machine *m, int64_t at_ns)
{
    return m->gone_ns <= at_ns       ? LISTED_GONE
           : m->stopping_ns <= at_ns ? LISTED_STOPPING
           : m->running_ns <= at_ns  ? LISTED_RUNNING
                                     : LISTED_PENDING;
}

static void show(const struct engine *e, const struct machine *m, int64_t at_ns,
                 struct listed_node *ret)
{
    const struct offer_state *o = &e->offers.at[m->offer];
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->id, m->id, sizeof(ret->id));
    memcpy(ret->pool, e->spec->name, sizeof(ret->pool));
    memcpy(ret->offer, o->offer.name, sizeof(ret->offer));
    memcpy(ret->token, m->token, sizeof(ret->token));
    ret->state = state_at(m, at_ns);
    ret->slots = m->slots;
    ret->age_ns = e->now_ns - m->created_ns;
    ret->interrupted = m->noticed;
}

int sim_cloud_listed(struct engine *e, uint32_t inventory, int64_t asked_ns, struct error *err)
{
    int64_t view_ns = asked_ns - e->market->list_lag_ns;
    if (!vec_reserve(&e->listed, e->machines.len))
        return error_nomem(err);
    e->listed.len = 0;
    for (size_t i = 0; i < e->machines.len; i++) {
        const struct machine *m = e->machines.at[i];
        if (e->offers.at[m->offer].inventory == inventory && m->created_ns <= view_ns)
            show(e, m, view_ns, &e->listed.at[e->listed.len++]);
    }
    struct event ev = { .type = EVENT_LISTING };
    ev.listing.inventory = e->inventories.at[inventory];
    ev.listing.nodes = e->listed.at;
    ev.listing.len = e->listed.len;
    ev.listing.asked_ns = asked_ns + SIM_ZERO_NS;
    return sim_core_step(e, &ev, err);
}

/* ---- the market moves ------------------------------------------------------------------------------------ */

static int next_step(struct engine *e, enum due kind, uint32_t offer,
                     const struct sim_series *series, size_t step, struct error *err)
{
    if (step >= series->steps.len)
        return 0;
    return engine_plan(e, kind, series->steps.at[step].at_ns, NULL, offer, 0, err);
}

int sim_cloud_price_steps(struct engine *e, uint32_t offer, struct error *err)
{
    struct offer_state *o = &e->offers.at[offer];
    const struct sim_series *series = &o->market->price;
    int64_t usd_micro = series->steps.at[o->price_step++].value;
    struct event ev = { .type = EVENT_PRICE };
    ev.price.pool = e->spec->name;
    ev.price.offer = o->offer.name;
    ev.price.usd_micro = usd_micro;
    int rc = e->control ? sim_core_step(e, &ev, err) : 0;
    return rc < 0 ? rc : next_step(e, DUE_PRICE, offer, series, o->price_step, err);
}

/* One of those that could be taken, each as likely as the others. */
static struct machine *draw_victim(struct engine *e, uint32_t offer)
{
    struct machine *victim = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < e->machines.len; i++) {
        struct machine *m = e->machines.at[i];
        bool lives = m->state == LISTED_PENDING || m->state == LISTED_RUNNING;
        if (m->offer == offer && lives && !m->doomed && rng_below(&e->rng, ++seen) == 0)
            victim = m;
    }
    return victim;
}

static int doom(struct engine *e, struct machine *m, int64_t notice_ns, struct error *err)
{
    m->doomed = true;
    e->offers.at[m->offer].machines--;
    e->result.interruptions++;
    e->point.interruptions++;
    if (notice_ns <= 0)
        return sim_cloud_taken(e, m, err);
    m->noticed = true;
    int rc = engine_plan(e, DUE_TAKEN, e->now_ns + notice_ns, m, 0, m->life, err);
    if (rc == 0 && e->control)
        rc = sim_agent_beat(e, m, err);
    return rc;
}

int sim_cloud_taken(struct engine *e, struct machine *m, struct error *err)
{
    return sim_machine_stops(e, m, err);
}

int sim_cloud_capacity_steps(struct engine *e, uint32_t offer, struct error *err)
{
    struct offer_state *o = &e->offers.at[offer];
    const struct sim_series *series = &o->market->capacity;
    int64_t value = series->steps.at[o->capacity_step++].value;
    o->capacity = value < 0 ? SIM_UNLIMITED : value;
    int rc = 0;
    while (rc == 0 && o->machines > o->capacity) {
        struct machine *m = draw_victim(e, offer);
        rc = m ? doom(e, m, o->notice_ns, err) : 1;
    }
    return rc < 0 ? rc : next_step(e, DUE_CAPACITY, offer, series, o->capacity_step, err);
}
