#include "auth/aws_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BUDGET_TOKENS 500.0
/* Calls that leave at a distance may arrive close upon each other. */
#define JITTER_S  0.15
#define SPARE_MIN 0.5

struct published {
    const char *action; /* a prefix when it ends in '*' */
    double capacity, rate;
    double resource_capacity, resource_rate;
};

/* The first that fits. */
static const struct published ec2[] = {
    { "RunInstances", 5, 2, 1000, 2 },
    { "StartInstances", 5, 2, 1000, 2 },
    { "TerminateInstances", 100, 5, 1000, 20 },
    { "StopInstances", 50, 5, 1000, 20 },
    { "CreateTags", 100, 10, 0, 0 },
    { "DeleteTags", 100, 10, 0, 0 },
    { "CreateLaunchTemplateVersion", 100, 5, 0, 0 },
    { "ModifyLaunchTemplate", 100, 5, 0, 0 },
    { "CreateVolume", 100, 5, 0, 0 },
    { "CreateNetworkInterface", 100, 5, 0, 0 },
    { "ModifyInstanceMetadataOptions", 100, 5, 0, 0 },
    { "DescribeSpotFleetInstances", 100, 5, 0, 0 },
    { "DescribeSpotFleetRequests", 50, 3, 0, 0 },
    { "DescribeCapacityBlockOfferings", 10, 0.15, 0, 0 },
    { "Describe*", 100, 20, 0, 0 },
    { "Get*", 100, 20, 0, 0 },
    { "List*", 100, 20, 0, 0 },
    { "Search*", 100, 20, 0, 0 },
    { "*", 50, 5, 0, 0 }, /* mutating, as CreateFleet */
};

/* Asked for everything at once, these have a smaller bucket of their own. */
static const char *const dear_unfiltered[] = {
    "DescribeInstances",      "DescribeInstanceStatus", "DescribeNetworkInterfaces",
    "DescribeSecurityGroups", "DescribeSnapshots",      "DescribeSpotInstanceRequests",
    "DescribeVolumes",
};
static const struct published unfiltered = { "", 50, 10, 0, 0 };

/* What other services allow is not published throughout; no pool needs more than this. */
static const struct published elsewhere = { "", 100, 20, 0, 0 };

static bool fits(const char *pattern, const char *action)
{
    size_t len = strlen(pattern);
    if (pattern[len - 1] == '*')
        return strncmp(pattern, action, len - 1) == 0;
    return strcmp(pattern, action) == 0;
}

static bool contains(struct str body, const char *text)
{
    return body.len > 0 && memmem(body.ptr, body.len, text, strlen(text));
}

static bool asks_for_all(const struct aws_request *request)
{
    for (size_t i = 0; i < sizeof(dear_unfiltered) / sizeof(dear_unfiltered[0]); i++) {
        if (strcmp(dear_unfiltered[i], request->action) == 0)
            return !contains(request->body, "&Filter.") && !contains(request->body, "&MaxResults=");
    }
    return false;
}

static const struct published *published_limit(const struct aws_request *request, bool all)
{
    if (strcmp(request->service, "ec2") != 0)
        return &elsewhere;
    if (all)
        return &unfiltered;
    size_t i = 0;
    while (!fits(ec2[i].action, request->action)) /* the last fits all */
        i++;
    return &ec2[i];
}

static void release_values(struct map *map)
{
    for (size_t i = 0; i < map->size; i++)
        free(map->slots[i].value);
    map_release(map);
}

void aws_limits_release(struct aws_limits *limits)
{
    release_values(&limits->limits);
    release_values(&limits->budgets);
}

static void fill(struct bucket *b, double capacity, double rate, int64_t now_ns)
{
    double spare = rate * JITTER_S > SPARE_MIN ? rate * JITTER_S : SPARE_MIN;
    bucket_init(b, capacity > 2 * spare ? capacity - spare : capacity, rate, now_ns);
}

int aws_limits_find(struct aws_limits *limits, const struct aws_request *request, int64_t now_ns,
                    struct aws_limit **ret, struct error *err)
{
    char key[256];
    bool ec2_all = strcmp(request->service, "ec2") == 0 && asks_for_all(request);
    (void)snprintf(key, sizeof(key), "%s %s %s%s", request->service, request->region,
                   request->action, ec2_all ? " all" : "");
    struct aws_limit *limit = map_get(&limits->limits, key);
    if (!limit) {
        const struct published *p = published_limit(request, ec2_all);
        limit = calloc(1, sizeof(*limit) + sizeof(key));
        if (!limit)
            return error_nomem(err);
        memcpy(limit->key, key, sizeof(key));
        fill(&limit->requests, p->capacity, p->rate, now_ns);
        fill(&limit->resources, p->resource_capacity, p->resource_rate, now_ns);
        if (!map_put(&limits->limits, limit->key, limit)) {
            free(limit);
            return error_nomem(err);
        }
    }
    *ret = limit;
    return 0;
}

static bool counts_resources(const struct aws_limit *limit)
{
    return limit->resources.capacity > 0;
}

static void begin_round(struct aws_limit *limit, uint64_t round)
{
    if (limit->round == round)
        return;
    limit->round = round;
    limit->calls_ahead = limit->resources_ahead = 0;
}

int64_t aws_limit_wait_ns(struct aws_limit *limit, uint64_t round, size_t resource_tokens,
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

void aws_limit_take(struct aws_limit *limit, size_t resource_tokens, int64_t now_ns)
{
    bucket_take(&limit->requests, 1, now_ns);
    if (counts_resources(limit))
        bucket_take(&limit->resources, (double)resource_tokens, now_ns);
}

void aws_limit_refused(struct aws_limit *limit, const char *message, int64_t now_ns)
{
    if (counts_resources(limit) && strstr(message, "resource rate limit"))
        bucket_refused(&limit->resources, now_ns);
    else
        bucket_refused(&limit->requests, now_ns);
}

void aws_limit_served(struct aws_limit *limit)
{
    bucket_served(&limit->requests);
    bucket_served(&limit->resources);
}

/* ---- the retry budget (as the SDKs' retry quota) ------------------------------------------------ */

/* Without memory for a budget there is none to spend. */
static struct aws_budget *budget_of(struct aws_limits *limits, const char *service)
{
    struct aws_budget *budget = map_get(&limits->budgets, service);
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

bool aws_budget_take(struct aws_limits *limits, const char *service, double cost)
{
    struct aws_budget *budget = budget_of(limits, service);
    if (!budget || budget->tokens < cost)
        return false;
    budget->tokens -= cost;
    return true;
}

void aws_budget_give(struct aws_limits *limits, const char *service, double amount)
{
    struct aws_budget *budget = budget_of(limits, service);
    if (budget)
        budget->tokens =
            budget->tokens + amount < BUDGET_TOKENS ? budget->tokens + amount : BUDGET_TOKENS;
}
