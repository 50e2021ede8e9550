#include "auth/aws_settings.h"

#include <stdlib.h>
#include <string.h>

#include "auth/aws_profile.h"

static const struct option rows[] = {
    OPTION_STRING(struct aws_settings, profile, "profile", .optional = true,
                  .help = "profile of ~/.aws/config and ~/.aws/credentials; absent: AWS_PROFILE"),
    OPTION_STRING(struct aws_settings, role_arn, "role", .optional = true,
                  .help = "ARN of a role to assume with the credentials that are found"),
    OPTION_STRING(struct aws_settings, region, "region", .optional = true,
                  .help = "for what names none; absent: AWS_REGION, then the profile's"),
    OPTION_STRING(struct aws_settings, ca_file, "ca_file", .optional = true,
                  .help = "certificates to trust (PEM); absent: AWS_CA_BUNDLE, then the system's"),
    OPTION_STRING(struct aws_settings, proxy, "proxy", .optional = true,
                  .help = "http://HOST:PORT through which AWS is reached"),
    OPTION_STRINGS(struct aws_settings, notices, "notices", .fallback = "[]",
                   .help = "URLs of SQS queues that EventBridge feeds with EC2's notices"),
    OPTION_STRINGS(struct aws_settings, endpoints, "endpoints", .fallback = "[]",
                   .help = "[ec2=URL, \"*=URL\"]: other addresses of services, * for all"),
    { 0 },
};

static bool is_url(struct str text)
{
    return (str_starts(text, "http://") || str_starts(text, "https://")) &&
           !memchr(text.ptr, '@', text.len);
}

static int settings_check(const void *options, const char **ret_key, struct error *err)
{
    const struct aws_settings *s = options;
    for (size_t i = 0; i < s->endpoints.len; i++) {
        const char *equals = strchr(s->endpoints.at[i], '=');
        if (!equals || equals == s->endpoints.at[i] || !is_url(str_from(equals + 1))) {
            *ret_key = "endpoints";
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' is not SERVICE=URL, as ec2=http://127.0.0.1:5000",
                             s->endpoints.at[i]);
        }
    }
    for (size_t i = 0; i < s->notices.len; i++) {
        const char *slash = strrchr(s->notices.at[i], '/');
        if (!is_url(str_from(s->notices.at[i])) || !slash || !slash[1]) {
            *ret_key = "notices";
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' is not a queue's URL, as "
                             "https://sqs.eu-central-1.amazonaws.com/123456789012/muster-notices",
                             s->notices.at[i]);
        }
    }
    if (s->role_arn && !str_starts(str_from(s->role_arn), "arn:")) {
        *ret_key = "role";
        return error_set(err, MUSTER_E_INVALID, "'%s' is not the ARN of a role", s->role_arn);
    }
    return 0;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *aws_settings_region(const struct aws_settings *settings, char ret[static 64])
{
    const char *region = settings->region;
    if (!region)
        region = variable("AWS_REGION");
    if (!region)
        region = variable("AWS_DEFAULT_REGION");
    if (region)
        return str_copy_c(ret, 64, region) ? ret : NULL;
    struct aws_profiles profiles;
    if (aws_profiles_read(&profiles, NULL) < 0)
        return NULL;
    struct str found = aws_profile_get(&profiles, aws_profile_name(settings), "region");
    bool fits = found.len > 0 && str_copy(ret, 64, found);
    aws_profiles_release(&profiles);
    return fits ? ret : NULL;
}

const struct option_set aws_settings_options = {
    .name = "aws",
    .help = "how AWS is reached, and as whom",
    .size = sizeof(struct aws_settings),
    .rows = rows,
    .check = settings_check,
};
