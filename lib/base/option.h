/*
 * Option tables: one row per setting. The same row parses the setting, gives its default and range,
 * its line in --print-effective, its entry in the JSON Schema and in the reference page.
 *
 *     struct backlog_options { int64_t per_slot; };
 *     static const struct option backlog_rows[] = {
 *         OPTION_INT(struct backlog_options, per_slot, "per_slot", .fallback = "1", .min = 1, .max = 1000000,
 *                    .help = "jobs (waiting and running) one slot should have"),
 *         { 0 },
 *     };
 *
 * A field of the wrong C type does not compile. A row without a fallback is required. A set is
 * filled by option_set_defaults, then by a reader (lib/config) one setting at a time, and given back
 * with option_set_release, which frees whatever the rows own.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cron.h"
#include "base/error.h"
#include "base/str.h"
#include "base/timezone.h"
#include "base/units.h"

enum option_type {
    OPTION_TYPE_INT,      /* int64_t: a bare whole number, [min, max] */
    OPTION_TYPE_SLOTS,    /* int64_t: "8 slots", [min, max] */
    OPTION_TYPE_DURATION, /* int64_t ns, [min, max]; "never" where max is UNITS_NEVER */
    OPTION_TYPE_MONEY,    /* int64_t micro-dollars per hour; "none" gives -1 where min is -1 */
    OPTION_TYPE_PERCENT,  /* double fraction; min, max in percent */
    OPTION_TYPE_BOOL,     /* bool: yes | no | true | false */
    OPTION_TYPE_STRING,   /* char *, owned */
    OPTION_TYPE_CHOICE,   /* int or an enum: index into choices */
    OPTION_TYPE_CHOICES,  /* int[]: distinct indexes into choices; -1 ends unless full */
    OPTION_TYPE_RATE,     /* struct rate */
    OPTION_TYPE_CRON,     /* struct cron */
    OPTION_TYPE_TIMEZONE, /* struct timezone *, owned */
    OPTION_TYPE_STRINGS,  /* struct option_strings, owned: a list, or one scalar */
    OPTION_TYPE_COUNTS,   /* struct option_counts, owned: a map of names to whole numbers */
};

struct option_strings {
    char **at;
    size_t len;
};

struct option_count {
    char *name;
    int64_t value;
};

struct option_counts {
    struct option_count *at; /* in the order of the file */
    size_t len;
};

struct option {
    const char *key;
    enum option_type type;
    size_t offset;
    const char *fallback;       /* the default, as it would stand in the file; NULL: required */
    bool optional;              /* with fallback NULL: may be absent; the field stays all zero */
    int64_t min, max;           /* for numbers; both 0: any; max < min: no upper bound.
                                   CHOICES: the macro sets max, the array's length */
    const char *const *choices; /* ends in NULL */
    const char *help;           /* one line, lower case, no full stop */
};

struct option_set {
    const char *name; /* the key under which the set stands: "backlog", "redis", "local" */
    const char *help;
    size_t size;               /* sizeof of the struct that the rows fill */
    const struct option *rows; /* ends with a row whose key is NULL; NULL: no settings */
    const char *shorthand;     /* `name: VALUE` means `name: { shorthand: VALUE }`; NULL: none */
    /*
     * Looks at a filled set as a whole; may be NULL. On failure *ret_key names the setting to
     * point at (a key of rows), or NULL for the set itself.
     */
    int (*check)(const void *options, const char **ret_key, struct error *err);
};

#define OPTION_ROW(option_kind, ctype, structure, field, name, ...)                                \
    {                                                                                              \
        .key = (name), .type = (option_kind),                                                      \
        .offset = offsetof(structure, field) +                                                     \
                  0 * sizeof(char[_Generic(&((structure *)0)->field, ctype * : 1)]),               \
        __VA_ARGS__                                                                                \
    }
#define OPTION_INT(s, f, k, ...)   OPTION_ROW(OPTION_TYPE_INT, int64_t, s, f, k, __VA_ARGS__)
#define OPTION_SLOTS(s, f, k, ...) OPTION_ROW(OPTION_TYPE_SLOTS, int64_t, s, f, k, __VA_ARGS__)
#define OPTION_DURATION(s, f, k, ...)                                                              \
    OPTION_ROW(OPTION_TYPE_DURATION, int64_t, s, f, k, __VA_ARGS__)
#define OPTION_MONEY(s, f, k, ...)   OPTION_ROW(OPTION_TYPE_MONEY, int64_t, s, f, k, __VA_ARGS__)
#define OPTION_PERCENT(s, f, k, ...) OPTION_ROW(OPTION_TYPE_PERCENT, double, s, f, k, __VA_ARGS__)
#define OPTION_BOOL(s, f, k, ...)    OPTION_ROW(OPTION_TYPE_BOOL, bool, s, f, k, __VA_ARGS__)
#define OPTION_STRING(s, f, k, ...)  OPTION_ROW(OPTION_TYPE_STRING, char *, s, f, k, __VA_ARGS__)
/* Two types fit: an enum without negative values is an unsigned int. */
#define OPTION_CHOICE(s, f, k, ...)                                                                \
    {                                                                                              \
        .key = (k), .type = OPTION_TYPE_CHOICE,                                                    \
        .offset =                                                                                  \
            offsetof(s, f) + 0 * sizeof(char[_Generic(&((s *)0)->f, int * : 1, unsigned * : 1)]),  \
        __VA_ARGS__                                                                                \
    }
#define OPTION_CHOICES(s, f, k, ...)                                                               \
    OPTION_ROW(OPTION_TYPE_CHOICES, int, s, f[0], k, .max = sizeof(((s *)0)->f) / sizeof(int),     \
               __VA_ARGS__)
#define OPTION_RATE(s, f, k, ...) OPTION_ROW(OPTION_TYPE_RATE, struct rate, s, f, k, __VA_ARGS__)
#define OPTION_CRON(s, f, k, ...) OPTION_ROW(OPTION_TYPE_CRON, struct cron, s, f, k, __VA_ARGS__)
#define OPTION_TIMEZONE(s, f, k, ...)                                                              \
    OPTION_ROW(OPTION_TYPE_TIMEZONE, struct timezone *, s, f, k, __VA_ARGS__)
#define OPTION_STRINGS(s, f, k, ...)                                                               \
    OPTION_ROW(OPTION_TYPE_STRINGS, struct option_strings, s, f, k, __VA_ARGS__)
#define OPTION_COUNTS(s, f, k, ...)                                                                \
    OPTION_ROW(OPTION_TYPE_COUNTS, struct option_counts, s, f, k, __VA_ARGS__)

/*
 * Parses one scalar into its field, replacing (and freeing) what was there; on failure the field is
 * as it was. Lists and maps take what a default may say, "[a, b]" and "{ x: 1 }" of plain words, so
 * "[]" and "{}" empty them; any other scalar is a list of one. The error's text says what is wrong
 * with the value; it does not name the key.
 */
int option_parse(const struct option *row, void *options, struct str text, struct error *err);
/* Adds to a STRINGS or CHOICES field, and to a COUNTS field; a name may stand in a map once. */
int option_add_string(const struct option *row, void *options, struct str item, struct error *err);
int option_add_count(const struct option *row, void *options, struct str name, struct str value,
                     struct error *err);
void option_strings_release(struct option_strings *list);
void option_counts_release(struct option_counts *map);

/* The field as it would stand in a policy file ("5m", "[a, b]", "{ x: 1 }"), for --print-effective;
 * nothing when it is absent. Reading it back gives exactly the same value. */
void option_print(const struct option *row, const void *options, struct buf *out);
/* An optional setting without a default that nobody has set. */
bool option_absent(const struct option *row, const void *options);
/* A text as a YAML scalar that stands anywhere: in quotes unless it is a plain word. */
void option_print_text(struct str text, struct buf *out);

/* Zeroes `options` (set->size bytes) and fills in every default. */
int option_set_defaults(const struct option_set *set, void *options, struct error *err);
/* A copy that owns what it holds, in place of whatever `to` was; all zero on failure. */
int option_set_copy(const struct option_set *set, const void *from, void *to, struct error *err);
/* Frees what the rows own and zeroes the struct. */
void option_set_release(const struct option_set *set, void *options);
const struct option *option_find(const struct option_set *set, struct str key);

/* A set chosen in a file, with its settings: `redis: { list: jobs }`. Owns `options`. */
struct option_choice {
    const struct option_set *set; /* NULL: none chosen */
    void *options;
};

void option_choice_release(struct option_choice *choice);

#endif
