/* The `aws:` section of muster.yaml, and what the SDKs' environment variables say. */
#ifndef AUTH_AWS_SETTINGS_H
#define AUTH_AWS_SETTINGS_H

#include "base/option.h"
#include "base/vec.h"

/*
 * What the profile says of how AWS is reached: endpoint_url, `services`, ca_bundle. The client reads it
 * once, when it is made.
 */
struct aws_reach {
    char *ca_bundle, *endpoint_url; /* NULL: not set */
    VEC(char *) services;           /* "sqs=URL", by the SDKs' names; owned */
    bool ignore_endpoints;
};

struct aws_settings {
    char *profile;                 /* NULL: AWS_PROFILE, else "default" */
    char *role_arn;                /* assumed on top of what the chain finds; NULL: none */
    char *region;                  /* for offers and queues that name none; NULL: AWS_REGION ... */
    char *ca_file;                 /* NULL: AWS_CA_BUNDLE, else the system's */
    char *proxy;                   /* http://host:port; NULL: none */
    struct option_strings notices; /* URLs of SQS queues that EventBridge puts EC2's notices in */
    struct option_strings endpoints; /* "ec2=http://127.0.0.1:5000"; "*=..." for all services */
    const struct aws_reach *reach;   /* no setting: what the client found; NULL: nothing */
};

/* The region for what names none: the setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's; NULL: none.
 * `ret` holds it. */
const char *aws_settings_region(const struct aws_settings *settings, char ret[static 64]);

/* Files that cannot be read are empty ones here: whoever looks for credentials in them tells. Fails for
 * lack of memory only. */
int aws_reach_read(const struct aws_settings *settings, struct aws_reach *ret, struct error *err);
void aws_reach_release(struct aws_reach *reach);

extern const struct option_set aws_settings_options; /* the rows of the section */

#endif
