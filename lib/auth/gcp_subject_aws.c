/* An AWS identity as a subject token: its region, its keys, a signed GetCallerIdentity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_container.h"
#include "auth/aws_imds.h"
#include "auth/aws_sources.h"
#include "auth/gcp_exchange.h"
#include "auth/gcp_sources.h"
#include "auth/gcp_subject.h"
#include "auth/secret.h"
#include "auth/sigv4.h"
#include "base/json.h"

#define HEADERS_LEN 4

/* ---- the token ---------------------------------------------------------------------------------- */

/* "https://sts.{region}.amazonaws.com?Action=..." */
static void put_region(const char *url, const char *region, struct buf *to)
{
    const char *at = strstr(url, "{region}");
    buf_add(to, url, at ? (size_t)(at - url) : strlen(url));
    if (at) {
        buf_add_c(to, region);
        buf_add_c(to, at + strlen("{region}"));
    }
}

static struct str until(const char *text, const char *stop)
{
    return (struct str){ text, strcspn(text, stop) };
}

static void add_pair(struct json_out *j, struct str key, struct str value)
{
    struct buf text = { 0 };
    json_open(j, NULL, '{');
    buf_add_str(&text, key);
    json_str(j, "key", buf_text(&text));
    buf_clear(&text);
    buf_add_str(&text, value);
    json_str(j, "value", buf_text(&text));
    if (buf_failed(&text))
        j->to->failed = buf_failed(&text);
    json_close(j, '}');
    secret_release(&text);
}

static void write_request(const char *url, const struct sigv4_request *request,
                          const struct buf *authorization, struct buf *to)
{
    struct json_out j = json_begin(to);
    json_open(&j, NULL, '{');
    json_open(&j, "headers", '[');
    add_pair(&j, STR("Authorization"), buf_str(authorization));
    for (size_t i = 0; i < request->headers_len; i++)
        add_pair(&j, request->headers[i].name, request->headers[i].value);
    json_close(&j, ']');
    json_str(&j, "method", "POST");
    json_str(&j, "url", url);
    json_close(&j, '}');
}

static int sign(const struct aws_credentials *c, const char *url, const char *region,
                const char *audience, int64_t wall_ns, struct buf *to, struct error *err)
{
    const char *host = strstr(url, "://");
    struct sigv4_header headers[HEADERS_LEN];
    struct sigv4_request request = { .method = STR("POST"), .headers = headers };
    struct sigv4_signer signer = { .access_key = str_from(c->access_key),
                                   .secret_key = str_from(c->secret_key),
                                   .region = str_from(region),
                                   .service = STR("sts") };
    struct buf authorization = { 0 };
    struct str where = until(host ? host + 3 : "", "/?");
    const char *rest = where.ptr + where.len;
    request.path = *rest == '/' ? until(rest, "?") : STR("/");
    rest = strchr(rest, '?');
    request.query = rest ? str_from(rest + 1) : STR("");
    int rc = sigv4_format_time(wall_ns, signer.time, err);
    headers[request.headers_len++] = (struct sigv4_header){ STR("host"), where };
    headers[request.headers_len++] =
        (struct sigv4_header){ STR("x-amz-date"), str_from(signer.time) };
    headers[request.headers_len++] =
        (struct sigv4_header){ STR("x-goog-cloud-target-resource"), str_from(audience) };
    if (c->session_token)
        headers[request.headers_len++] =
            (struct sigv4_header){ STR("x-amz-security-token"), str_from(c->session_token) };
    if (rc == 0)
        rc = digest_hex(STR(""), request.body_hash, err);
    if (rc == 0)
        rc = sigv4_authorization(&signer, &request, &authorization, err);
    if (rc == 0)
        write_request(url, &request, &authorization, to);
    if (rc == 0 && (buf_failed(&authorization) || buf_failed(to)))
        rc = error_nomem(err);
    secret_release(&authorization);
    return rc;
}

int gcp_subject_aws_sign(const struct aws_credentials *credentials, const char *url,
                         const char *region, const char *audience, int64_t wall_ns, struct buf *to,
                         struct error *err)
{
    struct buf at = { 0 }, request = { 0 };
    put_region(url, region, &at);
    int rc = buf_failed(&at)
                 ? error_nomem(err)
                 : sign(credentials, buf_text(&at), region, audience, wall_ns, &request, err);
    if (rc == 0) {
        sigv4_encode(to, buf_str(&request), true);
        rc = buf_failed(to) ? error_nomem(err) : 0;
    }
    buf_release(&at);
    secret_release(&request);
    return rc;
}

/* ---- asking ------------------------------------------------------------------------------------- */

struct aws_subject {
    struct gcp_subject base;
    struct gcp_source_env env;
    struct aws_settings settings; /* none: only what the machine itself says counts */
    struct aws_source *keys;
    char *audience, *verify_url, *region_url, *session_url;
    struct buf session; /* the header with IMDSv2's session token */
    char region[64];
    struct gcp_exchange *exchange;
    gcp_subject_cb *done;
    void *ctx;
};

static void finish(struct aws_subject *s, struct str token, struct error *err)
{
    secret_release(&s->session);
    if (err->code == MUSTER_E_NOTFOUND)
        err->code = MUSTER_E_AUTH;
    if (err->code)
        error_wrap(err, "AWS identity");
    s->done(s->ctx, token, err);
}

static void on_keys(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct aws_subject *s = ctx;
    struct buf token = { 0 };
    struct error failure = *err;
    if (!failure.code)
        (void)gcp_subject_aws_sign(found, s->verify_url, s->region, s->audience,
                                   s->env.clock->wall_ns(s->env.clock->ctx), &token, &failure);
    finish(s, buf_str(&token), &failure);
    secret_release(&token);
}

static bool take_region(struct aws_subject *s, struct str region)
{
    for (size_t i = 0; i < region.len; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", region.ptr[i]))
            return false;
    }
    return region.len > 0 && str_copy(s->region, sizeof(s->region), region);
}

/* "us-east-2b" */
static void on_zone(void *ctx, const struct http_response *response, const struct error *err)
{
    struct aws_subject *s = ctx;
    struct error failure = *err;
    struct str zone = str_trim(response ? response->body : STR(""));
    if (!failure.code && !take_region(s, (struct str){ zone.ptr, zone.len > 0 ? zone.len - 1 : 0 }))
        error_set(&failure, MUSTER_E_AUTH, "region_url does not answer with a zone");
    if (failure.code)
        finish(s, STR(""), &failure);
    else
        aws_source_fetch(s->keys, on_keys, s);
}

static void ask(struct aws_subject *s, const char *method, const char *url, const char *header,
                gcp_exchange_cb *done)
{
    const char *const headers[] = { header, NULL };
    const struct gcp_question question = { .what = "the EC2 metadata server",
                                           .method = method,
                                           .url = url,
                                           .headers = headers,
                                           .timeout_ns = 3 * NS_PER_S,
                                           .metadata = true };
    gcp_exchange_start(&s->env, &question, done, s, &s->exchange);
}

static void on_session(void *ctx, const struct http_response *response, const struct error *err)
{
    struct aws_subject *s = ctx;
    struct error failure = *err;
    if (!failure.code) {
        buf_add_c(&s->session, "X-aws-ec2-metadata-token: ");
        buf_add_str(&s->session, str_trim(response->body));
        if (buf_failed(&s->session))
            error_nomem(&failure);
    }
    if (failure.code)
        finish(s, STR(""), &failure);
    else
        ask(s, "GET", s->region_url, buf_text(&s->session), on_zone);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void aws_fetch(struct gcp_subject *self, gcp_subject_cb *done, void *ctx)
{
    struct aws_subject *s = (struct aws_subject *)self;
    struct error err = { 0 };
    const char *region = variable("AWS_REGION");
    s->done = done;
    s->ctx = ctx;
    if (!region)
        region = variable("AWS_DEFAULT_REGION");
    if (region && take_region(s, str_from(region))) {
        aws_source_fetch(s->keys, on_keys, s);
    } else if (!s->region_url) {
        error_set(&err, MUSTER_E_CONFIG, "no region: AWS_REGION is not set");
        finish(s, STR(""), &err);
    } else if (s->session_url) {
        ask(s, "PUT", s->session_url, "X-aws-ec2-metadata-token-ttl-seconds: 300", on_session);
    } else {
        ask(s, "GET", s->region_url, NULL, on_zone);
    }
}

/* ---- its life ----------------------------------------------------------------------------------- */

static void aws_free(struct gcp_subject *self)
{
    struct aws_subject *s = (struct aws_subject *)self;
    gcp_exchange_drop(s->exchange);
    aws_source_free(s->keys);
    secret_release(&s->session);
    free(s->audience);
    free(s->verify_url);
    free(s->region_url);
    free(s->session_url);
    free(s);
}

static const struct gcp_subject_ops aws_ops = { aws_fetch, aws_free };

/* What the machine itself is, not whom a person's ~/.aws speaks of. */
static int open_keys(struct aws_subject *s, struct error *err)
{
    const struct aws_source_env env = { .loop = s->env.loop,
                                        .log = s->env.log,
                                        .clock = s->env.clock,
                                        .http = s->env.http,
                                        .settings = &s->settings };
    struct aws_source *sources[4];
    size_t len = 0;
    int rc = aws_source_environment(&sources[len], err);
    if (rc == 0 && ++len)
        rc = aws_source_web_environment(&env, &sources[len], err);
    if (rc == 0 && ++len)
        rc = aws_source_container(&env, &sources[len], err);
    if (rc == 0 && ++len)
        rc = aws_source_imds(&env, &sources[len], err);
    if (rc == 0 && ++len)
        return aws_source_chain(sources, len, &s->keys, err);
    while (len > 0)
        aws_source_free(sources[--len]);
    return rc;
}

static int read_source(struct aws_subject *s, const cJSON *source, const char *audience,
                       struct error *err)
{
    int rc = gcp_file_need(source, "regional_cred_verification_url", &s->verify_url, err);
    if (rc == 0)
        rc = gcp_file_want(source, "region_url", &s->region_url, err);
    if (rc == 0)
        rc = gcp_file_want(source, "imdsv2_session_token_url", &s->session_url, err);
    if (rc == 0 && !(s->audience = str_dup(str_from(audience))))
        rc = error_nomem(err);
    return rc < 0 ? rc : open_keys(s, err);
}

int gcp_subject_aws(const struct gcp_source_env *env, const cJSON *credential_source,
                    const char *audience, struct gcp_subject **ret, struct error *err)
{
    struct aws_subject *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(err);
    s->base.ops = &aws_ops;
    s->env = *env;
    int rc = read_source(s, credential_source, audience, err);
    if (rc < 0) {
        aws_free(&s->base);
        return rc;
    }
    *ret = &s->base;
    return 0;
}
