/* The default chain: botocore's order. */
#include "auth/aws_credentials.h"

int aws_source_default(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    struct aws_source *sources[1];
    int rc = aws_source_environment(&sources[0], err);
    (void)env;
    return rc < 0 ? rc : aws_source_chain(sources, 1, ret, err);
}
