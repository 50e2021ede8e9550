#include "base/json_split.h"

#include <string.h>

enum split_state {
    EXPECT_VALUE,
    EXPECT_FIRST, /* after '[': a value, or its end */
    EXPECT_KEY,
    EXPECT_FIRST_KEY, /* after '{': a key, or its end */
    EXPECT_COLON,
    EXPECT_NEXT, /* ',' or an end */
    IN_STRING,
    IN_WORD, /* a number, true, false, null */
    AT_END,
};

void json_split_init(struct json_split *s, const char *const *wanted, size_t value_max,
                     json_split_cb *value, void *ctx)
{
    memset(s, 0, sizeof(*s));
    s->wanted = wanted;
    s->value = value;
    s->ctx = ctx;
    s->value_max = value_max;
    s->taking = -1;
    s->state = EXPECT_VALUE;
    buf_init(&s->taken, value_max);
}

void json_split_release(struct json_split *s)
{
    buf_release(&s->taken);
}

static int broken(struct error *err, const char *what)
{
    return error_set(err, MUSTER_E_INVALID, "it is no JSON: %s", what);
}

/* ---- places ------------------------------------------------------------------------------------- */

/* The n-th part of a place; empty past its end. */
static struct str part(const char *place, size_t n)
{
    while (n-- > 0 && place) {
        place = strchr(place, '.');
        place = place ? place + 1 : NULL;
    }
    return place ? (struct str){ place, strcspn(place, ".") } : (struct str){ "", 0 };
}

/* A value begins below the innermost level: which places lead to it; *ret_whole: the one that is it. */
static unsigned below(const struct json_split *s, int *ret_whole, bool *ret_star)
{
    const struct json_split_level *level = &s->levels[s->depth - 1];
    unsigned alive = 0;
    for (size_t i = 0; level->alive && s->wanted[i]; i++) {
        struct str p = part(s->wanted[i], s->depth - 1);
        bool star = str_eq_c(p, "*");
        bool same = level->object && str_eq(p, (struct str){ s->key, s->key_len });
        if (!(level->alive & 1U << i) || !(star || same))
            continue;
        *ret_star |= star;
        alive |= 1U << i;
        if (part(s->wanted[i], s->depth).len == 0)
            *ret_whole = (int)i;
    }
    return alive;
}

/* A value begins; gives the places that lead on from it. */
static unsigned begin_value(struct json_split *s, bool *ret_starred)
{
    int whole = -1;
    bool star = false;
    *ret_starred = false;
    if (s->depth == 0)
        return ~0U;
    if (s->taking >= 0)
        return 0;
    const struct json_split_level *level = &s->levels[s->depth - 1];
    unsigned alive = below(s, &whole, &star);
    *ret_starred = level->starred || star;
    if (star && !level->starred) {
        s->star[0] = '\0';
        if (level->object)
            str_copy(s->star, sizeof(s->star), (struct str){ s->key, s->key_len });
    }
    if (whole >= 0) {
        s->taking = whole;
        s->taking_depth = s->depth;
        buf_clear(&s->taken);
    }
    return alive;
}

/* A value has ended; what is taken includes its last byte. */
static int end_value(struct json_split *s, struct error *err)
{
    s->state = s->depth == 0 ? AT_END : EXPECT_NEXT;
    if (s->taking < 0 || s->depth != s->taking_depth)
        return 0;
    size_t wanted = (size_t)s->taking;
    s->taking = -1;
    if (buf_failed(&s->taken))
        return error_set(err, buf_failed(&s->taken), "a value of it is too big");
    return s->value(s->ctx, wanted, s->star, buf_str(&s->taken), err);
}

/* ---- bytes -------------------------------------------------------------------------------------- */

static int open_level(struct json_split *s, bool object, struct error *err)
{
    bool starred;
    unsigned alive = begin_value(s, &starred);
    if (s->depth >= JSON_SPLIT_DEPTH_MAX)
        return error_set(err, MUSTER_E_TOOBIG, "it is nested too deep");
    s->levels[s->depth++] =
        (struct json_split_level){ .object = object, .starred = starred, .alive = alive };
    s->state = object ? EXPECT_FIRST_KEY : EXPECT_FIRST;
    return 0;
}

static int close_level(struct json_split *s, bool object, struct error *err)
{
    if (s->depth == 0 || s->levels[s->depth - 1].object != object)
        return broken(err, "a bracket that closes nothing");
    s->depth--;
    return 1;
}

static void begin_string(struct json_split *s, bool key)
{
    bool starred;
    if (key)
        s->key_len = 0;
    else
        begin_value(s, &starred);
    s->key_string = key;
    s->escaped = false;
    s->state = IN_STRING;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

/* Each takes one byte that is no white space. 1: a value has ended with this byte. */
static int take_value(struct json_split *s, char c, struct error *err)
{
    bool starred;
    if (c == '{' || c == '[')
        return open_level(s, c == '{', err);
    if (c == ']' && s->state == EXPECT_FIRST)
        return close_level(s, false, err);
    if (c == '"') {
        begin_string(s, false);
        return 0;
    }
    if (!is_word(c))
        return broken(err, "a value is missing");
    begin_value(s, &starred);
    s->state = IN_WORD;
    return 0;
}

static int take_key(struct json_split *s, char c, struct error *err)
{
    if (c == '}' && s->state == EXPECT_FIRST_KEY)
        return close_level(s, true, err);
    if (c != '"')
        return broken(err, "a key is missing");
    begin_string(s, true);
    return 0;
}

static int take_next(struct json_split *s, char c, struct error *err)
{
    if (c == '}' || c == ']')
        return close_level(s, c == '}', err);
    if (c != ',' || s->depth == 0)
        return broken(err, "a comma is missing");
    s->state = s->levels[s->depth - 1].object ? EXPECT_KEY : EXPECT_VALUE;
    return 0;
}

static int take_string(struct json_split *s, char c, struct error *err)
{
    bool ends = c == '"' && !s->escaped;
    if ((unsigned char)c < 0x20)
        return broken(err, "a control byte in a string");
    s->escaped = c == '\\' && !s->escaped;
    if (!ends && s->key_string && s->key_len < sizeof(s->key))
        s->key[s->key_len++] = c;
    if (!ends)
        return 0;
    if (!s->key_string)
        return 1;
    s->state = EXPECT_COLON;
    return 0;
}

static int take_byte(struct json_split *s, char c, struct error *err)
{
    if (s->state == IN_STRING)
        return take_string(s, c, err);
    if (is_space(c))
        return 0;
    switch ((enum split_state)s->state) {
    case EXPECT_VALUE:
    case EXPECT_FIRST:
        return take_value(s, c, err);
    case EXPECT_KEY:
    case EXPECT_FIRST_KEY:
        return take_key(s, c, err);
    case EXPECT_NEXT:
        return take_next(s, c, err);
    case EXPECT_COLON:
        if (c != ':')
            return broken(err, "a colon is missing");
        s->state = EXPECT_VALUE;
        return 0;
    case IN_STRING:
    case IN_WORD:
    case AT_END:
        break;
    }
    return broken(err, "something after its end");
}

/* Most bytes of a document are in strings and in values that are taken whole: they are run over. */
static size_t plain_bytes(const struct json_split *s, const char *at, size_t len)
{
    size_t n = 0;
    if (s->state != IN_STRING || s->escaped || s->key_string)
        return 0;
    while (n < len && at[n] != '"' && at[n] != '\\' && (unsigned char)at[n] >= 0x20)
        n++;
    return n;
}

int json_split_feed(struct json_split *s, struct str piece, struct error *err)
{
    size_t from = 0; /* what is being taken has been kept up to here */
    for (size_t i = 0; i < piece.len; i++) {
        i += plain_bytes(s, piece.ptr + i, piece.len - i);
        if (i >= piece.len)
            break;
        /* A word ends with the first byte that is none of it, which is looked at anew. */
        bool word_ends = s->state == IN_WORD && !is_word(piece.ptr[i]);
        bool taking = s->taking >= 0;
        int rc = s->state == IN_WORD ? word_ends : take_byte(s, piece.ptr[i], err);
        if (rc < 0)
            return rc;
        if (s->taking >= 0 && !taking)
            from = i;
        size_t end = i + (word_ends ? 0 : 1);
        if (rc > 0 && s->taking >= 0 && s->depth == s->taking_depth)
            buf_add(&s->taken, piece.ptr + from, end - from);
        if (rc > 0)
            rc = end_value(s, err);
        if (rc < 0)
            return rc;
        if (word_ends)
            i--;
    }
    if (s->taking >= 0)
        buf_add(&s->taken, piece.ptr + from, piece.len - from);
    return buf_failed(&s->taken) ? error_set(err, buf_failed(&s->taken), "a value of it is too big")
                                 : 0;
}

int json_split_end(struct json_split *s, struct error *err)
{
    if (s->state == IN_WORD && s->depth == 0)
        return end_value(s, err);
    return s->state == AT_END ? 0 : broken(err, "it is cut off");
}
