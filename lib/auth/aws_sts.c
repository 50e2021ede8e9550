#include "auth/aws_sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_wire.h"
#include "auth/secret.h"
#include "base/file.h"

#define TOKEN_MAX ((size_t)64 << 10)

struct sts {
    struct aws_source base;
    struct aws_source_env env;
    struct aws_source *keys; /* NULL: web identity */
    char *token_file;
    char *arn, *session_name, *external_id, *duration_s, *region;
    struct http_call *http;
    aws_source_cb *done;
    void *ctx;
};

static const char *action_of(const struct sts *sts)
{
    return sts->keys ? "AssumeRole" : "AssumeRoleWithWebIdentity";
}

static void finish(struct sts *sts, const struct aws_credentials *found, struct error *err)
{
    /* Set up and not working: never "ask the next source". */
    if (err->code == MUSTER_E_NOTFOUND)
        err->code = MUSTER_E_AUTH;
    if (err->code)
        error_wrap(err, "role %s", sts->arn);
    sts->done(sts->ctx, err->code ? NULL : found, err);
}

static struct aws_request request_of(const struct sts *sts, struct str body)
{
    return (struct aws_request){ .service = "sts",
                                 .region = sts->region,
                                 .action = action_of(sts),
                                 .protocol = AWS_QUERY,
                                 .body = body,
                                 .response_max = TOKEN_MAX };
}

static void on_response(void *ctx, const struct http_response *http, const struct error *http_err)
{
    struct sts *sts = ctx;
    struct aws_credentials found = { 0 };
    struct aws_response response;
    struct error err = *http_err;
    const struct aws_request request = request_of(sts, STR(""));
    sts->http = NULL;
    if (!err.code && aws_wire_read(&request, http, &response, &err) == 0)
        (void)aws_sts_read(http->body, &found, &err);
    finish(sts, &found, &err);
    aws_credentials_release(&found);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static int64_t signing_time_ns(const struct sts *sts)
{
    int64_t wall_ns = sts->env.clock->wall_ns(sts->env.clock->ctx);
    return sts->env.clock_offset_ns ? wall_ns + *sts->env.clock_offset_ns : wall_ns;
}

static int add_token(const struct sts *sts, struct buf *body, struct error *err)
{
    struct buf token = { 0 };
    int rc = file_read(sts->token_file, TOKEN_MAX, &token, err);
    if (rc == 0)
        aws_form_add(body, "WebIdentityToken", str_trim(buf_str(&token)));
    else
        error_wrap(err, "web identity token");
    secret_release(&token);
    return rc;
}

static int write_body(const struct sts *sts, struct buf *body, struct error *err)
{
    int rc = 0;
    aws_form_begin(body, action_of(sts), "2011-06-15");
    aws_form_add(body, "RoleArn", str_from(sts->arn));
    aws_form_add(body, "RoleSessionName", str_from(sts->session_name));
    if (sts->external_id)
        aws_form_add(body, "ExternalId", str_from(sts->external_id));
    if (sts->duration_s)
        aws_form_add(body, "DurationSeconds", str_from(sts->duration_s));
    if (!sts->keys)
        rc = add_token(sts, body, err);
    return rc == 0 && buf_failed(body) ? error_nomem(err) : rc;
}

static void ask(struct sts *sts, const struct aws_credentials *keys)
{
    struct buf body = { 0 };
    struct error err = { 0 };
    int rc = write_body(sts, &body, &err);
    const struct aws_request request = request_of(sts, buf_str(&body));
    const struct aws_wire_reply reply = { .done = on_response, .ctx = sts };
    if (rc == 0)
        rc = aws_wire_send(sts->env.http, sts->env.settings, &request, keys, signing_time_ns(sts),
                           &reply, &sts->http, &err);
    secret_release(&body);
    if (rc < 0)
        finish(sts, NULL, &err);
}

static void on_keys(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct sts *sts = ctx;
    struct error failure = *err;
    if (failure.code)
        finish(sts, NULL, &failure);
    else
        ask(sts, found);
}

static void sts_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct sts *sts = (struct sts *)self;
    sts->done = done;
    sts->ctx = ctx;
    if (sts->keys)
        aws_source_fetch(sts->keys, on_keys, sts);
    else
        ask(sts, NULL);
}

/* ---- a source ----------------------------------------------------------------------------------- */

static void sts_free(struct aws_source *self)
{
    struct sts *sts = (struct sts *)self;
    if (sts->http)
        http_cancel(sts->http);
    aws_source_free(sts->keys);
    free(sts->token_file);
    free(sts->arn);
    free(sts->session_name);
    free(sts->external_id);
    free(sts->duration_s);
    free(sts->region);
    free(sts);
}

static const struct aws_source_ops sts_ops = { sts_fetch, sts_free };

static bool copy(char **to, const char *text)
{
    if (!text || !*text)
        return true;
    *to = str_dup(str_from(text));
    return *to != NULL;
}

/* The region that a signature names; any of the partition will do for a token's exchange. */
static const char *region_of(const struct aws_source_env *env, const struct aws_role *role,
                             char standard[static 64])
{
    const char *region = role->region ? role->region : aws_settings_region(env->settings, standard);
    if (region)
        return region;
    if (str_starts(str_from(role->arn), "arn:aws-cn:"))
        return "cn-north-1";
    return str_starts(str_from(role->arn), "arn:aws-us-gov:") ? "us-gov-west-1" : "us-east-1";
}

static int sts_new(const struct aws_source_env *env, const struct aws_role *role,
                   struct aws_source *take_keys, const char *token_file, struct aws_source **ret,
                   struct error *err)
{
    char name[64], standard[64];
    struct sts *sts = calloc(1, sizeof(*sts));
    if (!sts) {
        aws_source_free(take_keys);
        return error_nomem(err);
    }
    sts->base.ops = &sts_ops;
    sts->env = *env;
    sts->keys = take_keys;
    (void)snprintf(name, sizeof(name), "muster-%lld",
                   (long long)(env->clock->wall_ns(env->clock->ctx) / NS_PER_S));
    if (!copy(&sts->token_file, token_file) || !copy(&sts->arn, role->arn) ||
        !copy(&sts->session_name, role->session_name ? role->session_name : name) ||
        !copy(&sts->external_id, role->external_id) || !copy(&sts->duration_s, role->duration_s) ||
        !copy(&sts->region, region_of(env, role, standard))) {
        sts_free(&sts->base);
        return error_nomem(err);
    }
    *ret = &sts->base;
    return 0;
}

int aws_source_role(const struct aws_source_env *env, const struct aws_role *role,
                    struct aws_source *take_base, struct aws_source **ret, struct error *err)
{
    return sts_new(env, role, take_base, NULL, ret, err);
}

int aws_source_web_identity(const struct aws_source_env *env, const struct aws_role *role,
                            const char *token_file, struct aws_source **ret, struct error *err)
{
    return sts_new(env, role, NULL, token_file, ret, err);
}
