/*
 * Files that tell how much came, not when: counts per interval, and depths of a queue. The arrivals of
 * an interval are drawn evenly inside it, in order (Bentley and Saxe 1980), so none has to be kept.
 */
#include <math.h>

#include "sim/trace_parts.h"

#define COUNT_MAX 1e12

typedef int bin_fn(struct trace *t, struct error *err);

/* The next arrival of the interval, in order: the least of `left` uniform draws in what is left of it. */
static void draw(struct trace *t, struct sim_job *ret)
{
    double share = 1 - pow(1 - rng_unit(&t->rng), 1 / (double)t->left);
    t->at_ns += (t->to_ns - t->at_ns) * share;
    t->left--;
    *ret = (struct sim_job){ (int64_t)t->at_ns, trace_draw_service(t), 1 };
}

static int next_job(struct trace *t, struct sim_job *ret, bin_fn *next_bin, struct error *err)
{
    while (t->left == 0) {
        int rc = next_bin(t, err);
        if (rc <= 0)
            return rc;
        t->at_ns = t->from_ns;
        t->left = trace_whole(t, t->count * t->options.scale);
    }
    draw(t, ret);
    return 1;
}

static int needs_service(const struct trace *t, struct error *err)
{
    if (t->options.has_service)
        return 0;
    return error_set(err, MUSTER_E_INVALID,
                     "%s: it does not tell how long a job takes: expected --service with a "
                     "distribution, such as 'lognormal 30s cv 1.2'",
                     t->csv.path);
}

/* ---- counts -------------------------------------------------------------------------------------------- */

static int count_row(struct trace *t, double *ret_from_ns, double *ret_count, struct error *err)
{
    int rc = sim_csv_row(&t->csv, err);
    if (rc <= 0)
        return rc;
    double before_ns = t->last_ns;
    rc = trace_time(t, ret_from_ns, err);
    if (rc == 0)
        rc = sim_csv_number(&t->csv, t->value_column, 0, ret_count, err);
    if (rc < 0)
        return rc;
    if (*ret_count > COUNT_MAX)
        return sim_csv_fail(&t->csv, err, "a count of %g: expected %g at most", *ret_count,
                            COUNT_MAX);
    if (!isnan(before_ns) && *ret_from_ns <= before_ns)
        return sim_csv_fail(&t->csv, err, "the same interval twice: expected one row for each");
    return 1;
}

/* The interval that follows; one that the file leaves out is made up as `gaps` says. */
static int count_bin(struct trace *t, struct error *err)
{
    if (isnan(t->next_from_ns)) {
        int rc = count_row(t, &t->next_from_ns, &t->next_count, err);
        if (rc <= 0)
            return rc;
    }
    bool gap = t->rows > 0 && t->next_from_ns > t->to_ns + t->width_ns / 2;
    t->from_ns = gap ? t->to_ns : t->next_from_ns;
    t->to_ns = t->from_ns + t->width_ns;
    t->rows++;
    if (!gap) {
        t->count = t->next_count;
        t->next_from_ns = (double)NAN;
    } else if (t->options.gaps == SIM_GAPS_ZERO) {
        t->count = 0;
    }
    return 1;
}

static int counts_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    return next_job((struct trace *)self, ret, count_bin, err);
}

static int bins_rewind(struct sim_work *self, struct error *err)
{
    struct trace *t = (struct trace *)self;
    t->waiting = (double)NAN;
    return trace_rewind(t, err);
}

/* The shortest distance between two rows is the interval. */
static int find_width(struct trace *t, struct error *err)
{
    double from_ns;
    double count;
    double last_ns = (double)NAN;
    int rc = trace_rewind(t, err);
    t->width_ns = (double)INFINITY;
    while (rc >= 0 && (rc = count_row(t, &from_ns, &count, err)) > 0) {
        if (!isnan(last_ns))
            t->width_ns = fmin(t->width_ns, from_ns - last_ns);
        last_ns = from_ns;
    }
    if (rc < 0)
        return rc;
    if (isinf(t->width_ns))
        return error_set(err, MUSTER_E_INVALID,
                         "%s: fewer than two rows: expected counts of several equal intervals",
                         t->csv.path);
    t->base.facts.span_ns = (int64_t)(last_ns + t->width_ns);
    return 0;
}

static int check_gap(struct trace *t, double bins, struct error *err)
{
    if (fabs(bins - round(bins)) > 0.01)
        return sim_csv_fail(&t->csv, err,
                            "%g s after the row before: expected intervals of %g s, or whole "
                            "numbers of them",
                            bins * t->width_ns / 1e9, t->width_ns / 1e9);
    double missing = round(bins) - 1;
    t->base.facts.gap_ns += (int64_t)(missing * t->width_ns);
    if (missing < 0.5 || t->options.gaps != SIM_GAPS_REFUSE)
        return 0;
    return sim_csv_fail(&t->csv, err,
                        "%.0f intervals of %g s are missing before this row: expected each one "
                        "(missing is not zero); --gaps zero or --gaps fill says what to make of "
                        "them",
                        missing, t->width_ns / 1e9);
}

static int check_gaps(struct trace *t, struct error *err)
{
    double from_ns;
    double count;
    double last_ns = (double)NAN;
    int rc = trace_rewind(t, err);
    while (rc >= 0 && (rc = count_row(t, &from_ns, &count, err)) > 0) {
        if (!isnan(last_ns))
            rc = check_gap(t, (from_ns - last_ns) / t->width_ns, err);
        last_ns = from_ns;
    }
    return rc;
}

int trace_counts_begin(struct trace *t, struct error *err)
{
    static const struct sim_work_ops ops = { counts_next, bins_rewind, trace_free };
    t->base.ops = &ops;
    t->base.facts.services_assumed = true;
    int rc = needs_service(t, err);
    if (rc == 0)
        rc = find_width(t, err);
    return rc < 0 ? rc : check_gaps(t, err);
}

/* ---- depths ------------------------------------------------------------------------------------------------ */

static int depth_row(struct trace *t, double *ret_at_ns, double values[static 3], struct error *err)
{
    const int columns[] = { t->value_column, t->running_column, t->completed_column };
    int rc = sim_csv_row(&t->csv, err);
    if (rc <= 0)
        return rc;
    rc = trace_time(t, ret_at_ns, err);
    for (int i = 0; rc == 0 && i < 3; i++) {
        values[i] = 0;
        if (columns[i] >= 0)
            rc = sim_csv_number(&t->csv, columns[i], 0, &values[i], err);
        if (rc == 0 && values[i] > COUNT_MAX)
            rc = sim_csv_fail(&t->csv, err, "%g jobs: expected %g at most", values[i], COUNT_MAX);
    }
    return rc < 0 ? rc : 1;
}

/* Jobs finished between two samples: counted, or by Little's law from those that ran. */
static double finished(const struct trace *t, const double now[static 3], double seconds)
{
    if (t->completed_column >= 0) /* a counter that falls began anew */
        return now[2] >= t->completed ? now[2] - t->completed : now[2];
    return (t->running + now[1]) / 2 * seconds / (sim_dist_mean_ns(&t->options.service) / 1e9);
}

/* What came between two samples: what there is more, and what was finished. */
static int depth_bin(struct trace *t, struct error *err)
{
    double at_ns;
    double now[3];
    int rc = depth_row(t, &at_ns, now, err);
    if (rc <= 0)
        return rc;
    bool first = isnan(t->waiting);
    t->from_ns = first ? at_ns : t->to_ns;
    t->to_ns = at_ns;
    t->count = now[0];
    if (!first) {
        double grown = now[0] - t->waiting + now[1] - t->running;
        t->count = fmax(0, grown + finished(t, now, (t->to_ns - t->from_ns) / 1e9));
    }
    t->waiting = now[0];
    t->running = now[1];
    t->completed = now[2];
    t->rows++;
    return 1;
}

static int depths_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    return next_job((struct trace *)self, ret, depth_bin, err);
}

int trace_depths_begin(struct trace *t, struct error *err)
{
    static const struct sim_work_ops ops = { depths_next, bins_rewind, trace_free };
    static const char *const running[] = { "running", "in_flight", NULL };
    static const char *const completed[] = { "completed", "done", NULL };
    t->base.ops = &ops;
    t->base.facts.services_assumed = true;
    t->running_column = sim_csv_find(&t->csv, running);
    t->completed_column = sim_csv_find(&t->csv, completed);
    if (t->running_column < 0 && t->completed_column < 0)
        return error_set(err, MUSTER_E_INVALID,
                         "%s:%lld: from the depth alone nobody can tell what came and went "
                         "between two samples: expected a column 'completed' (a counter) or "
                         "'running' beside it",
                         t->csv.path, (long long)t->csv.line);
    int rc = needs_service(t, err);
    if (rc < 0)
        return rc;
    if (!(sim_dist_mean_ns(&t->options.service) >= 1))
        return error_set(err, MUSTER_E_INVALID, "--service: expected jobs that take time");
    double at_ns = 0;
    double values[3];
    int64_t rows = 0;
    rc = trace_rewind(t, err);
    while (rc >= 0 && (rc = depth_row(t, &at_ns, values, err)) > 0)
        rows++;
    if (rc == 0 && rows < 2)
        return error_set(err, MUSTER_E_INVALID, "%s: fewer than two samples", t->csv.path);
    t->base.facts.span_ns = (int64_t)at_ns;
    return rc;
}
