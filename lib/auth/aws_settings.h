/* The `aws:` section of muster.yaml, and what the SDKs' environment variables say. */
#ifndef AUTH_AWS_SETTINGS_H
#define AUTH_AWS_SETTINGS_H

#include "base/option.h"

struct aws_settings {
    char *profile;  /* NULL: AWS_PROFILE, else "default" */
    char *role_arn; /* assumed on top of what the chain finds; NULL: none */
    char *region;   /* for offers and queues that name none; NULL: AWS_REGION ... */
    char *ca_file;  /* NULL: AWS_CA_BUNDLE, else the system's */
    char *proxy;    /* http://host:port; NULL: none */
    struct option_strings endpoints; /* "ec2=http://127.0.0.1:5000"; "*=..." for all services */
};

/* The region for what names none: the setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's; NULL: none.
 * `ret` holds it. */
const char *aws_settings_region(const struct aws_settings *settings, char ret[static 64]);

extern const struct option_set aws_settings_options; /* the rows of the section */

#endif
