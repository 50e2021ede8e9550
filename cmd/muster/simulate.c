/* muster simulate: one policy file over given work. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"
#include "sim/cheapest.h"
#include "sim/print.h"
#include "sim/report.h"
#include "simulation.h"
#include "trials.h"

#define SERIES_POINTS    1000
#define POLICY_BYTES_MAX ((size_t)1 << 20)

/* ---- for people ------------------------------------------------------------------------------------- */

/* "1,000,809" */
static const char *grouped(int64_t value, char text[static 32])
{
    char plain[32];
    int len = snprintf(plain, sizeof(plain), "%lld", (long long)value);
    int out = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && plain[i - 1] != '-')
            text[out++] = ',';
        text[out++] = plain[i];
    }
    text[out] = '\0';
    return text;
}

static void heading(const struct cli *cli, struct buf *out, const char *name)
{
    show_color(cli, out, COLOR_BOLD);
    buf_addf(out, "%-10s", name);
    show_plain(cli, out);
}

static void show_head(const struct simulation *s, const struct sim_result *r, struct buf *out)
{
    char jobs[32];
    char length[UNITS_TEXT_MAX];
    buf_addf(out, "%s: ", s->cli->argv[0]);
    buf_addf(out, "%s of ", units_format_duration(r->duration_ns, length));
    show_text(out, s->work->name);
    buf_addf(out, ", %s jobs, %.0f hours of work; seed %llu\n\n", grouped(r->arrived, jobs),
             (r->work_s + r->redone_s) / 3600, (unsigned long long)s->options.seed);
}

static void show_cost(const struct simulation *s, const struct sim_result *r, struct buf *out)
{
    heading(s->cli, out, "cost");
    buf_addf(out, "$%.2f in all: %.4g USD/h, $%.2f a month, $%.4g per 1,000 jobs\n",
             sim_result_cost_usd(r), sim_usd_per_hour(r), sim_usd_per_month(r),
             sim_usd_per_thousand(r));
    static const char *const markets[] = { "on-demand", "spot" };
    for (int i = 0; i < 2; i++) {
        if (r->cost.node_hours[i] > 0)
            buf_addf(out, "%-10s%s $%.2f for %.1f node hours\n", "", markets[i],
                     r->cost.usd_micro[i] / 1e6, r->cost.node_hours[i]);
    }
}

/* The least it could have cost with as many jobs late. NaN: no promise to compare under, or not known. */
static double find_cheapest(const struct simulation *s, const struct sim_options *options,
                            const struct sim_result *r)
{
    struct cheapest *cheapest = NULL;
    struct bound_result bound;
    struct error err = { 0 };
    struct pool_spec *spec = options->promise_ns > 0 ? trials_read(s, s->cli->argv[0]) : NULL;
    if (!spec)
        return (double)NAN;
    const struct pool_spec *const specs[] = { spec };
    const struct cheapest_options wanted = {
        .work = s->work,
        .specs = specs,
        .specs_len = 1,
        .market = options->market,
        .boot = options->boot,
        .wait_ns = options->promise_ns,
        .duration_ns = options->duration_ns,
    };
    int rc = sim_work_rewind(s->work, &err);
    if (rc == 0)
        rc = cheapest_new(&wanted, &cheapest, &err);
    if (rc == 0)
        rc = cheapest_bound(cheapest, r->late, &bound, &err);
    if (rc < 0)
        fprintf(stderr, "muster: the cheapest possible is not known: %s\n", err.text);
    cheapest_free(cheapest);
    pool_spec_free(spec);
    return rc == 0 ? bound.usd_micro / 1e6 : (double)NAN;
}

static void show_cheapest(const struct simulation *s, const struct sim_result *r, double usd,
                          struct buf *out)
{
    if (!(usd > 0))
        return;
    heading(s->cli, out, "cheapest");
    buf_addf(out, "%.2fx of the cheapest possible ($%.2f) that is as late\n",
             sim_result_cost_usd(r) / usd, usd);
}

static void show_waits(const struct simulation *s, const char *name, const struct sim_waits *w,
                       struct buf *out)
{
    char text[5][UNITS_TEXT_MAX];
    heading(s->cli, out, name);
    buf_addf(out, "p50 %s, p95 %s, p99 %s, longest %s, mean %s\n",
             units_format_duration(sim_waits_quantile(w, 0.5), text[0]),
             units_format_duration(sim_waits_quantile(w, 0.95), text[1]),
             units_format_duration(sim_waits_quantile(w, 0.99), text[2]),
             units_format_duration(w->max_ns, text[3]),
             units_format_duration((int64_t)sim_waits_mean_ns(w), text[4]));
}

static void show_promise(const struct simulation *s, const struct sim_options *options,
                         const struct sim_result *r, struct buf *out)
{
    char within[UNITS_TEXT_MAX];
    char late[32];
    char judged[32];
    if (options->promise_ns <= 0)
        return;
    heading(s->cli, out, "promise");
    double share = sim_result_late_share(r);
    show_color(s->cli, out, share > 0.05 ? COLOR_RED : share > 0.01 ? COLOR_YELLOW : COLOR_GREEN);
    buf_addf(out, "%.3g %% late", share * 100);
    show_plain(s->cli, out);
    buf_addf(out, ": %s of %s jobs were not %s within %s\n", grouped(r->late, late),
             grouped(r->judged, judged), options->promise == SIM_PROMISE_DONE ? "done" : "begun",
             units_format_duration(options->promise_ns, within));
}

static void show_jobs(const struct simulation *s, const struct sim_result *r, struct buf *out)
{
    char text[32];
    heading(s->cli, out, "jobs");
    buf_addf(out, "%s done", grouped(r->done, text));
    if (r->left > 0)
        buf_addf(out, ", %s left when time was up", grouped(r->left, text));
    if (r->redone > 0)
        buf_addf(out, "; %s begun again, %.1f hours of work lost", grouped(r->redone, text),
                 r->redone_s / 3600);
    buf_add_char(out, '\n');
}

static void show_nodes(const struct simulation *s, const struct sim_result *r, struct buf *out)
{
    heading(s->cli, out, "nodes");
    buf_addf(out, "%lld started, %lld at once at most (%lld slots)", (long long)r->starts,
             (long long)r->nodes_peak, (long long)r->slots_peak);
    if (r->interruptions > 0)
        buf_addf(out, ", %lld taken back", (long long)r->interruptions);
    if (r->refused > 0)
        buf_addf(out, ", %lld launches refused", (long long)r->refused);
    if (r->boot_failures > 0)
        buf_addf(out, ", %lld never came", (long long)r->boot_failures);
    buf_add_char(out, '\n');
    if (r->paid_slot_s <= 0)
        return;
    buf_addf(out, "%-10sof the paid time %.1f %% busy, %.1f %% idle, %.1f %% booting or draining\n",
             "", 100 * r->busy_slot_s / r->paid_slot_s,
             100 * (1 - sim_result_idle_paid(r) - r->busy_slot_s / r->paid_slot_s),
             100 * sim_result_idle_paid(r));
}

/* Where a price is not known the sum is not what it would cost. */
static void warn_prices(const struct pool_spec *spec, const struct simulation *s)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        const struct offer *offer = &spec->offers.at[i];
        const struct sim_offer_market *m = sim_market_find(&s->market, offer->name);
        if (offer->price_usd_micro == PRICE_UNKNOWN && (!m || m->price.steps.len == 0))
            fprintf(stderr, "muster: %s: no price is known for it; it counts as free\n",
                    offer->name);
    }
}

static void show_all(const struct simulation *s, const struct sim_options *options,
                     const struct sim_result *r, double cheapest_usd, struct buf *out)
{
    show_head(s, r, out);
    show_cost(s, r, out);
    show_cheapest(s, r, cheapest_usd, out);
    show_waits(s, "wait", &r->wait, out);
    show_waits(s, "done in", &r->sojourn, out);
    show_promise(s, options, r, out);
    show_jobs(s, r, out);
    show_nodes(s, r, out);
    heading(s->cli, out, "decisions");
    buf_addf(out, "%llu that changed something, %lld reversals; trace %016llx\n",
             (unsigned long long)r->decisions, (long long)r->reversals,
             (unsigned long long)r->trace_hash);
}

/* ---- the command -------------------------------------------------------------------------------------- */

static int write_series(const struct cli *cli, const struct sim_result *r)
{
    struct buf out = { 0 };
    struct error err = { 0 };
    int rc = EXIT_YES;
    sim_series_csv(r, &out);
    if (buf_failed(&out) || file_replace_unsynced(cli->sim.csv, buf_str(&out), &err) < 0) {
        fprintf(stderr, "muster: --csv: %s\n", err.text[0] ? err.text : "out of memory");
        rc = EXIT_TROUBLE;
    }
    buf_release(&out);
    return rc;
}

static int write_report(const struct simulation *s, const struct sim_options *options,
                        const struct sim_result *r, double cheapest_usd)
{
    struct buf out = { 0 }, policy = { 0 }, summary = { 0 };
    struct error err = { 0 };
    struct cli plain = *s->cli;
    struct simulation without_color = *s;
    plain.color = false;
    without_color.cli = &plain;
    show_all(&without_color, options, r, cheapest_usd, &summary);
    int rc = file_read(plain.argv[0], POLICY_BYTES_MAX, &policy, &err);
    if (rc == 0) {
        const struct sim_report report = { .policy = plain.argv[0],
                                           .policy_text = buf_text(&policy),
                                           .work = s->work->name,
                                           .seed = s->options.seed,
                                           .options = options,
                                           .result = r,
                                           .cheapest_usd = cheapest_usd,
                                           .summary = buf_text(&summary) };
        sim_report_write(&report, &out);
        rc = buf_failed(&out) ? error_nomem(&err)
                              : file_replace_unsynced(plain.sim.report, buf_str(&out), &err);
    }
    if (rc < 0)
        fprintf(stderr, "muster: --report: %s\n", err.text);
    buf_release(&out);
    buf_release(&policy);
    buf_release(&summary);
    return rc < 0 ? EXIT_TROUBLE : EXIT_YES;
}

static int choose_points(const struct simulation *s, struct sim_options *options)
{
    int64_t length_ns = options->duration_ns > 0 ? options->duration_ns : s->work->facts.span_ns;
    options->series_every_ns = 0;
    if (!s->cli->sim.csv && !s->cli->sim.report)
        return EXIT_YES;
    options->series_every_ns = length_ns / SERIES_POINTS > NS_PER_S
                                   ? length_ns / SERIES_POINTS / NS_PER_S * NS_PER_S
                                   : NS_PER_S;
    struct error err = { 0 };
    if (!s->cli->sim.every)
        return EXIT_YES;
    if (units_parse_duration(str_from(s->cli->sim.every), &options->series_every_ns, &err) == 0 &&
        options->series_every_ns > 0)
        return EXIT_YES;
    fprintf(stderr, "muster: --every: %s\n", err.text[0] ? err.text : "expected more than 0s");
    return EXIT_TROUBLE;
}

static int tell(const struct simulation *s, const struct sim_options *options,
                const struct sim_result *r, double cheapest_usd)
{
    struct buf out = { 0 };
    if (s->cli->json) {
        struct json_out j = json_begin(&out);
        json_open(&j, NULL, '{');
        json_str(&j, "file", s->cli->argv[0]);
        json_str(&j, "work", s->work->name);
        sim_result_json(r, options, &j);
        json_num(&j, "cheapest_usd", cheapest_usd);
        json_num(&j, "of_cheapest", sim_result_cost_usd(r) / cheapest_usd);
        json_close(&j, '}');
        buf_add_char(&out, '\n');
    } else {
        show_all(s, options, r, cheapest_usd, &out);
    }
    bool shown = show_flush(&out);
    buf_release(&out);
    return shown ? EXIT_YES : EXIT_TROUBLE;
}

static int simulate(struct simulation *s)
{
    struct pool_spec *spec = NULL;
    int rc = simulation_read(s, s->cli->argv[0], &spec);
    if (rc != EXIT_YES)
        return rc;
    struct sim_options options = s->options;
    simulation_promise(s, spec, &options);
    warn_prices(spec, s);
    rc = choose_points(s, &options);
    if (rc != EXIT_YES) {
        pool_spec_free(spec);
        return rc;
    }
    struct sim_result result;
    rc = simulation_run(s, spec, &options, &result);
    if (rc != EXIT_YES)
        return rc;
    rc = s->cli->sim.csv ? write_series(s->cli, &result) : EXIT_YES;
    double cheapest_usd = find_cheapest(s, &options, &result);
    if (rc == EXIT_YES && s->cli->sim.report)
        rc = write_report(s, &options, &result, cheapest_usd);
    if (rc == EXIT_YES)
        rc = tell(s, &options, &result, cheapest_usd);
    sim_result_release(&result);
    return rc;
}

int command_simulate(const struct cli *cli)
{
    struct simulation s;
    int rc = simulation_init(cli, &s);
    if (rc == EXIT_YES)
        rc = simulate(&s);
    simulation_release(&s);
    return rc;
}
