#include "auth/imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/secret.h"
#include "base/clock.h"

#define ANSWER_NS  (1 * NS_PER_S)
#define ANSWER_MAX ((size_t)64 << 10)
#define TRIES      2

void imds_init(struct imds *imds, struct http_client *http)
{
    *imds = (struct imds){ .http = http };
}

void imds_release(struct imds *imds)
{
    if (imds->call)
        http_cancel(imds->call);
    imds->call = NULL;
    secret_release(&imds->token);
}

static const char *endpoint(void)
{
    const char *set = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (set && *set)
        return set;
    return mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]/"
                                                 : "http://169.254.169.254/";
}

static void fail(struct imds *imds, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "EC2 metadata: %s", text);
    imds->done(imds->ctx, NULL, &err);
}

static void try_once(struct imds *imds);

static void ask(struct imds *imds)
{
    imds->tries = 0;
    try_once(imds);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static bool plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static void take_token(struct imds *imds, const struct http_response *http)
{
    struct str token = str_trim(http->body);
    char text[64];
    (void)snprintf(text, sizeof(text), "HTTP %d", http->status);
    if (http->status != 200) {
        fail(imds, MUSTER_E_NOTFOUND, text);
        return;
    }
    if (!plain(token)) {
        fail(imds, MUSTER_E_NOTFOUND, "the answer is no session token");
        return;
    }
    buf_add_c(&imds->token, "X-aws-ec2-metadata-token: ");
    buf_add_str(&imds->token, token);
    if (buf_failed(&imds->token)) {
        secret_release(&imds->token);
        fail(imds, MUSTER_E_NOMEM, "no memory for its token");
        return;
    }
    ask(imds);
}

static void on_response(void *ctx, const struct http_response *http, const struct error *err)
{
    struct imds *imds = ctx;
    bool for_token = imds->token.len == 0;
    imds->call = NULL;
    if ((err->code || http->status >= 500) && imds->tries < TRIES) {
        try_once(imds);
    } else if (err->code) {
        fail(imds, for_token ? MUSTER_E_NOTFOUND : err->code, err->text);
    } else if (for_token) {
        take_token(imds, http);
    } else if (http->status == 401 && !imds->renewed) {
        imds->renewed = true;
        secret_release(&imds->token);
        ask(imds);
    } else {
        imds->done(imds->ctx, http, err);
    }
}

/* ---- questions ---------------------------------------------------------------------------------- */

/* The question; as long as there is no token, that for one. */
static void try_once(struct imds *imds)
{
    const char *base = endpoint();
    size_t len = strlen(base);
    bool for_token = imds->token.len == 0;
    char url[600];
    const char *const headers[] = { for_token ? "X-aws-ec2-metadata-token-ttl-seconds: 21600"
                                              : buf_text(&imds->token),
                                    NULL };
    (void)snprintf(url, sizeof(url), "%s%slatest/%s", base,
                   len > 0 && base[len - 1] == '/' ? "" : "/",
                   for_token ? "api/token" : imds->path);
    const struct http_request request = { .method = for_token ? "PUT" : "GET",
                                          .url = url,
                                          .headers = headers,
                                          .timeout_ns = ANSWER_NS,
                                          .response_max = ANSWER_MAX,
                                          .link_local = true };
    struct error err = { 0 };
    imds->tries++;
    if (http_call(imds->http, &request, on_response, imds, &imds->call, &err) < 0)
        fail(imds, err.code, err.text);
}

void imds_get(struct imds *imds, const char *path, imds_cb *done, void *ctx)
{
    const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
    imds->done = done;
    imds->ctx = ctx;
    imds->renewed = false;
    if (disabled && strcasecmp(disabled, "true") == 0)
        fail(imds, MUSTER_E_NOTFOUND, "AWS_EC2_METADATA_DISABLED is set");
    else if (!str_copy_c(imds->path, sizeof(imds->path), path))
        fail(imds, MUSTER_E_INVALID, "the path is too long");
    else
        ask(imds);
}
