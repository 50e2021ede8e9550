#include "base/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct json_out json_begin(struct buf *to)
{
    return (struct json_out){ .to = to };
}

/* Length of the UTF-8 sequence at p, or 0 when it is not one. */
static size_t utf8_len(const unsigned char *p)
{
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : 4;
    if (n == 4 && (p[0] < 0xf0 || p[0] > 0xf4))
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

void json_quote(struct buf *to, const char *text)
{
    buf_add_char(to, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        if (*p < ' ' || *p == 0x7f || *p == '<' || *p == '"' || *p == '\\') {
            if (*p == '"' || *p == '\\')
                buf_addf(to, "\\%c", *p);
            else if (*p == '\n')
                buf_add_c(to, "\\n");
            else
                buf_addf(to, "\\u%04x", (unsigned)*p);
            p++;
        } else if (*p < 0x80) {
            buf_add_char(to, (char)*p++);
        } else {
            size_t n = utf8_len(p);
            if (n)
                buf_add(to, p, n);
            else
                buf_add_c(to, "\\ufffd");
            p += n ? n : 1;
        }
    }
    buf_add_char(to, '"');
}

static void put_key(struct json_out *j, const char *key)
{
    if (j->comma)
        buf_add_char(j->to, ',');
    j->comma = true;
    if (key) {
        json_quote(j->to, key);
        buf_add_char(j->to, ':');
    }
}

void json_open(struct json_out *j, const char *key, char bracket)
{
    put_key(j, key);
    buf_add_char(j->to, bracket);
    j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
    buf_add_char(j->to, bracket);
    j->comma = true;
}

void json_str(struct json_out *j, const char *key, const char *value)
{
    put_key(j, key);
    if (value)
        json_quote(j->to, value);
    else
        buf_add_c(j->to, "null");
}

void json_int(struct json_out *j, const char *key, int64_t value)
{
    put_key(j, key);
    buf_addf(j->to, "%lld", (long long)value);
}

void json_num(struct json_out *j, const char *key, double value)
{
    put_key(j, key);
    if (!isfinite(value))
        buf_add_c(j->to, "null");
    else if (fabs(value) < 1e15 && !islessgreater(value, floor(value)))
        buf_addf(j->to, "%lld", (long long)value);
    else /* six digits are enough to read, but not in place of those before the point */
        buf_addf(j->to, fabs(value) < 1e5 ? "%.6g" : "%.15g", value);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
    put_key(j, key);
    buf_add_c(j->to, value ? "true" : "false");
}

void json_null(struct json_out *j, const char *key)
{
    put_key(j, key);
    buf_add_c(j->to, "null");
}

void json_raw(struct json_out *j, const char *key, struct str text)
{
    put_key(j, key);
    buf_add_str(j->to, text);
}

#define NESTING_MAX 64

/* cJSON recurses as deep as the document nests (1000 levels by default): look before it does. */
static bool too_deep(struct str text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > NESTING_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

int json_parse(struct str text, cJSON **ret, struct error *err)
{
    if (too_deep(text))
        return error_set(err, MUSTER_E_INVALID, "JSON nested more than %d deep", NESTING_MAX);
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (!root) {
        size_t at = end && end >= text.ptr ? (size_t)(end - text.ptr) : 0;
        return error_set(err, MUSTER_E_INVALID, "not JSON (at byte %zu)", at);
    }
    struct str rest = str_trim((struct str){ end, text.len - (size_t)(end - text.ptr) });
    if (rest.len > 0) {
        cJSON_Delete(root);
        return error_set(err, MUSTER_E_INVALID, "text after the JSON document (at byte %zu)",
                         (size_t)(rest.ptr - text.ptr));
    }
    *ret = root;
    return 0;
}

/* Compares a member's name with one pointer token, in which ~1 is '/' and ~0 is '~'. */
static bool token_is(struct str token, const char *name)
{
    size_t i = 0;
    for (; i < token.len && *name; i++, name++) {
        char c = token.ptr[i];
        if (c == '~' && i + 1 < token.len)
            c = token.ptr[++i] == '1' ? '/' : '~';
        if (c != *name)
            return false;
    }
    return i == token.len && !*name;
}

static const cJSON *step_into(const cJSON *at, struct str token)
{
    const cJSON *child = at->child;
    if (cJSON_IsObject(at)) {
        while (child && !token_is(token, child->string))
            child = child->next;
        return child;
    }
    if (!cJSON_IsArray(at) || token.len == 0 || token.len > 9)
        return NULL;
    if (token.ptr[0] == '0' && token.len > 1)
        return NULL;
    size_t index = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (!isdigit((unsigned char)token.ptr[i]))
            return NULL;
        index = index * 10 + (size_t)(token.ptr[i] - '0');
    }
    for (; child && index > 0; index--)
        child = child->next;
    return child;
}

const cJSON *json_at(const cJSON *root, const char *pointer)
{
    const cJSON *at = root;
    while (at && *pointer == '/') {
        const char *start = ++pointer;
        while (*pointer && *pointer != '/')
            pointer++;
        at = step_into(at, (struct str){ start, (size_t)(pointer - start) });
    }
    return *pointer ? NULL : at;
}
