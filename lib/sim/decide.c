/* A decider instead of the core: how many nodes, and no more; carried out without ceremony. */
#include <stdlib.h>

#include "sim/engine.h"

static void count(const struct engine *e, struct sim_view *view)
{
    for (size_t i = 0; i < e->machines.len; i++) {
        const struct machine *m = e->machines.at[i];
        if (m->state == LISTED_STOPPING || m->state == LISTED_GONE)
            continue;
        if (m->doomed || m->agent == AGENT_DRAINING || m->agent == AGENT_DRAINED)
            view->nodes_draining++;
        else if (m->agent == AGENT_WORKING)
            view->nodes_ready++;
        else
            view->nodes_booting++;
    }
    view->nodes_booting += e->ordered;
}

static struct sim_view look(const struct engine *e)
{
    struct sim_view view = {
        .now_ns = e->now_ns,
        .wall_ns = e->wall_zero_ns + e->now_ns,
        .waiting = e->waiting,
        .running = e->running + e->lost_jobs,
        .oldest_ns = sim_jobs_oldest_ns(e),
        .arrived = e->result.arrived,
        .done = e->result.done,
        .slots_per_node = e->offers.at[0].offer.slots,
    };
    count(e, &view);
    int64_t slots = view.nodes_ready * view.slots_per_node;
    if (slots > 0)
        view.busy = (double)(e->running < slots ? e->running : slots) / (double)slots;
    return view;
}

static int64_t bounded(const struct engine *e, int64_t nodes)
{
    int64_t slots = e->offers.at[0].offer.slots;
    int64_t least = (e->spec->slots_min + slots - 1) / slots;
    int64_t most = e->spec->slots_max / slots;
    if (e->spec->nodes_max < most)
        most = e->spec->nodes_max;
    return nodes > most ? most : nodes < least ? least : nodes;
}

static int launch(struct engine *e, int64_t nodes, struct error *err)
{
    struct call call = { .count = nodes };
    e->ordered += nodes;
    return sim_cloud_launch_later(e, &call, err);
}

/* Booting ones first, then those with the least to do, then the youngest. */
static int64_t rank(const struct machine *m)
{
    return m->agent == AGENT_WORKING ? m->busy + 1 : 0;
}

static struct machine *next_victim(const struct engine *e)
{
    struct machine *victim = NULL;
    for (size_t i = 0; i < e->machines.len; i++) {
        struct machine *m = e->machines.at[i];
        bool lives = m->state == LISTED_PENDING || m->state == LISTED_RUNNING;
        if (!lives || m->doomed || m->agent == AGENT_DRAINING || m->agent == AGENT_DRAINED)
            continue;
        if (!victim || rank(m) < rank(victim) ||
            (rank(m) == rank(victim) && m->created_ns > victim->created_ns))
            victim = m;
    }
    return victim;
}

int sim_decider_drained(struct engine *e, struct machine *m, struct error *err)
{
    struct call call = { 0 };
    memcpy(call.node, m->id, sizeof(call.node));
    return sim_cloud_terminate_later(e, &call, err);
}

static int release(struct engine *e, int64_t nodes, struct error *err)
{
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < nodes; i++) {
        struct machine *m = next_victim(e);
        if (!m)
            return 0;
        if (e->options.decider->kills) {
            rc = sim_machine_stops(e, m, err);
            continue;
        }
        sim_machine_drains(e, m);
        if (m->agent == AGENT_DRAINED)
            rc = sim_decider_drained(e, m, err);
    }
    return rc;
}

int sim_decider_turn(struct engine *e, struct error *err)
{
    const struct sim_decider *decider = e->options.decider;
    struct sim_view view = look(e);
    int64_t nodes = bounded(e, decider->nodes(decider->ctx, &view));
    int64_t have = view.nodes_ready + view.nodes_booting;
    engine_trace(e, (uint64_t)e->now_ns ^ (uint64_t)nodes << 20);
    sim_account_desired(e, nodes * view.slots_per_node);
    int rc = nodes > have ? launch(e, nodes - have, err) : release(e, have - nodes, err);
    return rc < 0 ? rc
                  : engine_plan(e, DUE_DECISION, e->now_ns + decider->every_ns, NULL, 0, 0, err);
}
