/* Credentials of the EC2 instance's role, from its metadata service (IMDSv2 only). */
#ifndef AUTH_AWS_IMDS_H
#define AUTH_AWS_IMDS_H

#include "auth/aws_credentials.h"

/*
 * AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and _ENDPOINT_MODE count. One second per
 * answer, two tries; a machine that has no such service, or no role, is "not set up".
 */
int aws_source_imds(const struct aws_source_env *env, struct aws_source **ret, struct error *err);

#endif
