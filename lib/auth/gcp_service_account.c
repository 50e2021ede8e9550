/* A service account's key: signs who it is, and gets a token for that. */
#include <stdlib.h>
#include <string.h>

#include "auth/calls.h"
#include "auth/gcp_client.h"
#include "auth/gcp_jwt.h"
#include "auth/gcp_sources.h"
#include "auth/secret.h"

#define SOURCE "a service account's key"
#define LIFE_S 3600

struct account {
    struct gcp_asker asker;
    char *email, *key, *key_id, *token_url, *universe;
    int64_t clock_off_ns; /* the endpoint's clock less ours */
    bool asked_again;     /* with its clock */
};

static int64_t now_ns(const struct account *a)
{
    return a->asker.env.clock->wall_ns(a->asker.env.clock->ctx) + a->clock_off_ns;
}

static void ask(struct account *a);

static int sign(const struct account *a, bool self_signed, struct buf *to, struct error *err)
{
    /* Whatever address reaches it, the endpoint knows itself by this one: so do Google's libraries. */
    const struct gcp_assertion assertion = { .issuer = str_from(a->email),
                                             .key_id = str_from(a->key_id),
                                             .audience = self_signed ? STR("") : STR(GCP_TOKEN_URL),
                                             .scope = STR(GCP_SCOPE),
                                             .issued_s = now_ns(a) / NS_PER_S,
                                             .life_s = LIFE_S };
    return gcp_jwt(&assertion, str_from(a->key), to, err);
}

/* An assertion from the future, or long ago, is refused as invalid_grant: once more by their clock. */
static bool try_their_clock(struct account *a, const struct http_response *response)
{
    int64_t off_ns = response ? calls_clock_off_ns(response->date, now_ns(a)) : 0;
    if (off_ns == 0 || a->asked_again)
        return false;
    a->asked_again = true;
    a->clock_off_ns += off_ns;
    log_line(
        a->asker.env.log, LOG_WARNING,
        "this machine's clock is not the one Google goes by; continuing: keys sign with theirs",
        LOG_INT("off_s", a->clock_off_ns / NS_PER_S));
    ask(a);
    return true;
}

static void on_answer(void *ctx, const struct http_response *response, const struct error *answer)
{
    struct account *a = ctx;
    struct gcp_token token = { 0 };
    struct error err = *answer;
    if (err.code == MUSTER_E_AUTH && try_their_clock(a, response))
        return;
    if (!err.code)
        (void)gcp_token_parse(response->body, gcp_source_boot_ns(&a->asker.env), SOURCE, &token,
                              &err);
    gcp_asker_finish(&a->asker, &token, &err);
}

static void ask(struct account *a)
{
    struct buf jwt = { 0 }, form = { 0 };
    struct error err = { 0 };
    if (sign(a, false, &jwt, &err) < 0) {
        gcp_asker_finish(&a->asker, NULL, &err);
    } else {
        gcp_query_add(&form, "grant_type", STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        gcp_query_add(&form, "assertion", buf_str(&jwt));
        gcp_asker_post_form(&a->asker, "the token endpoint, asked with a service account's key",
                            a->token_url, &form, NULL, on_answer);
    }
    secret_release(&jwt);
    secret_release(&form);
}

/* Other universes have no token endpoint for keys: the assertion is the token. */
static void give_self_signed(struct account *a)
{
    struct buf jwt = { 0 };
    struct gcp_token token = { 0 };
    struct error err = { 0 };
    if (sign(a, true, &jwt, &err) == 0)
        (void)gcp_token_set(&token, buf_str(&jwt),
                            gcp_source_boot_ns(&a->asker.env) + LIFE_S * NS_PER_S, SOURCE, &err);
    secret_release(&jwt);
    gcp_asker_finish(&a->asker, &token, &err);
}

static void account_fetch(struct gcp_source *self, gcp_token_cb *done, void *ctx)
{
    struct account *a = (struct account *)self;
    gcp_asker_begin(&a->asker, done, ctx);
    a->asked_again = false;
    if (a->universe && strcmp(a->universe, "googleapis.com") != 0)
        give_self_signed(a);
    else
        ask(a);
}

static void account_free(struct gcp_source *self)
{
    struct account *a = (struct account *)self;
    gcp_exchange_drop(a->asker.exchange);
    secret_free(a->email);
    secret_free(a->key);
    secret_free(a->key_id);
    secret_free(a->token_url);
    secret_free(a->universe);
    free(a);
}

static const struct gcp_source_ops account_ops = { account_fetch, account_free };

static int read_file(struct account *a, const cJSON *file, struct error *err)
{
    int rc = gcp_file_need(file, "client_email", &a->email, err);
    if (rc == 0)
        rc = gcp_file_need(file, "private_key", &a->key, err);
    if (rc == 0)
        rc = gcp_file_want(file, "private_key_id", &a->key_id, err);
    if (rc == 0)
        rc = gcp_file_need(file, "token_uri", &a->token_url, err);
    if (rc == 0)
        rc = gcp_file_want(file, "universe_domain", &a->universe, err);
    return rc < 0 ? rc : gcp_url_check(a->token_url, "token_uri", err);
}

int gcp_source_service_account(const struct gcp_source_env *env, const cJSON *file,
                               struct gcp_source **ret, struct error *err)
{
    struct account *a = calloc(1, sizeof(*a));
    if (!a)
        return error_nomem(err);
    a->asker.base.ops = &account_ops;
    a->asker.env = *env;
    int rc = read_file(a, file, err);
    if (rc < 0) {
        account_free(&a->asker.base);
        return rc;
    }
    *ret = &a->asker.base;
    return 0;
}
