/* Credentials that the container's host hands out: ECS tasks, EKS Pod Identity. */
#ifndef AUTH_AWS_CONTAINER_H
#define AUTH_AWS_CONTAINER_H

#include "auth/aws_credentials.h"

/*
 * AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI; AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (read at
 * every fetch) or _TOKEN. Plain http only to loopback and the addresses of ECS and EKS.
 */
int aws_source_container(const struct aws_source_env *env, struct aws_source **ret,
                         struct error *err);

/* Whether an http:// URL is one that keys may come from. */
bool aws_container_url_allowed(const char *url);

#endif
