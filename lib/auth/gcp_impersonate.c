/* Acting as a service account: iamcredentials.generateAccessToken with somebody else's token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/calls.h"
#include "auth/gcp_endpoint.h"
#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"
#include "base/json.h"
#include "base/timestamp.h"

#define SOURCE     "an impersonated service account"
#define LIFETIME_S 3600
#define PATH       "projects/-/serviceAccounts/"

struct impersonation {
    struct gcp_asker asker;
    struct gcp_source *other; /* whose token is used */
    char *url;
    struct buf body;
    struct gcp_token held; /* quota project and universe of the other's token, passed on */
};

/* ---- answers ------------------------------------------------------------------------------------ */

/* How long the token is good, by the clock of who made it: its Date and its expiry differ by that. */
static int64_t left_ns(int64_t expires_wall_ns, struct str date, const struct clock *clock)
{
    int64_t now_ns = clock->wall_ns(clock->ctx);
    return expires_wall_ns - (now_ns + calls_clock_off_ns(date, now_ns));
}

int gcp_impersonate_read(struct str json, struct str date, const struct clock *clock,
                         struct gcp_token *ret, struct error *err)
{
    cJSON *root = NULL;
    int64_t expires_ns = 0;
    int rc = json_parse(json, &root, NULL);
    if (rc == MUSTER_E_NOMEM)
        return error_nomem(err);
    if (rc < 0 || timestamp_parse(gcp_json_text(root, "expireTime"), &expires_ns, NULL) < 0)
        rc = error_set(err, MUSTER_E_INVALID, SOURCE ": the answer has no expireTime");
    else
        rc = gcp_token_set(ret, gcp_json_text(root, "accessToken"),
                           clock->boot_ns(clock->ctx) + left_ns(expires_ns, date, clock), SOURCE,
                           err);
    secret_json_free(root);
    return rc;
}

static void on_answer(void *ctx, const struct http_response *response, const struct error *answer)
{
    struct impersonation *i = ctx;
    struct gcp_token token = { 0 };
    struct error err = *answer;
    if (!err.code && gcp_impersonate_read(response->body, response->date, i->asker.env.clock,
                                          &token, &err) == 0) {
        token.quota_project = i->held.quota_project;
        token.universe = i->held.universe;
        i->held.quota_project = i->held.universe = NULL;
    }
    gcp_token_release(&i->held);
    gcp_asker_finish(&i->asker, &token, &err);
}

/* ---- the question ------------------------------------------------------------------------------- */

static void on_other(void *ctx, const struct gcp_token *found, const struct error *err)
{
    struct impersonation *i = ctx;
    struct error failure = *err;
    struct buf bearer = { 0 };
    if (!failure.code && gcp_token_copy(&i->held, found, &failure) == 0) {
        buf_addf(&bearer, "Authorization: Bearer %s", found->text);
        if (buf_failed(&bearer))
            error_nomem(&failure);
    }
    if (failure.code) {
        gcp_token_release(&i->held);
        gcp_asker_finish(&i->asker, NULL, &failure);
        secret_release(&bearer);
        return;
    }
    const char *const headers[] = { "Content-Type: application/json", buf_text(&bearer), NULL };
    const struct gcp_question question = { .what = "IAM, asked to act as a service account",
                                           .method = "POST",
                                           .url = i->url,
                                           .headers = headers,
                                           .body = buf_str(&i->body) };
    gcp_exchange_start(&i->asker.env, &question, on_answer, i, &i->asker.exchange);
    secret_release(&bearer);
}

static void impersonation_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct impersonation *i = (struct impersonation *)self;
    gcp_asker_begin(&i->asker, done, ctx);
    gcp_source_fetch(i->other, on_other, i);
}

/* ---- a source ----------------------------------------------------------------------------------- */

static void impersonation_free(struct gcp_source *self)
{
    struct impersonation *i = (struct impersonation *)self;
    gcp_exchange_drop(i->asker.exchange);
    gcp_source_free(i->other);
    gcp_token_release(&i->held);
    buf_release(&i->body);
    free(i->url);
    free(i);
}

static const struct gcp_source_ops impersonation_ops = { impersonation_fetch, impersonation_free };

static int write_body(const struct gcp_impersonation *how, struct buf *to, struct error *err)
{
    struct json_out j = json_begin(to);
    const cJSON *delegate;
    char lifetime[32];
    (void)snprintf(lifetime, sizeof(lifetime), "%llds",
                   (long long)(how->lifetime_s > 0 ? how->lifetime_s : LIFETIME_S));
    json_open(&j, NULL, '{');
    json_open(&j, "delegates", '[');
    cJSON_ArrayForEach(delegate, how->delegates)
    {
        if (cJSON_IsString(delegate))
            json_str(&j, NULL, delegate->valuestring);
    }
    json_close(&j, ']');
    json_open(&j, "scope", '[');
    json_str(&j, NULL, GCP_SCOPE);
    json_close(&j, ']');
    json_str(&j, "lifetime", lifetime);
    json_close(&j, '}');
    return buf_failed(to) ? error_nomem(err) : 0;
}

static int write_url(const struct gcp_source_env *env, const struct gcp_impersonation *how,
                     char **ret, struct error *err)
{
    struct gcp_endpoint endpoint;
    struct buf url = { 0 };
    char redirected[1024];
    int rc;
    if (how->url) {
        rc = gcp_url_check(how->url, "service_account_impersonation_url", err);
        if (rc == 0)
            rc = gcp_endpoint_redirect(env->settings, GCP_IAM, how->url, redirected,
                                       sizeof(redirected), err);
        if (rc == 0)
            buf_add_c(&url, redirected);
    } else {
        rc = gcp_endpoint_find(env->settings, GCP_IAM, NULL, &endpoint, err);
        if (rc == 0)
            buf_addf(&url, "%s" PATH "%s:generateAccessToken", endpoint.base, how->account);
    }
    if (rc == 0 && !(*ret = buf_take(&url)))
        rc = error_nomem(err);
    buf_release(&url);
    return rc;
}

int gcp_source_impersonate(const struct gcp_source_env *env, const struct gcp_impersonation *how,
                           struct gcp_source *take_base, struct gcp_source **ret, struct error *err)
{
    struct impersonation *i = calloc(1, sizeof(*i));
    if (!i) {
        gcp_source_free(take_base);
        return error_nomem(err);
    }
    i->asker.base.ops = &impersonation_ops;
    i->asker.env = *env;
    i->other = take_base;
    int rc = write_url(env, how, &i->url, err);
    if (rc == 0)
        rc = write_body(how, &i->body, err);
    if (rc < 0) {
        impersonation_free(&i->asker.base);
        return rc;
    }
    *ret = &i->asker.base;
    return 0;
}

int gcp_source_impersonated_file(const struct gcp_source_env *env, const cJSON *file,
                                 struct gcp_source **ret, struct error *err)
{
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(file, "source_credentials");
    struct str url = gcp_json_text(file, "service_account_impersonation_url");
    struct gcp_source *other = NULL;
    /* One inside the other goes on for as long as the file is: json_parse bounds that. */
    if (!cJSON_IsObject(inner) || url.len == 0)
        return error_set(err, MUSTER_E_CONFIG,
                         "the credentials file lacks \"source_credentials\" or "
                         "\"service_account_impersonation_url\"");
    int rc = gcp_source_file(env, inner, &other, err);
    if (rc < 0) {
        error_wrap(err, "source_credentials");
        return rc;
    }
    const struct gcp_impersonation how = {
        .url = url.ptr, .delegates = cJSON_GetObjectItemCaseSensitive(file, "delegates")
    };
    return gcp_source_impersonate(env, &how, other, ret, err);
}
