/*
 * The cheapest way through a trace that is known.
 *
 * cost[state][w]: the least that w quanta of work can have cost by now, ending in that state. A state
 * is a machine and how far its changeover is: `phases` ticks of changeover at most, then it works at
 * full speed. A quantum is the largest time of which both tick and changeover are multiples, so
 * nothing is rounded. Work beyond what the ticks left can make up for is never looked at.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/one_job.h"

#define STATES_MAX 64

struct table {
    const struct one_job *job;
    int64_t quantum_s;
    int64_t phases;    /* ticks until a machine works at full speed, >= 1 */
    size_t todo;       /* quanta of work in all */
    size_t full;       /* quanta in a tick */
    size_t states;     /* idle, then on demand by phase, then spot by phase */
    float *now, *next; /* states x (todo + 1) */
    float *least;      /* over all states, by work */
    size_t from, to;   /* work that is possible and still enough, before this tick */
};

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static size_t at_state(const struct table *t, size_t state)
{
    return state * (t->todo + 1);
}

/* Work of the tick that begins `age` ticks after the start, in quanta. */
static size_t work_at(const struct table *t, int64_t age)
{
    int64_t left_s = t->job->changeover_s - age * t->job->tick_s;
    int64_t lost_s = left_s < 0 ? 0 : left_s > t->job->tick_s ? t->job->tick_s : left_s;
    return (size_t)((t->job->tick_s - lost_s) / t->quantum_s);
}

/* to[w + work] = min(to[w + work], from[w] + price), what is more than all the work counting as all. */
static void relax(const struct table *t, float *restrict to, const float *restrict from,
                  size_t work, float price)
{
    size_t end = t->to + 1;
    size_t plain = t->todo + 1 > work ? t->todo + 1 - work : 0;
    size_t stop = end < plain ? end : plain;
    for (size_t w = t->from; w < stop; w++) {
        float cost = from[w] + price;
        to[w + work] = cost < to[w + work] ? cost : to[w + work];
    }
    for (size_t w = stop > t->from ? stop : t->from; w < end; w++)
        to[t->todo] = fminf(to[t->todo], from[w] + price);
}

static void machine_tick(const struct table *t, size_t first, float price)
{
    size_t phases = (size_t)t->phases;
    relax(t, t->next + at_state(t, first), t->least, work_at(t, 0), price);
    for (size_t p = 0; p < phases; p++) {
        size_t older = p + 1 < phases ? p + 1 : p;
        relax(t, t->next + at_state(t, first + older), t->now + at_state(t, first + p),
              work_at(t, (int64_t)p + 1), price);
    }
}

static void find_least(const struct table *t)
{
    for (size_t w = t->from; w <= t->to; w++)
        t->least[w] = t->now[w];
    for (size_t s = 1; s < t->states; s++) {
        const float *cost = t->now + at_state(t, s);
        for (size_t w = t->from; w <= t->to; w++)
            t->least[w] = cost[w] < t->least[w] ? cost[w] : t->least[w];
    }
}

/* After `tick` ticks: no more work than a machine all along has done, no less than can be made up. */
static void limit(struct table *t, size_t tick, size_t ticks)
{
    size_t most = tick * t->full;
    size_t rest = (ticks - tick) * t->full;
    t->from = t->todo > rest ? t->todo - rest : 0;
    t->to = most < t->todo ? most : t->todo;
}

static void clear(const struct table *t, float *costs)
{
    for (size_t s = 0; s < t->states; s++) {
        float *cost = costs + at_state(t, s);
        size_t end = t->to + t->full < t->todo ? t->to + t->full : t->todo;
        for (size_t w = t->from; w <= end; w++)
            cost[w] = INFINITY;
    }
}

static double solve(struct table *t, const bool *spot, size_t ticks)
{
    limit(t, 0, ticks);
    clear(t, t->now);
    t->now[0] = 0;
    for (size_t tick = 0; tick < ticks && t->from <= t->to; tick++) {
        clear(t, t->next);
        find_least(t);
        relax(t, t->next, t->least, 0, 0);
        machine_tick(t, 1, (float)t->job->on_demand_price);
        if (spot[tick])
            machine_tick(t, 1 + (size_t)t->phases, 1);
        float *swap = t->now;
        t->now = t->next;
        t->next = swap;
        limit(t, tick + 1, ticks);
    }
    if (t->from > t->to)
        return (double)INFINITY;
    find_least(t);
    return (double)t->least[t->todo];
}

int one_job_optimum(const struct one_job *job, const bool *spot, size_t ticks, double *ret_cost,
                    struct error *err)
{
    struct table t = { .job = job, .quantum_s = gcd(job->tick_s, job->changeover_s) };
    t.quantum_s = gcd(t.quantum_s, job->work_s);
    int64_t phases = (job->changeover_s + job->tick_s - 1) / job->tick_s;
    t.phases = phases > 0 ? phases : 1;
    t.states = 1 + 2 * (size_t)t.phases;
    if (t.states > STATES_MAX)
        return error_set(err, MUSTER_E_RANGE, "a changeover of more than %d ticks",
                         (STATES_MAX - 1) / 2);
    t.todo = (size_t)(job->work_s / t.quantum_s);
    t.full = (size_t)(job->tick_s / t.quantum_s);
    size_t deadline = (size_t)(job->deadline_s / job->tick_s);
    float *costs = calloc((2 * t.states + 1) * (t.todo + 1), sizeof(float));
    if (!costs)
        return error_nomem(err);
    t.now = costs;
    t.next = costs + t.states * (t.todo + 1);
    t.least = costs + 2 * t.states * (t.todo + 1);
    double cost = solve(&t, spot, deadline < ticks ? deadline : ticks);
    free(costs);
    if (isinf(cost))
        return error_set(err, MUSTER_E_RANGE, "the job cannot be done by its deadline");
    *ret_cost = cost;
    return 0;
}
