#include "status/cache.h"

#include <string.h>

#include "base/clock.h"

#define FRESH_NS (100 * NS_PER_MS)

static void drop(struct cache_entry *entry)
{
    http_body_unref(entry->body);
    *entry = (struct cache_entry){ 0 };
}

struct http_body *cache_get(struct cache *cache, const char *key, uint64_t generation,
                            int64_t now_ns)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        struct cache_entry *entry = &cache->entries[i];
        if (!entry->body || strcmp(entry->key, key) != 0)
            continue;
        if (entry->generation != generation && now_ns - entry->rendered_ns >= FRESH_NS)
            return NULL;
        entry->used_ns = now_ns;
        return http_body_ref(entry->body);
    }
    return NULL;
}

void cache_put(struct cache *cache, const char *key, struct http_body *body, uint64_t generation,
               int64_t now_ns)
{
    if (strlen(key) >= CACHE_KEY_MAX)
        return;
    struct cache_entry *place = &cache->entries[0];
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        struct cache_entry *entry = &cache->entries[i];
        if (entry->body && strcmp(entry->key, key) == 0) {
            place = entry;
            break;
        }
        if (!entry->body || (place->body && entry->used_ns < place->used_ns))
            place = entry;
    }
    drop(place);
    str_copy_c(place->key, sizeof(place->key), key);
    place->body = http_body_ref(body);
    place->generation = generation;
    place->rendered_ns = place->used_ns = now_ns;
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < CACHE_ENTRIES; i++)
        drop(&cache->entries[i]);
}
