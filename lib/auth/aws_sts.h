/* Sources that ask STS for the credentials of a role. */
#ifndef AUTH_AWS_STS_H
#define AUTH_AWS_STS_H

#include "auth/aws_credentials.h"

/* Copied; NULL where absent. */
struct aws_role {
    const char *arn;
    const char *session_name; /* NULL: "muster" and a number */
    const char *external_id;
    const char *duration_s; /* digits; NULL: STS's own (an hour) */
    const char *region;
};

/* AssumeRole, signed with the credentials of `take_base`; takes it, also when it fails. */
int aws_source_role(const struct aws_source_env *env, const struct aws_role *role,
                    struct aws_source *take_base, struct aws_source **ret, struct error *err);

/* AssumeRoleWithWebIdentity, with the token in that file, read at every fetch. */
int aws_source_web_identity(const struct aws_source_env *env, const struct aws_role *role,
                            const char *token_file, struct aws_source **ret, struct error *err);

/* Reads <Credentials> of an answer, of either call. */
int aws_sts_read(struct str xml, struct aws_credentials *ret, struct error *err);

#endif
