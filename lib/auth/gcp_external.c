/* Workload identity federation: somebody else's token, exchanged at Google's STS. */
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_endpoint.h"
#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/gcp_subject.h"
#include "auth/secret.h"

#define SOURCE "workload identity federation"
/* All that a token may do that is only used to become a service account. */
#define IAM_SCOPE  "https://www.googleapis.com/auth/iam"
#define GRANT      "urn:ietf:params:oauth:grant-type:token-exchange"
#define TOKEN_TYPE "urn:ietf:params:oauth:token-type:access_token"

struct external {
    struct gcp_asker asker;
    struct gcp_subject *subject;
    char *audience, *subject_type, *token_url, *client_id, *client_secret, *user_project;
    const char *scope;
};

static void on_answer(void *ctx, const struct http_response *response, const struct error *answer)
{
    struct external *x = ctx;
    struct gcp_token token = { 0 };
    struct error err = *answer;
    if (!err.code)
        (void)gcp_token_parse(response->body, gcp_source_boot_ns(&x->asker.env), SOURCE, &token,
                              &err);
    gcp_asker_finish(&x->asker, &token, &err);
}

static void write_form(const struct external *x, struct str subject, struct buf *form)
{
    gcp_query_add(form, "grant_type", STR(GRANT));
    gcp_query_add(form, "audience", str_from(x->audience));
    gcp_query_add(form, "scope", str_from(x->scope));
    gcp_query_add(form, "requested_token_type", STR(TOKEN_TYPE));
    gcp_query_add(form, "subject_token", subject);
    gcp_query_add(form, "subject_token_type", str_from(x->subject_type));
    if (x->user_project && !x->client_id) /* of people's identities: who pays. Encoded twice */
        gcp_query_addf(form, "options", "%%7B%%22userProject%%22%%3A%%20%%22%s%%22%%7D",
                       x->user_project);
}

static void on_subject(void *ctx, struct str subject, const struct error *err)
{
    struct external *x = ctx;
    struct error failure = *err;
    struct buf form = { 0 }, basic = { 0 };
    if (!failure.code && x->client_id &&
        gcp_basic_header(x->client_id, x->client_secret ? x->client_secret : "", &basic) < 0)
        error_nomem(&failure);
    if (failure.code) {
        gcp_asker_finish(&x->asker, NULL, &failure);
    } else {
        write_form(x, subject, &form);
        gcp_asker_post_form(&x->asker, "Google's STS", x->token_url, &form,
                            x->client_id ? buf_text(&basic) : NULL, on_answer);
    }
    secret_release(&form);
    secret_release(&basic);
}

static void external_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct external *x = (struct external *)self;
    gcp_asker_begin(&x->asker, done, ctx);
    gcp_subject_fetch(x->subject, on_subject, x);
}

static void external_free(struct gcp_source *self)
{
    struct external *x = (struct external *)self;
    gcp_exchange_drop(x->asker.exchange);
    gcp_subject_free(x->subject);
    free(x->audience);
    free(x->subject_type);
    free(x->token_url);
    secret_free(x->client_id);
    secret_free(x->client_secret);
    free(x->user_project);
    free(x);
}

static const struct gcp_source_ops external_ops = { external_fetch, external_free };

/* The file's URL, at gcp.endpoints' sts where that is set. */
static int take_url(struct external *x, struct error *err)
{
    char url[1024];
    int rc = gcp_url_check(x->token_url, "token_url", err);
    if (rc == 0)
        rc = gcp_endpoint_redirect(x->asker.env.settings, GCP_STS, x->token_url, url, sizeof(url),
                                   err);
    char *copy = rc == 0 ? str_dup(str_from(url)) : NULL;
    if (rc == 0 && !copy)
        rc = error_nomem(err);
    if (rc < 0)
        return rc;
    free(x->token_url);
    x->token_url = copy;
    return 0;
}

static int read_file(struct external *x, const cJSON *file, struct error *err)
{
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(file, "credential_source");
    int rc = gcp_file_need(file, "audience", &x->audience, err);
    if (rc == 0)
        rc = gcp_file_need(file, "subject_token_type", &x->subject_type, err);
    if (rc == 0)
        rc = gcp_file_need(file, "token_url", &x->token_url, err);
    if (rc == 0)
        rc = gcp_file_want(file, "client_id", &x->client_id, err);
    if (rc == 0)
        rc = gcp_file_want(file, "client_secret", &x->client_secret, err);
    if (rc == 0)
        rc = gcp_file_want(file, "workforce_pool_user_project", &x->user_project, err);
    if (rc == 0 && x->user_project && !gcp_project_valid(x->user_project))
        rc = error_set(err, MUSTER_E_CONFIG, "\"workforce_pool_user_project\" is no project");
    if (rc == 0)
        rc = take_url(x, err);
    return rc < 0 ? rc : gcp_subject_new(&x->asker.env, source, x->audience, &x->subject, err);
}

int gcp_source_external(const struct gcp_source_env *env, const cJSON *file,
                        struct gcp_source **ret, struct error *err)
{
    struct str url = gcp_json_text(file, "service_account_impersonation_url");
    const cJSON *life = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(file, "service_account_impersonation"),
        "token_lifetime_seconds");
    struct external *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(err);
    x->asker.base.ops = &external_ops;
    x->asker.env = *env;
    x->scope = url.len > 0 ? IAM_SCOPE : GCP_SCOPE;
    int rc = read_file(x, file, err);
    if (rc < 0) {
        external_free(&x->asker.base);
        return rc;
    }
    const struct gcp_impersonation how = {
        .url = url.ptr,
        .lifetime_s = cJSON_IsNumber(life) && life->valueint > 0 ? life->valueint : 0,
    };
    if (url.len > 0)
        return gcp_source_impersonate(env, &how, &x->asker.base, ret, err);
    *ret = &x->asker.base;
    return 0;
}
