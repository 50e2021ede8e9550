/*
 * The metadata service of an EC2 instance, version 2 (IMDSv2): questions asked with a session token,
 * which is asked for first, kept, and renewed when it is refused.
 *
 * AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and _ENDPOINT_MODE count. One second per
 * answer, two tries: a machine that has no such service should find out soon.
 */
#ifndef AUTH_IMDS_H
#define AUTH_IMDS_H

#include "net/http_client.h"

#define IMDS_PATH_MAX 256

/*
 * err->code 0: some HTTP answer came, a 404 too. Otherwise MUSTER_E_NOTFOUND (no session token: there
 * is no such service here, or it is switched off), or what http_client.h names.
 */
typedef void imds_cb(void *ctx, const struct http_response *response, const struct error *err);

/* One question at a time. */
struct imds {
    struct http_client *http;
    struct buf token; /* the header with it; a secret */
    bool renewed;     /* for this question */
    int tries;        /* of the call under way */
    char path[IMDS_PATH_MAX];
    struct http_call *call;
    imds_cb *done;
    void *ctx;
};

void imds_init(struct imds *imds, struct http_client *http);
/* Drops a question: its callback never comes. */
void imds_release(struct imds *imds);

/* path: below latest/, "meta-data/spot/instance-action". The callback may come from within. */
void imds_get(struct imds *imds, const char *path, imds_cb *done, void *ctx);

#endif
