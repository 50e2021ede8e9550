#include "auth/gcp_endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *word;
    const char *host; /* before the universe's domain */
    const char *path;
} services[GCP_SERVICES] = {
    [GCP_COMPUTE] = { "compute", "Compute", "compute", "compute/v1/" },
    [GCP_MONITORING] = { "monitoring", "Cloud Monitoring", "monitoring", "v3/" },
    [GCP_PUBSUB] = { "pubsub", "Pub/Sub", "pubsub", "v1/" },
    [GCP_BILLING] = { "billing", "Cloud Billing", "cloudbilling", "v1/" },
    [GCP_IAM] = { "iam", "IAM credentials", "iamcredentials", "v1/" },
    [GCP_STS] = { "sts", "STS", "sts", "v1/" },
    [GCP_PROJECTS] = { "projects", "Resource Manager", "cloudresourcemanager", "v1/" },
};

const char *gcp_service_name(enum gcp_service service)
{
    return services[service].name;
}

const char *gcp_service_word(enum gcp_service service)
{
    return services[service].word;
}

static const char *in_settings(const struct option_strings *list, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < list->len; i++) {
        if (strncmp(list->at[i], name, len) == 0 && list->at[i][len] == '=')
            return list->at[i] + len + 1;
    }
    return NULL;
}

static const char *configured(const struct gcp_settings *settings, enum gcp_service service)
{
    const char *url = in_settings(&settings->endpoints, services[service].name);
    return url ? url : in_settings(&settings->endpoints, "*");
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const char *universe_of(const struct gcp_settings *settings, const char *universe)
{
    const char *found = settings->universe;
    if (!found)
        found = variable("GOOGLE_CLOUD_UNIVERSE_DOMAIN");
    if (!found)
        found = universe;
    return found ? found : "googleapis.com";
}

/* The host alone, or the host and a path of its own. */
static int print_configured(const char *url, const char *path, char *ret, size_t size)
{
    const char *host = strstr(url, "://");
    size_t len = strlen(url);
    if (!host || len == 0 || strpbrk(url, "?# "))
        return -1;
    const char *slash = strchr(host + 3, '/');
    bool bare = !slash || !slash[1];
    int n = bare ? snprintf(ret, size, "%s%s%s", url, slash ? "" : "/", path)
                 : snprintf(ret, size, "%s%s", url, url[len - 1] == '/' ? "" : "/");
    return n > 0 && (size_t)n < size ? 0 : -1;
}

int gcp_endpoint_find(const struct gcp_settings *settings, enum gcp_service service,
                      const char *universe, struct gcp_endpoint *ret, struct error *err)
{
    struct gcp_endpoint found = { 0 };
    const char *url = configured(settings, service);
    const char *emulator = service == GCP_PUBSUB ? variable("PUBSUB_EMULATOR_HOST") : NULL;
    int n = 0;
    if (url)
        n = print_configured(url, services[service].path, found.base, sizeof(found.base));
    else if (emulator)
        n = snprintf(found.base, sizeof(found.base), "%s%s/%s",
                     strstr(emulator, "://") ? "" : "http://", emulator, services[service].path);
    else
        n = snprintf(found.base, sizeof(found.base), "https://%s.%s/%s", services[service].host,
                     universe_of(settings, universe), services[service].path);
    if (n < 0 || (size_t)n >= sizeof(found.base))
        return error_set(err, MUSTER_E_CONFIG,
                         "the address of Google's %s is set to something that is not an http:// or "
                         "https:// URL of a host",
                         services[service].word);
    found.emulator = !url && emulator;
    *ret = found;
    return 0;
}

int gcp_endpoint_redirect(const struct gcp_settings *settings, enum gcp_service service,
                          const char *url, char *ret, size_t size, struct error *err)
{
    const char *to = configured(settings, service);
    const char *host = strstr(url, "://"), *to_host = to ? strstr(to, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    int n = 0;
    if (to_host)
        n = snprintf(ret, size, "%.*s%s",
                     (int)(strcspn(to_host + 3, "/") + (size_t)(to_host + 3 - to)), to,
                     path ? path : "/");
    else
        n = snprintf(ret, size, "%s", url);
    if (n < 0 || (size_t)n >= size)
        return error_set(err, MUSTER_E_CONFIG, "a URL of the credentials file is too long");
    return 0;
}
