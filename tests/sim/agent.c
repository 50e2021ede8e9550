/*
 * Agents and their workers, as muster-agent behaves: no worker before an answer that lets it run; told
 * to drain, it takes no new jobs, and says "drained" when its worker is gone. A drain is for good.
 */
#include <stdio.h>

#include "base/str.h"
#include "tests/sim/world.h"

bool worker_alive(const struct machine *m)
{
    return m->agent == AGENT_STARTING || m->agent == AGENT_WORKING || m->agent == AGENT_DRAINING;
}

static enum beat_state beat_state(const struct machine *m)
{
    switch (m->agent) {
    case AGENT_WORKING:
        return BEAT_READY;
    case AGENT_DRAINING:
        return BEAT_DRAINING;
    case AGENT_DRAINED:
        return BEAT_DRAINED;
    case AGENT_OFF:
    case AGENT_WAITING:
    case AGENT_STARTING:
        break;
    }
    return BEAT_BOOTING;
}

void agent_beat(struct world *w, struct machine *m)
{
    if (m->agent == AGENT_OFF)
        return;
    struct fate fate = fate_draw(w, CHANNEL_BEAT, "");
    struct happening *h = happening_new(w, TO_CORE);
    struct heartbeat *beat = &h->event.heartbeat;
    h->event.type = EVENT_HEARTBEAT;
    h->machine = m;
    h->fate = fate;
    str_copy_c(beat->node, sizeof(beat->node), m->id);
    beat->state = beat_state(m);
    beat->seq = ++m->seq;
    beat->slots = m->intent.slots;
    beat->busy = m->busy;
    beat->idle_ns = -1;
    beat->served = m->served;
    beat->served_mean_ns = m->served > 0 ? m->served_ns / (int64_t)m->served : 0;
    beat->interrupted = m->noticed;
    beat->rebalance = m->advised;
    str_copy_c(beat->version, sizeof(beat->version), m->version);
    m->served = 0;
    m->served_ns = 0;
    if (world_breaks(w, "idle-is-drained") && beat->state == BEAT_READY && m->busy == 0)
        beat->state = BEAT_DRAINED;
    if (fate.lost || m->hung) {
        happening_free(h);
        return;
    }
    if (fate.twice)
        happening_plan(w, happening_copy(h), fate.request_ns + fate.again_ns);
    happening_plan(w, h, fate.request_ns);
}

static void worker_ends(struct world *w, struct machine *m)
{
    if (!worker_alive(m))
        return;
    m->agent = AGENT_DRAINED;
    world_trace(w, "%s: its worker is gone", m->id);
    work_back(w, m);
    agent_beat(w, m);
}

void agent_drain(struct world *w, struct machine *m)
{
    m->told = true;
    if (m->agent == AGENT_WAITING) {
        m->agent = AGENT_DRAINED;
        agent_beat(w, m);
        return;
    }
    if (m->agent == AGENT_STARTING || m->agent == AGENT_WORKING) {
        m->agent = AGENT_DRAINING;
        if (m->busy > 0)
            agent_beat(w, m);
        else
            worker_ends(w, m);
    }
}

static void plan_for(struct world *w, struct machine *m, enum happening_kind kind, int64_t delay_ns)
{
    struct happening *h = happening_new(w, kind);
    h->machine = m;
    happening_plan(w, h, delay_ns);
}

static void hears(struct world *w, struct machine *m, const struct beat_reply *reply)
{
    if (!reply->known || m->agent == AGENT_OFF || m->hung)
        return;
    if (reply->heartbeat_ns > 0)
        m->beat_ns = reply->heartbeat_ns;
    if (reply->drain) {
        agent_drain(w, m);
        return;
    }
    if (m->agent != AGENT_WAITING || !reply->run || m->told)
        return;
    m->agent = AGENT_STARTING;
    world_trace(w, "%s: its worker starts", m->id);
    if (m->dies)
        plan_for(w, m, WORKER_ENDS, w->start_ns + 2 * NS_PER_S);
    plan_for(w, m, WORKER_READY, w->start_ns);
}

/*
 * The answer leaves when the journal has what it must know for it: a node that may run its worker must
 * not be one that never ran, to a later life.
 */
static void answer(struct world *w, struct happening *beat)
{
    struct beat_reply reply = control_beat_reply(w->control, beat->machine->id);
    const struct node *node = control_node_find(w->control, beat->machine->id, NULL);
    if (beat->fate.unanswered)
        return;
    struct happening *h = happening_new(w, AGENT_HEARS);
    h->machine = beat->machine;
    h->reply = reply;
    h->fate = beat->fate;
    if (node && reply.run && journal_serving_pends(w, node->intent)) {
        journal_hold(w, h);
        return;
    }
    if (beat->fate.answer_twice)
        happening_plan(w, happening_copy(h), beat->fate.answer_ns + beat->fate.again_ns);
    happening_plan(w, h, beat->fate.answer_ns);
}

static void worker_ready(struct world *w, struct machine *m)
{
    if (m->agent != AGENT_STARTING)
        return;
    m->agent = AGENT_WORKING;
    agent_beat(w, m);
    struct tenant *tenant = tenant_find(w, m->intent.pool);
    if (tenant)
        work_dispatch(w, tenant);
}

static void job_done(struct world *w, struct machine *m, int64_t each_ns)
{
    if (!worker_alive(m) || m->busy == 0)
        return; /* it died with its worker */
    work_done(w, m, each_ns);
    if (m->agent == AGENT_DRAINING && m->busy == 0)
        worker_ends(w, m);
}

static void beats(struct world *w, struct machine *m)
{
    if (m->agent == AGENT_OFF)
        return;
    agent_beat(w, m);
    plan_for(w, m, AGENT_BEATS, m->beat_ns);
}

void agent_happens(struct world *w, struct happening *h)
{
    switch ((int)h->kind) {
    case TO_CORE:
        answer(w, h);
        break;
    case AGENT_BEATS:
        beats(w, h->machine);
        break;
    case AGENT_HEARS:
        hears(w, h->machine, &h->reply);
        break;
    case WORKER_READY:
        worker_ready(w, h->machine);
        break;
    case WORKER_ENDS:
        worker_ends(w, h->machine);
        break;
    case JOB_DONE:
        job_done(w, h->machine, h->job_ns);
        break;
    default:
        break;
    }
}
