/*
 * Borrowed strings (struct str) and growing buffers (struct buf).
 *
 * A struct str is two words, passed by value, and never owns what it points to.
 *
 * A struct buf owns its bytes and always ends in a NUL that is not counted. Every buf has a ceiling
 * (BUF_CEILING unless buf_init says otherwise), so that no input can make one grow without bound.
 * Appending to a buf that failed once (no memory, or over its ceiling) does nothing: write a whole
 * document and look at buf_failed() once, at the end.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_from(const char *text); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_eq_c(struct str a, const char *b);
bool str_starts(struct str s, const char *prefix);
struct str str_trim(struct str s); /* without white space at either end */

/* A NUL-terminated copy on the heap, or NULL when out of memory. */
char *str_dup(struct str s);

/* Copies with truncation into a field of `size` bytes, always terminated; false when truncated. */
bool str_copy(char *dst, size_t size, struct str s);
bool str_copy_c(char *dst, size_t size, const char *s);

/* Smallest number of edits (insert, delete, replace, swap of neighbours) from a to b. */
size_t str_distance(const char *a, const char *b);

/* The candidate nearest to `word` if near enough to be a likely typo, else NULL. */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

#define BUF_CEILING ((size_t)64 << 20)

struct buf {
    char *ptr;
    size_t len;
    size_t size;
    size_t ceiling;
    int failed; /* 0, MUSTER_E_NOMEM or MUSTER_E_TOOBIG; sticky until buf_clear */
};

void buf_init(struct buf *b, size_t ceiling); /* 0: BUF_CEILING; {0} is also a valid empty buf */
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empty again, keeps its memory */
int buf_failed(const struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, struct str s);
void buf_add_c(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The text so far; never NULL. Valid until the next change. */
const char *buf_text(const struct buf *b);
struct str buf_str(const struct buf *b);

/* Hands the bytes over to the caller (free()), leaving the buf empty; NULL if it failed. */
char *buf_take(struct buf *b);

#endif
