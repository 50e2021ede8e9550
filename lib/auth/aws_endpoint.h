/*
 * Where an AWS service is: settings first, then the environment variables of the SDKs, then the
 * partition's own addresses (botocore's endpoints.json).
 */
#ifndef AUTH_AWS_ENDPOINT_H
#define AUTH_AWS_ENDPOINT_H

#include "auth/aws_settings.h"
#include "base/error.h"
#include "base/str.h"

struct aws_endpoint {
    char url[512];  /* "https://ec2.eu-central-1.amazonaws.com/": what is called */
    char host[300]; /* as the Host header says it, with a port that is not the scheme's */
    char signing_region[64];
};

/* service: as in aws_request. MUSTER_E_CONFIG: a region or configured URL that is none. */
int aws_endpoint_find(const struct aws_settings *settings, const char *service, const char *region,
                      struct aws_endpoint *ret, struct error *err);

/* "amazonaws.com.cn" for "cn-north-1". */
const char *aws_dns_suffix(const char *region);

#endif
