#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(const struct option *row, void *options)
{
    return (char *)options + row->offset;
}

static int put_int(const struct option *row, void *options, int64_t value)
{
    *(int64_t *)field_of(row, options) = value;
    return 0;
}

/* ---- ranges ---- */

static bool has_range(const struct option *row)
{
    return row->min != 0 || row->max != 0;
}

/* Only a least value given: max stays at 0, below min. */
static int64_t upper_bound(const struct option *row)
{
    return row->max < row->min ? INT64_MAX : row->max;
}

static int check_int(const struct option *row, int64_t value, struct error *err)
{
    if (!has_range(row) || (value >= row->min && value <= upper_bound(row)))
        return 0;
    if (value < row->min)
        return error_set(err, MUSTER_E_RANGE, "%lld is too small: at least %lld", (long long)value,
                         (long long)row->min);
    return error_set(err, MUSTER_E_RANGE, "%lld is too large: at most %lld", (long long)value,
                     (long long)row->max);
}

static int check_duration(const struct option *row, int64_t ns, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    if (ns == UNITS_NEVER && row->max != UNITS_NEVER)
        return error_set(err, MUSTER_E_RANGE, "'never' is not possible here");
    if (!has_range(row) || (ns >= row->min && ns <= upper_bound(row)))
        return 0;
    if (ns < row->min)
        return error_set(err, MUSTER_E_RANGE, "too short: at least %s",
                         units_format_duration(row->min, text));
    return error_set(err, MUSTER_E_RANGE, "too long: at most %s",
                     units_format_duration(row->max, text));
}

static int check_money(const struct option *row, int64_t usd_micro, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    int64_t least = row->min > 0 ? row->min : 0;
    if (!has_range(row) || (usd_micro >= least && usd_micro <= row->max) ||
        (usd_micro >= least && row->max <= 0))
        return 0;
    if (usd_micro < least)
        return error_set(err, MUSTER_E_RANGE, "too little: at least %s",
                         units_format_price(least, text));
    return error_set(err, MUSTER_E_RANGE, "too much: at most %s",
                     units_format_price(row->max, text));
}

static int check_percent(const struct option *row, double fraction, struct error *err)
{
    double percent = fraction * 100;
    if (!has_range(row) || (percent >= (double)row->min && percent <= (double)upper_bound(row)))
        return 0;
    return error_set(err, MUSTER_E_RANGE, "outside %lld%% to %lld%%", (long long)row->min,
                     (long long)row->max);
}

/* ---- one scalar of each type ---- */

static int parse_int(const struct option *row, void *options, struct str text, struct error *err)
{
    int64_t value = 0;
    int rc = units_parse_int(text, &value, err);
    if (rc == 0)
        rc = check_int(row, value, err);
    return rc < 0 ? rc : put_int(row, options, value);
}

/* "8 slots": the word says that it is no number of nodes. */
static int parse_slots(const struct option *row, void *options, struct str text, struct error *err)
{
    struct str number = text;
    bool unit = false;
    static const char *const words[] = { "slots", "slot" };
    for (size_t i = 0; i < 2 && !unit; i++) {
        size_t n = strlen(words[i]);
        unit = number.len > n && memcmp(number.ptr + number.len - n, words[i], n) == 0;
        if (unit)
            number = str_trim((struct str){ number.ptr, number.len - n });
    }
    if (!unit)
        return error_set(err, MUSTER_E_INVALID,
                         "'%.*s' is not a number of slots: write it like 8 slots", (int)text.len,
                         text.ptr);
    return parse_int(row, options, number, err);
}

static int parse_duration(const struct option *row, void *options, struct str text,
                          struct error *err)
{
    int64_t ns = 0;
    int rc = units_parse_duration(text, &ns, err);
    if (rc == 0)
        rc = check_duration(row, ns, err);
    return rc < 0 ? rc : put_int(row, options, ns);
}

static int parse_money(const struct option *row, void *options, struct str text, struct error *err)
{
    int64_t usd_micro = -1;
    if (row->min == -1 && str_eq_c(text, "none"))
        return put_int(row, options, usd_micro);
    int rc = units_parse_money(text, &usd_micro, err);
    if (rc == 0)
        rc = check_money(row, usd_micro, err);
    return rc < 0 ? rc : put_int(row, options, usd_micro);
}

static int parse_percent(const struct option *row, void *options, struct str text,
                         struct error *err)
{
    double fraction = 0;
    int rc = units_parse_percent(text, &fraction, err);
    if (rc == 0)
        rc = check_percent(row, fraction, err);
    if (rc == 0)
        *(double *)field_of(row, options) = fraction;
    return rc;
}

static int parse_bool(const struct option *row, void *options, struct str text, struct error *err)
{
    bool yes = str_eq_c(text, "yes") || str_eq_c(text, "true");
    if (!yes && !str_eq_c(text, "no") && !str_eq_c(text, "false"))
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is neither yes nor no", (int)text.len,
                         text.ptr);
    *(bool *)field_of(row, options) = yes;
    return 0;
}

/* Kept texts are C strings: a NUL inside would silently cut them short. */
static int copy_text(struct str text, char **ret, struct error *err)
{
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return error_set(err, MUSTER_E_INVALID, "a NUL byte in a text");
    char *copy = str_dup(text);
    if (!copy)
        return error_nomem(err);
    *ret = copy;
    return 0;
}

static int parse_string(const struct option *row, void *options, struct str text, struct error *err)
{
    char **field = field_of(row, options);
    char *copy = NULL;
    int rc = copy_text(text, &copy, err);
    if (rc < 0)
        return rc;
    free(*field);
    *field = copy;
    return 0;
}

static int bad_choice(const struct option *row, struct str text, struct error *err)
{
    char word[64];
    char listed[256] = "";
    size_t count = 0;
    for (; row->choices[count]; count++) {
        size_t used = strlen(listed);
        snprintf(listed + used, sizeof(listed) - used, "%s%s", count > 0 ? ", " : "",
                 row->choices[count]);
    }
    str_copy(word, sizeof(word), text);
    const char *near = str_nearest(word, row->choices, count);
    return error_set(err, MUSTER_E_INVALID, "'%.*s' is none of %s%s%s%s", (int)text.len, text.ptr,
                     listed, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int find_choice(const struct option *row, struct str text, int *ret, struct error *err)
{
    for (int i = 0; row->choices[i]; i++) {
        if (str_eq_c(text, row->choices[i])) {
            *ret = i;
            return 0;
        }
    }
    return bad_choice(row, text, err);
}

static int parse_timezone(const struct option *row, void *options, struct str text,
                          struct error *err)
{
    struct timezone **field = field_of(row, options);
    struct timezone *zone = NULL;
    int rc = timezone_load(text, &zone, err);
    if (rc < 0)
        return rc;
    timezone_free(*field);
    *field = zone;
    return 0;
}

/* ---- lists and maps ---- */

static int add_string(struct option_strings *list, struct str item, struct error *err)
{
    char *copy = NULL;
    int rc = copy_text(item, &copy, err);
    if (rc < 0)
        return rc;
    char **grown = realloc(list->at, (list->len + 1) * sizeof(*grown));
    if (!grown) {
        free(copy);
        return error_nomem(err);
    }
    list->at = grown;
    list->at[list->len++] = copy;
    return 0;
}

static int add_count(const struct option *row, struct option_counts *map, struct str name,
                     struct str value, struct error *err)
{
    struct option_count count = { 0 };
    int rc = units_parse_int(value, &count.value, err);
    if (rc == 0)
        rc = check_int(row, count.value, err);
    for (size_t i = 0; rc == 0 && i < map->len; i++) {
        if (str_eq_c(name, map->at[i].name))
            rc = error_set(err, MUSTER_E_INVALID, "'%.*s' stands there twice", (int)name.len,
                           name.ptr);
    }
    if (rc == 0)
        rc = copy_text(name, &count.name, err);
    if (rc < 0)
        return rc;
    struct option_count *grown = realloc(map->at, (map->len + 1) * sizeof(*grown));
    if (!grown) {
        free(count.name);
        return error_nomem(err);
    }
    map->at = grown;
    map->at[map->len++] = count;
    return 0;
}

/* The text between the brackets; false when it does not stand in them. */
static bool inside(struct str text, char open, char close, struct str *ret)
{
    if (text.len < 2 || text.ptr[0] != open || text.ptr[text.len - 1] != close)
        return false;
    *ret = str_trim((struct str){ text.ptr + 1, text.len - 2 });
    return true;
}

/* Cuts the part before the next comma off the front of *rest. */
static struct str next_part(struct str *rest)
{
    const char *comma = memchr(rest->ptr, ',', rest->len);
    size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
    struct str part = { rest->ptr, len };
    size_t gone = comma ? len + 1 : len;
    rest->ptr += gone;
    rest->len -= gone;
    return str_trim(part);
}

static int parse_strings(const struct option *row, void *options, struct str text,
                         struct error *err)
{
    struct option_strings *field = field_of(row, options);
    struct option_strings list = { 0 };
    struct str rest;
    int rc = 0;
    if (!inside(text, '[', ']', &rest))
        rc = add_string(&list, text, err);
    else
        while (rc == 0 && rest.len > 0)
            rc = add_string(&list, next_part(&rest), err);
    if (rc < 0) {
        option_strings_release(&list);
        return rc;
    }
    option_strings_release(field);
    *field = list;
    return 0;
}

/* Into an array of row->max ints, ended by -1 unless it is full. */
static int add_choice(const struct option *row, int *list, struct str item, struct error *err)
{
    int choice = -1;
    int64_t len = 0;
    int rc = find_choice(row, item, &choice, err);
    if (rc < 0)
        return rc;
    for (; len < row->max && list[len] >= 0; len++) {
        if (list[len] == choice)
            return error_set(err, MUSTER_E_INVALID, "'%.*s' stands there twice", (int)item.len,
                             item.ptr);
    }
    if (len == row->max)
        return error_set(err, MUSTER_E_RANGE, "more than %lld", (long long)row->max);
    list[len] = choice;
    if (len + 1 < row->max)
        list[len + 1] = -1;
    return 0;
}

#define CHOICES_MAX 32

static int parse_choices(const struct option *row, void *options, struct str text,
                         struct error *err)
{
    int list[CHOICES_MAX] = { -1 };
    struct str rest;
    int rc = row->max <= CHOICES_MAX
                 ? 0
                 : error_set(err, MUSTER_E_RANGE, "'%s' has room for too many", row->key);
    if (rc == 0 && !inside(text, '[', ']', &rest))
        rc = add_choice(row, list, text, err);
    else
        while (rc == 0 && rest.len > 0)
            rc = add_choice(row, list, next_part(&rest), err);
    if (rc == 0)
        memcpy(field_of(row, options), list, (size_t)row->max * sizeof(int));
    return rc;
}

static int parse_counts(const struct option *row, void *options, struct str text, struct error *err)
{
    struct option_counts *field = field_of(row, options);
    struct option_counts map = { 0 };
    struct str rest;
    if (!inside(text, '{', '}', &rest))
        return error_set(err, MUSTER_E_INVALID,
                         "'%.*s' is not a map of names to numbers: write { name: 4 }",
                         (int)text.len, text.ptr);
    int rc = 0;
    while (rc == 0 && rest.len > 0) {
        struct str part = next_part(&rest);
        const char *colon = memchr(part.ptr, ':', part.len);
        size_t len = colon ? (size_t)(colon - part.ptr) : part.len;
        size_t skip = colon ? len + 1 : len;
        rc = add_count(row, &map, str_trim((struct str){ part.ptr, len }),
                       (struct str){ part.ptr + skip, part.len - skip }, err);
    }
    if (rc < 0) {
        option_counts_release(&map);
        return rc;
    }
    option_counts_release(field);
    *field = map;
    return 0;
}

/* ---- the interface ---- */

int option_parse(const struct option *row, void *options, struct str text, struct error *err)
{
    struct str trimmed = str_trim(text);
    switch (row->type) {
    case OPTION_TYPE_INT:
        return parse_int(row, options, trimmed, err);
    case OPTION_TYPE_SLOTS:
        return parse_slots(row, options, trimmed, err);
    case OPTION_TYPE_DURATION:
        return parse_duration(row, options, trimmed, err);
    case OPTION_TYPE_MONEY:
        return parse_money(row, options, trimmed, err);
    case OPTION_TYPE_PERCENT:
        return parse_percent(row, options, trimmed, err);
    case OPTION_TYPE_BOOL:
        return parse_bool(row, options, trimmed, err);
    case OPTION_TYPE_STRING:
        return parse_string(row, options, text, err);
    case OPTION_TYPE_CHOICE:
        return find_choice(row, trimmed, field_of(row, options), err);
    case OPTION_TYPE_CHOICES:
        return parse_choices(row, options, trimmed, err);
    case OPTION_TYPE_RATE:
        return units_parse_rate(trimmed, field_of(row, options), err);
    case OPTION_TYPE_CRON:
        return cron_parse(trimmed, field_of(row, options), err);
    case OPTION_TYPE_TIMEZONE:
        return parse_timezone(row, options, trimmed, err);
    case OPTION_TYPE_STRINGS:
        return parse_strings(row, options, text, err);
    case OPTION_TYPE_COUNTS:
        return parse_counts(row, options, trimmed, err);
    }
    return error_set(err, MUSTER_E_INVALID, "setting '%s' is of no known type", row->key);
}

int option_add_string(const struct option *row, void *options, struct str item, struct error *err)
{
    if (row->type == OPTION_TYPE_CHOICES)
        return add_choice(row, field_of(row, options), item, err);
    return add_string(field_of(row, options), item, err);
}

int option_add_count(const struct option *row, void *options, struct str name, struct str value,
                     struct error *err)
{
    return add_count(row, field_of(row, options), name, value, err);
}
