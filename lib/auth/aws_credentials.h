/*
 * AWS credentials and where they come from. One source per file, all with the same face, so that the
 * chain of sources and the cache in front of it are sources themselves:
 *
 *     cache -> [assume role] -> chain -> environment, profile, web identity, container, IMDS
 *
 * Error texts name variables, files and URLs, never what was found in them.
 */
#ifndef AUTH_AWS_CREDENTIALS_H
#define AUTH_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "auth/aws_settings.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http_client.h"

#define AWS_NEVER_EXPIRES INT64_MAX

struct aws_credentials {
    char *access_key, *secret_key;
    char *session_token;     /* NULL: long-lived keys */
    int64_t expires_wall_ns; /* or AWS_NEVER_EXPIRES */
    const char *source;      /* what found them, for people: "environment"; static text */
};

/* Copies the texts; token may be empty. MUSTER_E_INVALID: a key is empty or holds a control byte. */
int aws_credentials_set(struct aws_credentials *to, struct str access_key, struct str secret_key,
                        struct str session_token, int64_t expires_wall_ns, const char *source,
                        struct error *err);
int aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from,
                         struct error *err);
void aws_credentials_release(struct aws_credentials *credentials); /* overwrites them */

/*
 * The JSON that metadata services, containers and credential_process answer: AccessKeyId,
 * SecretAccessKey, Token or SessionToken, Expiration. `text` is wiped from no memory but ours.
 */
int aws_credentials_parse(struct str json, const char *source, struct aws_credentials *ret,
                          struct error *err);

/*
 * err->code 0: credentials, borrowed for the call. MUSTER_E_NOTFOUND: this source is not set up, ask the
 * next. Anything else: it is set up and does not work.
 */
typedef void aws_source_cb(void *ctx, const struct aws_credentials *found, const struct error *err);

struct aws_source;

struct aws_source_ops {
    /* Calls back exactly once, maybe at once. Not again before that. The callback does not free the
     * source. */
    void (*fetch)(struct aws_source *self, aws_source_cb *done, void *ctx);
    /* Drops a fetch: its callback never comes. */
    void (*free)(struct aws_source *self);
};

/* The first member of every source. */
struct aws_source {
    const struct aws_source_ops *ops;
};

static inline void aws_source_fetch(struct aws_source *source, aws_source_cb *done, void *ctx)
{
    source->ops->fetch(source, done, ctx);
}

static inline void aws_source_free(struct aws_source *source) /* takes NULL */
{
    if (source)
        source->ops->free(source);
}

/* What sources need from their surroundings; borrowed, lives longer than they. */
struct aws_source_env {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct http_client *http;
    const struct aws_settings *settings;
    const int64_t *clock_offset_ns; /* added to the clock for signing; NULL: 0 */
};

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION. */
int aws_source_environment(struct aws_source **ret, struct error *err);

/* The sources in the order in which botocore asks them, and `settings->role_arn` on top. */
int aws_source_default(const struct aws_source_env *env, struct aws_source **ret,
                       struct error *err);

/* Asks each until one is set up; takes them (also when it fails). */
int aws_source_chain(struct aws_source **take_sources, size_t len, struct aws_source **ret,
                     struct error *err);

/*
 * Keeps what `take_inner` found until 5 minutes before it expires, and fetches anew in the background
 * from 10 minutes before. A source that fails meanwhile is forgiven until the credentials do expire.
 */
int aws_source_cache(const struct aws_source_env *env, struct aws_source *take_inner,
                     struct aws_source **ret, struct error *err);
/* The service refused what the cache gave: the next fetch asks the source again. */
void aws_source_cache_forget(struct aws_source *cache);

#endif
