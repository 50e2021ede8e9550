/* muster replay: the events of a recording through the core of this build. */
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "muster.h"
#include "runtime/replay.h"

static void on_decision(void *ctx, const char *pool, const struct decision *decision)
{
    struct buf *out = ctx;
    char when[CLOCK_TEXT_MAX];
    clock_format_wall(decision->at_wall_ns, when);
    buf_addf(out, "%s  %s  decision %llu: %lld -> %lld slots%s\n", when, pool,
             (unsigned long long)decision->number, (long long)decision->desired_before,
             (long long)decision->desired, decision->held ? " (held)" : "");
    trail_text(&decision->trail, out);
    buf_add_char(out, '\n');
    show_flush(out);
}

static void report_json(const struct replay_report *report, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_bool(&j, "identical", !report->differs);
    json_int(&j, "lives", (int64_t)report->lives);
    json_int(&j, "events", (int64_t)report->events);
    json_int(&j, "effects", (int64_t)report->effects);
    json_int(&j, "decisions", (int64_t)report->decisions);
    json_bool(&j, "cut", report->cut);
    if (report->differs) {
        json_int(&j, "line", (int64_t)report->line);
        json_str(&j, "recorded", report->recorded);
        json_str(&j, "replayed", report->replayed);
    }
    json_close(&j, '}');
    buf_add_char(out, '\n');
}

static void report_text(const char *path, const struct replay_report *report, struct buf *out)
{
    char span[UNITS_TEXT_MAX];
    units_format_duration(report->last_wall_ns - report->first_wall_ns, span);
    buf_addf(out, "%llu events over %s, %llu effects, %llu decisions",
             (unsigned long long)report->events, span, (unsigned long long)report->effects,
             (unsigned long long)report->decisions);
    if (report->lives > 1)
        buf_addf(out, ", %llu lives of musterd", (unsigned long long)report->lives);
    buf_addf(out, ": %s\n", report->differs ? "DIFFERENT" : "identical to the recording");
    if (report->cut)
        buf_addf(out, "%s ends in the middle of a line: that line is left out\n", path);
    if (report->differs)
        buf_addf(
            out,
            "%s:%llu: the first step that differs\n  recorded  %s\n  here      %s\n"
            "With another version of muster than recorded it, that is a changed decision; with "
            "the same,\nit is a bug: please report it with the file.\n",
            path, (unsigned long long)report->line, report->recorded, report->replayed);
}

int command_replay(const struct cli *cli)
{
    struct buf out = { 0 };
    struct kinds kinds;
    struct replay_report report;
    struct error err = { 0 };
    kinds_init(&kinds);
    bool each = cli->all && !cli->json;
    int rc = replay_file(cli->argv[0], &kinds, each ? on_decision : NULL, &out, &report, &err);
    if (rc < 0) {
        fprintf(stderr, "muster: %s\n", err.text);
        buf_release(&out);
        return EXIT_TROUBLE;
    }
    if (cli->json)
        report_json(&report, &out);
    else
        report_text(cli->argv[0], &report, &out);
    show_flush(&out);
    buf_release(&out);
    return report.differs ? EXIT_NO : EXIT_YES;
}
