/* Machines, from the accepted launch to their end, and what they cost. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sim/engine.h"

/* A machine that ended is still shown as gone for so long: whoever lists must not miss it. */
#define SHOWN_GONE_NS (120 * NS_PER_S)

static void machine_free(struct machine *m)
{
    if (m)
        free(m->jobs);
    free(m);
}

void sim_machines_release(struct engine *e)
{
    for (size_t i = 0; i < e->machines.len; i++)
        machine_free(e->machines.at[i]);
    for (size_t i = 0; i < e->spare.len; i++)
        machine_free(e->spare.at[i]);
    vec_release(&e->machines);
    vec_release(&e->spare);
    map_release(&e->machines_by_id);
}

static struct machine *unused(struct engine *e, int64_t slots)
{
    struct machine *m = e->spare.len > 0 ? e->spare.at[e->spare.len - 1] : calloc(1, sizeof(*m));
    if (m && m->jobs_room < slots) {
        struct job *jobs = calloc((size_t)slots, sizeof(*jobs));
        if (!jobs) {
            if (e->spare.len == 0)
                free(m);
            return NULL;
        }
        free(m->jobs);
        m->jobs = jobs;
        m->jobs_room = slots;
    }
    /* Room to keep it when it is spare again, so that forgetting one cannot fail. */
    bool room = m && vec_reserve(&e->spare, e->spare.len + e->machines.len + 1) &&
                vec_reserve(&e->machines, e->machines.len + 1);
    if (!room && m && e->spare.len == 0)
        machine_free(m);
    if (!room)
        return NULL;
    if (e->spare.len > 0)
        e->spare.len--;
    return m;
}

static void clear_jobs(struct machine *m)
{
    for (int64_t i = 0; i < m->slots; i++)
        m->jobs[i] = (struct job){ .next_free = i + 1 < m->slots ? (uint32_t)i + 1 : NO_JOB };
    m->free_job = 0;
}

/* Stragglers, machines that never come, and images that are still warm. */
static int64_t draw_boot(struct engine *e, struct offer_state *o, struct machine *m)
{
    const struct sim_boot *boot = o->boot;
    bool warm = boot->cache_ns > 0 && e->now_ns < o->warm_until_ns;
    m->never_boots = boot->failures > 0 && rng_chance(&e->rng, boot->failures);
    bool straggles = boot->stragglers > 0 && rng_chance(&e->rng, boot->stragglers);
    int64_t ns = sim_dist_draw(warm ? &boot->cached : &boot->boot, &e->rng);
    if (straggles)
        ns = (int64_t)((double)ns * boot->straggle);
    o->warm_until_ns = e->now_ns + boot->cache_ns;
    return ns;
}

int sim_machine_new(struct engine *e, uint32_t offer, const char *token, struct machine **ret,
                    struct error *err)
{
    struct offer_state *o = &e->offers.at[offer];
    struct machine *m = unused(e, o->offer.slots);
    if (!m)
        return error_nomem(err);
    struct machine fresh = {
        .life = m->life + 1,
        .index = e->machines.len,
        .offer = offer,
        .place = sim_places_choose(e, offer),
        .state = LISTED_PENDING,
        .created_ns = e->now_ns,
        .billed_ns = e->now_ns,
        .running_ns = INT64_MAX,
        .stopping_ns = INT64_MAX,
        .gone_ns = INT64_MAX,
        .slots = o->offer.slots,
        .jobs = m->jobs,
        .jobs_room = m->jobs_room,
    };
    *m = fresh;
    snprintf(m->id, sizeof(m->id), "sim-%llu", (unsigned long long)++e->named);
    str_copy_c(m->token, sizeof(m->token), token);
    clear_jobs(m);
    e->machines.at[e->machines.len++] = m;
    if (!map_put(&e->machines_by_id, m->id, m))
        return error_nomem(err);
    e->places.at[m->place].machines++;
    e->nodes_live++;
    e->slots_live += m->slots;
    e->result.starts++;
    e->point.starts++;
    if (e->nodes_live > e->result.nodes_peak)
        e->result.nodes_peak = e->nodes_live;
    if (e->slots_live > e->result.slots_peak)
        e->result.slots_peak = e->slots_live;
    int64_t boot_ns = draw_boot(e, o, m);
    engine_trace(e, (uint64_t)e->now_ns ^ (uint64_t)boot_ns << 8 ^ offer);
    e->result.boot_failures += m->never_boots;
    if (ret)
        *ret = m;
    return m->never_boots ? 0 : engine_plan(e, DUE_BOOTED, e->now_ns + boot_ns, m, 0, m->life, err);
}

int sim_machine_booted(struct engine *e, struct machine *m, struct error *err)
{
    if (m->state != LISTED_PENDING || m->agent != AGENT_NONE)
        return 0;
    m->state = LISTED_RUNNING;
    m->running_ns = e->now_ns;
    m->agent = AGENT_WAITING;
    if (!e->control)
        return sim_machine_starts_worker(e, m, err);
    int rc = engine_plan(e, DUE_BEAT, e->now_ns + e->spec->heartbeat_ns, m, 0, m->life, err);
    return rc < 0 ? rc : sim_agent_beat(e, m, err);
}

int sim_machine_starts_worker(struct engine *e, struct machine *m, struct error *err)
{
    const struct sim_boot *boot = e->offers.at[m->offer].boot;
    m->agent = AGENT_STARTING;
    int64_t warm_ns = sim_dist_draw(&boot->warm, &e->rng);
    return engine_plan(e, DUE_WORKER, e->now_ns + warm_ns, m, 0, m->life, err);
}

int sim_machine_works(struct engine *e, struct machine *m, struct error *err)
{
    if (m->agent != AGENT_STARTING)
        return 0;
    m->agent = AGENT_WORKING;
    m->working_ns = e->now_ns;
    int rc = sim_jobs_offered(e, m, err);
    return rc < 0 || !e->control ? rc : sim_agent_beat(e, m, err);
}

static void stops_serving(struct engine *e, struct machine *m)
{
    if (m->agent == AGENT_WORKING)
        e->result.serving_slot_s += (double)(e->now_ns - m->working_ns) / 1e9 * (double)m->slots;
}

void sim_machine_drains(struct engine *e, struct machine *m)
{
    stops_serving(e, m);
    bool worker = m->agent == AGENT_WORKING && m->busy > 0;
    m->agent = worker ? AGENT_DRAINING : AGENT_DRAINED;
}

void sim_machine_bill(struct engine *e, struct machine *m, bool ends)
{
    const struct offer_state *o = &e->offers.at[m->offer];
    int64_t least_ns = e->options.bill_minimum_ns - (m->billed_ns - m->created_ns);
    sim_ledger_bill(&e->result.cost, &o->offer, e->places.at[m->place].price,
                    o->offer.price_usd_micro, m->billed_ns, e->now_ns, ends ? least_ns : 0);
    e->result.paid_slot_s += (double)(e->now_ns - m->billed_ns) / 1e9 * (double)m->slots;
    m->billed_ns = e->now_ns;
}

int sim_machine_stops(struct engine *e, struct machine *m, struct error *err)
{
    if (m->state == LISTED_STOPPING || m->state == LISTED_GONE)
        return 0;
    stops_serving(e, m);
    m->agent = AGENT_NONE;
    m->state = LISTED_STOPPING;
    m->stopping_ns = e->now_ns;
    sim_machine_bill(e, m, true);
    engine_trace(e, (uint64_t)e->now_ns ^ ~m->life);
    e->nodes_live--;
    e->slots_live -= m->slots;
    if (!m->doomed)
        e->places.at[m->place].machines--;
    int64_t gone_ns = e->now_ns + e->market->stop_ns;
    int rc = engine_plan(e, DUE_STOPPED, gone_ns, m, 0, m->life, err);
    if (rc == 0)
        rc = engine_plan(e, DUE_FORGOTTEN, gone_ns + e->market->list_lag_ns + SHOWN_GONE_NS, m, 0,
                         m->life, err);
    return rc < 0 ? rc : sim_jobs_lost(e, m, err);
}

void sim_machine_forgotten(struct engine *e, struct machine *m)
{
    map_remove(&e->machines_by_id, m->id);
    struct machine *last = e->machines.at[e->machines.len - 1];
    e->machines.at[m->index] = last;
    last->index = m->index;
    e->machines.len--;
    m->life++;
    e->spare.at[e->spare.len++] = m;
}
