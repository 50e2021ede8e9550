/*
 * One question to a token endpoint or metadata server: sent, tried again when that may help (3 tries,
 * from a second, doubled, spread by a tenth), and classed. Whatever looks like a key or token is cut out
 * of what a refusal says.
 */
#ifndef AUTH_GCP_EXCHANGE_H
#define AUTH_GCP_EXCHANGE_H

#include "auth/gcp_credentials.h"
#include "net/http_client.h"

#define GCP_EXCHANGE_BODY_MAX ((size_t)256 << 10)

struct gcp_exchange;

/* Copied. */
struct gcp_question {
    const char *what; /* for people, static text: "the token endpoint" */
    const char *method, *url;
    const char *const *headers; /* NULL-terminated; may be NULL */
    struct str body;
    int tries;          /* 0: 3 */
    int64_t timeout_ns; /* of one try; 0: 20 s */
    bool metadata;      /* a metadata server: link-local, no proxy */
};

/*
 * err->code 0: HTTP 200. Otherwise MUSTER_E_AUTH (refused), _NOTFOUND (404), _TRANSIENT (no answer, or
 * one that may change), _CONFIG (asked wrongly), _NOMEM ...; the response is given too when there was one.
 */
typedef void gcp_exchange_cb(void *ctx, const struct http_response *response,
                             const struct error *err);

/* The callback comes exactly once, perhaps from within; the exchange is over then and *ret is NULL. */
void gcp_exchange_start(const struct gcp_source_env *env, const struct gcp_question *question,
                        gcp_exchange_cb *done, void *ctx, struct gcp_exchange **ret);
/* Its callback never comes. Takes NULL. */
void gcp_exchange_drop(struct gcp_exchange *exchange);

/* Overwrites runs of 40 and more characters that keys and tokens are made of (a path has none so long). */
void gcp_redact(char *text);

#endif
