#include "auth/call_limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define BUDGET_TOKENS 500.0

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

static int add_limit(struct call_limits *limits, const char *key, const struct call_rate *rate,
                     int64_t now_ns, struct call_limit **ret, struct error *err)
{
    size_t size = strlen(key) + 1;
    struct call_limit *limit = calloc(1, sizeof(*limit) + size);
    if (!limit)
        return error_nomem(err);
    memcpy(limit->key, key, size);
    bucket_init(&limit->requests, rate->capacity, rate->rate, now_ns);
    bucket_init(&limit->resources, rate->resource_capacity, rate->resource_rate, now_ns);
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

int64_t call_limit_wait_ns(struct call_limit *limit, size_t resource_tokens, int64_t now_ns)
{
    int64_t wait = bucket_wait_ns(&limit->requests, 1, now_ns);
    int64_t more = counts_resources(limit)
                       ? bucket_wait_ns(&limit->resources, (double)resource_tokens, now_ns)
                       : 0;
    return wait > more ? wait : more;
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
