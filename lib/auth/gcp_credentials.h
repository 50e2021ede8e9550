/*
 * Access tokens of Google Cloud and where they come from. One source per file, all with the same face,
 * so that the cache in front is a source itself:
 *
 *     cache -> [impersonation] -> default -> a credentials file's kind, or the metadata server
 *
 * Error texts name variables, files and URLs, never what was found in them.
 */
#ifndef AUTH_GCP_CREDENTIALS_H
#define AUTH_GCP_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "auth/gcp_settings.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http_client.h"

#define GCP_SCOPE "https://www.googleapis.com/auth/cloud-platform"

struct gcp_token {
    char *text;              /* NULL: none */
    char *quota_project;     /* that the credentials name; NULL: none */
    char *universe;          /* that they are of; NULL: googleapis.com */
    int64_t expires_boot_ns; /* boot time: nobody sets that clock */
    const char *source;      /* what gave it, for people: "a service account's key"; static text */
};

/* Copies the text. MUSTER_E_INVALID: empty, or it holds what no header may. */
int gcp_token_set(struct gcp_token *to, struct str text, int64_t expires_boot_ns,
                  const char *source, struct error *err);
int gcp_token_copy(struct gcp_token *to, const struct gcp_token *from, struct error *err);
void gcp_token_release(struct gcp_token *token); /* overwrites it */

/* {"access_token": ..., "expires_in": 3599 (or "3599"), "token_type": "Bearer"} */
int gcp_token_parse(struct str json, int64_t boot_ns, const char *source, struct gcp_token *ret,
                    struct error *err);

/* err->code 0: a token, borrowed for the call. MUSTER_E_NOTFOUND: nothing is set up. */
typedef void gcp_token_cb(void *ctx, const struct gcp_token *found, const struct error *err);

struct gcp_source;

struct gcp_source_ops {
    /* Calls back exactly once, maybe at once. Not again before that. The callback does not free the
     * source. */
    void (*fetch)(struct gcp_source *self, gcp_token_cb *done, void *ctx);
    /* Drops a fetch: its callback never comes. */
    void (*free)(struct gcp_source *self);
};

/* The first member of every source. */
struct gcp_source {
    const struct gcp_source_ops *ops;
};

static inline void gcp_source_fetch(struct gcp_source *source, gcp_token_cb *done, void *ctx)
{
    source->ops->fetch(source, done, ctx);
}

static inline void gcp_source_free(struct gcp_source *source) /* takes NULL */
{
    if (source)
        source->ops->free(source);
}

/* What sources need from their surroundings; borrowed, lives longer than they. */
struct gcp_source_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct http_client *http;
    const struct gcp_settings *settings;
};

static inline int64_t gcp_source_boot_ns(const struct gcp_source_env *env)
{
    return env->clock->boot_ns(env->clock->ctx);
}

/*
 * Application default credentials in the order of Google's libraries: the file of the settings or of
 * GOOGLE_APPLICATION_CREDENTIALS, gcloud's, the metadata server. Files are read anew at every fetch.
 * settings->impersonate comes on top.
 */
int gcp_source_default(const struct gcp_source_env *env, struct gcp_source **ret,
                       struct error *err);

/*
 * What a credentials file says, by its "type": service_account, authorized_user, external_account,
 * external_account_authorized_user, impersonated_service_account. Copies what it needs of `file`.
 */
int gcp_source_file(const struct gcp_source_env *env, const cJSON *file, struct gcp_source **ret,
                    struct error *err);

/*
 * Keeps what `take_inner` found until a minute before it expires, and fetches anew in the background
 * from 225 s before (as google-auth: the metadata server itself renews at five minutes). A source that
 * fails meanwhile is forgiven until the token does expire.
 */
int gcp_source_cache(const struct gcp_source_env *env, struct gcp_source *take_inner,
                     struct gcp_source **ret, struct error *err);
/* A service refused what the cache gave: the next fetch asks the source again. */
void gcp_source_cache_forget(struct gcp_source *cache);

#endif
