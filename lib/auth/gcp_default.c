/* Application default credentials: which file, else the metadata server; and what kind of file it is. */
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"

static const struct {
    const char *type;
    int (*make)(const struct gcp_source_env *env, const cJSON *file, struct gcp_source **ret,
                struct error *err);
} kinds[] = {
    { "service_account", gcp_source_service_account },
    { "authorized_user", gcp_source_user },
    { "external_account", gcp_source_external },
    { "external_account_authorized_user", gcp_source_user },
    { "impersonated_service_account", gcp_source_impersonated_file },
};

int gcp_source_file(const struct gcp_source_env *env, const cJSON *file, struct gcp_source **ret,
                    struct error *err)
{
    struct str type = gcp_json_text(file, "type");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (str_eq_c(type, kinds[i].type))
            return kinds[i].make(env, file, ret, err);
    }
    return error_set(err, MUSTER_E_CONFIG,
                     "the credentials file has no \"type\" that muster knows: service_account, "
                     "authorized_user, external_account, external_account_authorized_user, "
                     "impersonated_service_account");
}

/* ---- the order ---------------------------------------------------------------------------------- */

struct standard {
    struct gcp_source base;
    struct gcp_source_env env;
    struct gcp_source *inner; /* made anew at every fetch: files change */
    char path[4096];
    char *quota_project, *universe; /* that the file names */
    gcp_token_cb *done;
    void *ctx;
};

static void forget(struct standard *s)
{
    gcp_source_free(s->inner);
    s->inner = NULL;
    free(s->quota_project);
    free(s->universe);
    s->quota_project = s->universe = NULL;
}

static int open_file(struct standard *s, struct error *err)
{
    cJSON *file = NULL;
    int rc = gcp_file_read(s->path, &file, err);
    if (rc < 0)
        return rc;
    rc = gcp_source_file(&s->env, file, &s->inner, err);
    if (rc == 0)
        rc = gcp_file_want(file, "quota_project_id", &s->quota_project, err);
    if (rc == 0)
        rc = gcp_file_want(file, "universe_domain", &s->universe, err);
    secret_json_free(file);
    if (rc < 0)
        error_wrap(err, "%s", s->path);
    return rc;
}

static int open_inner(struct standard *s, struct error *err)
{
    const char *source;
    struct error none = { 0 };
    int rc = gcp_file_find(s->env.settings, s->path, sizeof(s->path), &source, &none);
    if (rc == MUSTER_E_NOTFOUND)
        return gcp_source_metadata(&s->env, &s->inner, err);
    if (rc < 0)
        *err = none;
    return rc < 0 ? rc : open_file(s, err);
}

static void explain(const struct standard *s, struct error *err)
{
    if (err->code == MUSTER_E_NOTFOUND && !s->path[0])
        error_set(err, MUSTER_E_NOTFOUND,
                  "none found: neither gcp.credentials of muster.yaml nor "
                  "GOOGLE_APPLICATION_CREDENTIALS is set, gcloud has none "
                  "(gcloud auth application-default login), and no metadata server gave any");
    else if (s->path[0])
        error_wrap(err, "%s", s->path);
}

static void on_found(void *ctx, const struct gcp_token *found, const struct error *err)
{
    struct standard *s = ctx;
    struct error failure = *err;
    if (failure.code) {
        explain(s, &failure);
        s->done(s->ctx, NULL, &failure);
        return;
    }
    struct gcp_token token = *found; /* borrowed, with what else the file says */
    token.quota_project = token.quota_project ? token.quota_project : s->quota_project;
    token.universe = token.universe ? token.universe : s->universe;
    s->done(s->ctx, &token, &failure);
}

static void standard_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct standard *s = (struct standard *)self;
    struct error err = { 0 };
    s->done = done;
    s->ctx = ctx;
    s->path[0] = '\0';
    forget(s);
    if (open_inner(s, &err) < 0)
        done(ctx, NULL, &err);
    else
        gcp_source_fetch(s->inner, on_found, s);
}

static void standard_free(struct gcp_source *self)
{
    forget((struct standard *)self);
    free(self);
}

static const struct gcp_source_ops standard_ops = { standard_fetch, standard_free };

int gcp_source_default(const struct gcp_source_env *env, struct gcp_source **ret, struct error *err)
{
    const struct gcp_impersonation how = { .account = env->settings->impersonate };
    struct standard *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(err);
    s->base.ops = &standard_ops;
    s->env = *env;
    if (how.account)
        return gcp_source_impersonate(env, &how, &s->base, ret, err);
    *ret = &s->base;
    return 0;
}
