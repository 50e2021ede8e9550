/* What a node of EC2 runs at its first boot when the policy file names no script of its own. */
#ifndef PROVIDERS_AWS_USER_DATA_H
#define PROVIDERS_AWS_USER_DATA_H

#include "providers/user_data.h"

#define AWS_USER_DATA_MAX ((size_t)16 << 10) /* EC2's own limit, before base64 */

/* A template for user_data_fill. */
extern const char aws_user_data_default[];

#endif
