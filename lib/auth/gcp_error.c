#include "auth/gcp_error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "auth/gcp_file.h"
#include "base/json.h"

/* ---- classes ------------------------------------------------------------------------------------ */

struct reason_class {
    const char *reason;
    int class;
};

/* Reasons of HTTP answers (camelCase), of google.rpc.ErrorInfo and of operations (capitals). */
static const struct reason_class classes[] = {
    { "rateLimitExceeded", MUSTER_E_THROTTLED },
    { "userRateLimitExceeded", MUSTER_E_THROTTLED },
    { "concurrentLimitExceeded", MUSTER_E_THROTTLED },
    { "RATE_LIMIT_EXCEEDED", MUSTER_E_THROTTLED },
    { "RATE_QUOTA_EXCEEDED", MUSTER_E_THROTTLED },
    { "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", MUSTER_E_THROTTLED },
    { "RESOURCE_OPERATION_RATE_EXCEEDED", MUSTER_E_THROTTLED },
    { "OPERATION_RATE_EXCEEDED", MUSTER_E_THROTTLED },
    { "slow_down", MUSTER_E_THROTTLED },

    { "ZONE_RESOURCE_POOL_EXHAUSTED", MUSTER_E_CAPACITY },
    { "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", MUSTER_E_CAPACITY },
    { "REGION_RESOURCE_POOL_EXHAUSTED", MUSTER_E_CAPACITY },
    { "RESOURCE_POOL_EXHAUSTED", MUSTER_E_CAPACITY },
    { "GPU_STOCKOUT", MUSTER_E_CAPACITY },
    { "STOCKOUT", MUSTER_E_CAPACITY },
    { "insufficientCapacity", MUSTER_E_CAPACITY },
    { "requestExceedsCapacity", MUSTER_E_CAPACITY },
    { "INSUFFICIENT_CAPACITY", MUSTER_E_CAPACITY },
    { "VM_MIN_COUNT_NOT_REACHED", MUSTER_E_CAPACITY },
    { "IP_SPACE_EXHAUSTED", MUSTER_E_CAPACITY },
    { "IP_SPACE_EXHAUSTED_WITH_DETAILS", MUSTER_E_CAPACITY },
    /* A machine that was preempted while it was made ends so. */
    { "UNSUPPORTED_OPERATION", MUSTER_E_CAPACITY },

    { "quotaExceeded", MUSTER_E_QUOTA },
    { "limitExceeded", MUSTER_E_QUOTA },
    { "dailyLimitExceeded", MUSTER_E_QUOTA },
    { "LIMIT_EXCEEDED", MUSTER_E_QUOTA },

    /* In a state that passes: nothing was done. */
    { "resourceNotReady", MUSTER_E_TRANSIENT },
    { "RESOURCE_NOT_READY", MUSTER_E_TRANSIENT },
    { "resourceInUseByAnotherResource", MUSTER_E_TRANSIENT },
    { "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", MUSTER_E_TRANSIENT },
    { "conditionNotMet", MUSTER_E_TRANSIENT },
    { "temporarily_unavailable", MUSTER_E_TRANSIENT },

    /* Of calls: perhaps done. Of operations: certainly not, see below. */
    { "backendError", MUSTER_E_UNKNOWN },
    { "internalError", MUSTER_E_UNKNOWN },
    { "INTERNAL_ERROR", MUSTER_E_UNKNOWN },
    { "internal_failure", MUSTER_E_UNKNOWN },
    { "server_error", MUSTER_E_UNKNOWN },

    { "notFound", MUSTER_E_NOTFOUND },
    { "RESOURCE_NOT_FOUND", MUSTER_E_NOTFOUND },

    { "authError", MUSTER_E_AUTH },
    { "forbidden", MUSTER_E_AUTH },
    { "accessNotConfigured", MUSTER_E_AUTH },
    { "insufficientPermissions", MUSTER_E_AUTH },
    { "PERMISSIONS_ERROR", MUSTER_E_AUTH },
    { "IAM_PERMISSION_DENIED", MUSTER_E_AUTH },
    { "SERVICE_DISABLED", MUSTER_E_AUTH },
    { "BILLING_DISABLED", MUSTER_E_AUTH },
    { "ACCESS_TOKEN_EXPIRED", MUSTER_E_AUTH },
    { "ACCESS_TOKEN_SCOPE_INSUFFICIENT", MUSTER_E_AUTH },
    { "invalid_grant", MUSTER_E_AUTH },
    { "invalid_client", MUSTER_E_AUTH },
    { "unauthorized_client", MUSTER_E_AUTH },
    { "invalid_target", MUSTER_E_AUTH },
    { "access_denied", MUSTER_E_AUTH },
    { "invalid_rapt", MUSTER_E_AUTH },
};

static const int *class_of_reason(const char *reason)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strcmp(classes[i].reason, reason) == 0)
            return &classes[i].class;
    }
    return NULL;
}

/* What the words do not say, the numbers do. */
static int class_of_status(const struct gcp_fault *fault)
{
    int http = fault->http;
    if (http == 429 || (strcmp(fault->status, "RESOURCE_EXHAUSTED") == 0 && !fault->operation))
        return MUSTER_E_THROTTLED;
    if (http == 408 || http >= 500)
        return MUSTER_E_UNKNOWN;
    if (http == 401 || http == 403)
        return MUSTER_E_AUTH;
    if (http == 404)
        return MUSTER_E_NOTFOUND;
    if (http == 412)
        return MUSTER_E_TRANSIENT;
    return (http >= 200 && http < 300) && !fault->reason[0] && !fault->operation ? MUSTER_OK
                                                                                 : MUSTER_E_CONFIG;
}

/* "forbidden" is said of many things; that the zone is not open to the project means: elsewhere. */
static bool zone_closed(const struct gcp_fault *fault)
{
    return strncmp(fault->message, "Location ", 9) == 0 &&
           strstr(fault->message, "is not found or access is unauthorized");
}

int gcp_fault_class(const struct gcp_fault *fault)
{
    const int *known = class_of_reason(fault->detail);
    if (zone_closed(fault))
        return MUSTER_E_CAPACITY;
    if (!known || *known == MUSTER_E_AUTH)
        known = class_of_reason(fault->reason) ? class_of_reason(fault->reason) : known;
    int class = known ? *known : 0;
    if (!known && (strstr(fault->reason, "QUOTA") || strstr(fault->reason, "uotaExceeded")))
        class = MUSTER_E_QUOTA;
    else if (!known)
        class = class_of_status(fault);
    /* An operation that failed has not been carried out, whoever's fault that was. */
    return fault->operation && class == MUSTER_E_UNKNOWN ? MUSTER_E_TRANSIENT : class;
}

bool gcp_fault_exists(const struct gcp_fault *fault)
{
    return strcmp(fault->reason, "alreadyExists") == 0 ||
           strcmp(fault->reason, "RESOURCE_ALREADY_EXISTS") == 0 ||
           strcmp(fault->status, "ALREADY_EXISTS") == 0;
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* A message goes into a log line and onto terminals. */
static void take_text(char *to, size_t size, struct str text)
{
    (void)str_copy(to, size, text);
    for (; *to; to++) {
        if ((unsigned char)*to < ' ' || *to == 0x7f)
            *to = ' ';
    }
}

#define TAKE(field, text) take_text((field), sizeof(field), (text))

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static struct str error_info_reason(const cJSON *details)
{
    const cJSON *detail;
    cJSON_ArrayForEach(detail, details)
    {
        struct str reason = gcp_json_text(detail, "reason");
        struct str type = gcp_json_text(detail, "@type");
        if (reason.len > 0 && type.len > 0 && memmem(type.ptr, type.len, "ErrorInfo", 9))
            return reason;
    }
    return STR("");
}

static void read_document(const cJSON *error, struct gcp_fault *ret)
{
    struct str reason = gcp_json_text(cJSON_GetArrayItem(member(error, "errors"), 0), "reason");
    struct str info = error_info_reason(member(error, "details"));
    TAKE(ret->reason, reason.len > 0 ? reason : info);
    if (reason.len > 0)
        TAKE(ret->detail, info);
    TAKE(ret->status, gcp_json_text(error, "status"));
    TAKE(ret->message, gcp_json_text(error, "message"));
}

void gcp_fault_from_body(int http, struct str body, struct gcp_fault *ret)
{
    cJSON *root = NULL;
    *ret = (struct gcp_fault){ .http = http };
    if (json_parse(body, &root, NULL) < 0)
        return;
    /* Some batch and list calls put it into a list of one. */
    const cJSON *top = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 0) : root;
    const cJSON *error = member(top, "error");
    if (cJSON_IsObject(error)) {
        read_document(error, ret);
    } else if (cJSON_IsString(error)) {
        TAKE(ret->reason, gcp_json_text(top, "error"));
        TAKE(ret->message, gcp_json_text(top, "error_description"));
        TAKE(ret->detail, gcp_json_text(top, "error_subtype"));
    }
    cJSON_Delete(root);
}

void gcp_fault_from_item(int http, const cJSON *item, struct gcp_fault *ret)
{
    const cJSON *detail;
    *ret = (struct gcp_fault){ .http = http, .operation = true };
    TAKE(ret->reason, gcp_json_text(item, "code"));
    TAKE(ret->message, gcp_json_text(item, "message"));
    cJSON_ArrayForEach(detail, member(item, "errorDetails"))
    {
        struct str reason = gcp_json_text(member(detail, "errorInfo"), "reason");
        if (reason.len > 0 && !ret->detail[0])
            TAKE(ret->detail, reason);
    }
}

bool gcp_fault_from_operation(const cJSON *operation, struct gcp_fault *ret)
{
    const cJSON *error = member(operation, "error"), *item;
    const cJSON *status = member(operation, "httpErrorStatusCode");
    double number = cJSON_IsNumber(status) ? status->valuedouble : 0;
    int http = isgreaterequal(number, 100.0) && isless(number, 600.0) ? (int)number : 0;
    bool any = false;
    if (!cJSON_IsObject(error) && http < 400)
        return false;
    struct gcp_fault found = { .http = http, .operation = true }, next;
    TAKE(found.message, gcp_json_text(operation, "httpErrorMessage"));
    cJSON_ArrayForEach(item, member(error, "errors"))
    {
        gcp_fault_from_item(http, item, &next);
        /* The first that a class is known for; the rest are its consequences. */
        if (!any || (!class_of_reason(found.reason) && class_of_reason(next.reason)))
            found = next;
        any = true;
    }
    *ret = found;
    return true;
}

/* ---- telling ------------------------------------------------------------------------------------ */

void gcp_fault_text(const struct gcp_fault *fault, char *to, size_t size)
{
    const char *word = fault->reason[0] ? fault->reason : fault->status;
    char number[24] = "";
    if (!word[0])
        word = fault->operation ? "the operation failed" : "no error of Google in the answer";
    if (fault->http)
        (void)snprintf(number, sizeof(number), " (HTTP %d)", fault->http);
    (void)snprintf(to, size, "%s%s%s%s%s%s", word, fault->detail[0] ? ", " : "", fault->detail,
                   fault->message[0] ? ": " : "", fault->message, number);
}

int gcp_fault_error(const struct gcp_fault *fault, struct error *err)
{
    char text[ERROR_TEXT_MAX];
    gcp_fault_text(fault, text, sizeof(text));
    return error_set(err, gcp_fault_class(fault), "%s", text);
}
