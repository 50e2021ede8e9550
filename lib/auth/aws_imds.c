#include "auth/aws_imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/imds.h"

#define ROLE_PATH "meta-data/iam/security-credentials/"

/* Two questions, one after the other: which role, and its keys. */
struct imds_source {
    struct aws_source base;
    struct imds imds;
    aws_source_cb *done;
    void *ctx;
};

static void finish(struct imds_source *source, const struct aws_credentials *found,
                   const struct error *err)
{
    imds_release(&source->imds);
    source->done(source->ctx, err->code ? NULL : found, err);
}

/* NULL: the answer went well. Otherwise `text` says what was wrong. */
static const char *problem(const struct http_response *http, const struct error *err,
                           char text[static 256])
{
    if (err->code)
        str_copy_c(text, 256, err->text);
    else
        (void)snprintf(text, 256, "EC2 metadata: HTTP %d", http->status);
    return err->code || http->status != 200 ? text : NULL;
}

static void finish_error(struct imds_source *source, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "%s", text);
    finish(source, NULL, &err);
}

static void take_keys(void *ctx, const struct http_response *http, const struct error *err)
{
    struct imds_source *source = ctx;
    struct aws_credentials found = { 0 };
    struct error bad = { 0 };
    char text[256];
    if (problem(http, err, text)) {
        finish_error(source, MUSTER_E_TRANSIENT, text);
        return;
    }
    (void)aws_credentials_parse(str_trim(http->body), "the EC2 instance role", &found, &bad);
    finish(source, &found, &bad);
    aws_credentials_release(&found);
}

static bool is_role(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] <= ' ' || (unsigned char)name.ptr[i] >= 0x7f ||
            name.ptr[i] == '/')
            return false;
    }
    return name.len > 0 && name.len < 128;
}

/* There may simply be no role: no failure, but the next source's turn. */
static void take_role(void *ctx, const struct http_response *http, const struct error *err)
{
    struct imds_source *source = ctx;
    char text[256], path[IMDS_PATH_MAX];
    if (problem(http, err, text)) {
        finish_error(source, MUSTER_E_NOTFOUND, text);
        return;
    }
    struct str names = str_trim(http->body);
    const char *end = names.len > 0 ? memchr(names.ptr, '\n', names.len) : NULL;
    struct str name =
        str_trim((struct str){ names.ptr, end ? (size_t)(end - names.ptr) : names.len });
    if (!is_role(name)) {
        finish_error(source, MUSTER_E_NOTFOUND, "EC2 metadata: it names no role");
        return;
    }
    (void)snprintf(path, sizeof(path), ROLE_PATH "%.*s", (int)name.len, name.ptr);
    imds_get(&source->imds, path, take_keys, source);
}

static void imds_source_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct imds_source *source = (struct imds_source *)self;
    source->done = done;
    source->ctx = ctx;
    imds_get(&source->imds, ROLE_PATH, take_role, source);
}

static void imds_source_free(struct aws_source *self)
{
    struct imds_source *source = (struct imds_source *)self;
    imds_release(&source->imds);
    free(source);
}

static const struct aws_source_ops imds_source_ops = { imds_source_fetch, imds_source_free };

int aws_source_imds(const struct aws_source_env *env, struct aws_source **ret, struct error *err)
{
    struct imds_source *source = calloc(1, sizeof(*source));
    if (!source)
        return error_nomem(err);
    source->base.ops = &imds_source_ops;
    imds_init(&source->imds, env->http);
    *ret = &source->base;
    return 0;
}
