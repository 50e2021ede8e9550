/* Where the metadata server of Compute Engine is, and whether an answer is its own. */
#ifndef AUTH_GCP_METADATA_H
#define AUTH_GCP_METADATA_H

#include "auth/gcp_exchange.h"

#define GCP_METADATA_FLAVOR  "Metadata-Flavor: Google"
#define GCP_METADATA_WAIT_NS (3 * NS_PER_S)

/* "http://169.254.169.254/computeMetadata/v1/" + path; GCE_METADATA_HOST, GCE_METADATA_ROOT and
 * GCE_METADATA_IP count. */
void gcp_metadata_url(const char *path, char *ret, size_t size);

/* Something else at that address (a captive portal, a proxy) is told by the header it does not send. */
bool gcp_metadata_genuine(const struct http_response *response);

#endif
