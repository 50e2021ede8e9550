/* Where a Google API is: settings first, then PUBSUB_EMULATOR_HOST, then the universe's own address. */
#ifndef AUTH_GCP_ENDPOINT_H
#define AUTH_GCP_ENDPOINT_H

#include "auth/gcp_client.h"

#define GCP_URL_MAX 512

struct gcp_endpoint {
    char base[GCP_URL_MAX]; /* "https://compute.googleapis.com/compute/v1/" */
    bool emulator;          /* takes no credentials, and must not be given any */
};

/*
 * universe: of the credentials; NULL: the settings', GOOGLE_CLOUD_UNIVERSE_DOMAIN, googleapis.com. A
 * configured URL of a host alone gets the service's own path; one with a path is the base as it is (as
 * gcloud's api_endpoint_overrides are).
 */
int gcp_endpoint_find(const struct gcp_settings *settings, enum gcp_service service,
                      const char *universe, struct gcp_endpoint *ret, struct error *err);

/* A URL from a credentials file, at the service's configured host where there is one. */
int gcp_endpoint_redirect(const struct gcp_settings *settings, enum gcp_service service,
                          const char *url, char *ret, size_t size, struct error *err);

/* "compute": as gcp.endpoints has it. */
const char *gcp_service_name(enum gcp_service service);

#endif
