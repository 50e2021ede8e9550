/* Credentials of the EC2 instance's role, from its metadata service. */
#ifndef AUTH_AWS_IMDS_H
#define AUTH_AWS_IMDS_H

#include "auth/aws_credentials.h"

/* A machine that has no such service (imds.h), or no role, is "not set up". */
int aws_source_imds(const struct aws_source_env *env, struct aws_source **ret, struct error *err);

#endif
