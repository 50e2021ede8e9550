/* Web identity by environment variables: read when asked, as the variables of a process do not change. */
#include <stdlib.h>

#include "auth/aws_sources.h"
#include "auth/aws_sts.h"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

struct absent {
    struct aws_source base;
};

static void absent_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct error err = { 0 };
    (void)self;
    error_set(&err, MUSTER_E_NOTFOUND, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    done(ctx, NULL, &err);
}

static void absent_free(struct aws_source *self)
{
    free(self);
}

static const struct aws_source_ops absent_ops = { absent_fetch, absent_free };

int aws_source_web_environment(const struct aws_source_env *env, struct aws_source **ret,
                               struct error *err)
{
    const char *file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const struct aws_role role = { .arn = variable("AWS_ROLE_ARN"),
                                   .session_name = variable("AWS_ROLE_SESSION_NAME") };
    if (file && role.arn)
        return aws_source_web_identity(env, &role, file, ret, err);
    struct absent *absent = calloc(1, sizeof(*absent));
    if (!absent)
        return error_nomem(err);
    absent->base.ops = &absent_ops;
    *ret = &absent->base;
    return 0;
}
