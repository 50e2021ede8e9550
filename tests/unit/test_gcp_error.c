/* What Google's APIs say when they refuse, and what is done about each. */
#include "auth/gcp_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define HTTP(reason)                                                                               \
    "{\"error\":{\"code\":1,\"message\":\"m\",\"errors\":[{\"reason\":\"" reason "\"}]}}"
#define STATUS(status) "{\"error\":{\"code\":1,\"message\":\"m\",\"status\":\"" status "\"}}"
#define INFO(status, reason)                                                                       \
    "{\"error\":{\"message\":\"m\",\"status\":\"" status                                           \
    "\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.Help\",\"reason\":\"no\"},"       \
    "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason "\"}]}}"

static const struct {
    int http;
    const char *body;
    int class;
} answers[] = {
    { 200, "{}", MUSTER_OK },
    { 429, "", MUSTER_E_THROTTLED },
    { 403, HTTP("rateLimitExceeded"), MUSTER_E_THROTTLED },
    { 403, HTTP("userRateLimitExceeded"), MUSTER_E_THROTTLED },
    { 403, INFO("PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED"), MUSTER_E_THROTTLED },
    { 403, INFO("RESOURCE_EXHAUSTED", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"), MUSTER_E_THROTTLED },
    { 400, STATUS("RESOURCE_EXHAUSTED"), MUSTER_E_THROTTLED },
    { 403, HTTP("quotaExceeded"), MUSTER_E_QUOTA },
    { 413, HTTP("limitExceeded"), MUSTER_E_QUOTA },
    { 403, HTTP("CPUS_QUOTA_EXCEEDED"), MUSTER_E_QUOTA },
    { 400, HTTP("resourceNotReady"), MUSTER_E_TRANSIENT },
    { 400, HTTP("resourceInUseByAnotherResource"), MUSTER_E_TRANSIENT },
    { 412, HTTP("conditionNotMet"), MUSTER_E_TRANSIENT },
    { 412, "", MUSTER_E_TRANSIENT },
    { 408, "", MUSTER_E_UNKNOWN },
    { 500, "", MUSTER_E_UNKNOWN },
    { 502, "<html>Bad Gateway</html>", MUSTER_E_UNKNOWN },
    { 503, HTTP("backendError"), MUSTER_E_UNKNOWN },
    { 504, STATUS("DEADLINE_EXCEEDED"), MUSTER_E_UNKNOWN },
    { 404, HTTP("notFound"), MUSTER_E_NOTFOUND },
    { 404, "", MUSTER_E_NOTFOUND },
    { 401, HTTP("authError"), MUSTER_E_AUTH },
    { 401, "", MUSTER_E_AUTH },
    { 403, HTTP("forbidden"), MUSTER_E_AUTH },
    { 403, HTTP("accessNotConfigured"), MUSTER_E_AUTH },
    { 403, INFO("PERMISSION_DENIED", "IAM_PERMISSION_DENIED"), MUSTER_E_AUTH },
    { 403, INFO("PERMISSION_DENIED", "SERVICE_DISABLED"), MUSTER_E_AUTH },
    { 403,
      "{\"error\":{\"message\":\"Location us-east1-d is not found or access is "
      "unauthorized.\",\"errors\":[{\"reason\":\"forbidden\"}]}}",
      MUSTER_E_CAPACITY },
    { 409, HTTP("alreadyExists"), MUSTER_E_CONFIG },
    { 400, HTTP("invalid"), MUSTER_E_CONFIG },
    { 400, HTTP("required"), MUSTER_E_CONFIG },
    { 400, STATUS("INVALID_ARGUMENT"), MUSTER_E_CONFIG },
    { 302, "", MUSTER_E_CONFIG },
    { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\"}", MUSTER_E_AUTH },
    { 400, "{\"error\":\"invalid_request\"}", MUSTER_E_CONFIG },
    { 403, "[" HTTP("quotaExceeded") "]", MUSTER_E_QUOTA },
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct gcp_fault fault;
        gcp_fault_from_body(answers[i].http, str_from(answers[i].body), &fault);
        if (gcp_fault_class(&fault) != answers[i].class)
            fail_msg("HTTP %d %s: %s", answers[i].http, answers[i].body,
                     error_word(gcp_fault_class(&fault)));
    }
}

#define OP(code) "\"error\":{\"errors\":[{\"code\":\"" code "\",\"message\":\"m\"}]}"

static const struct {
    const char *operation;
    int class; /* MUSTER_OK: no error */
    const char *reason;
} operations[] = {
    { "{}", MUSTER_OK, "" },
    { "{\"status\":\"DONE\",\"httpErrorStatusCode\":200}", MUSTER_OK, "" },
    { "{" OP("ZONE_RESOURCE_POOL_EXHAUSTED") "}", MUSTER_E_CAPACITY,
      "ZONE_RESOURCE_POOL_EXHAUSTED" },
    { "{\"httpErrorStatusCode\":503," OP("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS") "}",
      MUSTER_E_CAPACITY, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS" },
    { "{" OP("IP_SPACE_EXHAUSTED_WITH_DETAILS") "}", MUSTER_E_CAPACITY,
      "IP_SPACE_EXHAUSTED_WITH_DETAILS" },
    { "{" OP("UNSUPPORTED_OPERATION") "}", MUSTER_E_CAPACITY, "UNSUPPORTED_OPERATION" },
    { "{\"httpErrorStatusCode\":403," OP("QUOTA_EXCEEDED") "}", MUSTER_E_QUOTA, "QUOTA_EXCEEDED" },
    { "{" OP("GPUS_ALL_REGIONS_QUOTA") "}", MUSTER_E_QUOTA, "GPUS_ALL_REGIONS_QUOTA" },
    { "{" OP("RESOURCE_OPERATION_RATE_EXCEEDED") "}", MUSTER_E_THROTTLED,
      "RESOURCE_OPERATION_RATE_EXCEEDED" },
    { "{" OP("RESOURCE_NOT_READY") "}", MUSTER_E_TRANSIENT, "RESOURCE_NOT_READY" },
    { "{\"httpErrorStatusCode\":500," OP("INTERNAL_ERROR") "}", MUSTER_E_TRANSIENT,
      "INTERNAL_ERROR" },
    { "{\"httpErrorStatusCode\":503," OP("") "}", MUSTER_E_TRANSIENT, "" },
    { "{" OP("RESOURCE_NOT_FOUND") "}", MUSTER_E_NOTFOUND, "RESOURCE_NOT_FOUND" },
    { "{" OP("PERMISSIONS_ERROR") "}", MUSTER_E_AUTH, "PERMISSIONS_ERROR" },
    { "{" OP("INVALID_FIELD_VALUE") "}", MUSTER_E_CONFIG, "INVALID_FIELD_VALUE" },
    { "{\"error\":{\"errors\":[{\"code\":\"SOMETHING_NEW\"},{\"code\":\"STOCKOUT\"}]}}",
      MUSTER_E_CAPACITY, "STOCKOUT" },
    { "{\"error\":{}}", MUSTER_E_CONFIG, "" },
    { "{\"httpErrorStatusCode\":409," OP("RESOURCE_ALREADY_EXISTS") "}", MUSTER_E_CONFIG,
      "RESOURCE_ALREADY_EXISTS" },
};

static void test_operations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        struct gcp_fault fault = { 0 };
        cJSON *json = NULL;
        assert_int_equal(json_parse(str_from(operations[i].operation), &json, NULL), 0);
        bool any = gcp_fault_from_operation(json, &fault);
        cJSON_Delete(json);
        if (any != (operations[i].class != MUSTER_OK) ||
            (any && gcp_fault_class(&fault) != operations[i].class) ||
            strcmp(fault.reason, operations[i].reason) != 0)
            fail_msg("%s: %s %s", operations[i].operation, fault.reason,
                     error_word(gcp_fault_class(&fault)));
    }
}

static void test_exists(void **state)
{
    (void)state;
    struct gcp_fault fault;
    gcp_fault_from_body(409, STR(HTTP("alreadyExists")), &fault);
    assert_true(gcp_fault_exists(&fault));
    gcp_fault_from_body(409, STR(STATUS("ALREADY_EXISTS")), &fault);
    assert_true(gcp_fault_exists(&fault));
    gcp_fault_from_body(409, STR(HTTP("conflict")), &fault);
    assert_false(gcp_fault_exists(&fault));
}

static void test_texts(void **state)
{
    (void)state;
    struct gcp_fault fault;
    struct error err = { 0 };
    gcp_fault_from_body(403,
                        STR("{\"error\":{\"message\":\"Quota 'CPUS'\\nexceeded.\",\"errors\":[{"
                            "\"reason\":\"quotaExceeded\"}]}}"),
                        &fault);
    assert_int_equal(gcp_fault_error(&fault, &err), MUSTER_E_QUOTA);
    assert_string_equal(err.text, "quotaExceeded: Quota 'CPUS' exceeded. (HTTP 403)");
    gcp_fault_from_body(502, STR("<html>"), &fault);
    gcp_fault_error(&fault, &err);
    assert_string_equal(err.text, "no error of Google in the answer (HTTP 502)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_exists),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
