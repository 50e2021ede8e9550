#include "sim/print.h"

#include <stdio.h>

double sim_usd_per_hour(const struct sim_result *result)
{
    double hours = (double)result->duration_ns / 3.6e12;
    return hours > 0 ? sim_result_cost_usd(result) / hours : 0;
}

double sim_usd_per_month(const struct sim_result *result)
{
    return sim_usd_per_hour(result) * SIM_MONTH_HOURS;
}

double sim_usd_per_thousand(const struct sim_result *result)
{
    return result->done > 0 ? sim_result_cost_usd(result) * 1000 / (double)result->done : 0;
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void waits_json(const struct sim_waits *waits, const char *key, struct json_out *j)
{
    json_open(j, key, '{');
    json_int(j, "jobs", waits->count);
    json_num(j, "mean_s", sim_waits_mean_ns(waits) / 1e9);
    json_num(j, "p50_s", seconds(sim_waits_quantile(waits, 0.5)));
    json_num(j, "p95_s", seconds(sim_waits_quantile(waits, 0.95)));
    json_num(j, "p99_s", seconds(sim_waits_quantile(waits, 0.99)));
    json_num(j, "max_s", seconds(waits->max_ns));
    json_close(j, '}');
}

static void cost_json(const struct sim_result *r, struct json_out *j)
{
    json_open(j, "cost", '{');
    json_num(j, "usd", sim_result_cost_usd(r));
    json_num(j, "usd_per_hour", sim_usd_per_hour(r));
    json_num(j, "usd_per_month", sim_usd_per_month(r));
    json_num(j, "usd_per_1000_jobs", sim_usd_per_thousand(r));
    json_num(j, "on_demand_usd", r->cost.usd_micro[MARKET_ON_DEMAND] / 1e6);
    json_num(j, "spot_usd", r->cost.usd_micro[MARKET_SPOT] / 1e6);
    json_num(j, "on_demand_node_hours", r->cost.node_hours[MARKET_ON_DEMAND]);
    json_num(j, "spot_node_hours", r->cost.node_hours[MARKET_SPOT]);
    json_num(j, "minimum_usd", r->cost.minimum_usd_micro / 1e6);
    json_close(j, '}');
}

static void jobs_json(const struct sim_result *r, struct json_out *j)
{
    json_open(j, "jobs", '{');
    json_int(j, "arrived", r->arrived);
    json_int(j, "done", r->done);
    json_int(j, "left", r->left);
    json_int(j, "redone", r->redone);
    json_num(j, "work_s", r->work_s);
    json_num(j, "redone_s", r->redone_s);
    json_close(j, '}');
}

static void nodes_json(const struct sim_result *r, struct json_out *j)
{
    json_open(j, "nodes", '{');
    json_int(j, "starts", r->starts);
    json_int(j, "refused", r->refused);
    json_int(j, "boot_failures", r->boot_failures);
    json_int(j, "interruptions", r->interruptions);
    json_int(j, "reversals", r->reversals);
    json_int(j, "peak", r->nodes_peak);
    json_int(j, "slots_peak", r->slots_peak);
    json_num(j, "paid_slot_s", r->paid_slot_s);
    json_num(j, "serving_slot_s", r->serving_slot_s);
    json_num(j, "busy_slot_s", r->busy_slot_s);
    json_num(j, "paid_not_serving", sim_result_idle_paid(r));
    json_close(j, '}');
}

void sim_result_json(const struct sim_result *r, const struct sim_options *options,
                     struct json_out *j)
{
    char hash[20];
    snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->trace_hash);
    json_num(j, "duration_s", seconds(r->duration_ns));
    json_int(j, "seed", (int64_t)options->seed);
    cost_json(r, j);
    waits_json(&r->wait, "wait", j);
    waits_json(&r->sojourn, "until_done", j);
    if (options->promise_ns > 0) {
        json_open(j, "promise", '{');
        json_str(j, "of", options->promise == SIM_PROMISE_START ? "wait" : "done");
        json_num(j, "within_s", seconds(options->promise_ns));
        json_int(j, "judged", r->judged);
        json_int(j, "late", r->late);
        json_num(j, "late_share", sim_result_late_share(r));
        json_close(j, '}');
    }
    jobs_json(r, j);
    nodes_json(r, j);
    json_int(j, "decisions", (int64_t)r->decisions);
    json_int(j, "steps", (int64_t)r->steps);
    json_str(j, "trace_hash", hash);
}

/* ---- the series ----------------------------------------------------------------------------------- */

#define COLUMNS 22

static const char *const names[COLUMNS] = {
    "t_s",        "arrived",       "done",    "redone",        "waiting",    "running",
    "desired",    "slots_ready",   "booting", "booting_spot",  "ready",      "ready_spot",
    "draining",   "draining_spot", "starts",  "interruptions", "wait_p50_s", "wait_p95_s",
    "wait_max_s", "cost_usd",      "demand",  "nodes",
};

static void values_of(const struct sim_point *p, double ret[static COLUMNS])
{
    int64_t nodes = 0;
    for (int market = 0; market < 2; market++)
        nodes += p->booting[market] + p->ready[market] + p->draining[market];
    const double values[COLUMNS] = {
        seconds(p->at_ns),
        (double)p->arrived,
        (double)p->done,
        (double)p->redone,
        (double)p->waiting,
        (double)p->running,
        (double)p->desired,
        (double)p->slots_ready,
        (double)p->booting[MARKET_ON_DEMAND],
        (double)p->booting[MARKET_SPOT],
        (double)p->ready[MARKET_ON_DEMAND],
        (double)p->ready[MARKET_SPOT],
        (double)p->draining[MARKET_ON_DEMAND],
        (double)p->draining[MARKET_SPOT],
        (double)p->starts,
        (double)p->interruptions,
        seconds(p->wait_p50_ns),
        seconds(p->wait_p95_ns),
        seconds(p->wait_max_ns),
        p->cost_usd_micro / 1e6,
        (double)(p->waiting + p->running),
        (double)nodes,
    };
    for (int i = 0; i < COLUMNS; i++)
        ret[i] = values[i];
}

void sim_series_csv(const struct sim_result *result, struct buf *out)
{
    for (int i = 0; i < COLUMNS; i++)
        buf_addf(out, "%s%s", i > 0 ? "," : "", names[i]);
    buf_add_char(out, '\n');
    for (size_t k = 0; k < result->series.len; k++) {
        double values[COLUMNS];
        values_of(&result->series.at[k], values);
        for (int i = 0; i < COLUMNS; i++)
            buf_addf(out, "%s%.10g", i > 0 ? "," : "", values[i]);
        buf_add_char(out, '\n');
    }
}

void sim_series_json(const struct sim_result *result, struct json_out *j, const char *key)
{
    json_open(j, key, '{');
    json_open(j, "columns", '[');
    for (int i = 0; i < COLUMNS; i++)
        json_str(j, NULL, names[i]);
    json_close(j, ']');
    json_open(j, "rows", '[');
    for (size_t k = 0; k < result->series.len; k++) {
        double values[COLUMNS];
        values_of(&result->series.at[k], values);
        json_open(j, NULL, '[');
        for (int i = 0; i < COLUMNS; i++)
            json_num(j, NULL, values[i]);
        json_close(j, ']');
    }
    json_close(j, ']');
    json_close(j, '}');
}
