#include "config/policy_file.h"

#include <string.h>

#include "config/policy_sections.h"

/* ---- what a setting's value looks like ---- */

static void describe_range(const struct option *row, struct buf *out)
{
    if (row->max > row->min)
        buf_addf(out, ", %lld to %lld", (long long)row->min, (long long)row->max);
    else if (row->min != 0)
        buf_addf(out, ", at least %lld", (long long)row->min);
}

static void describe_words(const char *const *words, struct buf *out)
{
    for (size_t i = 0; words[i]; i++)
        buf_addf(out, "%s`%s`", i > 0 ? ", " : "", words[i]);
}

static void describe_duration(const struct option *row, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    buf_add_c(out, "duration");
    if (row->min > 0)
        buf_addf(out, ", at least %s", units_format_duration(row->min, text));
    if (row->max == UNITS_NEVER)
        buf_add_c(out, ", or `never`");
    else if (row->max > row->min)
        buf_addf(out, ", at most %s", units_format_duration(row->max, text));
}

static void describe_value(const struct option *row, struct buf *out)
{
    switch (row->type) {
    case OPTION_TYPE_INT:
        buf_add_c(out, "whole number");
        describe_range(row, out);
        break;
    case OPTION_TYPE_SLOTS:
        buf_add_c(out, "number of slots, like `8 slots`");
        break;
    case OPTION_TYPE_DURATION:
        describe_duration(row, out);
        break;
    case OPTION_TYPE_MONEY:
        buf_add_c(out, row->min == -1 ? "money per hour, or `none`" : "money per hour");
        break;
    case OPTION_TYPE_PERCENT:
        buf_add_c(out, "percentage");
        describe_range(row, out);
        break;
    case OPTION_TYPE_BOOL:
        buf_add_c(out, "`yes` or `no`");
        break;
    case OPTION_TYPE_STRING:
        buf_add_c(out, "text");
        break;
    case OPTION_TYPE_CHOICE:
        buf_add_c(out, "one of ");
        describe_words(row->choices, out);
        break;
    case OPTION_TYPE_CHOICES:
        buf_add_c(out, "list of ");
        describe_words(row->choices, out);
        break;
    case OPTION_TYPE_RATE:
        buf_add_c(out, "rate, or `unlimited`");
        break;
    case OPTION_TYPE_CRON:
        buf_add_c(out, "cron expression of five fields");
        break;
    case OPTION_TYPE_TIMEZONE:
        buf_add_c(out, "time zone");
        break;
    case OPTION_TYPE_STRINGS:
        buf_add_c(out, "list of texts, or one text");
        break;
    case OPTION_TYPE_COUNTS:
        buf_add_c(out, "map of names to whole numbers");
        describe_range(row, out);
        break;
    }
}

static void add_default(const struct option *row, struct buf *out)
{
    if (row->fallback)
        buf_addf(out, "`%s`", row->fallback[0] ? row->fallback : "\"\"");
    else
        buf_add_c(out, row->optional ? "absent" : "**required**");
}

/* ---- tables ---- */

static void add_rows(const struct option *rows, const char *prefix, struct buf *out)
{
    for (const struct option *row = rows; row && row->key; row++) {
        buf_addf(out, "| `%s%s` | ", prefix, row->key);
        describe_value(row, out);
        buf_add_c(out, " | ");
        add_default(row, out);
        buf_addf(out, " | %s |\n", row->help ? row->help : "");
    }
}

static void add_table_head(struct buf *out)
{
    buf_add_c(out, "\n| setting | value | default | meaning |\n| --- | --- | --- | --- |\n");
}

static void add_set(const struct option_set *set, struct buf *out)
{
    buf_addf(out, "\n### `%s`\n", set->name);
    if (set->help)
        buf_addf(out, "\n%s\n", set->help);
    if (set->shorthand)
        buf_addf(out, "\nShort form: `%s: VALUE` means `%s: { %s: VALUE }`.\n", set->name,
                 set->name, set->shorthand);
    if (!set->rows || !set->rows->key) {
        buf_add_c(out, "\nNo settings.\n");
        return;
    }
    add_table_head(out);
    add_rows(set->rows, "", out);
}

static void add_sets(const struct config_kinds *kinds, enum config_kind kind, struct buf *out)
{
    const struct option_set *set;
    for (size_t i = 0; (set = config_kinds_at(kinds, kind, i)); i++)
        add_set(set, out);
}

static void add_section(const struct section *section, const struct config_kinds *kinds,
                        struct buf *out)
{
    buf_addf(out, "\n## `%s`\n\n%s\n", section->key, section->help);
    if (section->rows || section->inside)
        add_table_head(out);
    add_rows(section->rows, "", out);
    for (const struct section *in = section->inside; in && in->key; in++) {
        char prefix[64];
        str_copy_c(prefix, sizeof(prefix) - 1, in->key);
        size_t len = strlen(prefix);
        prefix[len] = '.';
        prefix[len + 1] = '\0';
        add_rows(in->rows, prefix, out);
    }
    if (section->special == POLICY_QUEUE)
        add_sets(kinds, CONFIG_QUEUE, out);
    if (section->special == POLICY_SCALE)
        add_sets(kinds, CONFIG_POLICY, out);
    if (section->special == POLICY_BUY)
        buf_add_c(out, "\n`offers` is a list; each entry is one provider with its settings.\n");
    if (section->special == POLICY_BUY)
        add_sets(kinds, CONFIG_PROVIDER, out);
}

static const char introduction[] =
    "# Policy files: all settings\n"
    "\n"
    "One file is one pool. This page is made from the tables by which the files are read.\n"
    "\n"
    "Quantities carry their units: durations `500ms`, `30s`, `5m`, `2h`, `1d`, `1h30m`; money\n"
    "`0.034 USD/h`; percentages `20%`; rates `100 slots / 1m`, `10 nodes / 1m`, `20% / 1m`.\n";

void policy_file_reference(const struct config_kinds *kinds, struct buf *out)
{
    buf_add_c(out, introduction);
    for (const struct section *s = policy_sections; s->key; s++)
        add_section(s, kinds, out);
}
