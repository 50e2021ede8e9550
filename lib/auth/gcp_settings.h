/* The `gcp:` section of muster.yaml, and what the environment variables of Google's libraries say. */
#ifndef AUTH_GCP_SETTINGS_H
#define AUTH_GCP_SETTINGS_H

#include "base/option.h"

#define GCP_PROJECT_MAX 64

struct gcp_settings {
    char *project;       /* for offers and queues that name none; NULL: GOOGLE_CLOUD_PROJECT ... */
    char *credentials;   /* a credentials file; NULL: application default credentials */
    char *impersonate;   /* service account that is acted as, on top of what is found; NULL: none */
    char *quota_project; /* billed for calls (X-Goog-User-Project); NULL: the file's, else none */
    char *universe;      /* "googleapis.com"; NULL: GOOGLE_CLOUD_UNIVERSE_DOMAIN, the file's */
    char *ca_file;       /* NULL: the system's */
    char *proxy;         /* http://host:port; NULL: none */
    struct option_strings endpoints; /* "compute=http://127.0.0.1:5000"; "*=..." for all services */
};

/*
 * The project for what names none, as far as this machine knows without asking anybody: the setting,
 * GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT, the credentials file's project_id (not its quota project);
 * NULL: none, and gcp_client_project() asks the metadata server. `ret` holds it.
 */
const char *gcp_settings_project(const struct gcp_settings *settings,
                                 char ret[static GCP_PROJECT_MAX]);

/* Letters, digits, '-', '.' and ':' (old domain-scoped projects); what may stand in a path. */
bool gcp_project_valid(const char *project);

extern const struct option_set gcp_settings_options; /* the rows of the section */

#endif
