/*
 * A YAML document as a tree in which every node knows its place in the text.
 *
 * What settings files have no use for is refused with its place, so that no file means something else
 * than it seems to: aliases, anchors, tags, merge keys, a second document, keys that are not plain
 * words, the same key twice. Bounded: YAML_BYTES_MAX of text, YAML_DEPTH_MAX levels, YAML_NODES_MAX keys and values.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/problems.h"

#define YAML_BYTES_MAX ((size_t)1 << 20)
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 10000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    bool quoted; /* a scalar in quotes, or a block of text */
    int line;    /* from 1 */
    int column;  /* from 1, in code points */
    int width;   /* columns it takes on its first line, >= 1 */
    char *text;  /* scalars: owned, NUL-terminated, may hold NULs within len */
    size_t len;
    VEC(struct yaml_node *) keys;  /* maps: scalars, each text once */
    VEC(struct yaml_node *) items; /* maps: the value of the key at the same index; lists */
};

/*
 * 0: *ret is the caller's, NULL for an empty document. MUSTER_E_INVALID: problems has at least one
 * error more. MUSTER_E_NOMEM as usual.
 */
int yaml_parse(struct str text, struct yaml_node **ret, struct problems *problems,
               struct error *err);
void yaml_free(struct yaml_node *node);

/* The value of a map's key; NULL when absent or when the node is NULL or not a map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key);

/* A scalar with nothing in it: `key:`, `key: ~`, `key: null`. */
bool yaml_is_empty(const struct yaml_node *node);

#endif
