/* The default chain: botocore's order. */
#include "auth/aws_container.h"
#include "auth/aws_imds.h"
#include "auth/aws_sources.h"
#include "auth/aws_sts.h"

#define SOURCES_MAX 6

static int profile_roles(const struct aws_source_env *env, struct aws_source **ret,
                         struct error *err)
{
    return aws_source_profile(env, true, ret, err);
}

static int profile_plain(const struct aws_source_env *env, struct aws_source **ret,
                         struct error *err)
{
    return aws_source_profile(env, false, ret, err);
}

static int environment(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    (void)env;
    return aws_source_environment(ret, err);
}

/* `explicit`: asked even when the settings name a profile, which says "not the environment". */
static const struct {
    int (*make)(const struct aws_source_env *env, struct aws_source **ret, struct error *err);
    bool explicit;
} order[SOURCES_MAX] = {
    { environment, false },  { profile_roles, true },        { aws_source_web_environment, false },
    { profile_plain, true }, { aws_source_container, true }, { aws_source_imds, true },
};

static int make_chain(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    struct aws_source *sources[SOURCES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        if (env->settings->profile && !order[i].explicit)
            continue;
        int rc = order[i].make(env, &sources[len], err);
        if (rc < 0) {
            while (len > 0)
                aws_source_free(sources[--len]);
            return rc;
        }
        len++;
    }
    return aws_source_chain(sources, len, ret, err);
}

int aws_source_default(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    const struct aws_role role = { .arn = env->settings->role_arn };
    struct aws_source *chain = NULL;
    int rc = make_chain(env, &chain, err);
    if (rc < 0)
        return rc;
    if (role.arn)
        return aws_source_role(env, &role, chain, ret, err);
    *ret = chain;
    return 0;
}
