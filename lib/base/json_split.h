/*
 * A JSON document read piece by piece without being held: the values at wanted places are handed out,
 * each as a text of its own (for json_parse), and everything else is passed over.
 *
 * A place is a path of keys from the root with '.' between them; '*' is any key, or any member of an
 * array: "items.*.instances.*". Keys are compared as they are written: one with an escape in it, or
 * with a '.', is met by '*' alone. What is inside a wanted value is not looked at again.
 *
 *     json_split_init -> json_split_feed... -> json_split_end -> json_split_release
 */
#ifndef BASE_JSON_SPLIT_H
#define BASE_JSON_SPLIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

#define JSON_SPLIT_WANTED_MAX 32
#define JSON_SPLIT_DEPTH_MAX  64
#define JSON_SPLIT_KEY_MAX    160

/*
 * `wanted`: which place; `key`: what the first '*' of it was ("zones/europe-west3-a"; "" for a member of
 * an array), both borrowed like `text`. Not 0: reading ends with that code.
 */
typedef int json_split_cb(void *ctx, size_t wanted, const char *key, struct str text,
                          struct error *err);

struct json_split_level {
    bool object;
    bool starred;   /* a '*' was met above */
    unsigned alive; /* wanted places, by bit, that lead on from here */
};

struct json_split {
    const char *const *wanted; /* ends with NULL; borrowed */
    json_split_cb *value;
    void *ctx;
    size_t value_max; /* bytes of one wanted value */
    struct json_split_level levels[JSON_SPLIT_DEPTH_MAX];
    size_t depth;
    int state;
    bool escaped, key_string;
    char key[JSON_SPLIT_KEY_MAX]; /* the one being read, or read last */
    size_t key_len;
    char star[JSON_SPLIT_KEY_MAX];
    int taking; /* the wanted place whose value is coming in; -1: none */
    size_t taking_depth;
    struct buf taken;
};

void json_split_init(struct json_split *s, const char *const *wanted, size_t value_max,
                     json_split_cb *value, void *ctx);
void json_split_release(struct json_split *s);

/*
 * MUSTER_E_INVALID: this is no JSON (brackets, commas and strings are looked at everywhere, the rest in
 * wanted values, by who parses them); MUSTER_E_TOOBIG; MUSTER_E_NOMEM; what the callback gave. After a
 * failure only json_split_release may be called.
 */
int json_split_feed(struct json_split *s, struct str piece, struct error *err);
/* The document is over: MUSTER_E_INVALID if it is not whole. */
int json_split_end(struct json_split *s, struct error *err);

#endif
