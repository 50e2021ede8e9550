#include "store/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "control/spec.h"

struct last {
    char pool[POOL_NAME_MAX];
    int64_t wall_ns;
    struct sample sample;
};

static bool same_number(bool told_a, double a, bool told_b, double b)
{
    if (!told_a || !told_b)
        return told_a == told_b;
    return !islessgreater(a, b) && isnan(a) == isnan(b);
}

static bool same(const struct sample *a, const struct sample *b)
{
    return same_number(true, a->waiting, true, b->waiting) &&
           same_number(a->has_running, a->running, b->has_running, b->running) &&
           same_number(a->has_oldest, a->oldest_s, b->has_oldest, b->oldest_s) &&
           same_number(a->has_completed, a->completed, b->has_completed, b->completed);
}

static void forget_all(struct thin *thin)
{
    for (size_t i = 0; i < thin->last.size; i++)
        free(thin->last.slots[i].value);
    map_release(&thin->last);
}

static struct last *remember(struct thin *thin, const char *pool)
{
    if (thin->last.len >= THIN_POOLS_MAX)
        forget_all(thin);
    struct last *last = calloc(1, sizeof(*last));
    if (!last)
        return NULL;
    str_copy_c(last->pool, sizeof(last->pool), pool);
    if (map_put(&thin->last, last->pool, last))
        return last;
    free(last);
    return NULL;
}

bool thin_keeps(struct thin *thin, const char *pool, int64_t wall_ns, const struct sample *sample)
{
    struct last *last = map_get(&thin->last, pool);
    /* A clock that was set back must not silence a pool. */
    if (last && same(&last->sample, sample) && wall_ns >= last->wall_ns &&
        wall_ns - last->wall_ns < THIN_NS)
        return false;
    if (!last)
        last = remember(thin, pool);
    if (last) {
        last->wall_ns = wall_ns;
        last->sample = *sample;
    }
    return true;
}

void thin_release(struct thin *thin)
{
    forget_all(thin);
}
