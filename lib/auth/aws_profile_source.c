/*
 * What a profile says is built into a source when credentials are asked for, and asked at once: so a
 * file that was edited counts from the next refresh on.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/aws_container.h"
#include "auth/aws_imds.h"
#include "auth/aws_process.h"
#include "auth/aws_profile.h"
#include "auth/aws_sources.h"
#include "auth/aws_sts.h"
#include "auth/secret.h"

#define CHAIN_MAX 8 /* roles behind roles */

struct profile_source {
    struct aws_source base;
    struct aws_source_env env;
    bool roles;
    struct aws_source *built; /* of the last fetch */
};

struct resolver {
    const struct aws_source_env *env;
    struct aws_profiles profiles;
    int depth;
};

static struct str get(const struct resolver *r, const char *profile, const char *name)
{
    return aws_profile_get(&r->profiles, profile, name);
}

static bool set(const struct resolver *r, const char *profile, const char *name)
{
    return get(r, profile, name).len > 0;
}

/* A setting as a text of its own; NULL when it is not set. false: out of memory. */
static bool copy(const struct resolver *r, const char *profile, const char *name, char **ret)
{
    struct str value = get(r, profile, name);
    *ret = value.len > 0 ? str_dup(value) : NULL;
    return value.len == 0 || *ret;
}

/* ---- without another's help --------------------------------------------------------------------- */

static bool has_keys(const struct resolver *r, const char *profile)
{
    return set(r, profile, "aws_access_key_id");
}

static int resolve_keys(const struct resolver *r, const char *profile, struct aws_source **ret,
                        struct error *err)
{
    struct aws_credentials keys = { 0 };
    int rc = aws_credentials_set(
        &keys, get(r, profile, "aws_access_key_id"), get(r, profile, "aws_secret_access_key"),
        get(r, profile, "aws_session_token"), AWS_NEVER_EXPIRES, "a profile", err);
    if (rc < 0)
        return error_wrap(err, "profile %s", profile);
    return aws_source_static(&keys, ret, err);
}

static int resolve_process(const struct resolver *r, const char *profile, struct aws_source **ret,
                           struct error *err)
{
    char *command = NULL;
    int rc = copy(r, profile, "credential_process", &command) ? 0 : error_nomem(err);
    if (rc == 0)
        rc = aws_source_process(r->env, command, ret, err);
    secret_free(command);
    return rc;
}

struct role_texts {
    char *arn, *session_name, *external_id, *duration_s, *region, *token_file;
};

static void role_texts_release(struct role_texts *t)
{
    free(t->arn);
    free(t->session_name);
    free(t->external_id);
    free(t->duration_s);
    free(t->region);
    free(t->token_file);
}

static int read_role(const struct resolver *r, const char *profile, struct role_texts *ret,
                     struct error *err)
{
    bool copied = copy(r, profile, "role_arn", &ret->arn) &&
                  copy(r, profile, "role_session_name", &ret->session_name) &&
                  copy(r, profile, "external_id", &ret->external_id) &&
                  copy(r, profile, "duration_seconds", &ret->duration_s) &&
                  copy(r, profile, "region", &ret->region) &&
                  copy(r, profile, "web_identity_token_file", &ret->token_file);
    if (copied && !ret->arn)
        return error_set(err, MUSTER_E_CONFIG, "profile %s: role_arn is missing", profile);
    return copied ? 0 : error_nomem(err);
}

static struct aws_role role_of(const struct role_texts *t)
{
    return (struct aws_role){ t->arn, t->session_name, t->external_id, t->duration_s, t->region };
}

static int resolve_web(const struct resolver *r, const char *profile, struct aws_source **ret,
                       struct error *err)
{
    struct role_texts texts = { 0 };
    int rc = read_role(r, profile, &texts, err);
    const struct aws_role role = role_of(&texts);
    if (rc == 0)
        rc = aws_source_web_identity(r->env, &role, texts.token_file, ret, err);
    role_texts_release(&texts);
    return rc;
}

static int resolve_plain(const struct resolver *r, const char *profile, struct aws_source **ret,
                         struct error *err)
{
    if (set(r, profile, "web_identity_token_file"))
        return resolve_web(r, profile, ret, err);
    if (has_keys(r, profile))
        return resolve_keys(r, profile, ret, err);
    if (set(r, profile, "credential_process"))
        return resolve_process(r, profile, ret, err);
    if (set(r, profile, "sso_account_id"))
        return error_set(err, MUSTER_E_CONFIG,
                         "profile %s is one of AWS SSO, which needs a person at a browser: give "
                         "muster a role or keys",
                         profile);
    return error_set(err, MUSTER_E_NOTFOUND, "profile %s has no credentials", profile);
}

/* ---- with another's help ------------------------------------------------------------------------ */

static bool has_role(const struct resolver *r, const char *profile)
{
    return set(r, profile, "role_arn") && !set(r, profile, "web_identity_token_file") &&
           (set(r, profile, "source_profile") || set(r, profile, "credential_source"));
}

static int named_source(const struct resolver *r, const char *profile, struct str name,
                        struct aws_source **ret, struct error *err)
{
    if (str_eq_c(name, "Environment"))
        return aws_source_environment(ret, err);
    if (str_eq_c(name, "Ec2InstanceMetadata"))
        return aws_source_imds(r->env, ret, err);
    if (str_eq_c(name, "EcsContainer"))
        return aws_source_container(r->env, ret, err);
    return error_set(err, MUSTER_E_CONFIG,
                     "profile %s: credential_source is none of Environment, Ec2InstanceMetadata, "
                     "EcsContainer",
                     profile);
}

static int resolve_role(struct resolver *r, const char *profile, struct aws_source **ret,
                        struct error *err);

static int resolve_source_profile(struct resolver *r, const char *profile, struct aws_source **ret,
                                  struct error *err)
{
    char *source = NULL;
    int rc = 0;
    if (!copy(r, profile, "source_profile", &source) || !source)
        return error_nomem(err);
    if (!aws_profile_exists(&r->profiles, source))
        rc = error_set(err, MUSTER_E_CONFIG, "profile %s: its source_profile %s does not exist",
                       profile, source);
    /* A profile may name itself: then its keys are meant. */
    if (rc == 0)
        rc = has_role(r, source) && !(strcmp(source, profile) == 0 && has_keys(r, source))
                 ? resolve_role(r, source, ret, err)
                 : resolve_plain(r, source, ret, err);
    if (rc == MUSTER_E_NOTFOUND)
        rc = error_set(err, MUSTER_E_CONFIG, "profile %s, source of %s, has no credentials", source,
                       profile);
    free(source);
    return rc;
}

static int resolve_role(struct resolver *r, const char *profile, struct aws_source **ret,
                        struct error *err)
{
    struct role_texts texts = { 0 };
    struct aws_source *base = NULL;
    if (++r->depth > CHAIN_MAX)
        return error_set(err, MUSTER_E_CONFIG, "profile %s: source_profile goes round in circles",
                         profile);
    if (set(r, profile, "mfa_serial"))
        return error_set(err, MUSTER_E_CONFIG,
                         "profile %s: mfa_serial asks for a person's code, and there is none here",
                         profile);
    int rc = set(r, profile, "source_profile")
                 ? resolve_source_profile(r, profile, &base, err)
                 : named_source(r, profile, get(r, profile, "credential_source"), &base, err);
    if (rc < 0)
        return rc;
    rc = read_role(r, profile, &texts, err);
    const struct aws_role role = role_of(&texts);
    if (rc == 0)
        rc = aws_source_role(r->env, &role, base, ret, err);
    else
        aws_source_free(base);
    role_texts_release(&texts);
    return rc;
}

/* ---- a source ----------------------------------------------------------------------------------- */

static bool chosen(const struct aws_settings *settings)
{
    return strcmp(aws_profile_name(settings), "default") != 0;
}

static int resolve(struct profile_source *self, struct aws_source **ret, struct error *err)
{
    struct resolver r = { .env = &self->env };
    const char *profile = aws_profile_name(self->env.settings);
    int rc = aws_profiles_read(&r.profiles, err);
    if (rc < 0)
        return rc;
    if (chosen(self->env.settings) && !aws_profile_exists(&r.profiles, profile))
        rc = error_set(err, MUSTER_E_CONFIG,
                       "there is no profile %s in ~/.aws/config or "
                       "~/.aws/credentials",
                       profile);
    else if (self->roles)
        rc = has_role(&r, profile) ? resolve_role(&r, profile, ret, err)
                                   : error_set(err, MUSTER_E_NOTFOUND, "no role in the profile");
    else
        rc = resolve_plain(&r, profile, ret, err);
    aws_profiles_release(&r.profiles);
    return rc;
}

static void profile_fetch(struct aws_source *base, aws_source_cb *done, void *ctx)
{
    struct profile_source *self = (struct profile_source *)base;
    struct error err = { 0 };
    aws_source_free(self->built);
    self->built = NULL;
    if (resolve(self, &self->built, &err) < 0)
        done(ctx, NULL, &err);
    else
        aws_source_fetch(self->built, done, ctx);
}

static void profile_free(struct aws_source *base)
{
    struct profile_source *self = (struct profile_source *)base;
    aws_source_free(self->built);
    free(self);
}

static const struct aws_source_ops profile_ops = { profile_fetch, profile_free };

int aws_source_profile(const struct aws_source_env *env, bool roles, struct aws_source **ret,
                       struct error *err)
{
    struct profile_source *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->base.ops = &profile_ops;
    self->env = *env;
    self->roles = roles;
    *ret = &self->base;
    return 0;
}
