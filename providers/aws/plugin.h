/* Machines of Amazon EC2; see aws.h. */
#ifndef PROVIDERS_AWS_PLUGIN_H
#define PROVIDERS_AWS_PLUGIN_H

#include "providers/provider.h"

extern const struct provider_plugin provider_aws;

#endif
