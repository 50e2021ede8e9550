/*
 * A hash map from text to a pointer. The key's bytes are borrowed: they must live (usually inside
 * the value) until the entry is removed. Open addressing, at most 3/4 full.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_slot {
    const char *key; /* NULL: never used */
    void *value;     /* NULL with a key: removed */
};

struct map {
    struct map_slot *slots;
    size_t size; /* a power of two, or 0 */
    size_t len;  /* live entries */
    size_t used; /* live and removed entries */
};

void map_release(struct map *m);
void *map_get(const struct map *m, const char *key);       /* NULL when absent */
bool map_put(struct map *m, const char *key, void *value); /* replaces; false: out of memory */
void *map_remove(struct map *m, const char *key);          /* the value that was there, or NULL */

#endif
