#include "auth/aws_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* "~/x" is meant from HOME, in the variables too. */
static int read_one(const char *name, const char *standard, struct aws_ini *ret, struct error *err)
{
    const char *path = variable(name), *home = variable("HOME");
    char whole[4096];
    path = path ? path : standard;
    if (path[0] != '~' || path[1] != '/')
        return aws_ini_read(path, ret, err);
    if (!home)
        return 0;
    int n = snprintf(whole, sizeof(whole), "%s%s", home, path + 1);
    if (n < 0 || (size_t)n >= sizeof(whole))
        return error_set(err, MUSTER_E_TOOBIG, "%s: the path is too long", name);
    return aws_ini_read(whole, ret, err);
}

int aws_profiles_read(struct aws_profiles *ret, struct error *err)
{
    struct aws_profiles profiles = { 0 };
    int rc = read_one("AWS_CONFIG_FILE", "~/.aws/config", &profiles.config, err);
    if (rc == 0)
        rc = read_one("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &profiles.credentials,
                      err);
    if (rc < 0) {
        aws_profiles_release(&profiles);
        return rc;
    }
    *ret = profiles;
    return 0;
}

void aws_profiles_release(struct aws_profiles *profiles)
{
    aws_ini_release(&profiles->config);
    aws_ini_release(&profiles->credentials);
}

const char *aws_profile_name(const struct aws_settings *settings)
{
    const char *name = settings->profile;
    if (!name)
        name = variable("AWS_PROFILE");
    if (!name)
        name = variable("AWS_DEFAULT_PROFILE");
    return name ? name : "default";
}

/* "[profile x]", but "[default]"; botocore takes "[profile default]" too. */
static bool config_section(const char *profile, char *ret, size_t size)
{
    int n = snprintf(ret, size, "profile %s", profile);
    return n > 0 && (size_t)n < size;
}

bool aws_profile_exists(const struct aws_profiles *profiles, const char *profile)
{
    char section[300];
    return aws_ini_has(&profiles->credentials, profile) ||
           (strcmp(profile, "default") == 0 && aws_ini_has(&profiles->config, profile)) ||
           (config_section(profile, section, sizeof(section)) &&
            aws_ini_has(&profiles->config, section));
}

struct str aws_profile_get_config(const struct aws_profiles *profiles, const char *profile,
                                  const char *name)
{
    char section[300];
    struct str value = { NULL, 0 };
    if (config_section(profile, section, sizeof(section)))
        value = aws_ini_get(&profiles->config, section, name);
    if (!value.ptr && strcmp(profile, "default") == 0)
        value = aws_ini_get(&profiles->config, profile, name);
    return value;
}

struct str aws_profile_get(const struct aws_profiles *profiles, const char *profile,
                           const char *name)
{
    struct str value = aws_ini_get(&profiles->credentials, profile, name);
    return value.ptr ? value : aws_profile_get_config(profiles, profile, name);
}
