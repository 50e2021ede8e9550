/* muster nodes */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "muster.h"

#define PAGE 1000

static enum color state_color(const char *state)
{
    return strcmp(state, "ready") == 0         ? COLOR_GREEN
           : strcmp(state, "lost") == 0        ? COLOR_RED
           : strcmp(state, "draining") == 0    ? COLOR_YELLOW
           : strcmp(state, "terminating") == 0 ? COLOR_DIM
                                               : COLOR_CYAN;
}

static void cell_age(struct table *table, double seconds)
{
    struct buf text = { 0 };
    show_seconds(&text, seconds);
    table_cell(table, COLOR_NONE, "%s", buf_text(&text));
    buf_release(&text);
}

static void put_node(struct table *table, const cJSON *node)
{
    const char *state = get_text(node, "/state");
    double busy = get_num(node, "/busy");
    table_cell(table, COLOR_NONE, "%s", get_text(node, "/id")[0] ? get_text(node, "/id") : "-");
    table_cell(table, COLOR_NONE, "%s", get_text(node, "/pool"));
    table_cell(table, state_color(state), "%s", state);
    cell_age(table, get_num(node, "/state_s"));
    if (isnan(busy))
        table_cell(table, COLOR_NONE, "?/%lld", (long long)get_int(node, "/slots"));
    else
        table_cell(table, COLOR_NONE, "%.0f/%lld", busy, (long long)get_int(node, "/slots"));
    cell_age(table, get_num(node, "/heard_s"));
    cell_age(table, get_num(node, "/age_s"));
    table_cell(table, COLOR_NONE, "%s", get_text(node, "/version"));
    table_cell(table, COLOR_NONE, "%s", get_text(node, "/offer"));
}

static int get_page(const struct cli *cli, const char *pool, int64_t offset, cJSON **ret)
{
    struct buf path = { 0 };
    buf_addf(&path, "/nodes?limit=%d&offset=%lld", PAGE, (long long)offset);
    if (pool) {
        buf_add_c(&path, "&pool=");
        api_escape(&path, pool);
    }
    int rc = api_show_or_parse(cli, buf_text(&path), ret);
    buf_release(&path);
    return rc;
}

int command_nodes(const struct cli *cli)
{
    static const char *const headings[] = { "NODE",   "POOL", "STATE",   ">FOR",  ">BUSY",
                                            ">HEARD", ">AGE", "VERSION", "OFFER", NULL };
    const char *pool = cli->argc > 0 ? cli->argv[0] : NULL;
    struct table *table = table_new(cli, headings);
    int64_t total = 1;
    int rc = EXIT_YES;
    for (int64_t offset = 0; rc == EXIT_YES && offset < total; offset += PAGE) {
        cJSON *json = NULL;
        const cJSON *node;
        rc = get_page(cli, pool, offset, &json);
        total = json ? get_int(json, "/total") : 0;
        for (node = get_items(json, "/nodes"); node; node = node->next)
            put_node(table, node);
        cJSON_Delete(json);
    }
    struct buf out = { 0 };
    if (rc == EXIT_YES && !cli->json) {
        if (total > 0)
            table_print(table, &out);
        else
            buf_add_c(&out, "no nodes\n");
        show_flush(&out);
    }
    buf_release(&out);
    table_free(table);
    return rc;
}
