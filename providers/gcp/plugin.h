/* Machines of Google Compute Engine; see gcp.h. */
#ifndef PROVIDERS_GCP_PLUGIN_H
#define PROVIDERS_GCP_PLUGIN_H

#include "providers/provider.h"

extern const struct provider_plugin provider_gcp;

#endif
