#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_profile.h"
#include "auth/aws_settings.h"

/* A setting of the config file as a text of its own; false: out of memory. */
static bool copy(const struct aws_profiles *profiles, const char *profile, const char *name,
                 char **ret)
{
    struct str value = aws_profile_get_config(profiles, profile, name);
    *ret = value.len > 0 ? str_dup(value) : NULL;
    return value.len == 0 || *ret;
}

static bool add_service(struct aws_reach *reach, struct str service, struct str url)
{
    struct buf text = { 0 };
    buf_add_str(&text, service);
    buf_add_char(&text, '=');
    buf_add_str(&text, url);
    char *entry = buf_take(&text);
    buf_release(&text);
    if (entry && vec_push(&reach->services, entry))
        return true;
    free(entry);
    return false;
}

/* The section "[services NAME]" that the profile names. */
static bool read_services(const struct aws_profiles *profiles, const char *profile,
                          struct aws_reach *reach)
{
    struct str name = aws_profile_get_config(profiles, profile, "services");
    const struct aws_ini *config = &profiles->config;
    char section[300];
    int n = snprintf(section, sizeof(section), "services %.*s", (int)name.len,
                     name.ptr ? name.ptr : "");
    if (name.len == 0 || n < 0 || (size_t)n >= sizeof(section))
        return true;
    for (size_t i = 0; i < config->entries.len; i++) {
        const struct aws_ini_entry *e = &config->entries.at[i];
        if (str_eq_c(e->section, section) && e->outer.len > 0 && e->value.len > 0 &&
            str_eq_c(e->name, "endpoint_url") && !add_service(reach, e->outer, e->value))
            return false;
    }
    return true;
}

int aws_reach_read(const struct aws_settings *settings, struct aws_reach *ret, struct error *err)
{
    struct aws_profiles profiles;
    struct aws_reach reach = { 0 };
    int rc = aws_profiles_read(&profiles, err);
    if (rc < 0)
        return rc == MUSTER_E_NOMEM ? rc : 0;
    const char *profile = aws_profile_name(settings);
    struct str ignore =
        aws_profile_get_config(&profiles, profile, "ignore_configured_endpoint_urls");
    bool good = copy(&profiles, profile, "ca_bundle", &reach.ca_bundle) &&
                copy(&profiles, profile, "endpoint_url", &reach.endpoint_url) &&
                read_services(&profiles, profile, &reach);
    reach.ignore_endpoints = str_eq_c(ignore, "true");
    aws_profiles_release(&profiles);
    if (!good) {
        aws_reach_release(&reach);
        return error_nomem(err);
    }
    *ret = reach;
    return 0;
}

void aws_reach_release(struct aws_reach *reach)
{
    free(reach->ca_bundle);
    free(reach->endpoint_url);
    for (size_t i = 0; i < reach->services.len; i++)
        free(reach->services.at[i]);
    vec_release(&reach->services);
}
