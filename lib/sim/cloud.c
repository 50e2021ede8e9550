/* The cloud: calls that take a while, views that lag. */
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
    int64_t had = sim_places_room(e, call.offer, call.count);
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
