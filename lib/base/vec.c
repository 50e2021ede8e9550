#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

bool vec_reserve_bytes(void **at, size_t *size, size_t want, size_t each)
{
    if (want <= *size)
        return true;
    size_t grown = *size ? *size : 4;
    while (grown < want) {
        if (grown > SIZE_MAX / 2)
            return false;
        grown *= 2;
    }
    if (grown > SIZE_MAX / each)
        return false;
    void *moved = realloc(*at, grown * each);
    if (!moved)
        return false;
    *at = moved;
    *size = grown;
    return true;
}

void vec_free_bytes(void **at)
{
    free(*at);
    *at = NULL;
}
