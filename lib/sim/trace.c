/* Which kind of file it is, and what all kinds share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "sim/synthetic.h"
#include "sim/trace_parts.h"

#define SECONDS_MAX 1e11     /* the year 5138: whoever means more has another unit, */
#define SPAN_MAX_NS 6.312e17 /* as has who means more than 20 years of work */

void sim_trace_options_default(struct sim_trace_options *options)
{
    *options = (struct sim_trace_options){ .scale = 1, .seed = 1 };
}

/* ---- times ----------------------------------------------------------------------------------------- */

struct unit_name {
    const char *name;
    double unit_ns;
    bool may_be_date;
};

static struct time_column find_unit(const struct sim_csv *csv, const struct unit_name *names)
{
    for (; names->name; names++) {
        const char *const one[] = { names->name, NULL };
        int column = sim_csv_find(csv, one);
        if (column >= 0)
            return (struct time_column){ column, names->unit_ns, names->may_be_date };
    }
    return (struct time_column){ .column = -1 };
}

struct time_column trace_time_column(const struct sim_csv *csv)
{
    static const struct unit_name names[] = {
        { "t_s", 1e9, false },        { "arrival_s", 1e9, false },  { "submit_s", 1e9, false },
        { "t_ms", 1e6, false },       { "arrival_ms", 1e6, false }, { "submit_ms", 1e6, false },
        { "t_us", 1e3, false },       { "arrival_us", 1e3, false }, { "t_ns", 1, false },
        { "time", 1e9, true },        { "timestamp", 1e9, true },   { "arrival", 1e9, true },
        { "submit_time", 1e9, true }, { NULL, 0, false },
    };
    return find_unit(csv, names);
}

struct time_column trace_service_column(const struct sim_csv *csv)
{
    static const struct unit_name names[] = {
        { "service_s", 1e9, false },   { "run_s", 1e9, false },      { "duration_s", 1e9, false },
        { "runtime_s", 1e9, false },   { "service_ms", 1e6, false }, { "run_ms", 1e6, false },
        { "duration_ms", 1e6, false }, { "service_us", 1e3, false }, { "duration_us", 1e3, false },
        { "service_ns", 1, false },    { NULL, 0, false },
    };
    return find_unit(csv, names);
}

static bool digits(const char *text, size_t len, int *ret)
{
    int value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret = value;
    return true;
}

/* "2026-01-05T09:00:00Z", also with a blank for the T, without the Z, with a fraction of a second. */
static bool parse_date(struct str text, double *ret_s)
{
    int year, month, day, hour, minute, second;
    if (text.len < 19 || text.ptr[4] != '-' || text.ptr[7] != '-' || text.ptr[13] != ':' ||
        text.ptr[16] != ':' || (text.ptr[10] != 'T' && text.ptr[10] != ' '))
        return false;
    if (!digits(text.ptr, 4, &year) || !digits(text.ptr + 5, 2, &month) ||
        !digits(text.ptr + 8, 2, &day) || !digits(text.ptr + 11, 2, &hour) ||
        !digits(text.ptr + 14, 2, &minute) || !digits(text.ptr + 17, 2, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    double fraction = 0;
    struct str rest = { text.ptr + 19, text.len - 19 };
    if (rest.len > 0 && rest.ptr[rest.len - 1] == 'Z')
        rest.len--;
    if (rest.len > 0 && (rest.ptr[0] != '.' || !sim_number(rest, &fraction)))
        return false;
    double days_since = (double)calendar_days(year, month, day);
    *ret_s = days_since * 86400 + hour * 3600 + minute * 60 + second + fraction;
    return true;
}

static int read_time(struct trace *t, double *ret_ns, struct error *err)
{
    const struct time_column *c = &t->time;
    double value;
    if (c->may_be_date && (size_t)c->column < t->csv.fields &&
        parse_date(t->csv.at[c->column], &value)) {
        *ret_ns = value * 1e9;
        return 0;
    }
    int rc = sim_csv_number(&t->csv, c->column, -SECONDS_MAX * 1e9, &value, err);
    if (rc < 0)
        return rc;
    if (fabs(value) * c->unit_ns > SECONDS_MAX * 1e9)
        return sim_csv_fail(&t->csv, err,
                            "the time %g is no number of %s: expected another unit in the "
                            "column's name (t_s, t_ms, t_us, t_ns)",
                            value, c->unit_ns > 1e8 ? "seconds" : "such units");
    *ret_ns = value * c->unit_ns;
    return 0;
}

int trace_time(struct trace *t, double *ret_ns, struct error *err)
{
    double ns;
    int rc = read_time(t, &ns, err);
    if (rc < 0)
        return rc;
    if (isnan(t->begin_ns))
        t->begin_ns = ns;
    ns -= t->begin_ns;
    if (ns < t->last_ns)
        return sim_csv_fail(&t->csv, err,
                            "time goes back by %g s: expected rows sorted by their time",
                            (t->last_ns - ns) / 1e9);
    if (ns > SPAN_MAX_NS)
        return sim_csv_fail(&t->csv, err,
                            "%.0f years after the first row: expected another unit in the "
                            "column's name (t_ms, t_us, t_ns)",
                            ns / 3.156e16);
    t->last_ns = ns;
    *ret_ns = ns;
    return 0;
}

int trace_duration(struct trace *t, const struct time_column *column, double *ret_ns,
                   struct error *err)
{
    double value;
    int rc = sim_csv_number(&t->csv, column->column, 0, &value, err);
    if (rc < 0)
        return rc;
    if (value * column->unit_ns > 3e16)
        return sim_csv_fail(&t->csv, err,
                            "a service time of %g years: expected another unit in the column's "
                            "name (service_s, service_ms, service_us)",
                            value * column->unit_ns / 3.156e16);
    *ret_ns = value * column->unit_ns;
    return 0;
}

int64_t trace_draw_service(struct trace *t)
{
    int64_t ns = sim_dist_draw(&t->options.service, &t->services);
    return ns > 0 ? ns : 1;
}

int64_t trace_whole(struct trace *t, double jobs)
{
    t->carried += jobs;
    double whole = floor(t->carried + 1e-9);
    t->carried -= whole;
    return (int64_t)whole;
}

int trace_rewind(struct trace *t, struct error *err)
{
    rng_init(&t->rng, t->options.seed);
    rng_init(&t->services, t->options.seed ^ 0x5e7a1ce5);
    t->last_ns = (double)NAN;
    t->next_from_ns = (double)NAN;
    t->left = 0;
    t->carried = 0;
    t->rows = 0;
    t->from_ns = t->to_ns = t->at_ns = 0;
    return sim_csv_rewind(&t->csv, err);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

void trace_free(struct sim_work *self)
{
    struct trace *t = (struct trace *)self;
    sim_csv_close(&t->csv);
    free(t);
}

static int missing_time(const struct trace *t, struct error *err)
{
    return error_set(err, MUSTER_E_INVALID,
                     "%s:%lld: there is no column of times: expected one named t_s (seconds), "
                     "t_ms, arrival_s, submit_s, or time",
                     t->csv.path, (long long)t->csv.line);
}

static int begin_csv(struct trace *t, struct error *err)
{
    static const char *const counts[] = { "count", "arrivals", "requests", NULL };
    static const char *const depths[] = { "waiting", "depth", NULL };
    t->time = trace_time_column(&t->csv);
    t->service = trace_service_column(&t->csv);
    if (t->time.column < 0)
        return missing_time(t, err);
    t->value_column = t->service.column < 0 ? sim_csv_find(&t->csv, counts) : -1;
    if (t->value_column >= 0)
        return trace_counts_begin(t, err);
    t->value_column = t->service.column < 0 ? sim_csv_find(&t->csv, depths) : -1;
    return t->value_column >= 0 ? trace_depths_begin(t, err) : trace_jobs_begin(t, err);
}

static int open_file(const char *path, const struct sim_trace_options *options,
                     struct sim_work **ret, struct error *err)
{
    size_t len = strlen(path);
    bool swf = len > 4 && strcmp(path + len - 4, ".swf") == 0;
    struct trace *t = calloc(1, sizeof(*t));
    if (!t)
        return error_nomem(err);
    t->options = *options;
    t->begin_ns = (double)NAN;
    int rc = sim_csv_open(&t->csv, path, !swf, err);
    if (rc < 0) {
        free(t);
        return rc;
    }
    t->base.name = t->csv.path;
    rc = swf ? trace_swf_begin(t, err) : begin_csv(t, err);
    if (rc == 0)
        rc = t->base.ops->rewind(&t->base, err);
    if (rc < 0) {
        trace_free(&t->base);
        return rc;
    }
    /* A time that can only be a date is one. */
    if (t->begin_ns > 9.4e17)
        t->base.facts.wall_zero_ns = (int64_t)t->begin_ns;
    *ret = &t->base;
    return 0;
}

int sim_work_open(const char *text, const struct sim_trace_options *options, struct sim_work **ret,
                  struct error *err)
{
    if (!sim_shape_is_one(str_from(text)))
        return open_file(text, options, ret, err);
    struct sim_shape shape;
    int rc = sim_shape_parse(str_from(text), &shape, err);
    if (rc < 0)
        return rc;
    shape.rate_per_s *= options->scale;
    if (options->has_service)
        shape.service = options->service;
    return sim_work_synthetic(&shape, options->seed, ret, err);
}
