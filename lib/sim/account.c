/* What is counted while a run goes on, and what is made of it at the end. */
#include "sim/engine.h"

void sim_account_desired(struct engine *e, int64_t desired)
{
    int turn = (desired > e->desired) - (desired < e->desired);
    if (turn != 0 && turn == -e->turned)
        e->result.reversals++;
    if (turn != 0)
        e->turned = turn;
    e->desired = desired;
}

static void judge(struct engine *e, int64_t took_ns)
{
    e->result.judged++;
    e->result.late += took_ns > e->options.promise_ns;
}

void sim_account_started(struct engine *e, int64_t wait_ns, int64_t arrival_ns, bool again)
{
    if (again || arrival_ns < e->options.ignore_ns)
        return;
    sim_waits_add(&e->result.wait, wait_ns, 1);
    if (e->options.series_every_ns > 0)
        sim_waits_add(&e->interval, wait_ns, 1);
    if (e->options.promise_ns > 0 && e->options.promise == SIM_PROMISE_START)
        judge(e, wait_ns);
}

void sim_account_done(struct engine *e, int64_t arrival_ns, int64_t service_ns)
{
    int64_t took_ns = e->now_ns - arrival_ns;
    e->result.done++;
    e->point.done++;
    e->result.work_s += (double)service_ns / 1e9;
    e->result.busy_slot_s += (double)service_ns / 1e9;
    if (arrival_ns < e->options.ignore_ns)
        return;
    sim_waits_add(&e->result.sojourn, took_ns, 1);
    if (e->options.promise_ns > 0 && e->options.promise == SIM_PROMISE_DONE)
        judge(e, took_ns);
}

/* ---- the series --------------------------------------------------------------------------------- */

static void count_machines(struct engine *e, struct sim_point *point)
{
    for (size_t i = 0; i < e->machines.len; i++) {
        struct machine *m = e->machines.at[i];
        if (m->state == LISTED_STOPPING || m->state == LISTED_GONE)
            continue;
        enum market market = e->offers.at[m->offer].offer.market;
        sim_machine_bill(e, m, false);
        if (m->agent == AGENT_WORKING) {
            point->ready[market]++;
            point->slots_ready += m->slots;
        } else if (m->agent == AGENT_DRAINING || m->agent == AGENT_DRAINED) {
            point->draining[market]++;
        } else {
            point->booting[market]++;
        }
    }
}

static int close_point(struct engine *e, int64_t at_ns, struct error *err)
{
    struct sim_point *point = &e->point;
    e->now_ns = at_ns;
    count_machines(e, point);
    point->at_ns = at_ns;
    point->waiting = e->waiting;
    point->running = e->running + e->lost_jobs;
    point->desired = e->desired;
    point->wait_p50_ns = sim_waits_quantile(&e->interval, 0.5);
    point->wait_p95_ns = sim_waits_quantile(&e->interval, 0.95);
    point->wait_max_ns = e->interval.max_ns;
    point->cost_usd_micro = e->result.cost.usd_micro[0] + e->result.cost.usd_micro[1];
    sim_waits_clear(&e->interval);
    if (!vec_push(&e->result.series, *point))
        return error_nomem(err);
    e->point = (struct sim_point){ 0 };
    return 0;
}

int sim_account_points(struct engine *e, int64_t until_ns, struct error *err)
{
    int rc = 0;
    while (rc == 0 && e->next_point_ns <= until_ns) {
        rc = close_point(e, e->next_point_ns, err);
        e->next_point_ns += e->options.series_every_ns;
    }
    return rc;
}

/* ---- the end ---------------------------------------------------------------------------------------- */

/* Of a job that is not begun or not done only this is known: how long it has taken so far. */
static void judge_left(struct engine *e, int64_t arrival_ns, int64_t count)
{
    bool counted = arrival_ns >= e->options.ignore_ns;
    if (!counted || e->options.promise_ns <= 0 || e->now_ns - arrival_ns <= e->options.promise_ns)
        return;
    e->result.judged += count;
    e->result.late += count;
}

static void judge_machine(struct engine *e, const struct machine *m)
{
    for (int64_t i = 0; m->busy > 0 && i < m->slots; i++) {
        const struct job *job = &m->jobs[i];
        if (!job->running)
            continue;
        e->result.busy_slot_s += (double)(e->now_ns - job->begun_ns) / 1e9;
        if (e->options.promise == SIM_PROMISE_DONE)
            judge_left(e, job->arrival_ns, 1);
    }
}

int sim_account_end(struct engine *e, struct error *err)
{
    for (size_t i = 0; i < e->machines.len; i++) {
        struct machine *m = e->machines.at[i];
        if (m->state == LISTED_STOPPING || m->state == LISTED_GONE)
            continue;
        sim_machine_bill(e, m, false);
        if (m->agent == AGENT_WORKING)
            e->result.serving_slot_s +=
                (double)(e->now_ns - m->working_ns) / 1e9 * (double)m->slots;
        judge_machine(e, m);
    }
    for (size_t i = 0; i < e->queue.len; i++) {
        const struct queued *job = &ring_at(&e->queue, i);
        if (!job->again || e->options.promise == SIM_PROMISE_DONE)
            judge_left(e, job->arrival_ns, job->count);
    }
    e->result.left = e->waiting + e->running + e->lost_jobs;
    e->result.duration_ns = e->now_ns;
    if (e->options.series_every_ns > 0 && e->next_point_ns - e->options.series_every_ns < e->now_ns)
        return close_point(e, e->now_ns, err);
    return 0;
}
