#include "auth/aws_limits.h"

#include <stdio.h>
#include <string.h>

struct published {
    const char *action; /* a prefix when it ends in '*' */
    struct call_rate rate;
};

/* The first that fits. */
static const struct published ec2[] = {
    { "RunInstances", { 5, 2, 1000, 2 } },
    { "StartInstances", { 5, 2, 1000, 2 } },
    { "TerminateInstances", { 100, 5, 1000, 20 } },
    { "StopInstances", { 50, 5, 1000, 20 } },
    { "CreateTags", { 100, 10, 0, 0 } },
    { "DeleteTags", { 100, 10, 0, 0 } },
    { "CreateLaunchTemplateVersion", { 100, 5, 0, 0 } },
    { "ModifyLaunchTemplate", { 100, 5, 0, 0 } },
    { "CreateVolume", { 100, 5, 0, 0 } },
    { "CreateNetworkInterface", { 100, 5, 0, 0 } },
    { "ModifyInstanceMetadataOptions", { 100, 5, 0, 0 } },
    { "DescribeSpotFleetInstances", { 100, 5, 0, 0 } },
    { "DescribeSpotFleetRequests", { 50, 3, 0, 0 } },
    { "DescribeCapacityBlockOfferings", { 10, 0.15, 0, 0 } },
    { "Describe*", { 100, 20, 0, 0 } },
    { "Get*", { 100, 20, 0, 0 } },
    { "List*", { 100, 20, 0, 0 } },
    { "Search*", { 100, 20, 0, 0 } },
    { "*", { 50, 5, 0, 0 } }, /* mutating, as CreateFleet */
};

/* Asked for everything at once, these have a smaller bucket of their own. */
static const char *const dear_unfiltered[] = {
    "DescribeInstances",      "DescribeInstanceStatus", "DescribeNetworkInterfaces",
    "DescribeSecurityGroups", "DescribeSnapshots",      "DescribeSpotInstanceRequests",
    "DescribeVolumes",
};
static const struct published unfiltered = { "", { 50, 10, 0, 0 } };

/* What other services allow is not published throughout; no pool needs more than this. */
static const struct published elsewhere = { "", { 100, 20, 0, 0 } };

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

int aws_limits_find(struct call_limits *limits, const struct aws_request *request, int64_t now_ns,
                    struct call_limit **ret, struct error *err)
{
    char key[CALL_KEY_MAX];
    bool ec2_all = strcmp(request->service, "ec2") == 0 && asks_for_all(request);
    (void)snprintf(key, sizeof(key), "%s %s %s%s", request->service, request->region,
                   request->action, ec2_all ? " all" : "");
    return call_limits_find(limits, key, &published_limit(request, ec2_all)->rate, now_ns, ret,
                            err);
}
