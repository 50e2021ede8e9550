#include "auth/aws_imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"

#define ANSWER_NS (1 * NS_PER_S)
#define TRIES     2
#define ROLE_PATH "latest/meta-data/iam/security-credentials/"

/* Three questions, one after the other. */
enum step { STEP_TOKEN, STEP_ROLE, STEP_KEYS };

struct imds {
    struct aws_source base;
    struct aws_source_env env;
    enum step step;
    int tries;        /* of this step */
    struct buf token; /* the header with it */
    char role[128];
    struct http_call *http;
    aws_source_cb *done;
    void *ctx;
};

static void ask(struct imds *imds);

static void finish(struct imds *imds, const struct aws_credentials *found, const struct error *err)
{
    secret_release(&imds->token);
    imds->done(imds->ctx, err->code ? NULL : found, err);
}

static void finish_error(struct imds *imds, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "EC2 metadata: %s", text);
    finish(imds, NULL, &err);
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

/* ---- answers ------------------------------------------------------------------------------------ */

static bool plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static void take_token(struct imds *imds, struct str token)
{
    if (!plain(token)) {
        finish_error(imds, MUSTER_E_NOTFOUND, "the answer is no session token");
        return;
    }
    buf_add_c(&imds->token, "X-aws-ec2-metadata-token: ");
    buf_add_str(&imds->token, token);
    imds->step = STEP_ROLE;
    ask(imds);
}

static void take_role(struct imds *imds, struct str names)
{
    const char *end = names.len > 0 ? memchr(names.ptr, '\n', names.len) : NULL;
    struct str name =
        str_trim((struct str){ names.ptr, end ? (size_t)(end - names.ptr) : names.len });
    bool fits = plain(name) && !memchr(name.ptr, '/', name.len) &&
                str_copy(imds->role, sizeof(imds->role), name);
    if (!fits) {
        finish_error(imds, MUSTER_E_NOTFOUND, "it names no role");
        return;
    }
    imds->step = STEP_KEYS;
    ask(imds);
}

static void take_keys(struct imds *imds, struct str body)
{
    struct aws_credentials found = { 0 };
    struct error err = { 0 };
    (void)aws_credentials_parse(body, "the EC2 instance role", &found, &err);
    finish(imds, &found, &err);
    aws_credentials_release(&found);
}

/* Before the role is known, there may simply be none: no failure, but the next source's turn. */
static void take_status(struct imds *imds, int status)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "HTTP %d", status);
    if (status >= 500 && imds->tries < TRIES)
        ask(imds);
    else
        finish_error(imds, imds->step == STEP_KEYS ? MUSTER_E_TRANSIENT : MUSTER_E_NOTFOUND, text);
}

static void on_response(void *ctx, const struct http_response *http, const struct error *err)
{
    struct imds *imds = ctx;
    imds->http = NULL;
    if (err->code && imds->tries < TRIES) {
        ask(imds);
        return;
    }
    if (err->code) {
        finish_error(imds, imds->step == STEP_TOKEN ? MUSTER_E_NOTFOUND : MUSTER_E_TRANSIENT,
                     err->text);
        return;
    }
    struct str body = str_trim(http->body);
    if (http->status != 200)
        take_status(imds, http->status);
    else if (imds->step == STEP_TOKEN)
        imds->tries = 0, take_token(imds, body);
    else if (imds->step == STEP_ROLE)
        imds->tries = 0, take_role(imds, body);
    else
        take_keys(imds, body);
}

/* ---- questions ---------------------------------------------------------------------------------- */

static void ask(struct imds *imds)
{
    const char *base = endpoint();
    size_t len = strlen(base);
    bool first = imds->step == STEP_TOKEN;
    char url[600];
    const char *const headers[] = { first ? "X-aws-ec2-metadata-token-ttl-seconds: 21600"
                                          : buf_text(&imds->token),
                                    NULL };
    (void)snprintf(url, sizeof(url), "%s%s%s%s", base, len > 0 && base[len - 1] == '/' ? "" : "/",
                   first ? "latest/api/token" : ROLE_PATH,
                   imds->step == STEP_KEYS ? imds->role : "");
    const struct http_request request = { .method = first ? "PUT" : "GET",
                                          .url = url,
                                          .headers = headers,
                                          .timeout_ns = ANSWER_NS,
                                          .response_max = (size_t)64 << 10,
                                          .link_local = true };
    struct error err = { 0 };
    imds->tries++;
    if (http_call(imds->env.http, &request, on_response, imds, &imds->http, &err) < 0)
        finish_error(imds, err.code, err.text);
}

static void imds_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct imds *imds = (struct imds *)self;
    const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
    imds->done = done;
    imds->ctx = ctx;
    imds->step = STEP_TOKEN;
    imds->tries = 0;
    if (disabled && strcasecmp(disabled, "true") == 0)
        finish_error(imds, MUSTER_E_NOTFOUND, "AWS_EC2_METADATA_DISABLED is set");
    else
        ask(imds);
}

static void imds_free(struct aws_source *self)
{
    struct imds *imds = (struct imds *)self;
    if (imds->http)
        http_cancel(imds->http);
    secret_release(&imds->token);
    free(imds);
}

static const struct aws_source_ops imds_ops = { imds_fetch, imds_free };

int aws_source_imds(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    struct imds *imds = calloc(1, sizeof(*imds));
    if (!imds)
        return error_nomem(err);
    imds->base.ops = &imds_ops;
    imds->env = *env;
    *ret = &imds->base;
    return 0;
}
