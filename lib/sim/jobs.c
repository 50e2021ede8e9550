/* The queue and those who serve it: slots that have nothing to do wait in a line, as pull workers do. */
#include "sim/engine.h"

static int job_start(struct engine *e, struct machine *m, struct error *err)
{
    struct queued *first = &ring_at(&e->queue, 0);
    uint32_t n = m->free_job;
    struct job *job = &m->jobs[n];
    m->free_job = job->next_free;
    *job = (struct job){
        .arrival_ns = first->arrival_ns,
        .service_ns = first->service_ns,
        .begun_ns = e->now_ns,
        .running = true,
        .again = first->again,
    };
    m->busy++;
    e->running++;
    e->waiting--;
    engine_trace(e, (uint64_t)e->now_ns ^ ((uint64_t)job->arrival_ns << 1) ^ m->life << 48);
    sim_account_started(e, e->now_ns - job->arrival_ns, job->arrival_ns, job->again);
    if (--first->count == 0)
        ring_drop(&e->queue);
    return engine_plan(e, DUE_JOB_DONE, e->now_ns + job->service_ns, m, n, m->life, err);
}

static struct machine *next_idle(struct engine *e)
{
    while (e->idle.len > 0) {
        struct idle_slot slot = ring_at(&e->idle, 0);
        ring_drop(&e->idle);
        if (slot.machine->life == slot.life && slot.machine->agent == AGENT_WORKING)
            return slot.machine;
    }
    return NULL;
}

int sim_jobs_dispatch(struct engine *e, struct error *err)
{
    struct machine *m;
    while (e->queue.len > 0 && (m = next_idle(e)) != NULL) {
        int rc = job_start(e, m, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int next_job(struct engine *e, struct error *err)
{
    int rc = sim_work_next(e->options.work, &e->next_job, err);
    e->more_jobs = rc > 0;
    return rc < 0 ? rc : 0;
}

int sim_jobs_arrive(struct engine *e, struct error *err)
{
    const struct sim_job *job = &e->next_job;
    struct queued queued = { job->arrival_ns, job->service_ns, job->count, false };
    if (!ring_push(&e->queue, queued))
        return error_nomem(err);
    e->waiting += job->count;
    e->result.arrived += job->count;
    e->point.arrived += job->count;
    e->last_arrival_ns = e->now_ns;
    int rc = sim_jobs_dispatch(e, err);
    return rc < 0 ? rc : next_job(e, err);
}

static int slot_idle(struct engine *e, struct machine *m, struct error *err)
{
    struct idle_slot slot = { m, m->life };
    return ring_push(&e->idle, slot) ? 0 : error_nomem(err);
}

int sim_jobs_offered(struct engine *e, struct machine *m, struct error *err)
{
    for (int64_t i = 0; i < m->slots; i++) {
        int rc = slot_idle(e, m, err);
        if (rc < 0)
            return rc;
    }
    return sim_jobs_dispatch(e, err);
}

static void job_free(struct machine *m, uint32_t n)
{
    m->jobs[n].running = false;
    m->jobs[n].next_free = m->free_job;
    m->free_job = n;
    m->busy--;
}

int sim_job_done(struct engine *e, struct machine *m, uint32_t n, struct error *err)
{
    const struct job *job = &m->jobs[n];
    m->served++;
    m->served_ns += job->service_ns;
    e->running--;
    sim_account_done(e, job->arrival_ns, job->service_ns);
    job_free(m, n);
    if (m->agent == AGENT_WORKING && e->queue.len > 0)
        return job_start(e, m, err);
    if (m->agent == AGENT_WORKING)
        return slot_idle(e, m, err);
    if (m->agent != AGENT_DRAINING || m->busy > 0)
        return 0;
    m->agent = AGENT_DRAINED;
    return e->control ? sim_agent_beat(e, m, err) : sim_decider_drained(e, m, err);
}

/* ---- what dies with its node ---------------------------------------------------------------------- */

/* Their time in the queue goes on from when they came: they are the oldest. */
static int back_in_front(struct engine *e, const struct queued *job, struct error *err)
{
    if (!ring_push_front(&e->queue, *job))
        return error_nomem(err);
    e->waiting += job->count;
    return 0;
}

static int lose(struct engine *e, const struct queued *job, struct error *err)
{
    if (e->options.redeliver_ns <= 0)
        return back_in_front(e, job, err);
    if (!vec_push(&e->lost, *job))
        return error_nomem(err);
    e->lost_jobs++;
    return engine_plan(e, DUE_REDELIVERY, e->now_ns + e->options.redeliver_ns, NULL,
                       (uint32_t)(e->lost.len - 1), 0, err);
}

int sim_jobs_lost(struct engine *e, struct machine *m, struct error *err)
{
    for (uint32_t n = 0; m->busy > 0 && n < (uint32_t)m->slots; n++) {
        const struct job *job = &m->jobs[n];
        if (!job->running)
            continue;
        struct queued again = { job->arrival_ns, job->service_ns, 1, true };
        double lost_s = (double)(e->now_ns - job->begun_ns) / 1e9;
        e->result.redone_s += lost_s;
        e->result.busy_slot_s += lost_s;
        e->result.redone++;
        e->point.redone++;
        e->running--;
        job_free(m, n);
        int rc = lose(e, &again, err);
        if (rc < 0)
            return rc;
    }
    return sim_jobs_dispatch(e, err);
}

int sim_jobs_redelivered(struct engine *e, uint32_t n, struct error *err)
{
    struct queued job = e->lost.at[n];
    if (--e->lost_jobs == 0)
        vec_clear(&e->lost);
    int rc = back_in_front(e, &job, err);
    return rc < 0 ? rc : sim_jobs_dispatch(e, err);
}

int64_t sim_jobs_oldest_ns(const struct engine *e)
{
    return e->queue.len > 0 ? e->now_ns - ring_at(&e->queue, 0).arrival_ns : 0;
}
