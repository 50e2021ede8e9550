#include "auth/gcp_settings.h"

#include <stdlib.h>
#include <string.h>

#include "auth/gcp_file.h"
#include "auth/secret.h"

static const struct option rows[] = {
    OPTION_STRING(struct gcp_settings, project, "project", .optional = true,
                  .help =
                      "for what names none; absent: GOOGLE_CLOUD_PROJECT, the credentials file, "
                      "the metadata server"),
    OPTION_STRING(struct gcp_settings, credentials, "credentials", .optional = true,
                  .help = "credentials file (JSON); absent: application default credentials"),
    OPTION_STRING(struct gcp_settings, impersonate, "impersonate", .optional = true,
                  .help = "e-mail of a service account to act as with the credentials found"),
    OPTION_STRING(struct gcp_settings, quota_project, "quota_project", .optional = true,
                  .help = "project that calls are counted against; absent: "
                          "GOOGLE_CLOUD_QUOTA_PROJECT, then the credentials file's"),
    OPTION_STRING(struct gcp_settings, universe, "universe", .optional = true,
                  .help = "domain of a Trusted Partner Cloud; absent: "
                          "GOOGLE_CLOUD_UNIVERSE_DOMAIN, the file's, googleapis.com"),
    OPTION_STRING(struct gcp_settings, ca_file, "ca_file", .optional = true,
                  .help = "certificates to trust (PEM); absent: the system's"),
    OPTION_STRING(struct gcp_settings, proxy, "proxy", .optional = true,
                  .help = "http://HOST:PORT through which Google is reached"),
    OPTION_STRINGS(struct gcp_settings, endpoints, "endpoints", .fallback = "[]",
                   .help = "[compute=URL, \"*=URL\"]: other addresses of compute, monitoring, "
                           "pubsub, billing, iam, sts, projects, * for all"),
    { 0 },
};

/* As enum gcp_service has them. */
static const char *const services[] = { "compute", "monitoring", "pubsub",   "billing",
                                        "iam",     "sts",        "projects", "*" };

static bool is_service(struct str name)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (str_eq_c(name, services[i]))
            return true;
    }
    return false;
}

static bool is_url(struct str text)
{
    return (str_starts(text, "http://") || str_starts(text, "https://")) &&
           !memchr(text.ptr, '@', text.len);
}

static int check_endpoints(const struct option_strings *endpoints, struct error *err)
{
    for (size_t i = 0; i < endpoints->len; i++) {
        const char *at = endpoints->at[i], *equals = strchr(at, '=');
        if (!equals || !is_url(str_from(equals + 1)))
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' is not SERVICE=URL, as compute=http://127.0.0.1:5000", at);
        if (!is_service((struct str){ at, (size_t)(equals - at) }))
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' names no service: one of compute, monitoring, pubsub, billing, "
                             "iam, sts, projects, *",
                             at);
    }
    return 0;
}

static bool domain_valid(const char *domain)
{
    size_t len = strlen(domain);
    return len > 0 && len < 128 &&
           strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len && domain[0] != '.';
}

bool gcp_project_valid(const char *project)
{
    size_t len = strlen(project);
    return len > 0 && len < GCP_PROJECT_MAX && project[0] != '.' &&
           strspn(project, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:") ==
               len;
}

static int check_names(const struct gcp_settings *s, const char **ret_key, struct error *err)
{
    *ret_key = "project";
    if (s->project && !gcp_project_valid(s->project))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not the id of a project", s->project);
    *ret_key = "quota_project";
    if (s->quota_project && !gcp_project_valid(s->quota_project))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not the id of a project",
                         s->quota_project);
    *ret_key = "impersonate";
    if (s->impersonate && (!strchr(s->impersonate, '@') || strpbrk(s->impersonate, "/?# %")))
        return error_set(err, MUSTER_E_INVALID,
                         "'%s' is not the e-mail of a service account, as "
                         "muster@acme.iam.gserviceaccount.com",
                         s->impersonate);
    *ret_key = "universe";
    if (s->universe && !domain_valid(s->universe))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not a domain, as googleapis.com",
                         s->universe);
    return 0;
}

static int settings_check(const void *options, const char **ret_key, struct error *err)
{
    const struct gcp_settings *s = options;
    *ret_key = "endpoints";
    int rc = check_endpoints(&s->endpoints, err);
    return rc < 0 ? rc : check_names(s, ret_key, err);
}

/* ---- the project -------------------------------------------------------------------------------- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Only a service account's key says where it is at home. */
static const char *project_of_file(const struct gcp_settings *settings,
                                   char ret[static GCP_PROJECT_MAX])
{
    char path[4096];
    const char *source;
    cJSON *root = NULL;
    if (gcp_file_find(settings, path, sizeof(path), &source, NULL) < 0 ||
        gcp_file_read(path, &root, NULL) < 0)
        return NULL;
    struct str project = gcp_json_text(root, "project_id");
    bool fits = project.len > 0 && str_copy(ret, GCP_PROJECT_MAX, project);
    secret_json_free(root);
    return fits && gcp_project_valid(ret) ? ret : NULL;
}

const char *gcp_settings_project(const struct gcp_settings *settings,
                                 char ret[static GCP_PROJECT_MAX])
{
    const char *project = settings->project;
    if (!project)
        project = variable("GOOGLE_CLOUD_PROJECT");
    if (!project)
        project = variable("GCLOUD_PROJECT");
    if (!project)
        return project_of_file(settings, ret);
    return gcp_project_valid(project) && str_copy_c(ret, GCP_PROJECT_MAX, project) ? ret : NULL;
}

const struct option_set gcp_settings_options = {
    .name = "gcp",
    .help = "how Google Cloud is reached, and as whom",
    .size = sizeof(struct gcp_settings),
    .rows = rows,
    .check = settings_check,
};
