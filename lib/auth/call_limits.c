#include "auth/call_limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define BUDGET_TOKENS 500.0
/* Calls that leave at a distance may arrive close upon each other. */
#define JITTER_S  0.15
#define SPARE_MIN 0.5

struct call_budget {
    double tokens;
    char service[32];
};

static void release_values(struct map *map)
{
    for (size_t i = 0; i < map->size; i++)
        free(map->slots[i].value);
    map_release(map);
}

void call_limits_release(struct call_limits *limits)
{
    release_values(&limits->limits);
    release_values(&limits->budgets);
}

static void fill(struct bucket *b, double capacity, double rate, int64_t now_ns)
{
    double spare = rate * JITTER_S > SPARE_MIN ? rate * JITTER_S : SPARE_MIN;
    bucket_init(b, capacity > 2 * spare ? capacity - spare : capacity, rate, now_ns);
}

static int add_limit(struct call_limits *limits, const char *key, const struct call_rate *rate,
                     int64_t now_ns, struct call_limit **ret, struct error *err)
{
    size_t size = strlen(key) + 1;
    struct call_limit *limit = calloc(1, sizeof(*limit) + size);
    if (!limit)
        return error_nomem(err);
    memcpy(limit->key, key, size);
    fill(&limit->requests, rate->capacity, rate->rate, now_ns);
    fill(&limit->resources, rate->resource_capacity, rate->resource_rate, now_ns);
    if (!map_put(&limits->limits, limit->key, limit)) {
        free(limit);
        return error_nomem(err);
    }
    *ret = limit;
    return 0;
}

int call_limits_find(struct call_limits *limits, const char *key, const struct call_rate *rate,
                     int64_t now_ns, struct call_limit **ret, struct error *err)
{
    char cut[CALL_KEY_MAX];
    (void)str_copy_c(cut, sizeof(cut), key);
    struct call_limit *limit = map_get(&limits->limits, cut);
    if (!limit)
        return add_limit(limits, cut, rate, now_ns, ret, err);
    *ret = limit;
    return 0;
}

static bool counts_resources(const struct call_limit *limit)
{
    return limit->resources.capacity > 0;
}

static void begin_round(struct call_limit *limit, uint64_t round)
{
    if (limit->round == round)
        return;
    limit->round = round;
    limit->calls_ahead = limit->resources_ahead = 0;
}

int64_t call_limit_wait_ns(struct call_limit *limit, uint64_t round, size_t resource_tokens,
                           int64_t now_ns)
{
    double resources = counts_resources(limit) ? (double)resource_tokens : 0;
    begin_round(limit, round);
    int64_t wait = bucket_wait_behind_ns(&limit->requests, limit->calls_ahead, 1, now_ns);
    if (counts_resources(limit)) {
        int64_t more =
            bucket_wait_behind_ns(&limit->resources, limit->resources_ahead, resources, now_ns);
        wait = more > wait ? more : wait;
    }
    /* Who waits is not overtaken. */
    if (wait == 0 && limit->calls_ahead > 0)
        wait = NS_PER_MS;
    if (wait > 0) {
        limit->calls_ahead += 1;
        limit->resources_ahead += resources;
    }
    return wait;
}

void call_limit_take(struct call_limit *limit, size_t resource_tokens, int64_t now_ns)
{
    bucket_take(&limit->requests, 1, now_ns);
    if (counts_resources(limit))
        bucket_take(&limit->resources, (double)resource_tokens, now_ns);
}

void call_limit_refused(struct call_limit *limit, bool resources, int64_t now_ns)
{
    bucket_refused(resources && counts_resources(limit) ? &limit->resources : &limit->requests,
                   now_ns);
}

void call_limit_served(struct call_limit *limit)
{
    bucket_served(&limit->requests);
    bucket_served(&limit->resources);
}

/* ---- the retry budget (as the AWS SDKs' retry quota) -------------------------------------------- */

/* Without memory for a budget there is none to spend. */
static struct call_budget *budget_of(struct call_limits *limits, const char *service)
{
    struct call_budget *budget = map_get(&limits->budgets, service);
    if (budget)
        return budget;
    budget = calloc(1, sizeof(*budget));
    if (!budget)
        return NULL;
    budget->tokens = BUDGET_TOKENS;
    str_copy_c(budget->service, sizeof(budget->service), service);
    if (map_put(&limits->budgets, budget->service, budget))
        return budget;
    free(budget);
    return NULL;
}

bool call_budget_take(struct call_limits *limits, const char *service, double cost)
{
    struct call_budget *budget = budget_of(limits, service);
    if (!budget || budget->tokens < cost)
        return false;
    budget->tokens -= cost;
    return true;
}

void call_budget_give(struct call_limits *limits, const char *service, double amount)
{
    struct call_budget *budget = budget_of(limits, service);
    if (budget)
        budget->tokens =
            budget->tokens + amount < BUDGET_TOKENS ? budget->tokens + amount : BUDGET_TOKENS;
}
