#include "auth/gcp_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/secret.h"
#include "base/file.h"
#include "base/json.h"

#define GCLOUD_FILE "application_default_credentials.json"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int take_path(const char *path, const char *source, char *ret_path, size_t size,
                     const char **ret_source, struct error *err)
{
    if (!str_copy_c(ret_path, size, path))
        return error_set(err, MUSTER_E_CONFIG, "%s names a path that is too long", source);
    *ret_source = source;
    return 0;
}

static int gcloud_path(char *ret, size_t size)
{
    const char *config = variable("CLOUDSDK_CONFIG"), *home = variable("HOME");
    int n = config ? snprintf(ret, size, "%s/" GCLOUD_FILE, config)
                   : snprintf(ret, size, "%s/.config/gcloud/" GCLOUD_FILE, home ? home : "");
    return (config || home) && n > 0 && (size_t)n < size ? 0 : MUSTER_E_NOTFOUND;
}

int gcp_file_find(const struct gcp_settings *settings, char *ret_path, size_t size,
                  const char **ret_source, struct error *err)
{
    char path[4096];
    const char *named = variable("GOOGLE_APPLICATION_CREDENTIALS");
    if (settings->credentials)
        return take_path(settings->credentials, "gcp.credentials", ret_path, size, ret_source, err);
    if (named)
        return take_path(named, "GOOGLE_APPLICATION_CREDENTIALS", ret_path, size, ret_source, err);
    if (gcloud_path(path, sizeof(path)) < 0 || access(path, F_OK) != 0)
        return error_set(err, MUSTER_E_NOTFOUND, "no Google credentials file");
    return take_path(path, "gcloud", ret_path, size, ret_source, err);
}

int gcp_file_parse(struct str text, cJSON **ret, struct error *err)
{
    cJSON *root = NULL;
    /* The parser's own words may quote the text, so they are not handed on. */
    int rc = json_parse(text, &root, NULL);
    if (rc == MUSTER_E_NOMEM)
        return error_nomem(err);
    if (rc < 0 || !cJSON_IsObject(root)) {
        secret_json_free(root);
        return error_set(err, MUSTER_E_CONFIG, "not a JSON object");
    }
    *ret = root;
    return 0;
}

int gcp_file_read(const char *path, cJSON **ret, struct error *err)
{
    struct buf text = { 0 };
    int rc = file_read(path, GCP_FILE_BYTES_MAX, &text, err);
    if (rc == 0) {
        rc = gcp_file_parse(buf_str(&text), ret, err);
        if (rc < 0)
            error_wrap(err, "%s", path);
    } else if (rc == MUSTER_E_NOTFOUND || rc == MUSTER_E_IO || rc == MUSTER_E_TOOBIG) {
        /* It was named, so it is not "look elsewhere". */
        rc = MUSTER_E_CONFIG;
        if (err)
            err->code = rc;
    }
    secret_release(&text);
    return rc;
}

struct str gcp_json_text(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return str_from(cJSON_IsString(member) ? member->valuestring : NULL);
}
