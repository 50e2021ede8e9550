/* One profile of ~/.aws: the settings of both files, credentials before config. */
#ifndef AUTH_AWS_PROFILE_H
#define AUTH_AWS_PROFILE_H

#include "auth/aws_ini.h"
#include "auth/aws_settings.h"

struct aws_profiles {
    struct aws_ini config, credentials;
};

/* AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/config and ~/.aws/credentials. */
int aws_profiles_read(struct aws_profiles *ret, struct error *err);
void aws_profiles_release(struct aws_profiles *profiles);

/* The settings', else AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *aws_profile_name(const struct aws_settings *settings);

bool aws_profile_exists(const struct aws_profiles *profiles, const char *profile);
/* ptr NULL: not set. Borrowed from `profiles`. */
struct str aws_profile_get(const struct aws_profiles *profiles, const char *profile,
                           const char *name);
/* From one of the files alone. */
struct str aws_profile_get_config(const struct aws_profiles *profiles, const char *profile,
                                  const char *name);

#endif
