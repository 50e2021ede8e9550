/* Credentials in environment variables, read at every fetch. */
#include <stdlib.h>

#include "auth/aws_credentials.h"
#include "base/timestamp.h"

static int read_environment(struct aws_credentials *found, struct error *err)
{
    const char *access = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    const char *token = getenv("AWS_SESSION_TOKEN"), *expires = getenv("AWS_CREDENTIAL_EXPIRATION");
    int64_t expires_ns = AWS_NEVER_EXPIRES;
    if (!access || !*access)
        return error_set(err, MUSTER_E_NOTFOUND, "AWS_ACCESS_KEY_ID is not set");
    if (!secret || !*secret)
        return error_set(err, MUSTER_E_CONFIG,
                         "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    if (expires && *expires && timestamp_parse(str_from(expires), &expires_ns, err) < 0)
        return error_wrap(err, "AWS_CREDENTIAL_EXPIRATION");
    return aws_credentials_set(found, str_from(access), str_from(secret), str_from(token),
                               expires_ns, "the environment", err);
}

static void environment_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct aws_credentials found = { 0 };
    struct error err = { 0 };
    (void)self;
    int rc = read_environment(&found, &err);
    done(ctx, rc < 0 ? NULL : &found, &err);
    aws_credentials_release(&found);
}

static void environment_free(struct aws_source *self)
{
    free(self);
}

static const struct aws_source_ops environment_ops = { environment_fetch, environment_free };

int aws_source_environment(struct aws_source **ret, struct error *err)
{
    struct aws_source *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->ops = &environment_ops;
    *ret = self;
    return 0;
}
