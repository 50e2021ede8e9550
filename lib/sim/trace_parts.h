/* What the readers of traces share; for lib/sim/trace*.c alone. */
#ifndef SIM_TRACE_PARTS_H
#define SIM_TRACE_PARTS_H

#include "base/clock.h"
#include "sim/csv.h"
#include "sim/trace.h"

/* A column of times or durations, and what one of its units is. */
struct time_column {
    int column; /* -1: there is none */
    double unit_ns;
    bool may_be_date; /* "2026-01-05T09:00:00Z" beside numbers of seconds */
};

struct trace {
    struct sim_work base;
    struct sim_csv csv;
    struct sim_trace_options options;
    struct rng rng, services;
    struct time_column time, service;
    double begin_ns; /* of the first row: everything is told from there */
    double last_ns;  /* of the row before; NaN: none */
    int64_t rows;
    /* jobs and SWF */
    int slots_column;
    /* counts and depths: the interval that arrivals are drawn in */
    int value_column, running_column, completed_column;
    double width_ns;
    double from_ns, to_ns;              /* since the beginning */
    double at_ns;                       /* of the arrival drawn last */
    int64_t left;                       /* arrivals to be drawn */
    double carried;                     /* parts of jobs */
    double waiting, running, completed; /* of the sample before */
    double next_from_ns, next_count;    /* the row that came after a gap; NaN: none */
    double count;
};

/* Columns that hold times: "t_s", "t_ms", ... */
struct time_column trace_time_column(const struct sim_csv *csv);
struct time_column trace_service_column(const struct sim_csv *csv);

/* The time of the row, since the beginning; it must not be before the last row's. */
int trace_time(struct trace *t, double *ret_ns, struct error *err);
int trace_duration(struct trace *t, const struct time_column *column, double *ret_ns,
                   struct error *err);
int64_t trace_draw_service(struct trace *t);
/* So many, with what was cut off kept for later. */
int64_t trace_whole(struct trace *t, double jobs);
void trace_free(struct sim_work *self);
int trace_rewind(struct trace *t, struct error *err);

/* trace_jobs.c, trace_bins.c: read the whole file once. Take what they need from t->csv's header. */
int trace_jobs_begin(struct trace *t, struct error *err);
int trace_swf_begin(struct trace *t, struct error *err);
int trace_counts_begin(struct trace *t, struct error *err);
int trace_depths_begin(struct trace *t, struct error *err);

#endif
