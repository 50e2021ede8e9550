/* What `gcloud auth application-default login` leaves: a person's refresh token. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "auth/gcp_client.h"
#include "auth/gcp_file.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"

#define SOURCE "a person's login"

struct user {
    struct gcp_asker asker;
    char *client_id, *client_secret, *refresh_token, *token_url;
    bool basic; /* the client says who it is in a header (federated people) */
};

static void on_answer(void *ctx, const struct http_response *response, const struct error *answer)
{
    struct user *u = ctx;
    struct gcp_token token = { 0 };
    struct error err = *answer;
    if (!err.code)
        (void)gcp_token_parse(response->body, gcp_source_boot_ns(&u->asker.env), SOURCE, &token,
                              &err);
    else if (err.code == MUSTER_E_AUTH)
        error_wrap(&err, "log in again (gcloud auth application-default login)");
    gcp_asker_finish(&u->asker, &token, &err);
}

int gcp_basic_header(const char *id, const char *secret, struct buf *to)
{
    struct buf plain = { 0 };
    unsigned char *encoded = NULL;
    buf_addf(&plain, "%s:%s", id, secret);
    if (!buf_failed(&plain) && plain.len < GCP_FILE_BYTES_MAX)
        encoded = calloc(1, plain.len * 4 / 3 + 8);
    if (encoded) {
        EVP_EncodeBlock(encoded, (const unsigned char *)plain.ptr, (int)plain.len);
        buf_addf(to, "Authorization: Basic %s", (const char *)encoded);
    }
    bool failed = !encoded || buf_failed(to);
    secret_free((char *)encoded);
    secret_release(&plain);
    return failed ? MUSTER_E_NOMEM : 0;
}

static void user_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct user *u = (struct user *)self;
    struct buf form = { 0 }, basic = { 0 };
    struct error err = { 0 };
    gcp_asker_begin(&u->asker, done, ctx);
    gcp_query_add(&form, "grant_type", STR("refresh_token"));
    gcp_query_add(&form, "refresh_token", str_from(u->refresh_token));
    if (!u->basic) {
        gcp_query_add(&form, "client_id", str_from(u->client_id));
        gcp_query_add(&form, "client_secret", str_from(u->client_secret));
    }
    if (u->basic && gcp_basic_header(u->client_id, u->client_secret, &basic) < 0) {
        error_nomem(&err);
        gcp_asker_finish(&u->asker, NULL, &err);
    } else {
        gcp_asker_post_form(&u->asker, "the token endpoint, asked with a person's login",
                            u->token_url, &form, u->basic ? buf_text(&basic) : NULL, on_answer);
    }
    secret_release(&form);
    secret_release(&basic);
}

static void user_free(struct gcp_source *self)
{
    struct user *u = (struct user *)self;
    gcp_exchange_drop(u->asker.exchange);
    secret_free(u->client_id);
    secret_free(u->client_secret);
    secret_free(u->refresh_token);
    secret_free(u->token_url);
    free(u);
}

static const struct gcp_source_ops user_ops = { user_fetch, user_free };

static int read_file(struct user *u, const cJSON *file, struct error *err)
{
    const char *url_name = u->basic ? "token_url" : "token_uri";
    int rc = gcp_file_need(file, "client_id", &u->client_id, err);
    if (rc == 0)
        rc = gcp_file_need(file, "client_secret", &u->client_secret, err);
    if (rc == 0)
        rc = gcp_file_need(file, "refresh_token", &u->refresh_token, err);
    if (rc == 0)
        rc = u->basic ? gcp_file_need(file, url_name, &u->token_url, err)
                      : gcp_file_want(file, url_name, &u->token_url, err);
    if (rc == 0 && !u->token_url && !(u->token_url = str_dup(STR(GCP_TOKEN_URL))))
        rc = error_nomem(err);
    return rc < 0 ? rc : gcp_url_check(u->token_url, url_name, err);
}

int gcp_source_user(const struct gcp_source_env *env, const cJSON *file, struct gcp_source **ret,
                    struct error *err)
{
    struct user *u = calloc(1, sizeof(*u));
    if (!u)
        return error_nomem(err);
    u->asker.base.ops = &user_ops;
    u->asker.env = *env;
    u->basic = str_starts(gcp_json_text(file, "type"), "external");
    int rc = read_file(u, file, err);
    if (rc < 0) {
        user_free(&u->asker.base);
        return rc;
    }
    *ret = &u->asker.base;
    return 0;
}
