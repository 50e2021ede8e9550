/*
 * From a YAML tree into structs, by option tables, with every mistake put where it stands.
 *
 * A reader goes on after a mistake, so that all of a file's mistakes are told at once. Out of memory
 * is remembered in `nomem`: everything after it does nothing.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include <stdbool.h>

#include "base/option.h"
#include "config/problems.h"
#include "config/section.h"
#include "config/yaml.h"

struct reader {
    struct problems *problems;
    bool nomem;
};

#define READER_PATH_MAX 192

/* "slots" and "max" make "slots.max". */
void reader_path(char path[static READER_PATH_MAX], const char *parent, const char *key);

/* An error at a node (NULL, or one without a place: the file as a whole). */
void reader_error(struct reader *r, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Words that may stand somewhere, for "did you mean". Borrowed. */
struct reader_words {
    const char *at[64];
    size_t len;
};
void reader_word(struct reader_words *words, const char *word);
/* "min, max"; cut short when it does not fit. */
void reader_join(const struct reader_words *words, char *text, size_t size);
/* "no such setting; did you mean 'max'?" or "...; possible here: min, max". */
void reader_unknown(struct reader *r, const struct yaml_node *key, const char *parent,
                    const char *what, const struct reader_words *words);

/* Every default of a table into `target`, which is not zeroed. false: a default is wrong or memory is
 * out; told. */
bool reader_defaults(struct reader *r, const struct option *rows, void *target);

/* One setting's value. */
void reader_value(struct reader *r, const struct option *row, const char *path,
                  const struct yaml_node *node, void *target);

/*
 * One section: its rows and the sections within, from a map. `key` is where to point when a required
 * setting is missing; `node` NULL or empty: nothing was written, everything takes its default.
 * `others` are further keys, read by the caller; NULL: none. Defaults must be in place.
 */
void reader_section(struct reader *r, const struct section *section, const char *parent,
                    const struct yaml_node *key, const struct yaml_node *node, void *target,
                    const struct reader_words *others);

/*
 * `name: { ... }`, `name: VALUE` (the shorthand) or `name:` alone, by the set's table. On success
 * *ret_options is the caller's (option_set_release, free); it is NULL after any mistake.
 */
bool reader_set(struct reader *r, const struct option_set *set, const char *parent,
                const struct yaml_node *key, const struct yaml_node *node, void **ret_options);

/* One list entry, `name`, `name: VALUE` or `name: { ... }`: its key and value (NULL when it is a name
 * alone). false: told what is wrong; `what` says what the names are: "policy". */
bool reader_entry(struct reader *r, const char *parent, const struct yaml_node *item,
                  const char *what, const struct yaml_node **ret_key,
                  const struct yaml_node **ret_value);

#endif
