/*
 * A typed growing array: VEC(struct node *) nodes = { 0 };
 *
 * vec_push gives false, and leaves the array as it was, when memory is out. Elements move when the
 * array grows: keep indexes, not pointers, across a push. vec_release frees the array, not what its
 * elements own.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t len;                                                                                \
        size_t size;                                                                               \
    }

/* Makes room for `want` elements of `each` bytes; for the macros below. */
bool vec_reserve_bytes(void **at, size_t *size, size_t want, size_t each);

#define vec_reserve(v, want)                                                                       \
    vec_reserve_bytes((void **)&(v)->at, &(v)->size, (want), sizeof(*(v)->at))

#define vec_push(v, value) (vec_reserve((v), (v)->len + 1) && ((v)->at[(v)->len++] = (value), true))

/* Removes element i; the order of the others stays. */
#define vec_remove(v, i)                                                                           \
    (memmove(&(v)->at[(i)], &(v)->at[(i) + 1], ((v)->len - (i)-1) * sizeof(*(v)->at)),             \
     (void)(v)->len--)

/* Removes element i by putting the last one in its place. */
#define vec_remove_swap(v, i) ((v)->at[(i)] = (v)->at[(v)->len - 1], (void)(v)->len--)

#define vec_clear(v) ((void)((v)->len = 0))

#define vec_release(v) (vec_free_bytes((void **)&(v)->at), (void)((v)->len = (v)->size = 0))

void vec_free_bytes(void **at);

#endif
