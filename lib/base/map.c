#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A removed slot keeps a key so that probing goes on past it; this one matches no text. */
static const char removed_key[] = "";

static size_t map_hash(const char *key)
{
    uint64_t h = 14695981039346656037ULL; /* FNV-1a */
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        h = (h ^ *p) * 1099511628211ULL;
    return (size_t)(h ^ (h >> 29));
}

static struct map_slot *map_find(const struct map *m, const char *key)
{
    if (m->size == 0)
        return NULL;
    for (size_t i = map_hash(key);; i++) {
        struct map_slot *s = &m->slots[i & (m->size - 1)];
        if (!s->key)
            return NULL;
        if (s->value && strcmp(s->key, key) == 0)
            return s;
    }
}

static void map_insert(struct map *m, const char *key, void *value)
{
    for (size_t i = map_hash(key);; i++) {
        struct map_slot *s = &m->slots[i & (m->size - 1)];
        if (s->value)
            continue;
        if (!s->key)
            m->used++;
        *s = (struct map_slot){ key, value };
        m->len++;
        return;
    }
}

static bool map_grow(struct map *m)
{
    size_t size = 16;
    while (size * 3 / 4 <= m->len * 2)
        size *= 2;
    struct map grown = { .slots = calloc(size, sizeof(struct map_slot)), .size = size };
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < m->size; i++) {
        if (m->slots[i].value)
            map_insert(&grown, m->slots[i].key, m->slots[i].value);
    }
    free(m->slots);
    *m = grown;
    return true;
}

void map_release(struct map *m)
{
    if (!m)
        return;
    free(m->slots);
    *m = (struct map){ 0 };
}

void *map_get(const struct map *m, const char *key)
{
    const struct map_slot *s = map_find(m, key);
    return s ? s->value : NULL;
}

bool map_put(struct map *m, const char *key, void *value)
{
    struct map_slot *s = map_find(m, key);
    if (s) {
        *s = (struct map_slot){ key, value };
        return true;
    }
    if (m->used + 1 > m->size * 3 / 4 && !map_grow(m))
        return false;
    map_insert(m, key, value);
    return true;
}

void *map_remove(struct map *m, const char *key)
{
    struct map_slot *s = map_find(m, key);
    if (!s)
        return NULL;
    void *value = s->value;
    *s = (struct map_slot){ removed_key, NULL };
    m->len--;
    return value;
}
