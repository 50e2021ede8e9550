/*
 * What a Google API answered when it did not do what was asked: the error documents of HTTP answers
 * and of operations read, and classed by remedy (docs/internals/gcp-errors.md). Pure.
 *
 *     {"error": {"code": 403, "message": "...", "status": "PERMISSION_DENIED",
 *                "errors": [{"reason": "rateLimitExceeded", ...}],
 *                "details": [{"@type": ".../google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}]}}
 *     {"error": "invalid_grant", "error_description": "..."}                     (token endpoints)
 *     {"status": "DONE", "httpErrorStatusCode": 403,
 *      "error": {"errors": [{"code": "QUOTA_EXCEEDED", "message": "..."}]}}      (operations)
 */
#ifndef AUTH_GCP_ERROR_H
#define AUTH_GCP_ERROR_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/str.h"

struct gcp_fault {
    int http;       /* the HTTP status, or an operation's httpErrorStatusCode; 0: none given */
    bool operation; /* it says what became of an operation: nothing about it is in doubt */
    char reason
        [96]; /* most telling word: errors[].reason, an operation's code, ErrorInfo's reason */
    char detail[96];   /* ErrorInfo's reason where `reason` is another's; "" if none */
    char status[48];   /* "PERMISSION_DENIED"; "" if none */
    char message[320]; /* control bytes replaced; may be cut short */
};

/* Of an HTTP answer that is no success. A body that is no error document leaves the texts empty. */
void gcp_fault_from_body(int http, struct str body, struct gcp_fault *ret);

/*
 * Of an operation (compute#operation) that is DONE: false when it has no error, `ret` then untouched.
 * The first error that says more than that something failed is taken.
 */
bool gcp_fault_from_operation(const cJSON *operation, struct gcp_fault *ret);
/* Of one {"code", "message"}: operation.error.errors[], lastAttempt.errors.errors[] of a managed
 * instance; `http` 0 where there is none. */
void gcp_fault_from_item(int http, const cJSON *item, struct gcp_fault *ret);

/*
 * The remedy, MUSTER_E_...; 0 when it is no fault (HTTP 2xx and no reason).
 *
 * THROTTLED   429; rateLimitExceeded, userRateLimitExceeded, CONCURRENT_OPERATIONS_QUOTA_EXCEEDED,
 *             RESOURCE_OPERATION_RATE_EXCEEDED
 * CAPACITY    ZONE_RESOURCE_POOL_EXHAUSTED(_WITH_DETAILS) and its kin, IP_SPACE_EXHAUSTED, a zone that
 *             does not have the machine type
 * QUOTA       quotaExceeded, QUOTA_EXCEEDED, anything with QUOTA in it, limitExceeded
 * TRANSIENT   resourceNotReady, resourceInUseByAnotherResource, conditionNotMet: later; an operation
 *             that failed inside Google: it certainly did not happen
 * UNKNOWN     408 and 5xx of a call: it may have been carried out
 * NOTFOUND    404, RESOURCE_NOT_FOUND
 * AUTH        401, other 403s
 * CONFIG      what is left, 409 alreadyExists among it: ask gcp_fault_exists() first
 */
int gcp_fault_class(const struct gcp_fault *fault);

/* The name is taken: 409 alreadyExists, an operation's RESOURCE_ALREADY_EXISTS. */
bool gcp_fault_exists(const struct gcp_fault *fault);

/* "QUOTA_EXCEEDED: Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1 (HTTP 403)" */
void gcp_fault_text(const struct gcp_fault *fault, char *to, size_t size);
/* Class and text in one; returns the class. */
int gcp_fault_error(const struct gcp_fault *fault, struct error *err);

#endif
