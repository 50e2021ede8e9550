#include "config/policy_file.h"

#include <stdio.h>
#include <string.h>

#include "config/policy_sections.h"

/* Comments stand here, or behind what is longer. */
#define COMMENT_COLUMN 40

/* One line: indentation, "key: value", and the help behind it. */
static void print_line(struct buf *out, int indent, const char *key, const char *value,
                       const char *help)
{
    struct buf line = { 0 };
    buf_addf(&line, "%*s%s:%s%s", indent, "", key, value[0] ? " " : "", value);
    buf_add_str(out, buf_str(&line));
    if (help) {
        int width = line.len < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - line.len) : 1;
        buf_addf(out, "%*s# %s", width, "", help);
    }
    buf_add_char(out, '\n');
    if (buf_failed(&line))
        out->failed = buf_failed(&line);
    buf_release(&line);
}

static void print_row(struct buf *out, int indent, const struct option *row, const void *target)
{
    struct buf value = { 0 };
    if (option_absent(row, target))
        buf_addf(out, "%*s# %s: not set%s%s\n", indent, "", row->key, row->help ? "; " : "",
                 row->help ? row->help : "");
    else
        option_print(row, target, &value);
    if (value.len > 0)
        print_line(out, indent, row->key, buf_text(&value), row->help);
    if (buf_failed(&value))
        out->failed = buf_failed(&value);
    buf_release(&value);
}

static bool all_absent(const struct option *rows, const void *target)
{
    for (const struct option *row = rows; row && row->key; row++) {
        if (!option_absent(row, target))
            return false;
    }
    return true;
}

static void print_rows(struct buf *out, int indent, const struct option *rows, const void *target)
{
    for (const struct option *row = rows; row && row->key; row++)
        print_row(out, indent, row, target);
}

/* `before` is what leads to the name: spaces, or spaces and "- ". */
static void print_set(struct buf *out, const char *before, int indent, const struct option_set *set,
                      const void *options)
{
    bool empty = all_absent(set->rows, options);
    buf_addf(out, "%s%s:%s\n", before, set->name, empty ? " {}" : "");
    print_rows(out, indent, set->rows, options);
}

static void print_special(struct buf *out, const struct section *section,
                          const struct pool_spec *spec)
{
    switch ((enum policy_special)section->special) {
    case POLICY_QUEUE:
        if (spec->queue.set)
            print_set(out, "  ", 4, spec->queue.set, spec->queue.options);
        break;
    case POLICY_SCALE:
        for (size_t i = 0; i < spec->scale.len; i++) {
            const struct scale_entry *entry = &spec->scale.at[i];
            print_set(out, "  - ", 6, &entry->policy->options, entry->options);
        }
        break;
    case POLICY_BUY:
        buf_add_c(out, "  offers:\n");
        for (size_t i = 0; i < spec->offer_entries.len; i++) {
            const struct option_choice *entry = &spec->offer_entries.at[i];
            print_set(out, "    - ", 8, entry->set, entry->options);
        }
        break;
    case POLICY_PLAIN:
    case POLICY_NAME:
        break;
    }
}

static void print_section(struct buf *out, const struct section *section,
                          const struct pool_spec *spec)
{
    bool special = section->special != POLICY_PLAIN;
    buf_add_char(out, '\n');
    /* A section without a value would be no map. */
    if (!special && !section->inside && all_absent(section->rows, spec)) {
        buf_addf(out, "# %s: not set; %s\n", section->key, section->help);
        return;
    }
    print_line(out, 0, section->key, "", section->help);
    for (const struct section *in = section->inside; in && in->key; in++) {
        print_line(out, 2, in->key, "", in->help);
        print_rows(out, 4, in->rows, spec);
    }
    /* The source comes first: it is what the reader looks for. */
    if (section->special != POLICY_BUY)
        print_special(out, section, spec);
    print_rows(out, 2, section->rows, spec);
    if (section->special == POLICY_BUY)
        print_special(out, section, spec);
}

void policy_file_print(const struct pool_spec *spec, struct buf *out)
{
    for (const struct section *s = policy_sections; s->key; s++) {
        if (s->special == POLICY_NAME)
            print_line(out, 0, s->key, spec->name, NULL);
        else
            print_section(out, s, spec);
    }
}
