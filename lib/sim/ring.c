#include <stdlib.h>
#include <string.h>

#include "sim/engine.h"

/* Twice the room, a power of two; what wraps around is laid out in one piece. */
bool sim_ring_grow(void **at, size_t *first, size_t len, size_t *size, size_t each)
{
    size_t bigger = *size > 0 ? *size * 2 : 16;
    char *room = calloc(bigger, each);
    if (!room)
        return false;
    size_t until_end = *size - *first < len ? *size - *first : len;
    if (len > 0) {
        memcpy(room, (char *)*at + *first * each, until_end * each);
        memcpy(room + until_end * each, *at, (len - until_end) * each);
    }
    free(*at);
    *at = room;
    *first = 0;
    *size = bigger;
    return true;
}
