#include "providers/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define REST_FIRST_NS   (180 * NS_PER_S)
#define REST_MAX_NS     (3600 * NS_PER_S)
#define SPOT_PRICE_NS   (3600 * NS_PER_S)
#define DEMAND_PRICE_NS (2 * 86400 * NS_PER_S)

struct place_memory_entry {
    char key[PLACE_KEY_MAX];
    enum market market;
    int failures;
    int64_t rests_until_ns;
    int64_t price_usd_micro;
    int64_t priced_ns;
};

static void make_key(char key[static PLACE_KEY_MAX], const char *type, const char *place,
                     enum market market)
{
    snprintf(key, PLACE_KEY_MAX, "%s/%s/%s", market_words[market], type, place);
}

static struct place_memory_entry *find(const struct place_memory *m, const char *type,
                                       const char *place, enum market market)
{
    char key[PLACE_KEY_MAX];
    make_key(key, type, place, market);
    return map_get(&m->by_key, key);
}

static struct place_memory_entry *find_or_add(struct place_memory *m, const char *type,
                                              const char *place, enum market market)
{
    struct place_memory_entry *e = find(m, type, place, market);
    if (e || !vec_reserve(&m->all, m->all.len + 1))
        return e;
    e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    make_key(e->key, type, place, market);
    e->market = market;
    e->price_usd_micro = PRICE_UNKNOWN;
    if (!map_put(&m->by_key, e->key, e)) {
        free(e);
        return NULL;
    }
    m->all.at[m->all.len++] = e;
    return e;
}

void place_memory_release(struct place_memory *m)
{
    map_release(&m->by_key);
    for (size_t i = 0; i < m->all.len; i++)
        free(m->all.at[i]);
    vec_release(&m->all);
}

void place_memory_sold_out(struct place_memory *m, const char *type, const char *place,
                           enum market market, int64_t now_ns)
{
    struct place_memory_entry *e = find_or_add(m, type, place, market);
    if (!e || now_ns < e->rests_until_ns)
        return;
    int64_t rest_ns = REST_FIRST_NS;
    for (int i = 0; i < e->failures && rest_ns < REST_MAX_NS; i++)
        rest_ns *= 2;
    e->failures++;
    e->rests_until_ns = now_ns + (rest_ns < REST_MAX_NS ? rest_ns : REST_MAX_NS);
}

void place_memory_worked(struct place_memory *m, const char *type, const char *place,
                         enum market market)
{
    struct place_memory_entry *e = find(m, type, place, market);
    if (e) {
        e->failures = 0;
        e->rests_until_ns = 0;
    }
}

bool place_memory_open(const struct place_memory *m, const char *type, const char *place,
                       enum market market, int64_t now_ns)
{
    const struct place_memory_entry *e = find(m, type, place, market);
    return !e || now_ns >= e->rests_until_ns;
}

void place_memory_set_price(struct place_memory *m, const char *type, const char *place,
                            enum market market, int64_t usd_micro, int64_t now_ns)
{
    struct place_memory_entry *e = find_or_add(m, type, place, market);
    if (!e)
        return;
    e->price_usd_micro = usd_micro;
    e->priced_ns = now_ns;
}

int64_t place_memory_price(const struct place_memory *m, const char *type, const char *place,
                           enum market market, int64_t now_ns)
{
    const struct place_memory_entry *e = find(m, type, place, market);
    int64_t keep_ns = market == MARKET_SPOT ? SPOT_PRICE_NS : DEMAND_PRICE_NS;
    return e && now_ns - e->priced_ns < keep_ns ? e->price_usd_micro : PRICE_UNKNOWN;
}
