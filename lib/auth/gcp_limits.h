/* How fast Google's APIs may be called: the published rate quotas, a minute's worth each. */
#ifndef AUTH_GCP_LIMITS_H
#define AUTH_GCP_LIMITS_H

#include "auth/call_limits.h"
#include "auth/gcp_client.h"

/* The buckets of a request, by service, project and kind ("list", "get", "change", "operations"). */
int gcp_limits_find(struct call_limits *limits, const struct gcp_request *request, int64_t now_ns,
                    struct call_limit **ret, struct error *err);

#endif
