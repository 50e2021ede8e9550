/* Nodes that are process groups on this machine; see local.h. */
#ifndef PROVIDERS_LOCAL_PLUGIN_H
#define PROVIDERS_LOCAL_PLUGIN_H

#include "providers/provider.h"

extern const struct provider_plugin provider_local;

#endif
