/* muster compare: several policy files over the same work, in one table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "trials.h"

#define ROWS_MAX 64

enum row_kind { ROW_FILE, ROW_ON_DEMAND, ROW_PEAK, ROW_BASELINE };

struct row {
    char name[96];
    enum row_kind kind;
    struct trial_figures figures;
    bool kept, best;
};

struct compare {
    struct simulation s;
    struct promise promise;
    struct progress progress;
    struct pool_spec *specs[ROWS_MAX]; /* of the files, to look at */
    size_t files;
    struct row rows[ROWS_MAX];
    struct trial trials[ROWS_MAX];
    size_t len;
    struct cheapest *cheapest;
    double mean_service_s;
};

/* ---- rows ------------------------------------------------------------------------------------------ */

static bool add_row(struct compare *c, enum row_kind kind, struct pool_spec *take_spec,
                    const char *name)
{
    if (!take_spec || c->len == ROWS_MAX) {
        pool_spec_free(take_spec);
        fprintf(stderr, "muster compare: %s: %s\n", name,
                take_spec ? "more rows than a table should have" : "out of memory");
        return false;
    }
    c->rows[c->len].kind = kind;
    str_copy_c(c->rows[c->len].name, sizeof(c->rows[0].name), name);
    c->trials[c->len++].spec = take_spec;
    return true;
}

static bool buys_spot(const struct pool_spec *spec)
{
    bool spot = false;
    bool on_demand = false;
    for (size_t i = 0; i < spec->offers.len; i++) {
        spot |= spec->offers.at[i].market == MARKET_SPOT;
        on_demand |= spec->offers.at[i].market == MARKET_ON_DEMAND;
    }
    return spot && on_demand;
}

static bool add_on_demand(struct compare *c, size_t file)
{
    char name[96];
    struct pool_spec *spec = trials_read(&c->s, c->s.cli->argv[file]);
    if (spec)
        spec->on_demand_share = 1;
    snprintf(name, sizeof(name), "%.60s, on-demand only", c->s.cli->argv[file]);
    return add_row(c, ROW_ON_DEMAND, spec, name);
}

/* As many slots as jobs would run at once if none had to wait: what a fleet without scaling needs. */
static bool add_peak(struct compare *c)
{
    char slots[24];
    struct pool_spec *spec = trials_read(&c->s, c->s.cli->argv[0]);
    int64_t peak = cheapest_peak(c->cheapest);
    snprintf(slots, sizeof(slots), "%lld", (long long)(peak < 1000000 ? peak : 1000000));
    if (spec) {
        spec->slots_max = peak > spec->slots_max ? peak : spec->slots_max;
        spec->nodes_max = peak > spec->nodes_max ? peak : spec->nodes_max;
        for (size_t i = 0; i < spec->offers.len; i++)
            spec->offers.at[i].nodes_max = 0;
        const char *const settings[] = { "slots", slots, NULL };
        if (!trials_replace_policy(spec, "fixed", settings)) {
            pool_spec_free(spec);
            spec = NULL;
        }
    }
    return add_row(c, ROW_PEAK, spec, "fixed fleet at peak");
}

static bool add_baseline(struct compare *c, const char *policy, const char *key, const char *value,
                         const char *also, const char *also_value)
{
    char name[96];
    struct pool_spec *spec = trials_read(&c->s, c->s.cli->argv[0]);
    const char *const settings[] = { key, value, also, also_value, NULL };
    if (spec && !trials_replace_policy(spec, policy, settings)) {
        pool_spec_free(spec);
        spec = NULL;
    }
    snprintf(name, sizeof(name), "%s %s: %s", policy, key, value);
    return add_row(c, ROW_BASELINE, spec, name);
}

/*
 * Everybody is told the same: the promise and the mean service time. Jobs that one node can take and still
 * keep the promise for the last of them are its acceptable backlog.
 */
static bool add_baselines(struct compare *c)
{
    char latency[40], service[40], backlog[24];
    const struct pool_spec *spec = c->specs[0];
    double slots = spec->offers.len > 0 ? (double)spec->offers.at[0].slots : 1;
    double mean_s = fmax(c->mean_service_s, 0.001);
    double limit_s = (double)c->promise.limit_ns / 1e9;
    double jobs = fmin(fmax(floor(limit_s / mean_s * slots), 1), 1e9);
    snprintf(latency, sizeof(latency), "%.0fms", limit_s * 1e3);
    snprintf(service, sizeof(service), "%.0fms", mean_s * 1e3);
    snprintf(backlog, sizeof(backlog), "%.0f", jobs);
    return add_baseline(c, "asg-backlog", "latency", latency, "service", service) &&
           add_baseline(c, "asg-target-tracking", "busy", "50%", NULL, NULL) &&
           add_baseline(c, "hpa", "busy", "80%", NULL, NULL) &&
           add_baseline(c, "hpa", "per_node", backlog, NULL, NULL) &&
           add_baseline(c, "keda", "per_node", backlog, NULL, NULL) &&
           add_baseline(c, "mig", "per_node", backlog, NULL, NULL);
}

static int measure_service(struct compare *c)
{
    struct sim_job job;
    struct error err = { 0 };
    double sum_s = 0;
    double jobs = 0;
    int rc;
    while ((rc = sim_work_next(c->s.work, &job, &err)) > 0) {
        sum_s += (double)job.service_ns / 1e9 * (double)job.count;
        jobs += (double)job.count;
    }
    if (rc == 0)
        rc = sim_work_rewind(c->s.work, &err);
    if (rc < 0) {
        fprintf(stderr, "muster: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    c->mean_service_s = jobs > 0 ? sum_s / jobs : 1;
    return EXIT_YES;
}

static int read_files(struct compare *c)
{
    const struct cli *cli = c->s.cli;
    for (int i = 0; i < cli->argc && i < ROWS_MAX / 2; i++) {
        int rc = simulation_read(&c->s, cli->argv[i], &c->specs[i]);
        if (rc != EXIT_YES)
            return rc;
        c->files++;
    }
    c->promise = simulation_common_promise(&c->s, c->specs, c->files);
    return EXIT_YES;
}

static int make_rows(struct compare *c)
{
    bool good = true;
    for (size_t i = 0; good && i < c->files; i++) {
        const char *file = c->s.cli->argv[i];
        good = add_row(c, ROW_FILE, trials_read(&c->s, file), file);
        if (good && buys_spot(c->specs[i]))
            good = add_on_demand(c, i);
    }
    if (good && c->cheapest)
        good = add_peak(c);
    if (good && c->s.cli->baselines)
        good = measure_service(c) == EXIT_YES && add_baselines(c);
    return good ? EXIT_YES : EXIT_TROUBLE;
}

/* ---- the table ------------------------------------------------------------------------------------- */

static int judge(struct compare *c)
{
    struct row *best = NULL;
    for (size_t i = 0; i < c->len; i++) {
        struct row *row = &c->rows[i];
        struct trial *trial = &c->trials[i];
        if (trial->code == 0)
            trial->code = trial_figures(trial, c->cheapest, &row->figures, &trial->err);
        if (trial->code < 0) {
            fprintf(stderr, "muster compare: %s: %s\n", row->name, trial->err.text);
            return EXIT_TROUBLE;
        }
        row->kept = promise_kept(&c->promise, &trial->result);
        if (row->kept && (!best || row->figures.usd < best->figures.usd))
            best = row;
    }
    if (best)
        best->best = true;
    return EXIT_YES;
}

static void put_duration(struct table *table, int64_t ns)
{
    char text[UNITS_TEXT_MAX];
    ns = ns < NS_PER_S ? ns / NS_PER_MS * NS_PER_MS : ns / NS_PER_S * NS_PER_S;
    table_cell(table, COLOR_NONE, "%s", units_format_duration(ns, text));
}

static void put_row(struct table *table, const struct row *row)
{
    const struct trial_figures *f = &row->figures;
    table_cell(table, row->best ? COLOR_GREEN : COLOR_NONE, "%s%s", row->best ? "* " : "  ",
               row->name);
    table_cell(table, COLOR_NONE, "$%.2f", f->usd);
    table_cell(table, COLOR_NONE, "$%.2f", f->usd_per_month);
    table_cell(table, COLOR_NONE, "$%.4g", f->usd_per_1000);
    put_duration(table, f->wait_p50_ns);
    put_duration(table, f->wait_p95_ns);
    put_duration(table, f->wait_p99_ns);
    table_cell(table, row->kept ? COLOR_NONE : COLOR_RED, "%.3g%%", f->late * 100);
    if (isnan(f->ratio))
        table_cell(table, COLOR_NONE, "-");
    else
        table_cell(table, COLOR_NONE, "%.2fx", f->ratio);
    table_cell(table, COLOR_NONE, "%.1f", f->nodes_mean);
    table_cell(table, COLOR_NONE, "%lld", (long long)f->nodes_peak);
}

static void show_ending(const struct compare *c, struct buf *out)
{
    struct bound_result bound;
    const struct row *best = NULL;
    for (size_t i = 0; i < c->len; i++)
        best = c->rows[i].best ? &c->rows[i] : best;
    buf_addf(out, "\npromise: ");
    promise_print(&c->promise, out);
    if (best)
        buf_addf(out, ". * is the cheapest that keeps it.\n");
    else
        buf_addf(out, ". None keeps it.\n");
    if (c->cheapest && cheapest_bound(c->cheapest, 0, &bound, NULL) == 0)
        buf_addf(out,
                 "cheapest possible, with nobody late: $%.2f. The column `best` compares each row "
                 "with what\nis possible with as many late as it has.\n",
                 bound.usd_micro / 1e6);
}

static void show_table(const struct compare *c, struct buf *out)
{
    static const char *const headings[] = { "  policy",  ">cost",  ">a month", ">per 1,000",
                                            ">p50 wait", ">p95",   ">p99",     ">late",
                                            ">best",     ">nodes", ">peak",    NULL };
    struct table *table = table_new(c->s.cli, headings);
    for (size_t i = 0; table && i < c->len; i++)
        put_row(table, &c->rows[i]);
    table_print(table, out);
    table_free(table);
    show_ending(c, out);
}

static void row_json(struct json_out *j, const struct row *row)
{
    static const char *const kinds[] = { "file", "on-demand", "peak", "baseline" };
    const struct trial_figures *f = &row->figures;
    json_open(j, NULL, '{');
    json_str(j, "name", row->name);
    json_str(j, "kind", kinds[row->kind]);
    json_num(j, "usd", f->usd);
    json_num(j, "usd_per_hour", f->usd_per_hour);
    json_num(j, "usd_per_month", f->usd_per_month);
    json_num(j, "usd_per_1000_jobs", f->usd_per_1000);
    json_num(j, "wait_p50_s", (double)f->wait_p50_ns / 1e9);
    json_num(j, "wait_p95_s", (double)f->wait_p95_ns / 1e9);
    json_num(j, "wait_p99_s", (double)f->wait_p99_ns / 1e9);
    json_num(j, "wait_max_s", (double)f->wait_max_ns / 1e9);
    json_num(j, "late", f->late);
    json_num(j, "cheapest_usd", f->cheapest_usd);
    json_num(j, "ratio", f->ratio);
    json_num(j, "nodes_mean", f->nodes_mean);
    json_int(j, "nodes_peak", f->nodes_peak);
    json_bool(j, "keeps_promise", row->kept);
    json_bool(j, "best", row->best);
    json_close(j, '}');
}

static void show_json(const struct compare *c, struct buf *out)
{
    struct buf promise = { 0 };
    struct json_out j = json_begin(out);
    promise_print(&c->promise, &promise);
    json_open(&j, NULL, '{');
    json_str(&j, "work", c->s.work->name);
    json_str(&j, "promise", buf_text(&promise));
    json_open(&j, "rows", '[');
    for (size_t i = 0; i < c->len; i++)
        row_json(&j, &c->rows[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    buf_add_char(out, '\n');
    buf_release(&promise);
}

/* ---- the command ----------------------------------------------------------------------------------- */

static int compare(struct compare *c)
{
    struct error err = { 0 };
    struct buf out = { 0 };
    int rc = read_files(c);
    if (rc != EXIT_YES)
        return rc;
    c->cheapest = trials_cheapest(&c->s, &c->promise, c->specs, c->files);
    rc = make_rows(c);
    if (rc != EXIT_YES)
        return rc;
    c->progress = (struct progress){ .s = &c->s, .what = "comparing" };
    struct trial_setting setting = trials_setting(&c->s, &c->promise, &c->progress);
    if (trials_run(c->trials, c->len, &setting, &err) < 0) {
        fprintf(stderr, "muster compare: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    progress_end(&c->progress);
    rc = judge(c);
    if (rc != EXIT_YES)
        return rc;
    if (c->s.cli->json)
        show_json(c, &out);
    else
        show_table(c, &out);
    rc = show_flush(&out) ? EXIT_YES : EXIT_TROUBLE;
    buf_release(&out);
    return rc;
}

int command_compare(const struct cli *cli)
{
    struct compare *c = calloc(1, sizeof(*c));
    if (!c) {
        fputs("muster compare: out of memory\n", stderr);
        return EXIT_TROUBLE;
    }
    int rc = simulation_init(cli, &c->s);
    if (rc == EXIT_YES)
        rc = compare(c);
    for (size_t i = 0; i < c->files; i++)
        pool_spec_free(c->specs[i]);
    for (size_t i = 0; i < c->len; i++)
        trial_release(&c->trials[i]);
    cheapest_free(c->cheapest);
    simulation_release(&c->s);
    free(c);
    return rc;
}
