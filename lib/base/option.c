#include "base/option.h"

#include <stdlib.h>
#include <string.h>

static void *field_of(const struct option *row, void *options)
{
    return (char *)options + row->offset;
}

void option_strings_release(struct option_strings *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct option_strings){ 0 };
}

void option_counts_release(struct option_counts *map)
{
    for (size_t i = 0; i < map->len; i++)
        free(map->at[i].name);
    free(map->at);
    *map = (struct option_counts){ 0 };
}

static const struct option no_rows[] = { { 0 } };

static const struct option *first_row(const struct option_set *set)
{
    return set->rows ? set->rows : no_rows;
}

int option_set_defaults(const struct option_set *set, void *options, struct error *err)
{
    if (set->size > 0)
        memset(options, 0, set->size);
    for (const struct option *row = first_row(set); row->key; row++) {
        int rc = row->fallback ? option_parse(row, options, str_from(row->fallback), err) : 0;
        if (rc < 0) {
            option_set_release(set, options);
            error_wrap(err, "default of %s.%s", set->name, row->key);
            return rc;
        }
    }
    return 0;
}

static void release_field(const struct option *row, void *options)
{
    if (row->type == OPTION_TYPE_STRING)
        free(*(char **)field_of(row, options));
    if (row->type == OPTION_TYPE_TIMEZONE)
        timezone_free(*(struct timezone **)field_of(row, options));
    if (row->type == OPTION_TYPE_STRINGS)
        option_strings_release(field_of(row, options));
    if (row->type == OPTION_TYPE_COUNTS)
        option_counts_release(field_of(row, options));
}

void option_set_release(const struct option_set *set, void *options)
{
    if (!options)
        return;
    for (const struct option *row = first_row(set); row->key; row++)
        release_field(row, options);
    if (set->size > 0)
        memset(options, 0, set->size);
}

static bool copy_strings(const struct option_strings *from, struct option_strings *to)
{
    to->at = from->len > 0 ? calloc(from->len, sizeof(*to->at)) : NULL;
    for (size_t i = 0; to->at && i < from->len; i++) {
        to->at[i] = str_dup(str_from(from->at[i]));
        if (!to->at[i])
            return false;
        to->len++;
    }
    return to->len == from->len;
}

static bool copy_counts(const struct option_counts *from, struct option_counts *to)
{
    to->at = from->len > 0 ? calloc(from->len, sizeof(*to->at)) : NULL;
    for (size_t i = 0; to->at && i < from->len; i++) {
        to->at[i] = (struct option_count){ str_dup(str_from(from->at[i].name)), from->at[i].value };
        if (!to->at[i].name)
            return false;
        to->len++;
    }
    return to->len == from->len;
}

/* What the field owns; the rest of it is there already. */
static int copy_field(const struct option *row, const void *from, void *to, struct error *err)
{
    const void *source = (const char *)from + row->offset;
    void *copy = field_of(row, to);
    bool good = true;
    if (row->type == OPTION_TYPE_STRING && *(char *const *)source) {
        *(char **)copy = str_dup(str_from(*(char *const *)source));
        good = *(char **)copy != NULL;
    }
    if (row->type == OPTION_TYPE_TIMEZONE && *(struct timezone *const *)source)
        return timezone_load(str_from(timezone_name(*(struct timezone *const *)source)), copy, err);
    if (row->type == OPTION_TYPE_STRINGS)
        good = copy_strings(source, copy);
    if (row->type == OPTION_TYPE_COUNTS)
        good = copy_counts(source, copy);
    return good ? 0 : error_nomem(err);
}

static void disown_field(const struct option *row, void *options)
{
    if (row->type == OPTION_TYPE_STRING)
        *(char **)field_of(row, options) = NULL;
    if (row->type == OPTION_TYPE_TIMEZONE)
        *(struct timezone **)field_of(row, options) = NULL;
    if (row->type == OPTION_TYPE_STRINGS)
        *(struct option_strings *)field_of(row, options) = (struct option_strings){ 0 };
    if (row->type == OPTION_TYPE_COUNTS)
        *(struct option_counts *)field_of(row, options) = (struct option_counts){ 0 };
}

int option_set_copy(const struct option_set *set, const void *from, void *to, struct error *err)
{
    if (set->size > 0)
        memcpy(to, from, set->size);
    for (const struct option *row = first_row(set); row->key; row++)
        disown_field(row, to);
    for (const struct option *row = first_row(set); row->key; row++) {
        int rc = copy_field(row, from, to, err);
        if (rc < 0) {
            option_set_release(set, to);
            return rc;
        }
    }
    return 0;
}

const struct option *option_find(const struct option_set *set, struct str key)
{
    for (const struct option *row = first_row(set); row->key; row++) {
        if (str_eq_c(key, row->key))
            return row;
    }
    return NULL;
}

void option_choice_release(struct option_choice *choice)
{
    if (!choice)
        return;
    if (choice->set)
        option_set_release(choice->set, choice->options);
    free(choice->options);
    *choice = (struct option_choice){ 0 };
}
