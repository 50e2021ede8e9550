/* Showing things on a terminal, or in a pipe. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "muster.h"

void show_text(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool high = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f; /* U+0080 to U+009F */
        bool command = *p < ' ' || *p == 0x7f || high;
        buf_add_char(out, command ? '?' : (char)*p);
        p += high;
    }
}

void show_color(const struct cli *cli, struct buf *out, enum color color)
{
    static const char *const codes[] = { "0", "1", "2", "32", "33", "31", "36" };
    if (cli->color && color != COLOR_NONE)
        buf_addf(out, "\033[%sm", codes[color]);
}

void show_plain(const struct cli *cli, struct buf *out)
{
    if (cli->color)
        buf_add_c(out, "\033[0m");
}

void show_count(struct buf *out, double value)
{
    if (isnan(value))
        buf_add_char(out, '-');
    else
        buf_addf(out, "%.0f", value);
}

void show_seconds(struct buf *out, double seconds)
{
    char text[UNITS_TEXT_MAX];
    if (isnan(seconds))
        buf_add_char(out, '-');
    else if (seconds >= 1)
        buf_add_c(out, units_format_duration((int64_t)seconds * INT64_C(1000000000), text));
    else
        buf_add_c(out, units_format_duration((int64_t)(seconds * 1e3) * INT64_C(1000000), text));
}

void show_usd(struct buf *out, double usd)
{
    char text[UNITS_TEXT_MAX];
    if (isnan(usd))
        buf_add_char(out, '-');
    else
        buf_add_c(out, units_format_money((int64_t)llround(usd * 1e6), text));
}

bool show_flush(struct buf *out)
{
    bool ok = fwrite(buf_text(out), 1, out->len, stdout) == out->len && fflush(stdout) == 0;
    buf_clear(out);
    return ok;
}

const char *pool_state(const cJSON *pool, enum color *ret_color)
{
    const char *signal = get_text(pool, "/signal/state");
    *ret_color = COLOR_YELLOW;
    if (get_bool(pool, "/paused"))
        return "paused";
    if (get_bool(pool, "/retiring"))
        return "retiring";
    if (strcmp(signal, "none") == 0)
        return "new";
    *ret_color = COLOR_RED;
    if (get_bool(pool, "/panic"))
        return "panic";
    if (strcmp(signal, "fresh") != 0)
        return signal;
    if (*get_text(pool, "/problem"))
        return "problem";
    *ret_color = COLOR_GREEN;
    return "ok";
}
