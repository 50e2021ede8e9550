#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_path(char path[static READER_PATH_MAX], const char *parent, const char *key)
{
    const char *dot = parent[0] && key[0] ? "." : "";
    /* Longer than any real one: cut short, it is for messages only. */
    if (snprintf(path, READER_PATH_MAX, "%s%s%s", parent, dot, key) < 0)
        path[0] = '\0';
}

void reader_error(struct reader *r, const struct yaml_node *at, const char *format, ...)
{
    char text[ERROR_TEXT_MAX + READER_PATH_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    problems_add(r->problems, SEVERITY_ERROR, at ? at->line : 0, at ? at->column : 0,
                 at ? at->width : 1, "%s", n < 0 ? "" : text);
}

/* What an option table says about a value: a mistake of the file, or no memory. */
static void report(struct reader *r, const struct yaml_node *at, const char *path, int rc,
                   const struct error *err)
{
    if (rc == MUSTER_E_NOMEM)
        r->nomem = true;
    else if (rc < 0)
        reader_error(r, at, "%s: %s", path, err->text);
}

/* ---- unknown keys ---- */

void reader_word(struct reader_words *words, const char *word)
{
    if (words->len < sizeof(words->at) / sizeof(words->at[0]))
        words->at[words->len++] = word;
}

void reader_join(const struct reader_words *words, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < words->len; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", words->at[i]);
    }
}

void reader_unknown(struct reader *r, const struct yaml_node *key, const char *parent,
                    const char *what, const struct reader_words *words)
{
    char path[READER_PATH_MAX];
    char possible[256];
    reader_path(path, parent, key->text);
    const char *near = str_nearest(key->text, words->at, words->len);
    if (near) {
        reader_error(r, key, "%s: no such %s; did you mean '%s'?", path, what, near);
        return;
    }
    reader_join(words, possible, sizeof(possible));
    reader_error(r, key, "%s: no such %s; possible here: %s", path, what,
                 words->len > 0 ? possible : "none");
}

/* ---- values ---- */

static const char *kind_word(const struct yaml_node *node)
{
    return node->kind == YAML_MAP ? "a map" : node->kind == YAML_LIST ? "a list" : "a single value";
}

static struct str scalar_text(const struct yaml_node *node)
{
    return (struct str){ node->text, node->len };
}

static bool want_scalar(struct reader *r, const char *path, const struct yaml_node *node)
{
    if (node->kind != YAML_SCALAR)
        reader_error(r, node, "%s: a single value belongs here, not %s", path, kind_word(node));
    else if (yaml_is_empty(node))
        reader_error(r, node, "%s: no value", path);
    else
        return true;
    return false;
}

static void read_list(struct reader *r, const struct option *row, const char *path,
                      const struct yaml_node *node, void *target)
{
    struct error err = { 0 };
    int rc = option_parse(row, target, STR("[]"), &err);
    if (rc < 0)
        report(r, node, path, rc, &err);
    size_t count = node->kind == YAML_LIST ? node->items.len : 1;
    for (size_t i = 0; i < count && !r->nomem; i++) {
        const struct yaml_node *item = node->kind == YAML_LIST ? node->items.at[i] : node;
        if (!want_scalar(r, path, item))
            continue;
        rc = option_add_string(row, target, scalar_text(item), &err);
        report(r, item, path, rc, &err);
    }
}

static void read_counts(struct reader *r, const struct option *row, const char *path,
                        const struct yaml_node *node, void *target)
{
    struct error err = { 0 };
    if (node->kind != YAML_MAP) {
        reader_error(r, node, "%s: a map of names to numbers belongs here, like { name: 4 }", path);
        return;
    }
    int rc = option_parse(row, target, STR("{}"), &err);
    report(r, node, path, rc, &err);
    for (size_t i = 0; i < node->items.len && !r->nomem; i++) {
        const struct yaml_node *name = node->keys.at[i];
        const struct yaml_node *value = node->items.at[i];
        char inner[READER_PATH_MAX];
        reader_path(inner, path, name->text);
        if (!want_scalar(r, inner, value))
            continue;
        rc = option_add_count(row, target, scalar_text(name), scalar_text(value), &err);
        report(r, value, inner, rc, &err);
    }
}

void reader_value(struct reader *r, const struct option *row, const char *path,
                  const struct yaml_node *node, void *target)
{
    bool list = row->type == OPTION_TYPE_STRINGS || row->type == OPTION_TYPE_CHOICES;
    struct error err = { 0 };
    if (r->nomem)
        return;
    if (list && node->kind != YAML_MAP) {
        read_list(r, row, path, node, target);
    } else if (row->type == OPTION_TYPE_COUNTS) {
        read_counts(r, row, path, node, target);
    } else if (want_scalar(r, path, node)) {
        int rc = option_parse(row, target, scalar_text(node), &err);
        report(r, node, path, rc, &err);
    }
}

bool reader_defaults(struct reader *r, const struct option *rows, void *target)
{
    struct error err = { 0 };
    int rc = 0;
    for (const struct option *row = rows; rc == 0 && row && row->key; row++) {
        if (row->fallback)
            rc = option_parse(row, target, str_from(row->fallback), &err);
        if (rc < 0)
            report(r, NULL, row->key, rc, &err);
    }
    return rc == 0;
}

/* ---- tables ---- */

static const struct option *find_row(const struct option *rows, const char *key)
{
    for (const struct option *row = rows; row && row->key; row++) {
        if (strcmp(row->key, key) == 0)
            return row;
    }
    return NULL;
}

static const struct section *find_section(const struct section *sections, const char *key)
{
    for (const struct section *s = sections; s && s->key; s++) {
        if (strcmp(s->key, key) == 0)
            return s;
    }
    return NULL;
}

static void read_rows(struct reader *r, const struct option *rows, const char *parent,
                      const struct yaml_node *map, void *target)
{
    for (size_t i = 0; map && i < map->keys.len; i++) {
        const struct option *row = find_row(rows, map->keys.at[i]->text);
        char path[READER_PATH_MAX];
        if (!row)
            continue;
        reader_path(path, parent, row->key);
        reader_value(r, row, path, map->items.at[i], target);
    }
}

static void want_rows(struct reader *r, const struct option *rows, const char *parent,
                      const struct yaml_node *at, const struct yaml_node *map)
{
    for (const struct option *row = rows; row && row->key; row++) {
        char path[READER_PATH_MAX];
        if (row->fallback || row->optional || yaml_get_key(map, row->key))
            continue;
        reader_path(path, parent, row->key);
        reader_error(r, at, "%s is missing%s%s%s", path, row->help ? " (" : "",
                     row->help ? row->help : "", row->help ? ")" : "");
    }
}

static bool is_word(const struct reader_words *words, const char *text)
{
    for (size_t i = 0; words && i < words->len; i++) {
        if (strcmp(words->at[i], text) == 0)
            return true;
    }
    return false;
}

static void refuse_unknown_keys(struct reader *r, const struct option *rows,
                                const struct section *inside, const struct reader_words *others,
                                const char *parent, const struct yaml_node *map)
{
    struct reader_words words = { 0 };
    for (const struct option *row = rows; row && row->key; row++)
        reader_word(&words, row->key);
    for (const struct section *s = inside; s && s->key; s++)
        reader_word(&words, s->key);
    for (size_t i = 0; others && i < others->len; i++)
        reader_word(&words, others->at[i]);
    for (size_t i = 0; map && i < map->keys.len; i++) {
        const struct yaml_node *key = map->keys.at[i];
        if (!find_row(rows, key->text) && !find_section(inside, key->text) &&
            !is_word(others, key->text))
            reader_unknown(r, key, parent, "setting", &words);
    }
}

/* The node as a map: NULL for nothing written, and (told) for something else. */
static const struct yaml_node *as_map(struct reader *r, const char *path,
                                      const struct yaml_node *node, bool *ok)
{
    *ok = true;
    if (!node || yaml_is_empty(node))
        return NULL;
    if (node->kind == YAML_MAP)
        return node;
    *ok = false;
    reader_error(r, node, "%s%ssettings belong here, like { name: value }, not %s", path,
                 path[0] ? ": " : "", kind_word(node));
    return NULL;
}

void reader_section(struct reader *r, const struct section *section, const char *parent,
                    const struct yaml_node *key, const struct yaml_node *node, void *target,
                    const struct reader_words *others)
{
    char path[READER_PATH_MAX];
    bool ok;
    reader_path(path, parent, section->key);
    const struct yaml_node *map = as_map(r, path, node, &ok);
    if (!ok)
        return;
    refuse_unknown_keys(r, section->rows, section->inside, others, path, map);
    read_rows(r, section->rows, path, map, target);
    want_rows(r, section->rows, path, key, map);
    for (const struct section *s = section->inside; s && s->key; s++) {
        const struct yaml_node *inner_key = yaml_get_key(map, s->key);
        reader_section(r, s, path, inner_key ? inner_key : key, yaml_get(map, s->key), target,
                       NULL);
    }
}

/* ---- sets ---- */

static void read_shorthand(struct reader *r, const struct option_set *set, const char *path,
                           const struct yaml_node *key, const struct yaml_node *node, void *options)
{
    const struct option *row = option_find(set, str_from(set->shorthand));
    reader_value(r, row, path, node, options);
    for (const struct option *other = set->rows; other->key; other++) {
        if (other != row && !other->fallback && !other->optional)
            reader_error(r, key, "%s.%s is missing (%s)", path, other->key,
                         other->help ? other->help : "required");
    }
}

static void check_set(struct reader *r, const struct option_set *set, const char *path,
                      const struct yaml_node *key, const struct yaml_node *map, const void *options)
{
    const char *wrong = NULL;
    struct error err = { 0 };
    int rc = set->check ? set->check(options, &wrong, &err) : 0;
    if (rc == 0)
        return;
    const struct yaml_node *at = wrong ? yaml_get(map, wrong) : NULL;
    char inner[READER_PATH_MAX];
    reader_path(inner, path, wrong ? wrong : "");
    report(r, at ? at : key, inner, rc, &err);
}

static void read_set(struct reader *r, const struct option_set *set, const char *path,
                     const struct yaml_node *key, const struct yaml_node *node, void *options)
{
    bool ok = true;
    size_t errors_before = r->problems->errors;
    bool short_form = node && set->shorthand && node->kind != YAML_MAP && !yaml_is_empty(node);
    const struct yaml_node *map = short_form ? NULL : as_map(r, path, node, &ok);
    if (short_form) {
        read_shorthand(r, set, path, key, node, options);
    } else if (ok) {
        refuse_unknown_keys(r, set->rows, NULL, NULL, path, map);
        read_rows(r, set->rows, path, map, options);
        want_rows(r, set->rows, path, key, map);
    }
    if (!r->nomem && r->problems->errors == errors_before)
        check_set(r, set, path, key, map, options);
}

bool reader_set(struct reader *r, const struct option_set *set, const char *parent,
                const struct yaml_node *key, const struct yaml_node *node, void **ret_options)
{
    char path[READER_PATH_MAX];
    struct error err = { 0 };
    size_t errors_before = r->problems->errors;
    /* One byte more, so that a set without settings has options that are not NULL. */
    void *options = calloc(1, set->size + 1);
    int rc = options ? option_set_defaults(set, options, &err) : error_nomem(&err);
    reader_path(path, parent, set->name);
    report(r, key, path, rc, &err);
    if (rc == 0)
        read_set(r, set, path, key, node, options);
    if (rc == 0 && !r->nomem && r->problems->errors == errors_before) {
        *ret_options = options;
        return true;
    }
    option_set_release(set, options);
    free(options);
    *ret_options = NULL;
    return false;
}

bool reader_entry(struct reader *r, const char *parent, const struct yaml_node *item,
                  const char *what, const struct yaml_node **ret_key,
                  const struct yaml_node **ret_value)
{
    if (item->kind == YAML_SCALAR && !yaml_is_empty(item)) {
        *ret_key = item;
        *ret_value = NULL;
        return true;
    }
    if (item->kind != YAML_MAP || item->keys.len == 0) {
        reader_error(r, item, "%s: each entry is one %s with its settings, like - name: { ... }",
                     parent, what);
        return false;
    }
    if (item->keys.len > 1) {
        reader_error(r, item->keys.at[1],
                     "%s: '%s' belongs to the same entry as '%s': one %s each; put '- ' before it, "
                     "or indent it if it is a setting of '%s'",
                     parent, item->keys.at[1]->text, item->keys.at[0]->text, what,
                     item->keys.at[0]->text);
        return false;
    }
    *ret_key = item->keys.at[0];
    *ret_value = item->items.at[0];
    return true;
}
