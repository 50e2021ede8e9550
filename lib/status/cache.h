/*
 * Rendered documents by the path they were asked for. One rendering serves everyone who asks until
 * the generation moves on; and however fast it moves, the same document is rendered at most ten
 * times a second. Bounded: the longest unused entry makes room.
 */
#ifndef STATUS_CACHE_H
#define STATUS_CACHE_H

#include <stdint.h>

#include "net/http_server.h"

#define CACHE_ENTRIES 16
#define CACHE_KEY_MAX 160 /* longer paths are not kept */

struct cache_entry {
    char key[CACHE_KEY_MAX];
    struct http_body *body; /* NULL: free */
    uint64_t generation;
    int64_t rendered_ns, used_ns;
};

struct cache {
    struct cache_entry entries[CACHE_ENTRIES];
};

/* A reference for the caller, or NULL: render it, then put it. */
struct http_body *cache_get(struct cache *cache, const char *key, uint64_t generation,
                            int64_t now_ns);
/* Keeps a reference of its own. */
void cache_put(struct cache *cache, const char *key, struct http_body *body, uint64_t generation,
               int64_t now_ns);
/* A person changed something and shall see it at once. */
void cache_clear(struct cache *cache);

#endif
