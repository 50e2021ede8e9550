/*
 * Workload identity federation: the token of somebody else (a file, a URL, an AWS identity) that Google's
 * STS takes for one of its own. Each kind is a struct gcp_subject.
 */
#ifndef AUTH_GCP_SUBJECT_H
#define AUTH_GCP_SUBJECT_H

#include "auth/gcp_credentials.h"

/* err->code 0: the subject token, borrowed for the call. */
typedef void gcp_subject_cb(void *ctx, struct str token, const struct error *err);

struct gcp_subject;

struct gcp_subject_ops {
    /* Calls back exactly once, maybe at once. Not again before that. */
    void (*fetch)(struct gcp_subject *self, gcp_subject_cb *done, void *ctx);
    void (*free)(struct gcp_subject *self);
};

struct gcp_subject {
    const struct gcp_subject_ops *ops;
};

static inline void gcp_subject_fetch(struct gcp_subject *subject, gcp_subject_cb *done, void *ctx)
{
    subject->ops->fetch(subject, done, ctx);
}

static inline void gcp_subject_free(struct gcp_subject *subject) /* takes NULL */
{
    if (subject)
        subject->ops->free(subject);
}

/* By the file's "credential_source": { "file" }, { "url" } or { "environment_id": "aws1" }. */
int gcp_subject_new(const struct gcp_source_env *env, const cJSON *credential_source,
                    const char *audience, struct gcp_subject **ret, struct error *err);

/* The last of these. */
int gcp_subject_aws(const struct gcp_source_env *env, const cJSON *credential_source,
                    const char *audience, struct gcp_subject **ret, struct error *err);

/* The token in a text, as "format" of a credential source says: plain, or a member of a JSON object. */
int gcp_subject_read(struct str text, const char *field, struct buf *to, struct error *err);

struct aws_credentials;

/*
 * What STS takes for an AWS identity: a signed GetCallerIdentity, as quoted JSON. `url`: the file's
 * regional_cred_verification_url.
 */
int gcp_subject_aws_sign(const struct aws_credentials *credentials, const char *url,
                         const char *region, const char *audience, int64_t wall_ns, struct buf *to,
                         struct error *err);

#endif
