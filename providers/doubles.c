#include "providers/doubles.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const struct listed_node *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->state > y->state) - (x->state < y->state);
}

size_t drop_doubles(struct listed_node *nodes, size_t len)
{
    size_t kept = 0;
    if (len > 1)
        qsort(nodes, len, sizeof(*nodes), by_id);
    for (size_t i = 0; i < len; i++) {
        if (i + 1 < len && strcmp(nodes[i].id, nodes[i + 1].id) == 0)
            continue;
        if (kept != i)
            nodes[kept] = nodes[i];
        kept++;
    }
    return kept;
}
