/* Files with a row per job. */
#include <math.h>

#include "sim/trace_parts.h"

/* Past this a column of slots holds something else. */
#define SLOTS_MAX 1e6

static int scaled(struct trace *t, int64_t slots)
{
    if (!islessgreater(t->options.scale, 1))
        return (int)slots;
    double jobs = (double)slots * t->options.scale;
    double whole = floor(jobs);
    return (int)whole + rng_chance(&t->rng, jobs - whole);
}

static int read_slots(struct trace *t, int column, int64_t *ret, struct error *err)
{
    double value = 1;
    int rc = column < 0 ? 0 : sim_csv_number(&t->csv, column, 0, &value, err);
    if (rc < 0)
        return rc;
    if (value > SLOTS_MAX)
        return sim_csv_fail(&t->csv, err, "a job of %g slots: expected %g at most", value,
                            SLOTS_MAX);
    *ret = value >= 1 ? (int64_t)value : 1;
    return 0;
}

static void job_of(int64_t slots, double at_ns, double service_ns, struct sim_job *ret)
{
    *ret = (struct sim_job){
        .arrival_ns = (int64_t)at_ns,
        .service_ns = service_ns >= 1 ? (int64_t)service_ns : 1,
        .count = slots,
    };
}

static int jobs_row(struct trace *t, struct sim_job *ret, struct error *err)
{
    double at_ns;
    double service_ns = 0;
    int64_t slots = 1;
    int rc = sim_csv_row(&t->csv, err);
    if (rc <= 0)
        return rc;
    rc = trace_time(t, &at_ns, err);
    if (rc == 0 && t->service.column >= 0)
        rc = trace_duration(t, &t->service, &service_ns, err);
    if (rc == 0)
        rc = read_slots(t, t->slots_column, &slots, err);
    if (rc < 0)
        return rc;
    if (t->service.column < 0)
        service_ns = (double)trace_draw_service(t);
    t->rows++;
    job_of(slots, at_ns, service_ns, ret);
    return 1;
}

static int next_scaled(struct trace *t, struct sim_job *ret,
                       int row(struct trace *, struct sim_job *, struct error *), struct error *err)
{
    struct sim_job job;
    int rc;
    do {
        rc = row(t, &job, err);
        if (rc > 0)
            job.count = scaled(t, job.count);
    } while (rc > 0 && job.count == 0);
    if (rc > 0)
        *ret = job;
    return rc;
}

static int jobs_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    return next_scaled((struct trace *)self, ret, jobs_row, err);
}

static int jobs_rewind(struct sim_work *self, struct error *err)
{
    return trace_rewind((struct trace *)self, err);
}

/* Reads all of it, so that what is wrong is told before anything begins. */
static int read_through(struct trace *t, int row(struct trace *, struct sim_job *, struct error *),
                        struct error *err)
{
    struct sim_job job = { 0 };
    int64_t rows = 0;
    int rc = trace_rewind(t, err);
    while (rc >= 0 && (rc = row(t, &job, err)) > 0)
        rows++;
    if (rc == 0 && rows == 0)
        return error_set(err, MUSTER_E_INVALID, "%s: there is no job in it", t->csv.path);
    t->base.facts.span_ns = job.arrival_ns;
    return rc;
}

int trace_jobs_begin(struct trace *t, struct error *err)
{
    static const struct sim_work_ops ops = { jobs_next, jobs_rewind, trace_free };
    static const char *const slots[] = { "slots", "procs", "count", NULL };
    t->base.ops = &ops;
    t->slots_column = sim_csv_find(&t->csv, slots);
    if (t->service.column < 0 && !t->options.has_service)
        return error_set(err, MUSTER_E_INVALID,
                         "%s:%lld: there is no column of service times: expected one named "
                         "service_s (seconds), service_ms, run_s or duration_s; or, where none "
                         "is known, --service with a distribution",
                         t->csv.path, (long long)t->csv.line);
    t->base.facts.services_assumed = t->service.column < 0;
    return read_through(t, jobs_row, err);
}

/* ---- SWF: 18 numbers a row; -1 stands for "not known" ------------------------------------------------- */

enum { SWF_SUBMIT = 1, SWF_RUN = 3, SWF_PROCS = 4, SWF_REQUESTED = 7, SWF_FIELDS = 18 };

/* What was never run (cancelled, run time unknown) is no work: the next row is taken. */
static int swf_row(struct trace *t, struct sim_job *ret, struct error *err)
{
    for (;;) {
        int rc = sim_csv_row(&t->csv, err);
        if (rc <= 0)
            return rc;
        if (t->csv.fields < SWF_PROCS + 1)
            return sim_csv_fail(&t->csv, err,
                                "%zu fields: expected the 18 numbers of the Standard Workload "
                                "Format",
                                t->csv.fields);
        double at_ns;
        double run_s;
        double procs;
        double requested = -1;
        rc = trace_time(t, &at_ns, err);
        if (rc == 0)
            rc = sim_csv_number(&t->csv, SWF_RUN, -1, &run_s, err);
        if (rc == 0)
            rc = sim_csv_number(&t->csv, SWF_PROCS, -1, &procs, err);
        if (rc == 0 && t->csv.fields > SWF_REQUESTED)
            rc = sim_csv_number(&t->csv, SWF_REQUESTED, -1, &requested, err);
        if (rc < 0)
            return rc;
        procs = procs > 0 ? procs : requested > 0 ? requested : 1;
        if (procs > SLOTS_MAX || run_s > 3e7)
            return sim_csv_fail(&t->csv, err, "a job of %g processors for %g s is none", procs,
                                run_s);
        if (run_s <= 0)
            continue;
        job_of((int64_t)procs, at_ns, run_s * 1e9, ret);
        return 1;
    }
}

static int swf_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    return next_scaled((struct trace *)self, ret, swf_row, err);
}

int trace_swf_begin(struct trace *t, struct error *err)
{
    static const struct sim_work_ops ops = { swf_next, jobs_rewind, trace_free };
    t->base.ops = &ops;
    t->time = (struct time_column){ .column = SWF_SUBMIT, .unit_ns = 1e9 };
    return read_through(t, swf_row, err);
}
