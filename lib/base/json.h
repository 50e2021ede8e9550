/*
 * JSON: a writer that streams into a buf, and readers for what cJSON parsed.
 *
 * The writer keeps commas right by itself and fails only as its buf fails (look at buf_failed once
 * at the end). Output never contains a raw '<' or a control byte, so it is safe inside HTML.
 *
 *     struct json_out j = json_begin(&buf);
 *     json_open(&j, NULL, '{');
 *     json_int(&j, "waiting", 12);
 *     json_open(&j, "nodes", '[');
 *     json_str(&j, NULL, "a");
 *     json_close(&j, ']');
 *     json_close(&j, '}');
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/str.h"

struct json_out {
    struct buf *to;
    bool comma;
};

struct json_out json_begin(struct buf *to);
void json_open(struct json_out *j, const char *key,
               char bracket);                      /* '{' or '['; key NULL in arrays */
void json_close(struct json_out *j, char bracket); /* '}' or ']' */
void json_str(struct json_out *j, const char *key, const char *value); /* NULL value: null */
void json_int(struct json_out *j, const char *key, int64_t value);
void json_num(struct json_out *j, const char *key, double value); /* NaN and infinities: null */
void json_bool(struct json_out *j, const char *key, bool value);
void json_null(struct json_out *j, const char *key);
/* A value that is JSON text already. */
void json_raw(struct json_out *j, const char *key, struct str text);

/* The text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buf *to, const char *text);

/*
 * Parses a whole document from outside: at most `len` bytes, nesting at most 64 deep, nothing but
 * white space after it. The caller frees *ret with cJSON_Delete.
 */
int json_parse(struct str text, cJSON **ret, struct error *err);

/* RFC 6901 pointer ("/a/0/b~1c"); NULL when there is nothing at that place. */
const cJSON *json_at(const cJSON *root, const char *pointer);

#endif
