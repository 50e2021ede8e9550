#include "config/policy_file.h"

#include <string.h>

#include "base/json.h"
#include "config/policy_sections.h"

#define NUMBER   "[0-9]+(\\.[0-9]+)?"
#define DURATION "(" NUMBER "(d|h|m|s|ms|us|ns))+"

/* ---- one setting ---- */

static void type_is(struct json_out *j, const char *type)
{
    json_str(j, "type", type);
}

static void pattern_is(struct json_out *j, const char *pattern)
{
    type_is(j, "string");
    json_str(j, "pattern", pattern);
}

static void whole_number(struct json_out *j, const struct option *row)
{
    type_is(j, "integer");
    if (row->min == 0 && row->max == 0)
        return;
    json_int(j, "minimum", row->min);
    if (row->max >= row->min)
        json_int(j, "maximum", row->max);
}

static void words_of(struct json_out *j, const char *const *words)
{
    json_open(j, "enum", '[');
    for (; *words; words++)
        json_str(j, NULL, *words);
    json_close(j, ']');
}

/* YAML makes numbers and truth values of texts that look like them; muster takes them as written. */
static void any_text(struct json_out *j)
{
    json_open(j, "type", '[');
    json_str(j, NULL, "string");
    json_str(j, NULL, "number");
    json_str(j, NULL, "boolean");
    json_close(j, ']');
}

static void list_or_one(struct json_out *j, const struct option *row)
{
    json_open(j, "anyOf", '[');
    for (int list = 0; list < 2; list++) {
        json_open(j, NULL, '{');
        if (list) {
            type_is(j, "array");
            json_open(j, "items", '{');
        }
        if (row->type == OPTION_TYPE_CHOICES)
            words_of(j, row->choices);
        else
            any_text(j);
        if (list)
            json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void bool_is(struct json_out *j)
{
    json_open(j, "enum", '[');
    json_bool(j, NULL, true);
    json_bool(j, NULL, false);
    json_str(j, NULL, "yes");
    json_str(j, NULL, "no");
    json_close(j, ']');
}

static void count_map(struct json_out *j, const struct option *row)
{
    type_is(j, "object");
    json_open(j, "additionalProperties", '{');
    whole_number(j, row);
    json_close(j, '}');
}

static void value_schema(struct json_out *j, const struct option *row)
{
    switch (row->type) {
    case OPTION_TYPE_INT:
        whole_number(j, row);
        break;
    case OPTION_TYPE_SLOTS:
        pattern_is(j, "^[0-9]+ *slots?$");
        break;
    case OPTION_TYPE_DURATION:
        pattern_is(j, row->max == UNITS_NEVER ? "^(never|" DURATION ")$" : "^" DURATION "$");
        break;
    case OPTION_TYPE_MONEY:
        pattern_is(j, row->min == -1 ? "^(none|" NUMBER " *USD(/h)?)$" : "^" NUMBER " *USD(/h)?$");
        break;
    case OPTION_TYPE_PERCENT:
        pattern_is(j, "^" NUMBER " *%$");
        break;
    case OPTION_TYPE_BOOL:
        bool_is(j);
        break;
    case OPTION_TYPE_STRING:
        any_text(j);
        break;
    case OPTION_TYPE_CHOICE:
        words_of(j, row->choices);
        break;
    case OPTION_TYPE_CHOICES:
    case OPTION_TYPE_STRINGS:
        list_or_one(j, row);
        break;
    case OPTION_TYPE_RATE:
        pattern_is(j, "^(unlimited|" NUMBER " *(%|slots?|nodes?) */ *" DURATION ")$");
        break;
    case OPTION_TYPE_CRON:
        pattern_is(j, "^\\s*\\S+(\\s+\\S+){4}\\s*$");
        break;
    case OPTION_TYPE_TIMEZONE:
        type_is(j, "string");
        break;
    case OPTION_TYPE_COUNTS:
        count_map(j, row);
        break;
    }
}

/* Lists and maps have theirs in the reference page alone. */
static void default_value(struct json_out *j, const struct option *row)
{
    int64_t number = 0;
    if (!row->fallback || row->type == OPTION_TYPE_COUNTS || row->type == OPTION_TYPE_STRINGS ||
        row->type == OPTION_TYPE_CHOICES)
        return;
    if (row->type == OPTION_TYPE_INT &&
        units_parse_int(str_from(row->fallback), &number, NULL) == 0)
        json_int(j, "default", number);
    else if (row->type == OPTION_TYPE_BOOL)
        json_bool(j, "default", row->fallback[0] == 'y' || row->fallback[0] == 't');
    else
        json_str(j, "default", row->fallback);
}

static void row_schema(struct json_out *j, const struct option *row)
{
    json_open(j, row->key, '{');
    if (row->help)
        json_str(j, "description", row->help);
    value_schema(j, row);
    default_value(j, row);
    json_close(j, '}');
}

/* ---- tables ---- */

static bool is_required(const struct option *row)
{
    return !row->fallback && !row->optional;
}

static bool any_required(const struct option *rows)
{
    for (const struct option *row = rows; row && row->key; row++) {
        if (is_required(row))
            return true;
    }
    return false;
}

static void one_word(struct json_out *j, const char *key, const char *word)
{
    json_open(j, key, '[');
    json_str(j, NULL, word);
    json_close(j, ']');
}

static void required_rows(struct json_out *j, const struct option *rows)
{
    if (!any_required(rows))
        return;
    json_open(j, "required", '[');
    for (const struct option *row = rows; row && row->key; row++) {
        if (is_required(row))
            json_str(j, NULL, row->key);
    }
    json_close(j, ']');
}

/* The object whose properties follow; object_close ends both. */
static void object_open(struct json_out *j, const struct option *rows)
{
    type_is(j, "object");
    json_bool(j, "additionalProperties", false);
    required_rows(j, rows);
    json_open(j, "properties", '{');
    for (const struct option *row = rows; row && row->key; row++)
        row_schema(j, row);
}

/* A set stands as a map, as the value of its shorthand, or as nothing when it needs nothing. */
static void set_schema(struct json_out *j, const struct option_set *set)
{
    const struct option *brief = set->shorthand ? option_find(set, str_from(set->shorthand)) : NULL;
    json_open(j, set->name, '{');
    if (set->help)
        json_str(j, "description", set->help);
    json_open(j, "anyOf", '[');
    json_open(j, NULL, '{');
    object_open(j, set->rows);
    json_close(j, '}');
    json_close(j, '}');
    if (brief) {
        json_open(j, NULL, '{');
        value_schema(j, brief);
        json_close(j, '}');
    }
    if (!any_required(set->rows)) {
        json_open(j, NULL, '{');
        type_is(j, "null");
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

/* A list of `- name: { ... }`, or `- name` alone. */
static void list_schema(struct json_out *j, const struct config_kinds *kinds, enum config_kind kind)
{
    const struct option_set *set;
    type_is(j, "array");
    json_int(j, "minItems", 1);
    json_open(j, "items", '{');
    json_open(j, "anyOf", '[');
    json_open(j, NULL, '{');
    json_int(j, "minProperties", 1);
    json_int(j, "maxProperties", 1);
    object_open(j, NULL);
    for (size_t i = 0; (set = config_kinds_at(kinds, kind, i)); i++)
        set_schema(j, set);
    json_close(j, '}');
    json_close(j, '}');
    json_open(j, NULL, '{');
    json_open(j, "enum", '[');
    for (size_t i = 0; (set = config_kinds_at(kinds, kind, i)); i++) {
        if (!any_required(set->rows))
            json_str(j, NULL, set->name);
    }
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, ']');
    json_close(j, '}');
}

/* ---- sections ---- */

static void section_object(struct json_out *j, const struct section *section)
{
    json_str(j, "description", section->help);
    object_open(j, section->rows);
    for (const struct section *in = section->inside; in && in->key; in++) {
        json_open(j, in->key, '{');
        section_object(j, in);
        json_close(j, '}');
        json_close(j, '}');
    }
}

/* Rows, and any of the sources of which exactly one must be there. */
static void queue_object(struct json_out *j, const struct section *section,
                         const struct config_kinds *kinds)
{
    const struct option_set *set;
    section_object(j, section);
    for (size_t i = 0; (set = config_kinds_at(kinds, CONFIG_QUEUE, i)); i++)
        set_schema(j, set);
    json_close(j, '}');
    json_open(j, "oneOf", '[');
    for (size_t i = 0; (set = config_kinds_at(kinds, CONFIG_QUEUE, i)); i++) {
        json_open(j, NULL, '{');
        one_word(j, "required", set->name);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void buy_object(struct json_out *j, const struct section *section,
                       const struct config_kinds *kinds)
{
    one_word(j, "required", "offers");
    section_object(j, section);
    json_open(j, "offers", '{');
    json_str(j, "description", "machines to choose from, each entry one provider");
    list_schema(j, kinds, CONFIG_PROVIDER);
    json_close(j, '}');
    json_close(j, '}');
}

static void section_schema(struct json_out *j, const struct section *section,
                           const struct config_kinds *kinds)
{
    json_open(j, section->key, '{');
    switch ((enum policy_special)section->special) {
    case POLICY_PLAIN:
        section_object(j, section);
        json_close(j, '}');
        break;
    case POLICY_NAME:
        json_str(j, "description", section->help);
        pattern_is(j, "^" POLICY_NAME_PATTERN "$");
        break;
    case POLICY_QUEUE:
        queue_object(j, section, kinds);
        break;
    case POLICY_SCALE:
        json_str(j, "description", section->help);
        list_schema(j, kinds, CONFIG_POLICY);
        break;
    case POLICY_BUY:
        buy_object(j, section, kinds);
        break;
    }
    json_close(j, '}');
}

static bool section_required(const struct section *section)
{
    return (section->special != POLICY_PLAIN && section->special != POLICY_NAME) ||
           any_required(section->rows);
}

void policy_file_schema(const struct config_kinds *kinds, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_str(&j, "title", "muster policy file: one pool");
    type_is(&j, "object");
    json_bool(&j, "additionalProperties", false);
    json_open(&j, "required", '[');
    for (const struct section *s = policy_sections; s->key; s++) {
        if (section_required(s))
            json_str(&j, NULL, s->key);
    }
    json_close(&j, ']');
    json_open(&j, "properties", '{');
    for (const struct section *s = policy_sections; s->key; s++)
        section_schema(&j, s, kinds);
    json_close(&j, '}');
    json_close(&j, '}');
    buf_add_char(out, '\n');
}
