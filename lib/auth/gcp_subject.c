/* Subject tokens from a file or a URL. */
#include "auth/gcp_subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"
#include "base/file.h"

#define HEADERS_MAX 6
#define TOKEN_MAX   ((size_t)128 << 10)

struct plain {
    struct gcp_subject base;
    struct gcp_source_env env;
    char *file, *url; /* one of them */
    char *field;      /* of a JSON object; NULL: the text is the token */
    struct buf headers[HEADERS_MAX];
    size_t headers_len;
    struct gcp_exchange *exchange;
    gcp_subject_cb *done;
    void *ctx;
};

int gcp_subject_read(struct str text, const char *field, struct buf *to, struct error *err)
{
    cJSON *root = NULL;
    int rc = 0;
    if (field)
        rc = gcp_file_parse(text, &root, err);
    if (rc == 0)
        buf_add_str(to, field ? gcp_json_text(root, field) : str_trim(text));
    if (rc == 0 && buf_failed(to))
        rc = error_nomem(err);
    else if (rc == 0 && to->len == 0)
        rc = error_set(err, MUSTER_E_AUTH, "there is no subject token%s%.64s in it",
                       field ? " at " : "", field ? field : "");
    secret_json_free(root);
    return rc;
}

static void finish(struct plain *p, struct str text, const struct error *failure)
{
    struct buf token = { 0 };
    struct error err = *failure;
    if (!err.code)
        (void)gcp_subject_read(text, p->field, &token, &err);
    if (err.code)
        error_wrap(&err, "subject token from %.200s", p->file ? p->file : "its URL");
    p->done(p->ctx, buf_str(&token), &err);
    secret_release(&token);
}

static void on_answer(void *ctx, const struct http_response *response, const struct error *err)
{
    finish(ctx, response ? response->body : STR(""), err);
}

static void ask_url(struct plain *p)
{
    const char *headers[HEADERS_MAX + 1] = { NULL };
    for (size_t i = 0; i < p->headers_len; i++)
        headers[i] = buf_text(&p->headers[i]);
    const struct gcp_question question = { .what = "the subject token's URL",
                                           .method = "GET",
                                           .url = p->url,
                                           .headers = headers,
                                           .metadata = str_starts(str_from(p->url), "http://") };
    gcp_exchange_start(&p->env, &question, on_answer, p, &p->exchange);
}

static void plain_fetch(struct gcp_subject *self, gcp_subject_cb *done, void *ctx)
{
    struct plain *p = (struct plain *)self;
    struct buf text = { 0 };
    struct error err = { 0 };
    p->done = done;
    p->ctx = ctx;
    if (p->url) {
        ask_url(p);
        return;
    }
    if (file_read(p->file, TOKEN_MAX, &text, &err) == MUSTER_E_NOTFOUND)
        err.code = MUSTER_E_AUTH;
    finish(p, buf_str(&text), &err);
    secret_release(&text);
}

static void plain_free(struct gcp_subject *self)
{
    struct plain *p = (struct plain *)self;
    gcp_exchange_drop(p->exchange);
    for (size_t i = 0; i < p->headers_len; i++)
        secret_release(&p->headers[i]);
    free(p->file);
    free(p->url);
    free(p->field);
    free(p);
}

static const struct gcp_subject_ops plain_ops = { plain_fetch, plain_free };

static int take_headers(struct plain *p, const cJSON *headers, struct error *err)
{
    const cJSON *header;
    cJSON_ArrayForEach(header, headers)
    {
        if (!cJSON_IsString(header) || p->headers_len == HEADERS_MAX ||
            strpbrk(header->valuestring, "\r\n") || strpbrk(header->string, "\r\n:"))
            return error_set(err, MUSTER_E_CONFIG,
                             "\"headers\" of credential_source: at most %d texts of one line",
                             HEADERS_MAX);
        struct buf *line = &p->headers[p->headers_len++];
        buf_addf(line, "%s: %s", header->string, header->valuestring);
        if (buf_failed(line))
            return error_nomem(err);
    }
    return 0;
}

static int take_format(struct plain *p, const cJSON *format, struct error *err)
{
    if (!str_eq_c(gcp_json_text(format, "type"), "json"))
        return 0;
    return gcp_file_need(format, "subject_token_field_name", &p->field, err);
}

static int read_plain(struct plain *p, const cJSON *source, struct error *err)
{
    int rc = gcp_file_want(source, "file", &p->file, err);
    if (rc == 0 && !p->file)
        rc = gcp_file_want(source, "url", &p->url, err);
    if (rc == 0)
        rc = take_format(p, cJSON_GetObjectItemCaseSensitive(source, "format"), err);
    if (rc == 0)
        rc = take_headers(p, cJSON_GetObjectItemCaseSensitive(source, "headers"), err);
    if (rc == 0 && !p->file && !p->url)
        rc = error_set(err, MUSTER_E_CONFIG,
                       "credential_source: muster reads subject tokens from \"file\", \"url\" and "
                       "AWS (\"environment_id\"), not from programs and certificates");
    return rc;
}

int gcp_subject_new(const struct gcp_source_env *env, const cJSON *credential_source,
                    const char *audience, struct gcp_subject **ret, struct error *err)
{
    if (gcp_json_text(credential_source, "environment_id").len > 0)
        return gcp_subject_aws(env, credential_source, audience, ret, err);
    struct plain *p = calloc(1, sizeof(*p));
    if (!p)
        return error_nomem(err);
    p->base.ops = &plain_ops;
    p->env = *env;
    int rc = read_plain(p, credential_source, err);
    if (rc < 0) {
        plain_free(&p->base);
        return rc;
    }
    *ret = &p->base;
    return 0;
}
