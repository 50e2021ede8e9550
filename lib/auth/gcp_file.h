/* Google credentials files: where they are, and what stands in one. */
#ifndef AUTH_GCP_FILE_H
#define AUTH_GCP_FILE_H

#include <cjson/cJSON.h>

#include "auth/gcp_settings.h"
#include "base/error.h"
#include "base/str.h"

#define GCP_FILE_BYTES_MAX ((size_t)256 << 10)

/*
 * The file that Google's libraries would read: the setting, GOOGLE_APPLICATION_CREDENTIALS, then
 * application_default_credentials.json of gcloud (CLOUDSDK_CONFIG, else ~/.config/gcloud). The first two
 * are named although they may not exist. MUSTER_E_NOTFOUND: none is named and gcloud has none.
 * *ret_source says who named it, for people.
 */
int gcp_file_find(const struct gcp_settings *settings, char *ret_path, size_t size,
                  const char **ret_source, struct error *err);

/* The file as JSON, an object. It holds secrets: secret_json_free(). Errors quote nothing of it. */
int gcp_file_read(const char *path, cJSON **ret, struct error *err);
int gcp_file_parse(struct str text, cJSON **ret, struct error *err);

/* A text member, "" when it is absent or no text; borrowed. */
struct str gcp_json_text(const cJSON *object, const char *name);

#endif
