#include "auth/gcp_limits.h"

#include <stdio.h>
#include <string.h>

#include "auth/gcp_endpoint.h"

/*
 * Compute Engine counts each kind of call on its own, 1,500 a minute, project and region, and begins
 * anew every minute: a bucket that never gives more than that in any 60 seconds (500 + 60 * 15) fits in
 * between. (Compute Engine rate quotas, read in 2026.)
 */
static const struct call_rate compute = { 500, 15, 0, 0 };
/* What others allow differs and is more; no pool needs as much. */
static const struct call_rate elsewhere = { 100, 5, 0, 0 };

static bool ends(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static const char *kind_of(const struct gcp_request *request)
{
    if (strstr(request->name, "perations."))
        return "operations";
    if (ends(request->name, "ist") || ends(request->name, "listManagedInstances"))
        return "list";
    return strcmp(request->method, "GET") == 0 ? "get" : "change";
}

/* "projects/acme/zones/..." -> "acme" */
static struct str project_of(const char *path)
{
    if (strncmp(path, "projects/", 9) != 0)
        return STR("");
    return (struct str){ path + 9, strcspn(path + 9, "/:") };
}

int gcp_limits_find(struct call_limits *limits, const struct gcp_request *request, int64_t now_ns,
                    struct call_limit **ret, struct error *err)
{
    char key[CALL_KEY_MAX];
    struct str project = project_of(request->path);
    (void)snprintf(key, sizeof(key), "%s %s %.*s", gcp_service_name(request->service),
                   kind_of(request), (int)(project.len < 128 ? project.len : 128), project.ptr);
    return call_limits_find(limits, key, request->service == GCP_COMPUTE ? &compute : &elsewhere,
                            now_ns, ret, err);
}
