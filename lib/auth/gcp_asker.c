/* What sources share that ask somebody. */
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"

void gcp_asker_begin(struct gcp_asker *asker, gcp_token_cb *done, void *ctx)
{
    asker->done = done;
    asker->ctx = ctx;
}

void gcp_asker_finish(struct gcp_asker *asker, struct gcp_token *token, struct error *err)
{
    struct gcp_token none = { 0 };
    asker->done(asker->ctx, err->code ? NULL : token, err);
    gcp_token_release(token ? token : &none);
}

void gcp_asker_post_form(struct gcp_asker *asker, const char *what, const char *url,
                         const struct buf *form, const char *authorization, gcp_exchange_cb *done)
{
    const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                    authorization, NULL };
    const struct gcp_question question = {
        .what = what, .method = "POST", .url = url, .headers = headers, .body = buf_str(form)
    };
    struct error err = { 0 };
    if (buf_failed(form)) {
        error_nomem(&err);
        gcp_asker_finish(asker, NULL, &err);
        return;
    }
    gcp_exchange_start(&asker->env, &question, done, asker, &asker->exchange);
}

int gcp_file_want(const cJSON *file, const char *name, char **ret, struct error *err)
{
    struct str text = gcp_json_text(file, name);
    if (text.len == 0)
        return 0;
    char *copy = str_dup(text);
    if (!copy)
        return error_nomem(err);
    *ret = copy;
    return 0;
}

int gcp_file_need(const cJSON *file, const char *name, char **ret, struct error *err)
{
    if (gcp_json_text(file, name).len == 0)
        return error_set(err, MUSTER_E_CONFIG, "the credentials file has no \"%s\"", name);
    return gcp_file_want(file, name, ret, err);
}

static bool loopback(const char *url)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(url, hosts[i], len) == 0 && strchr(":/", url[len]))
            return true;
    }
    return false;
}

int gcp_url_check(const char *url, const char *name, struct error *err)
{
    if (str_starts(str_from(url), "https://") && url[8])
        return 0;
    if (str_starts(str_from(url), "http://") && loopback(url + 7))
        return 0;
    return error_set(
        err, MUSTER_E_CONFIG,
        "\"%s\" of the credentials file is no https:// URL: secrets are not sent there", name);
}
