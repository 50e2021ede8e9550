/*
 * Work: where a simulation's jobs come from, one after the other. Nothing here keeps jobs that were
 * handed out, so a source of ten million jobs needs no more memory than one of ten.
 *
 *     sim_work_open... -> sim_work_next until it answers 0 -> [sim_work_rewind, again] -> sim_work_free
 *
 * Sources made from a seed draw the same jobs after every rewind.
 */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sim_job {
    int64_t arrival_ns; /* since the work began, >= 0; never less than the job before */
    int64_t service_ns; /* on one slot, >= 1 */
    int64_t count;      /* so many equal jobs at this moment, >= 1; each takes a slot of its own */
};

struct sim_work;

struct sim_work_ops {
    /* 1: a job is in *ret; 0: there are no more; negative: an error (file:line: what was expected). */
    int (*next)(struct sim_work *self, struct sim_job *ret, struct error *err);
    /* Begins again, with the same jobs. */
    int (*rewind)(struct sim_work *self, struct error *err);
    void (*free)(struct sim_work *self);
};

/* What is known of it as a whole, before the first job. Unknown: 0. */
struct sim_work_facts {
    int64_t span_ns;       /* from its beginning to the end of its last interval, or last arrival */
    int64_t wall_zero_ns;  /* Unix time of its beginning, where the file tells */
    int64_t gap_ns;        /* of the span, how much the file says nothing about */
    bool services_assumed; /* service times are drawn from a distribution, not recorded */
};

struct sim_work {
    const struct sim_work_ops *ops;
    const char *name; /* for people: "jobs.csv", "poisson"; owned by the source */
    struct sim_work_facts facts;
};

int sim_work_next(struct sim_work *work, struct sim_job *ret, struct error *err);
int sim_work_rewind(struct sim_work *work, struct error *err);
void sim_work_free(struct sim_work *work); /* takes NULL */

#endif
