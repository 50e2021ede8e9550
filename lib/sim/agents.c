/*
 * Agents as muster-agent behaves: no worker before an answer that lets it run; told to drain, it takes
 * no new jobs and says "drained" when its worker is gone.
 */
#include "sim/engine.h"

static enum beat_state beat_state(const struct machine *m)
{
    switch (m->agent) {
    case AGENT_WORKING:
        return BEAT_READY;
    case AGENT_DRAINING:
        return BEAT_DRAINING;
    case AGENT_DRAINED:
        return BEAT_DRAINED;
    case AGENT_NONE:
    case AGENT_WAITING:
    case AGENT_STARTING:
        break;
    }
    return BEAT_BOOTING;
}

/* One heartbeat, and what the core says to it. */
static int say(struct engine *e, struct machine *m, struct beat_reply *ret, struct error *err)
{
    struct event ev = { .type = EVENT_HEARTBEAT };
    struct heartbeat *beat = &ev.heartbeat;
    memcpy(beat->node, m->id, sizeof(beat->node));
    beat->state = beat_state(m);
    beat->seq = ++m->seq;
    beat->slots = m->slots;
    beat->busy = m->busy;
    beat->idle_ns = -1;
    beat->served = (double)m->served;
    beat->served_mean_ns = m->served > 0 ? m->served_ns / m->served : 0;
    beat->interrupted = m->noticed;
    m->served = 0;
    m->served_ns = 0;
    int rc = sim_core_step(e, &ev, err);
    if (rc == 0)
        *ret = control_beat_reply(e->control, m->id);
    return rc;
}

int sim_agent_beat(struct engine *e, struct machine *m, struct error *err)
{
    struct beat_reply reply;
    int rc = m->agent == AGENT_NONE ? 1 : say(e, m, &reply, err);
    if (rc != 0 || !reply.known)
        return rc < 0 ? rc : 0;
    bool may_drain =
        m->agent == AGENT_WAITING || m->agent == AGENT_STARTING || m->agent == AGENT_WORKING;
    if (reply.drain && may_drain) {
        sim_machine_drains(e, m);
        return say(e, m, &reply, err);
    }
    if (reply.run && m->agent == AGENT_WAITING)
        return sim_machine_starts_worker(e, m, err);
    return 0;
}

int sim_agent_beats(struct engine *e, struct machine *m, struct error *err)
{
    if (m->agent == AGENT_NONE)
        return 0;
    int rc = engine_plan(e, DUE_BEAT, e->now_ns + e->spec->heartbeat_ns, m, 0, m->life, err);
    return rc < 0 ? rc : sim_agent_beat(e, m, err);
}
