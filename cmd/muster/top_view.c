/* How muster top looks. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "top.h"

#define BAR_WIDTH     40
#define DETAILS_MAX   4 /* so many pools are shown in detail; more in a table */
#define LINE_EVERY_MS 5000

static void end_line(struct buf *out)
{
    buf_add_c(out, "\033[K\n"); /* what an older, longer line left is wiped */
}

static void put_clock(struct buf *out)
{
    char text[16];
    time_t now = time(NULL);
    struct tm tm;
    localtime_r(&now, &tm);
    if (strftime(text, sizeof(text), "%H:%M:%S", &tm) > 0)
        buf_add_c(out, text);
}

static void put_header(const struct top *top, const cJSON *status, const char *problem,
                       struct buf *out)
{
    show_color(top->cli, out, COLOR_BOLD);
    buf_add_c(out, "muster ");
    show_plain(top->cli, out);
    show_text(out, get_text(status, "/mode"));
    buf_add_c(out, "  up ");
    show_seconds(out, get_num(status, "/uptime_s"));
    int64_t nodes = get_int(status, "/totals/nodes/total");
    buf_addf(out, "  %lld node%s  ", (long long)nodes, nodes == 1 ? "" : "s");
    show_usd(out, get_num(status, "/totals/price_usd_per_hour"));
    buf_add_c(out, "/h  ");
    show_usd(out, get_num(status, "/totals/cost_usd"));
    buf_add_c(out, " so far  ");
    put_clock(out);
    end_line(out);
    if (*problem) {
        show_color(top->cli, out, COLOR_RED);
        show_text(out, problem);
        show_plain(top->cli, out);
    }
    end_line(out);
}

/* ---- one pool in detail ---- */

static void put_label(const struct top *top, struct buf *out, const char *label)
{
    show_color(top->cli, out, COLOR_DIM);
    buf_addf(out, "  %-9s", label);
    show_plain(top->cli, out);
}

/* The last minute, newest at the right. */
static void put_history(const struct top *top, struct buf *out, const double *ring, size_t len)
{
    static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    static const char *const ascii[] = { " ", ".", ".", ":", "-", "=", "+", "*", "#" };
    size_t shown = len < BAR_WIDTH ? len : BAR_WIDTH;
    double most = 1;
    for (size_t i = len - shown; i < len; i++) {
        if (ring[i % TOP_HISTORY] > most)
            most = ring[i % TOP_HISTORY];
    }
    for (size_t i = shown; i < BAR_WIDTH; i++)
        buf_add_char(out, ' ');
    for (size_t i = len - shown; i < len; i++) {
        double value = ring[i % TOP_HISTORY];
        size_t level = isnan(value) ? 0 : (size_t)ceil(value / most * 8);
        buf_add_c(out, (top->utf8 ? blocks : ascii)[level < 8 ? level : 8]);
    }
}

static void put_part(const struct top *top, struct buf *out, enum color color, char c, double share,
                     double *at)
{
    show_color(top->cli, out, color);
    double end = *at + share * BAR_WIDTH;
    for (int i = (int)lround(*at); i < (int)lround(end) && i < BAR_WIDTH; i++)
        buf_add_char(out, c);
    *at = end;
    show_plain(top->cli, out);
}

/* Slots: busy, ready, booting, and what is still missing up to what is wanted. */
static void put_bar(const struct top *top, struct buf *out, const cJSON *pool)
{
    double ready = get_num(pool, "/slots/ready");
    double busy = get_num(pool, "/slots/busy");
    double booting = get_num(pool, "/slots/booting");
    double wanted = get_num(pool, "/desired");
    double all = fmax(fmax(ready + booting, wanted), 1);
    double at = 0;
    put_part(top, out, COLOR_GREEN, '#', fmin(busy, ready) / all, &at);
    put_part(top, out, COLOR_CYAN, '=', fmax(ready - busy, 0) / all, &at);
    put_part(top, out, COLOR_YELLOW, '+', booting / all, &at);
    put_part(top, out, COLOR_DIM, '.', fmax(wanted - ready - booting, 0) / all, &at);
    for (int i = (int)lround(at); i < BAR_WIDTH; i++)
        buf_add_char(out, ' ');
}

static void put_work(const struct top *top, struct buf *out, const cJSON *pool,
                     const struct top_pool *memory)
{
    put_label(top, out, "work");
    put_history(top, out, memory->waiting, memory->len);
    buf_add_c(out, "  waiting ");
    show_count(out, get_num(pool, "/signal/waiting"));
    buf_add_c(out, "  running ");
    show_count(out, get_num(pool, "/signal/running"));
    if (!isnan(get_num(pool, "/signal/oldest_s"))) {
        buf_add_c(out, "  oldest ");
        show_seconds(out, get_num(pool, "/signal/oldest_s"));
    }
    end_line(out);
}

static void put_slots(const struct top *top, struct buf *out, const cJSON *pool)
{
    put_label(top, out, "slots");
    put_bar(top, out, pool);
    buf_addf(out, "  wanted %lld", (long long)get_int(pool, "/desired"));
    buf_addf(out, "  ready %lld", (long long)get_int(pool, "/slots/ready"));
    buf_addf(out, "  busy %lld", (long long)get_int(pool, "/slots/busy"));
    end_line(out);
}

/* "2 booting  3 ready" */
static void put_states(struct buf *out, const cJSON *pool, const char *between)
{
    const char *gap = "";
    for (const cJSON *count = get_items(pool, "/nodes"); count; count = count->next) {
        if (!count->string || count->valueint == 0 || strcmp(count->string, "total") == 0)
            continue;
        buf_addf(out, "%s%d ", gap, count->valueint);
        show_text(out, count->string);
        gap = between;
    }
    if (!*gap)
        buf_add_c(out, "none");
}

static void put_nodes(const struct top *top, struct buf *out, const cJSON *pool)
{
    put_label(top, out, "nodes");
    put_states(out, pool, "  ");
    buf_add_c(out, "   ");
    show_usd(out, get_num(pool, "/price_usd_per_hour"));
    buf_add_c(out, "/h  ");
    show_usd(out, get_num(pool, "/cost_usd"));
    buf_add_c(out, " so far");
    end_line(out);
}

/* Cut at the terminal's edge: a line that wraps would push the others down. */
static void put_cut(const struct top *top, struct buf *out, const char *text, int used)
{
    struct buf clean = { 0 };
    show_text(&clean, text);
    int room = top->cli->width - used;
    buf_addf(out, "%.*s", room > 0 ? room : 0, buf_text(&clean));
    buf_release(&clean);
}

static void put_why(const struct top *top, struct buf *out, const cJSON *pool)
{
    const char *problem = get_text(pool, "/problem");
    put_label(top, out, "why");
    put_cut(top, out, get_text(pool, "/last/summary"), 11);
    end_line(out);
    if (*problem) {
        put_label(top, out, "problem");
        show_color(top->cli, out, COLOR_RED);
        put_cut(top, out, problem, 11);
        show_plain(top->cli, out);
        end_line(out);
    }
}

static void put_pool(const struct top *top, struct buf *out, const cJSON *pool,
                     const struct top_pool *memory)
{
    enum color color;
    const char *state = pool_state(pool, &color);
    show_color(top->cli, out, COLOR_BOLD);
    show_text(out, get_text(pool, "/name"));
    show_plain(top->cli, out);
    buf_add_c(out, "  ");
    show_color(top->cli, out, color);
    buf_add_c(out, state);
    show_plain(top->cli, out);
    end_line(out);
    put_work(top, out, pool, memory);
    put_slots(top, out, pool);
    put_nodes(top, out, pool);
    put_why(top, out, pool);
    end_line(out);
}

/* ---- many pools ---- */

static void put_row(struct table *table, const cJSON *pool)
{
    enum color color;
    const char *state = pool_state(pool, &color);
    struct buf waiting = { 0 };
    show_count(&waiting, get_num(pool, "/signal/waiting"));
    table_cell(table, COLOR_NONE, "%s", get_text(pool, "/name"));
    table_cell(table, color, "%s", state);
    table_cell(table, COLOR_NONE, "%s", buf_text(&waiting));
    table_cell(table, COLOR_NONE, "%lld", (long long)get_int(pool, "/desired"));
    table_cell(table, COLOR_NONE, "%lld", (long long)get_int(pool, "/slots/ready"));
    table_cell(table, COLOR_NONE, "%lld", (long long)get_int(pool, "/slots/booting"));
    table_cell(table, COLOR_NONE, "%lld", (long long)get_int(pool, "/nodes/total"));
    const char *problem = get_text(pool, "/problem");
    table_cell(table, *problem ? COLOR_RED : COLOR_DIM, "%s",
               *problem ? problem : get_text(pool, "/last/summary"));
    buf_release(&waiting);
}

static void put_table(const struct top *top, struct buf *out, const cJSON *pools)
{
    static const char *const headings[] = { "POOL",     "STATE",  ">WAITING", ">WANTED", ">READY",
                                            ">BOOTING", ">NODES", "WHY",      NULL };
    struct table *table = table_new(top->cli, headings);
    const cJSON *pool;
    int room = top->rows - 5;
    for (pool = pools ? pools->child : NULL; pool; pool = pool->next) {
        if (room-- > 0)
            put_row(table, pool);
    }
    struct buf text = { 0 };
    table_print(table, &text);
    for (const char *p = buf_text(&text); *p; p++) {
        if (*p == '\n')
            end_line(out);
        else
            buf_add_char(out, *p);
    }
    if (room < 0) {
        buf_addf(out, "and %d more", -room);
        end_line(out);
    }
    buf_release(&text);
    table_free(table);
}

void top_paint(const struct top *top, const cJSON *status, const char *problem, struct buf *out)
{
    const cJSON *pools = json_at(status, "/pools");
    const cJSON *pool;
    int len = cJSON_GetArraySize(pools);
    buf_add_c(out, "\033[H");
    put_header(top, status, problem, out);
    if (len > DETAILS_MAX || len * 7 + 3 > top->rows) {
        put_table(top, out, pools);
    } else {
        for (pool = pools ? pools->child : NULL; pool; pool = pool->next) {
            for (size_t i = 0; i < top->pools.len; i++) {
                if (strcmp(top->pools.at[i].name, get_text(pool, "/name")) == 0)
                    put_pool(top, out, pool, &top->pools.at[i]);
            }
        }
    }
    buf_add_c(out, "\033[J");
}

/* ---- lines, for a pipe ---- */

static void put_line(struct buf *out, const cJSON *pool)
{
    const char *problem = get_text(pool, "/problem");
    put_clock(out);
    buf_add_char(out, ' ');
    show_text(out, get_text(pool, "/name"));
    buf_add_c(out, ": waiting ");
    show_count(out, get_num(pool, "/signal/waiting"));
    buf_add_c(out, ", running ");
    show_count(out, get_num(pool, "/signal/running"));
    buf_addf(out, ", wanted %lld slots, nodes ", (long long)get_int(pool, "/desired"));
    put_states(out, pool, " + ");
    buf_add_c(out, ", ");
    show_usd(out, get_num(pool, "/cost_usd"));
    buf_add_c(out, " so far; ");
    show_text(out, *problem ? problem : get_text(pool, "/last/summary"));
    buf_add_char(out, '\n');
}

/* What makes a line worth printing: wishes, machines, troubles; the work itself only now and then. */
static void fingerprint(const cJSON *pool, char *text, size_t size)
{
    enum color color;
    snprintf(text, size, "%lld %lld %lld %lld %lld %lld %s", (long long)get_int(pool, "/desired"),
             (long long)get_int(pool, "/nodes/requested"),
             (long long)get_int(pool, "/nodes/booting"), (long long)get_int(pool, "/nodes/ready"),
             (long long)get_int(pool, "/nodes/draining"), (long long)get_int(pool, "/nodes/total"),
             pool_state(pool, &color));
}

void top_lines(struct top *top, const cJSON *status, struct buf *out)
{
    const cJSON *pool;
    for (pool = get_items(status, "/pools"); pool; pool = pool->next) {
        struct top_pool *memory = top_pool(top, get_text(pool, "/name"));
        char now[96];
        if (!memory)
            continue;
        fingerprint(pool, now, sizeof(now));
        double waiting = get_num(pool, "/signal/waiting");
        bool moved = !isnan(waiting) && (isnan(memory->printed_waiting) ||
                                         islessgreater(waiting, memory->printed_waiting));
        bool late = top->now_ms - memory->printed_ms >= LINE_EVERY_MS;
        if (strcmp(now, memory->line) == 0 && !(moved && late))
            continue;
        str_copy_c(memory->line, sizeof(memory->line), now);
        memory->printed_waiting = waiting;
        memory->printed_ms = top->now_ms;
        put_line(out, pool);
    }
}
