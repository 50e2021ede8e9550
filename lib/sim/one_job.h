/*
 * One long job with a deadline, on one spot pool or on demand: the setting of "Can't Be Late" (Wu et
 * al., NSDI 2024). It can be moved at any tick, keeping its work; each move to a machine costs a
 * changeover, in which it makes no progress. Machines are paid by whole ticks.
 *
 * The policies are the paper's and its published baselines; the optimum knows the whole trace.
 */
#ifndef SIM_ONE_JOB_H
#define SIM_ONE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct one_job {
    int64_t tick_s;     /* > 0 */
    int64_t work_s;     /* > 0 */
    int64_t deadline_s; /* >= work_s + changeover_s */
    int64_t changeover_s;
    double on_demand_price; /* per tick, where spot costs 1; >= 1 */
};

enum one_job_policy {
    ONE_JOB_ON_DEMAND,
    ONE_JOB_GREEDY,        /* spot whenever it is there, on demand when it must be */
    ONE_JOB_UNIFORM_PLAIN, /* on demand while behind uniform progress and no spot is there */
    ONE_JOB_UNIFORM_CODE,  /* the same, and while no spot is there it stays on demand until two
                              changeovers ahead: what the published code does */
    ONE_JOB_UNIFORM_PAPER, /* the same, and does not take spot before either: the paper's rules */
    ONE_JOB_POLICIES,
};

struct one_job_run {
    double cost;             /* in spot ticks */
    double on_demand_work_s; /* work done on demand; the rest was done on spot */
    bool late;               /* not done by the deadline, or the trace ended before */
};

/* spot[t]: a spot machine can be had, and one that runs goes on, during tick t. */
void one_job_play(const struct one_job *job, const bool *spot, size_t ticks,
                  enum one_job_policy policy, struct one_job_run *ret);

/*
 * The least cost by the deadline, by dynamic programming over tick, machine, changeover left and work
 * done. Exact. MUSTER_E_RANGE: it cannot be done in time at all.
 */
int one_job_optimum(const struct one_job *job, const bool *spot, size_t ticks, double *ret_cost,
                    struct error *err);

#endif
