#include "sim/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

/*
 * A plot is an SVG that is stretched to the page's width; its lines keep their thickness
 * (vector-effect), and what is written beside it is HTML, so that it stays readable on a phone.
 */
#define PLOT_WIDTH  1000
#define PLOT_HEIGHT 200

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; img-src data:\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#1c2430;--page:#fff;--dim:#66707f;--line:#d5dbe3;"
    "--a:#1f6feb;--b:#d9730d;--c:#2da44e;--d:#8250df;--e:#cf222e;--f:#9aa4b2}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ebf2;--page:#14181f;--dim:#97a3b4;"
    "--line:#313a47}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1rem;max-width:60rem;font:16px/1.45 system-ui,sans-serif;"
    "color:var(--ink);background:var(--page)}\n"
    "h1{font-size:1.35rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:1.6rem "
    "0 .3rem}\n"
    "p{margin:.3rem 0;color:var(--dim)}\n"
    "pre{overflow-x:auto;padding:.7rem;border:1px solid var(--line);border-radius:.4rem;"
    "font-size:.8rem;line-height:1.35}\n"
    "figure{margin:.4rem 0}svg{display:block;width:100%;height:11rem;border-left:1px solid "
    "var(--line);border-bottom:1px solid var(--line)}\n"
    "path{fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke}\n"
    "path.area{stroke:none;opacity:.75}\n"
    ".top,.under{display:flex;justify-content:space-between;font-size:.75rem;color:var(--dim)}\n"
    ".key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.8rem}\n"
    ".key i{display:inline-block;width:.9em;height:.9em;border-radius:.2em;margin-right:.35em;"
    "vertical-align:-.1em}\n"
    "</style>\n";

/* As text of the page, whatever is in it. */
static void put_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '<')
            buf_add_c(out, "&lt;");
        else if (c == '>')
            buf_add_c(out, "&gt;");
        else if (c == '&')
            buf_add_c(out, "&amp;");
        else if (c == '"')
            buf_add_c(out, "&quot;");
        else if (c >= ' ' || c == '\n' || c == '\t')
            buf_add_char(out, (char)c);
    }
}

/* ---- plots -------------------------------------------------------------------------------------- */

typedef double value_of(const struct sim_point *point);

struct curve {
    const char *name;
    const char *color; /* of the style sheet: "a" */
    value_of *value;
    bool area; /* stacked on the areas before it */
};

struct plot {
    const struct sim_report *report;
    const struct curve *curves;
    size_t len;
    double top;  /* the largest value shown */
    double line; /* a level to compare with; NaN: none */
    const char *line_name;
    void (*show)(struct buf *out, double value);
};

static double at_x(const struct plot *plot, int64_t at_ns)
{
    const struct sim_result *r = plot->report->result;
    return r->duration_ns > 0 ? (double)PLOT_WIDTH * (double)at_ns / (double)r->duration_ns : 0;
}

static double at_y(const struct plot *plot, double value)
{
    return plot->top > 0 ? PLOT_HEIGHT * (1 - value / plot->top) : PLOT_HEIGHT;
}

/* What lies below curve `k` at a point: the areas before it. */
static double base_of(const struct plot *plot, size_t k, const struct sim_point *point)
{
    double base = 0;
    for (size_t i = 0; i < k && plot->curves[k].area; i++)
        base += plot->curves[i].area ? plot->curves[i].value(point) : 0;
    return base;
}

static void find_top(struct plot *plot)
{
    const struct sim_result *r = plot->report->result;
    plot->top = isnan(plot->line) ? 0 : plot->line;
    for (size_t i = 0; i < r->series.len; i++) {
        for (size_t k = 0; k < plot->len; k++)
            plot->top = fmax(plot->top, base_of(plot, k, &r->series.at[i]) +
                                            plot->curves[k].value(&r->series.at[i]));
    }
}

static void put_point(struct buf *out, char command, double x, double y)
{
    buf_addf(out, "%c%.1f %.1f", command, x, y);
}

static void put_line(const struct plot *plot, const struct curve *curve, struct buf *out)
{
    const struct sim_result *r = plot->report->result;
    buf_addf(out, "<path stroke=\"var(--%s)\" d=\"", curve->color);
    for (size_t i = 0; i < r->series.len; i++) {
        const struct sim_point *point = &r->series.at[i];
        put_point(out, i == 0 ? 'M' : 'L', at_x(plot, point->at_ns),
                  at_y(plot, curve->value(point)));
    }
    buf_add_c(out, "\"/>\n");
}

/* There on its upper edge, back on its lower one. */
static void put_area(const struct plot *plot, size_t k, struct buf *out)
{
    const struct sim_result *r = plot->report->result;
    const struct curve *curve = &plot->curves[k];
    buf_addf(out, "<path class=\"area\" style=\"fill:var(--%s)\" d=\"", curve->color);
    for (size_t i = 0; i < r->series.len; i++) {
        const struct sim_point *point = &r->series.at[i];
        put_point(out, i == 0 ? 'M' : 'L', at_x(plot, point->at_ns),
                  at_y(plot, base_of(plot, k, point) + curve->value(point)));
    }
    for (size_t i = r->series.len; i-- > 0;) {
        const struct sim_point *point = &r->series.at[i];
        put_point(out, 'L', at_x(plot, point->at_ns), at_y(plot, base_of(plot, k, point)));
    }
    buf_add_c(out, "Z\"/>\n");
}

static void put_key(const struct plot *plot, struct buf *out)
{
    buf_add_c(out, "<div class=\"key\">");
    for (size_t k = 0; k < plot->len; k++)
        buf_addf(out, "<span><i style=\"background:var(--%s)\"></i>%s</span>",
                 plot->curves[k].color, plot->curves[k].name);
    if (!isnan(plot->line))
        buf_addf(out, "<span><i style=\"background:var(--c)\"></i>%s</span>", plot->line_name);
    buf_add_c(out, "</div>\n");
}

static void put_when(const struct plot *plot, double part, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    units_format_duration((int64_t)((double)plot->report->result->duration_ns * part), text);
    buf_addf(out, "<span>%s</span>", text);
}

static void put_plot(struct plot *plot, const char *title, const char *what, struct buf *out)
{
    find_top(plot);
    buf_addf(out, "<h2>%s</h2>\n<p>%s</p>\n<figure>", title, what);
    put_key(plot, out);
    buf_add_c(out, "<div class=\"top\"><span>");
    plot->show(out, plot->top);
    buf_addf(out,
             "</span></div>\n<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-label=\"%s\">\n",
             PLOT_WIDTH, PLOT_HEIGHT, title);
    for (size_t k = 0; k < plot->len; k++) {
        if (plot->curves[k].area)
            put_area(plot, k, out);
        else
            put_line(plot, &plot->curves[k], out);
    }
    if (!isnan(plot->line))
        buf_addf(out,
                 "<path stroke=\"var(--c)\" stroke-dasharray=\"6 4\" d=\"M0 %.1fL%d %.1f\"/>\n",
                 at_y(plot, plot->line), PLOT_WIDTH, at_y(plot, plot->line));
    buf_add_c(out, "</svg>\n<div class=\"under\">");
    put_when(plot, 0, out);
    put_when(plot, 0.5, out);
    put_when(plot, 1, out);
    buf_add_c(out, "</div></figure>\n");
}

/* ---- what is plotted ---------------------------------------------------------------------------- */

static void show_count(struct buf *out, double value)
{
    buf_addf(out, "%.4g", value);
}

static void show_seconds(struct buf *out, double value)
{
    char text[UNITS_TEXT_MAX];
    buf_add_c(out, units_format_duration((int64_t)value, text));
}

static void show_usd(struct buf *out, double value)
{
    buf_addf(out, "$%.2f", value / 1e6);
}

static double demand(const struct sim_point *p)
{
    return (double)(p->waiting + p->running);
}

static double desired(const struct sim_point *p)
{
    return (double)p->desired;
}

static double ready(const struct sim_point *p)
{
    return (double)p->slots_ready;
}

static double booting(const struct sim_point *p)
{
    return (double)(p->booting[0] + p->booting[1]);
}

static double draining(const struct sim_point *p)
{
    return (double)(p->draining[0] + p->draining[1]);
}

static double ready_demand(const struct sim_point *p)
{
    return (double)p->ready[MARKET_ON_DEMAND];
}

static double ready_spot(const struct sim_point *p)
{
    return (double)p->ready[MARKET_SPOT];
}

static double wait_p50(const struct sim_point *p)
{
    return (double)p->wait_p50_ns;
}

static double wait_p95(const struct sim_point *p)
{
    return (double)p->wait_p95_ns;
}

static double wait_max(const struct sim_point *p)
{
    return (double)p->wait_max_ns;
}

static double cost(const struct sim_point *p)
{
    return p->cost_usd_micro;
}

static double interruptions(const struct sim_point *p)
{
    return (double)p->interruptions;
}

static double starts(const struct sim_point *p)
{
    return (double)p->starts;
}

#define CURVES(array) .curves = (array), .len = sizeof(array) / sizeof((array)[0])

static void put_plots(const struct sim_report *report, struct buf *out)
{
    static const struct curve slots[] = { { "jobs, waiting or running", "f", demand, true },
                                          { "slots wanted", "b", desired, false },
                                          { "slots ready", "a", ready, false } };
    static const struct curve nodes[] = { { "ready, on demand", "a", ready_demand, true },
                                          { "ready, spot", "c", ready_spot, true },
                                          { "booting", "b", booting, true },
                                          { "draining", "f", draining, true } };
    static const struct curve waits[] = { { "longest", "f", wait_max, false },
                                          { "p95", "b", wait_p95, false },
                                          { "p50", "a", wait_p50, false } };
    static const struct curve costs[] = { { "spent so far", "a", cost, false } };
    static const struct curve taken[] = { { "machines started", "a", starts, false },
                                          { "taken back by the market", "e", interruptions,
                                            false } };
    const struct sim_options *o = report->options;
    bool promised = o->promise_ns > 0 && o->promise == SIM_PROMISE_START;
    struct plot plot = { .report = report, CURVES(slots), .line = (double)NAN, .show = show_count };
    put_plot(&plot, "Demand and slots", "What was there to do, what was wanted, what was there.",
             out);
    plot =
        (struct plot){ .report = report, CURVES(nodes), .line = (double)NAN, .show = show_count };
    put_plot(&plot, "Machines", "By state and market.", out);
    plot = (struct plot){ .report = report,
                          CURVES(waits),
                          .line = promised ? (double)o->promise_ns : (double)NAN,
                          .line_name = "promised",
                          .show = show_seconds };
    put_plot(&plot, "Waits", "From arrival to start, of the jobs that started in each interval.",
             out);
    plot = (struct plot){ .report = report,
                          CURVES(costs),
                          .line = report->cheapest_usd * 1e6,
                          .line_name = "the cheapest possible for the whole",
                          .show = show_usd };
    put_plot(&plot, "Cost", "Added up.", out);
    plot =
        (struct plot){ .report = report, CURVES(taken), .line = (double)NAN, .show = show_count };
    put_plot(&plot, "Starts and interruptions", "In each interval.", out);
}

void sim_report_write(const struct sim_report *report, struct buf *out)
{
    buf_add_c(out, head);
    buf_add_c(out, "<title>");
    put_text(out, report->policy);
    buf_add_c(out, " simulated</title></head>\n<body>\n<h1>");
    put_text(out, report->policy);
    buf_add_c(out, "</h1>\n<p>simulated over ");
    put_text(out, report->work);
    buf_addf(out, ", seed %llu, by muster " MUSTER_VERSION "</p>\n<pre>",
             (unsigned long long)report->seed);
    put_text(out, report->summary);
    buf_add_c(out, "</pre>\n");
    put_plots(report, out);
    buf_add_c(out, "<h2>The policy file</h2>\n<pre>");
    put_text(out, report->policy_text);
    buf_add_c(out, "</pre>\n</body></html>\n");
}
