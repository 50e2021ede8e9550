/* An existing EC2 Auto Scaling group as the place where machines come from; see asg.h. */
#ifndef PROVIDERS_ASG_PLUGIN_H
#define PROVIDERS_ASG_PLUGIN_H

#include "providers/provider.h"

extern const struct provider_plugin provider_asg;

#endif
