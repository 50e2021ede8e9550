#include "auth/gcp_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_sources.h"

#define SOURCE     "the metadata server"
#define TOKEN_PATH "instance/service-accounts/default/token"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

void gcp_metadata_url(const char *path, char *ret, size_t size)
{
    const char *host = variable("GCE_METADATA_HOST");
    if (!host)
        host = variable("GCE_METADATA_ROOT");
    if (!host)
        host = variable("GCE_METADATA_IP");
    /* By its address: off Google's machines a name server may take long to say that it has none. */
    (void)snprintf(ret, size, "http://%s/computeMetadata/v1/%s", host ? host : "169.254.169.254",
                   path);
}

bool gcp_metadata_genuine(const struct http_response *response)
{
    return str_eq_c(str_trim(http_response_header(response, "Metadata-Flavor")), "Google");
}

static void on_answer(void *ctx, const struct http_response *response, const struct error *answer)
{
    struct gcp_asker *asker = ctx;
    struct gcp_token token = { 0 };
    struct error err = *answer;
    if (response && !gcp_metadata_genuine(response))
        error_set(&err, MUSTER_E_NOTFOUND, "what answers there is not Google's metadata server");
    else if (response && err.code == MUSTER_E_NOTFOUND)
        error_set(&err, MUSTER_E_NOTFOUND, "this machine has no service account");
    else if (!response && err.code == MUSTER_E_TRANSIENT)
        err.code = MUSTER_E_NOTFOUND;
    else if (!err.code)
        (void)gcp_token_parse(response->body, gcp_source_boot_ns(&asker->env), SOURCE, &token,
                              &err);
    gcp_asker_finish(asker, &token, &err);
}

static void metadata_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    static const char *const headers[] = { GCP_METADATA_FLAVOR, NULL };
    struct gcp_asker *asker = (struct gcp_asker *)self;
    char url[600];
    gcp_asker_begin(asker, done, ctx);
    gcp_metadata_url(TOKEN_PATH, url, sizeof(url));
    const struct gcp_question question = { .what = SOURCE,
                                           .method = "GET",
                                           .url = url,
                                           .headers = headers,
                                           .timeout_ns = GCP_METADATA_WAIT_NS,
                                           .metadata = true };
    gcp_exchange_start(&asker->env, &question, on_answer, asker, &asker->exchange);
}

static void metadata_free(struct gcp_source *self)
{
    gcp_exchange_drop(((struct gcp_asker *)self)->exchange);
    free(self);
}

static const struct gcp_source_ops metadata_ops = { metadata_fetch, metadata_free };

int gcp_source_metadata(const struct gcp_source_env *env, struct gcp_source **ret,
                        struct error *err)
{
    struct gcp_asker *asker = calloc(1, sizeof(*asker));
    if (!asker)
        return error_nomem(err);
    asker->base.ops = &metadata_ops;
    asker->env = *env;
    *ret = &asker->base;
    return 0;
}
