/* One job with a deadline, played tick by tick by a policy that does not know the future. */
#include "sim/one_job.h"

enum machine { NONE, ON_DEMAND, SPOT };

struct play {
    const struct one_job *job;
    int64_t now_s;
    enum machine on; /* after a preemption: NONE */
    bool spot;       /* can be had now */
    int64_t changeover_left_s;
    int64_t done_s;
};

static int64_t ticks_up(const struct play *p, int64_t seconds)
{
    return (seconds + p->job->tick_s - 1) / p->job->tick_s;
}

static int64_t ticks_left(const struct play *p)
{
    return (p->job->deadline_s - p->now_s) / p->job->tick_s;
}

/*
 * The safety net under all policies. An idle job, and one that runs on demand, keeps two changeovers
 * of reserve: one it may need now and one after a preemption. Past that with one to spare, only a
 * spot machine that is already at work is kept, for as long as it lives.
 */
static enum machine in_time(const struct play *p, enum machine wanted)
{
    int64_t todo_s = p->job->work_s - p->done_s;
    int64_t left = ticks_left(p);
    if (p->on != SPOT && ticks_up(p, todo_s + 2 * p->job->changeover_s) >= left)
        wanted = ON_DEMAND;
    if (ticks_up(p, todo_s + p->job->changeover_s) >= left)
        wanted = p->on == SPOT && p->changeover_left_s == 0 ? SPOT : ON_DEMAND;
    return wanted;
}

/* "Ahead" means strictly: at exactly two changeovers ahead it stays where it is. */
static bool ahead(const struct play *p)
{
    int64_t then_s = p->now_s + 2 * p->job->changeover_s;
    return p->done_s * p->job->deadline_s > then_s * p->job->work_s;
}

static enum machine uniform(const struct play *p, enum one_job_policy policy)
{
    bool behind = p->done_s * p->job->deadline_s < p->now_s * p->job->work_s;
    bool stays = (policy == ONE_JOB_UNIFORM_CODE && !p->spot) || policy == ONE_JOB_UNIFORM_PAPER;
    if (p->on == ON_DEMAND && stays && !ahead(p))
        return ON_DEMAND;
    if (p->spot)
        return SPOT;
    return behind ? ON_DEMAND : NONE;
}

static enum machine choose(const struct play *p, enum one_job_policy policy)
{
    switch (policy) {
    case ONE_JOB_GREEDY:
        return in_time(p, p->spot ? SPOT : NONE);
    case ONE_JOB_UNIFORM_PLAIN:
    case ONE_JOB_UNIFORM_CODE:
    case ONE_JOB_UNIFORM_PAPER:
        return in_time(p, uniform(p, policy));
    case ONE_JOB_ON_DEMAND:
    case ONE_JOB_POLICIES:
        break;
    }
    return ON_DEMAND;
}

/* One tick on a machine. */
static void work(struct play *p, struct one_job_run *run)
{
    int64_t tick_s = p->job->tick_s;
    int64_t lost_s = p->changeover_left_s < tick_s ? p->changeover_left_s : tick_s;
    int64_t todo_s = p->job->work_s - p->done_s;
    int64_t did_s = tick_s - lost_s < todo_s ? tick_s - lost_s : todo_s;
    p->changeover_left_s -= lost_s;
    p->done_s += did_s;
    run->cost += p->on == SPOT ? 1 : p->job->on_demand_price;
    if (p->on == ON_DEMAND)
        run->on_demand_work_s += (double)did_s;
}

void one_job_play(const struct one_job *job, const bool *spot, size_t ticks,
                  enum one_job_policy policy, struct one_job_run *ret)
{
    struct one_job_run run = { 0 };
    struct play p = { .job = job };
    for (size_t t = 0; t < ticks && p.done_s < job->work_s; t++) {
        p.now_s = (int64_t)t * job->tick_s;
        p.spot = spot[t];
        if (p.on == SPOT && !p.spot)
            p.on = NONE;
        enum machine next = choose(&p, policy);
        if (next == SPOT && !p.spot)
            next = NONE;
        if (next != p.on && next != NONE)
            p.changeover_left_s = job->changeover_s;
        p.on = next;
        if (next != NONE)
            work(&p, &run);
    }
    /* It is done at the end of the tick that was the last. */
    run.late = p.done_s < job->work_s || p.now_s + job->tick_s > job->deadline_s;
    *ret = run;
}
