/* The sources that the default chain is made of. */
#ifndef AUTH_AWS_SOURCES_H
#define AUTH_AWS_SOURCES_H

#include "auth/aws_credentials.h"

/* Takes them, also when it fails. */
int aws_source_static(struct aws_credentials *take_credentials, struct aws_source **ret,
                      struct error *err);

/* The profile of ~/.aws, read anew at every fetch. `roles`: only what assumes a role with another's
 * credentials (botocore asks that before web identity); otherwise everything else in a profile. */
int aws_source_profile(const struct aws_source_env *env, bool roles, struct aws_source **ret,
                       struct error *err);

/* AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME: service accounts of EKS. */
int aws_source_web_environment(const struct aws_source_env *env, struct aws_source **ret,
                               struct error *err);

#endif
