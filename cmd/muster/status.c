/* muster status */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "muster.h"

static void put_a_month(struct buf *out, double usd)
{
    if (isnan(usd))
        return; /* too early to tell */
    buf_add_c(out, ", ");
    show_usd(out, usd);
    buf_add_c(out, " a month");
}

static void put_header(const struct cli *cli, const cJSON *json, struct buf *out)
{
    show_color(cli, out, COLOR_BOLD);
    buf_add_c(out, "musterd ");
    show_text(out, get_text(json, "/version"));
    show_plain(cli, out);
    buf_add_c(out, "  ");
    show_text(out, get_text(json, "/mode"));
    buf_add_c(out, "  up ");
    show_seconds(out, get_num(json, "/uptime_s"));
    int64_t pools = get_int(json, "/totals/pools");
    int64_t nodes = get_int(json, "/totals/nodes/total");
    buf_addf(out, "  %lld pool%s  %lld node%s  ", (long long)pools, pools == 1 ? "" : "s",
             (long long)nodes, nodes == 1 ? "" : "s");
    show_usd(out, get_num(json, "/totals/price_usd_per_hour"));
    buf_add_c(out, "/h  ");
    show_usd(out, get_num(json, "/totals/cost_usd"));
    buf_add_c(out, " so far\n");
    if (!json_at(json, "/totals/dry_run"))
        return;
    buf_add_c(out, "dry run: all this would have cost ");
    show_usd(out, get_num(json, "/totals/dry_run/cost_usd"));
    put_a_month(out, get_num(json, "/totals/dry_run/month_usd"));
    buf_addf(out, "; the %lld nodes that really run cost ",
             (long long)get_int(json, "/totals/dry_run/real/nodes"));
    show_usd(out, get_num(json, "/totals/dry_run/real/cost_usd"));
    put_a_month(out, get_num(json, "/totals/dry_run/real/month_usd"));
    buf_add_char(out, '\n');
}

static void put_warning(const struct cli *cli, struct buf *out, const char *what, const char *text)
{
    if (!*text)
        return;
    show_color(cli, out, COLOR_RED);
    show_text(out, what);
    show_plain(cli, out);
    buf_add_c(out, ": ");
    show_text(out, text);
    buf_add_char(out, '\n');
}

/* What is wrong anywhere, in full: a table has no room for it. */
static void put_warnings(const struct cli *cli, const cJSON *json, struct buf *out)
{
    const cJSON *item;
    put_warning(cli, out, "musterd", get_text(json, "/problem"));
    put_warning(cli, out, "journal", get_text(json, "/store/problem"));
    for (item = get_items(json, "/policy_errors"); item; item = item->next)
        put_warning(cli, out, "policy", get_text(item, "/error"));
    for (item = get_items(json, "/inventories"); item; item = item->next)
        put_warning(cli, out, get_text(item, "/name"), get_text(item, "/problem"));
    for (item = get_items(json, "/pools"); item; item = item->next)
        put_warning(cli, out, get_text(item, "/name"), get_text(item, "/problem"));
}

static void cell_count(struct table *table, double value)
{
    struct buf text = { 0 };
    show_count(&text, value);
    table_cell(table, COLOR_NONE, "%s", buf_text(&text));
    buf_release(&text);
}

static void cell_usd(struct table *table, double value)
{
    struct buf text = { 0 };
    show_usd(&text, value);
    table_cell(table, COLOR_NONE, "%s", buf_text(&text));
    buf_release(&text);
}

static void put_pool_row(struct table *table, const cJSON *pool)
{
    enum color color;
    const char *state = pool_state(pool, &color);
    table_cell(table, COLOR_NONE, "%s", get_text(pool, "/name"));
    table_cell(table, color, "%s", state);
    cell_count(table, get_num(pool, "/signal/waiting"));
    cell_count(table, get_num(pool, "/signal/running"));
    cell_count(table, get_num(pool, "/desired"));
    cell_count(table, get_num(pool, "/slots/ready"));
    cell_count(table, get_num(pool, "/slots/busy"));
    cell_count(table, get_num(pool, "/slots/booting"));
    cell_count(table, get_num(pool, "/nodes/total"));
    cell_usd(table, get_num(pool, "/price_usd_per_hour"));
    table_cell(table, COLOR_DIM, "%s", get_text(pool, "/changed/summary"));
}

static int show_all(const struct cli *cli)
{
    static const char *const headings[] = { "POOL",    "STATE",   ">WAITING", ">RUNNING",
                                            ">WANTED", ">READY",  ">BUSY",    ">BOOTING",
                                            ">NODES",  ">COST/H", "WHY",      NULL };
    cJSON *json = NULL;
    int rc = api_show_or_parse(cli, "/status", &json);
    if (rc != EXIT_YES || !json)
        return rc;
    struct buf out = { 0 };
    struct table *table = table_new(cli, headings);
    const cJSON *pool;
    for (pool = get_items(json, "/pools"); pool; pool = pool->next)
        put_pool_row(table, pool);
    put_header(cli, json, &out);
    buf_add_char(&out, '\n');
    table_print(table, &out);
    buf_add_char(&out, '\n');
    put_warnings(cli, json, &out);
    while (out.len > 1 && out.ptr[out.len - 1] == '\n' && out.ptr[out.len - 2] == '\n')
        out.ptr[--out.len] = '\0';
    show_flush(&out);
    table_free(table);
    buf_release(&out);
    cJSON_Delete(json);
    return EXIT_YES;
}

/* ---- one pool ---- */

static void put_label(const struct cli *cli, struct buf *out, const char *label)
{
    show_color(cli, out, COLOR_BOLD);
    buf_addf(out, "%-10s", label);
    show_plain(cli, out);
}

/* "waiting 5, running 5": what there is to tell, by name and pointer. */
struct member {
    const char *name, *pointer;
    void (*show)(struct buf *out, double value);
};

static void put_members(const struct cli *cli, struct buf *out, const char *label,
                        const cJSON *json, const struct member *members)
{
    const char *comma = "";
    put_label(cli, out, label);
    for (; members->name; members++) {
        double value = get_num(json, members->pointer);
        if (isnan(value))
            continue;
        buf_addf(out, "%s%s ", comma, members->name);
        members->show(out, value);
        comma = ", ";
    }
    buf_add_char(out, '\n');
}

static void put_rate(struct buf *out, double value)
{
    buf_addf(out, "%.3g/s", value);
}

static void put_ago(struct buf *out, double value)
{
    show_seconds(out, value);
    buf_add_c(out, " ago");
}

static const struct member work_members[] = {
    { "waiting", "/signal/waiting", show_count },
    { "running", "/signal/running", show_count },
    { "oldest", "/signal/oldest_s", show_seconds },
    { "arrivals", "/rates/arrival_per_s", put_rate },
    { "each takes", "/rates/service_s", show_seconds },
    { "seen", "/signal/age_s", put_ago },
    { "late by", "/signal/lag_s", show_seconds },
    { NULL, NULL, NULL },
};

static const struct member slot_members[] = {
    { "wanted", "/desired", show_count },
    { "ready", "/slots/ready", show_count },
    { "busy", "/slots/busy", show_count },
    { "busy unknown", "/slots/busy_unknown", show_count },
    { "booting", "/slots/booting", show_count },
    { "draining", "/slots/draining", show_count },
    { "min", "/slots/min", show_count },
    { "max", "/slots/max", show_count },
    { NULL, NULL, NULL },
};

static const struct member node_members[] = {
    { "requested", "/nodes/requested", show_count },
    { "booting", "/nodes/booting", show_count },
    { "ready", "/nodes/ready", show_count },
    { "draining", "/nodes/draining", show_count },
    { "terminating", "/nodes/terminating", show_count },
    { "lost", "/nodes/lost", show_count },
    { "at most", "/settings/nodes_max", show_count },
    { NULL, NULL, NULL },
};

static const struct member boot_members[] = {
    { "p90", "/boot/p90_s", show_seconds },
    { "measured", "/boot/measured", show_count },
    { NULL, NULL, NULL },
};

static const struct member cost_members[] = {
    { "per hour", "/price_usd_per_hour", show_usd },
    { "so far", "/cost_usd", show_usd },
    { NULL, NULL, NULL },
};

static void put_month(struct buf *out, double usd)
{
    show_usd(out, usd);
    buf_add_c(out, " a month");
}

/* A dry run: what was decided would have cost the first line, what really runs costs the second. */
static const struct member would_members[] = {
    { "so far", "/dry_run/cost_usd", show_usd },
    { "as it goes", "/dry_run/month_usd", put_month },
    { NULL, NULL, NULL },
};

static const struct member real_members[] = {
    { "nodes", "/dry_run/real/nodes", show_count },
    { "per hour", "/dry_run/real/price_usd_per_hour", show_usd },
    { "so far", "/dry_run/real/cost_usd", show_usd },
    { "as it goes", "/dry_run/real/month_usd", put_month },
    { "of unknown price", "/dry_run/real/unpriced", show_count },
    { NULL, NULL, NULL },
};

static void put_books(const struct cli *cli, struct buf *out, const cJSON *json)
{
    if (!json_at(json, "/dry_run"))
        return;
    put_members(cli, out, "would cost", json, would_members);
    put_members(cli, out, "real fleet", json, real_members);
}

static void put_decision(const struct cli *cli, struct buf *out, const char *label,
                         const cJSON *decision)
{
    if (!cJSON_IsObject(decision))
        return;
    put_label(cli, out, label);
    buf_addf(out, "%lld -> %lld slots%s, ", (long long)get_int(decision, "/before"),
             (long long)get_int(decision, "/desired"),
             get_bool(decision, "/held") ? " (held)" : "");
    show_seconds(out, get_num(decision, "/age_s"));
    buf_add_c(out, " ago: ");
    show_text(out, get_text(decision, "/summary"));
    buf_add_char(out, '\n');
}

static void put_intents(const struct cli *cli, struct buf *out, const cJSON *json)
{
    const cJSON *intent;
    for (intent = get_items(json, "/intents"); intent; intent = intent->next) {
        put_label(cli, out, "intent");
        buf_addf(out, "%lld: ", (long long)get_int(intent, "/number"));
        show_text(out, get_text(intent, "/kind"));
        buf_add_char(out, ' ');
        show_text(out, get_text(intent, "/about"));
        buf_addf(out, " x%lld, ", (long long)get_int(intent, "/count"));
        show_text(out, get_text(intent, "/state"));
        buf_add_c(out, ", ");
        show_seconds(out, get_num(intent, "/age_s"));
        buf_add_c(out, " old\n");
    }
}

static int show_one(const struct cli *cli, const char *name)
{
    struct buf path = { 0 };
    cJSON *json = NULL;
    buf_add_c(&path, "/status/");
    api_escape(&path, name);
    int rc = api_show_or_parse(cli, buf_text(&path), &json);
    buf_release(&path);
    if (rc != EXIT_YES || !json)
        return rc;
    struct buf out = { 0 };
    enum color color;
    const char *state = pool_state(json, &color);
    put_label(cli, &out, "pool");
    show_text(&out, get_text(json, "/name"));
    buf_add_c(&out, "  ");
    show_color(cli, &out, color);
    buf_add_c(&out, state);
    show_plain(cli, &out);
    buf_add_c(&out, "  ");
    show_text(&out, get_text(json, "/settings/file"));
    buf_add_char(&out, '\n');
    put_warning(cli, &out, "problem", get_text(json, "/problem"));
    put_members(cli, &out, "work", json, work_members);
    put_members(cli, &out, "slots", json, slot_members);
    put_members(cli, &out, "nodes", json, node_members);
    put_members(cli, &out, "boot", json, boot_members);
    put_members(cli, &out, "cost", json, cost_members);
    put_books(cli, &out, json);
    put_decision(cli, &out, "decided", json_at(json, "/last"));
    put_decision(cli, &out, "changed", json_at(json, "/changed"));
    put_intents(cli, &out, json);
    show_flush(&out);
    buf_release(&out);
    cJSON_Delete(json);
    return EXIT_YES;
}

int command_status(const struct cli *cli)
{
    return cli->argc > 0 ? show_one(cli, cli->argv[0]) : show_all(cli);
}
