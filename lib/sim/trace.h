/*
 * Work read from files:
 *
 *     jobs     CSV, a row per job: t_s (arrival) and service_s; slots, if there is such a column
 *     counts   CSV, a row per interval: t_s (its beginning) and count
 *     depths   CSV, a row per sample of a queue: t_s, waiting, and running or completed
 *     SWF      the Standard Workload Format of batch systems (Feitelson), named *.swf
 *
 * Time columns tell their unit: t_s, t_ms, arrival_s, submit_s, time (seconds, or 2026-01-05T09:00:00Z);
 * so do service_s, service_ms, run_s, duration_s. Times may begin anywhere: the first is the beginning.
 *
 * A file is read through once when it is opened: everything wrong with it is told then, with its line,
 * and not in the middle of a run. What is missing is missing, not zero: intervals that a file of counts
 * leaves out are refused, unless `gaps` says what to make of them.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "sim/dist.h"
#include "sim/work.h"

enum sim_gaps {
    SIM_GAPS_REFUSE,
    SIM_GAPS_ZERO, /* nothing arrived */
    SIM_GAPS_FILL, /* as much as in the interval before */
};

struct sim_trace_options {
    struct sim_dist service; /* where the file has no service times */
    bool has_service;
    double scale; /* so many times as much work; > 0 */
    enum sim_gaps gaps;
    uint64_t seed; /* for what is drawn */
};

void sim_trace_options_default(struct sim_trace_options *options);

/* A file, or a shape of made-up work (sim/synthetic.h). */
int sim_work_open(const char *text, const struct sim_trace_options *options, struct sim_work **ret,
                  struct error *err);

#endif
