#include "knobs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "config/policy_sections.h"

/* ---- the numbers ------------------------------------------------------------------------------------ */

void *knob_target(struct pool_spec *spec, const struct knob *knob)
{
    return knob->entry < 0 ? (void *)spec : spec->scale.at[knob->entry].options;
}

static bool is_number(const struct option *row, const void *options)
{
    if (option_absent(row, options))
        return false;
    return row->type == OPTION_TYPE_INT || row->type == OPTION_TYPE_DURATION ||
           row->type == OPTION_TYPE_PERCENT || row->type == OPTION_TYPE_RATE;
}

static void add_knob(struct knobs *t, struct pool_spec *spec, const char *path,
                     const struct option *row, int entry)
{
    struct buf text = { 0 };
    struct knob knob = { .row = row, .entry = entry };
    void *options = knob_target(spec, &knob);
    if (t->len == KNOBS_MAX || !is_number(row, options))
        return;
    option_print(row, options, &text);
    str_copy_c(knob.path, sizeof(knob.path), path);
    bool fits = str_copy_c(knob.text, sizeof(knob.text), buf_text(&text));
    memcpy(knob.best, knob.text, sizeof(knob.best));
    if (fits && text.len > 0)
        t->at[t->len++] = knob;
    buf_release(&text);
}

static void add_policies(struct knobs *t, struct pool_spec *spec)
{
    for (size_t i = 0; i < spec->scale.len; i++) {
        const struct option_set *set = &spec->scale.at[i].policy->options;
        for (const struct option *row = set->rows; row && row->key; row++) {
            char path[96];
            /* How long a job takes is a fact of the work, no choice. */
            if (strcmp(row->key, "service") == 0)
                continue;
            snprintf(path, sizeof(path), "scale.%s.%s", set->name, row->key);
            add_knob(t, spec, path, row, (int)i);
        }
    }
}

static void add_section(struct knobs *t, struct pool_spec *spec, const char *parent,
                        const char *key)
{
    for (const struct section *s = policy_sections; s->key; s++) {
        const struct section *found = strcmp(s->key, parent) == 0 ? s : NULL;
        for (const struct section *in = found ? found->inside : NULL; key && in && in->key; in++) {
            if (strcmp(in->key, key) == 0)
                found = in;
        }
        for (const struct option *row = found ? found->rows : NULL; row && row->key; row++) {
            char path[96];
            snprintf(path, sizeof(path), "%s.%s%s%s", parent, key ? key : "", key ? "." : "",
                     row->key);
            /* How much there may be at most is the person's to say. */
            if (key || strcmp(row->key, "max") != 0)
                add_knob(t, spec, path, row, -1);
        }
    }
}

void knobs_find(struct knobs *ret, struct pool_spec *spec)
{
    ret->len = 0;
    add_policies(ret, spec);
    add_section(ret, spec, "pace", "in");
    add_section(ret, spec, "pace", "out");
    add_section(ret, spec, "slots", NULL);
}

/* ---- other values of a number ------------------------------------------------------------------------ */

static double scaled(double value, double factor, double step)
{
    double other = value * factor;
    if (factor > 1 && other < value + step)
        other = value + step;
    if (factor < 1 && other > value - step)
        other = value - step;
    return other;
}

static void print_duration(double ns, const struct option *row, char text[static 64])
{
    char words[UNITS_TEXT_MAX];
    double least = row->min > 0 ? (double)row->min : 0;
    double most = row->max > row->min ? (double)row->max : 3.15e16;
    double s = round(fmin(fmax(ns, least), most) / 1e9);
    if (s * 1e9 < least)
        s++;
    if (s > 300)
        s = round(s / 10) * 10;
    snprintf(text, 64, "%s", units_format_duration((int64_t)s * NS_PER_S, words));
}

static double in_range(double value, const struct option *row)
{
    if (row->min == 0 && row->max == 0)
        return fmax(value, 0);
    value = fmax(value, (double)row->min);
    return row->max >= row->min ? fmin(value, (double)row->max) : value;
}

static void print_rate(struct rate rate, double factor, char text[static 64])
{
    char words[UNITS_TEXT_MAX];
    if (rate.unit == RATE_PERCENT)
        rate.amount = fmin(fmax(round(rate.amount * factor * 100), 1), 100) / 100;
    else
        rate.amount = fmax(round(scaled(rate.amount, factor, 1)), 1);
    snprintf(text, 64, "%s", units_format_rate(&rate, words));
}

bool knob_other(const struct knob *knob, const void *options, double factor, char text[static 64])
{
    const struct option *row = knob->row;
    const char *field = (const char *)options + row->offset;
    const int64_t *whole = (const void *)field;
    const double *share = (const void *)field;
    const struct rate *rate = (const void *)field;
    if (row->type == OPTION_TYPE_RATE && rate->unit == RATE_NONE)
        return false;
    if (row->type == OPTION_TYPE_RATE)
        print_rate(*rate, factor, text);
    else if (row->type == OPTION_TYPE_DURATION)
        print_duration(scaled((double)*whole, factor, 15e9), row, text);
    else if (row->type == OPTION_TYPE_INT)
        snprintf(text, 64, "%.0f", in_range(round(scaled((double)*whole, factor, 1)), row));
    else
        snprintf(text, 64, "%.0f%%", in_range(round(scaled(*share * 100, factor, 1)), row));
    return strcmp(text, knob->best) != 0;
}
