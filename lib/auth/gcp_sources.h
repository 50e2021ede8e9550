/* The kinds of credentials that a file may be of, and what they share. */
#ifndef AUTH_GCP_SOURCES_H
#define AUTH_GCP_SOURCES_H

#include "auth/gcp_credentials.h"
#include "auth/gcp_exchange.h"

#define GCP_TOKEN_URL "https://oauth2.googleapis.com/token"

/* The first member of a source that asks somebody. */
struct gcp_asker {
    struct gcp_source base;
    struct gcp_source_env env;
    struct gcp_exchange *exchange; /* under way, or NULL */
    gcp_token_cb *done;
    void *ctx;
};

void gcp_asker_begin(struct gcp_asker *asker, gcp_token_cb *done, void *ctx);
/* Tells who waits. token: released here; NULL with an error. */
void gcp_asker_finish(struct gcp_asker *asker, struct gcp_token *token, struct error *err);

/* application/x-www-form-urlencoded to a token endpoint. `authorization`: a header more; may be NULL. */
void gcp_asker_post_form(struct gcp_asker *asker, const char *what, const char *url,
                         const struct buf *form, const char *authorization, gcp_exchange_cb *done);

/* A member that has to be there, copied; MUSTER_E_CONFIG names it, and never shows it. */
int gcp_file_need(const cJSON *file, const char *name, char **ret, struct error *err);
/* One that may be absent: *ret stays NULL. */
int gcp_file_want(const cJSON *file, const char *name, char **ret, struct error *err);

/* "Authorization: Basic ..." */
int gcp_basic_header(const char *id, const char *secret, struct buf *to);

/* https://, or http:// to this machine: where secrets may be sent. MUSTER_E_CONFIG names the member. */
int gcp_url_check(const char *url, const char *name, struct error *err);

/* "type": "service_account" */
int gcp_source_service_account(const struct gcp_source_env *env, const cJSON *file,
                               struct gcp_source **ret, struct error *err);
/* "authorized_user", "external_account_authorized_user" */
int gcp_source_user(const struct gcp_source_env *env, const cJSON *file, struct gcp_source **ret,
                    struct error *err);
/* "external_account": workload identity federation */
int gcp_source_external(const struct gcp_source_env *env, const cJSON *file,
                        struct gcp_source **ret, struct error *err);
/* "impersonated_service_account" */
int gcp_source_impersonated_file(const struct gcp_source_env *env, const cJSON *file,
                                 struct gcp_source **ret, struct error *err);

/* The service account of the machine this runs on. MUSTER_E_NOTFOUND: none answers. */
int gcp_source_metadata(const struct gcp_source_env *env, struct gcp_source **ret,
                        struct error *err);

/* Acts as another service account with the tokens of `take_base`; takes it, also when it fails. */
struct gcp_impersonation {
    const char *url;        /* ...:generateAccessToken; NULL: of `account` */
    const char *account;    /* e-mail */
    const cJSON *delegates; /* list of texts; may be NULL */
    int64_t lifetime_s;     /* 0: an hour */
};
int gcp_source_impersonate(const struct gcp_source_env *env, const struct gcp_impersonation *how,
                           struct gcp_source *take_base, struct gcp_source **ret,
                           struct error *err);
/* {"accessToken", "expireTime"}; date: the answer's, as the expiry is by that clock. */
int gcp_impersonate_read(struct str json, struct str date, const struct clock *clock,
                         struct gcp_token *ret, struct error *err);

#endif
