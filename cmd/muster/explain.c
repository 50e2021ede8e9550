/* muster explain */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "muster.h"

/* "10m" is ten minutes ago; anything else goes to musterd as it is. */
static void put_time(const char *at, char *ret, size_t size)
{
    int64_t ago_ns = 0;
    if (units_parse_duration(str_from(at), &ago_ns, NULL) < 0) {
        snprintf(ret, size, "%s", at);
        return;
    }
    time_t then = (time_t)((clock_system.wall_ns(NULL) - ago_ns) / NS_PER_S);
    struct tm tm;
    gmtime_r(&then, &tm);
    if (strftime(ret, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        ret[0] = '\0';
}

static void put_padded(struct buf *out, const char *text, size_t width)
{
    size_t end = out->len + width;
    show_text(out, text);
    do
        buf_add_char(out, ' ');
    while (out->len <= end && !buf_failed(out));
}

static void put_step(const struct cli *cli, struct buf *out, const cJSON *step)
{
    const char *subject = get_text(step, "/subject");
    show_color(cli, out, COLOR_CYAN);
    buf_add_c(out, "  ");
    put_padded(out, get_text(step, "/stage"), 8);
    show_plain(cli, out);
    put_padded(out, get_text(step, "/who"), 14);
    if (*subject) {
        show_text(out, subject);
        buf_add_c(out, ": ");
    } else {
        buf_addf(out, "%lld -> %lld  ", (long long)get_int(step, "/before"),
                 (long long)get_int(step, "/after"));
    }
    show_text(out, get_text(step, "/why"));
    buf_add_char(out, '\n');
}

static void put_decision(const struct cli *cli, struct buf *out, const char *which,
                         const cJSON *decision)
{
    const cJSON *step;
    if (!cJSON_IsObject(decision)) {
        buf_addf(out, "%s: none yet\n", which);
        return;
    }
    show_color(cli, out, COLOR_BOLD);
    buf_addf(out, "%s", which);
    show_plain(cli, out);
    buf_addf(out, ": %lld -> %lld slots%s", (long long)get_int(decision, "/before"),
             (long long)get_int(decision, "/desired"), get_bool(decision, "/held") ? ", held" : "");
    if (json_at(decision, "/age_s")) {
        buf_add_c(out, ", ");
        show_seconds(out, get_num(decision, "/age_s"));
        buf_add_c(out, " ago");
    }
    buf_add_c(out, " (");
    show_text(out, get_text(decision, "/at"));
    buf_addf(out, ", decision %lld)\n", (long long)get_int(decision, "/number"));
    for (step = get_items(decision, "/trail"); step; step = step->next)
        put_step(cli, out, step);
}

static void put_all(const struct cli *cli, struct buf *out, const cJSON *json)
{
    buf_add_c(out, "pool ");
    show_text(out, get_text(json, "/pool"));
    buf_add_char(out, '\n');
    if (*get_text(json, "/problem")) {
        show_color(cli, out, COLOR_RED);
        buf_add_c(out, "problem");
        show_plain(cli, out);
        buf_add_c(out, ": ");
        show_text(out, get_text(json, "/problem"));
        buf_add_char(out, '\n');
    }
    if (cli->at) {
        put_decision(cli, out, "decision in force", json_at(json, "/decision"));
        return;
    }
    put_decision(cli, out, "last decision", json_at(json, "/last"));
    if (get_int(json, "/last/number") != get_int(json, "/changed/number")) {
        buf_add_char(out, '\n');
        put_decision(cli, out, "last change", json_at(json, "/changed"));
    }
}

int command_explain(const struct cli *cli)
{
    struct buf path = { 0 };
    buf_add_c(&path, "/explain/");
    api_escape(&path, cli->argv[0]);
    if (cli->at) {
        char at[64];
        put_time(cli->at, at, sizeof(at));
        buf_add_c(&path, "?at=");
        api_escape(&path, at);
    }
    cJSON *json = NULL;
    int rc = api_show_or_parse(cli, buf_text(&path), &json);
    if (rc == EXIT_YES && json) {
        struct buf out = { 0 };
        put_all(cli, &out, json);
        show_flush(&out);
        buf_release(&out);
    }
    cJSON_Delete(json);
    buf_release(&path);
    return rc;
}
