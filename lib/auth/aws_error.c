#include "auth/aws_error.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/error.h"
#include "base/json.h"

/* ---- classes ------------------------------------------------------------------------------------ */

struct code_class {
    const char *code;
    int class;
};

static const struct code_class classes[] = {
    { "RequestLimitExceeded", MUSTER_E_THROTTLED },
    { "Throttling", MUSTER_E_THROTTLED },
    { "ThrottlingException", MUSTER_E_THROTTLED },
    { "ThrottledException", MUSTER_E_THROTTLED },
    { "RequestThrottledException", MUSTER_E_THROTTLED },
    { "RequestThrottled", MUSTER_E_THROTTLED },
    { "KmsThrottled", MUSTER_E_THROTTLED },
    { "TooManyRequestsException", MUSTER_E_THROTTLED },
    { "EC2ThrottledException", MUSTER_E_THROTTLED },
    { "SlowDown", MUSTER_E_THROTTLED },
    { "BandwidthLimitExceeded", MUSTER_E_THROTTLED },
    { "LimitExceededException", MUSTER_E_THROTTLED },
    { "PriorRequestNotComplete", MUSTER_E_THROTTLED },
    { "ProvisionedThroughputExceededException", MUSTER_E_THROTTLED },
    { "TransactionInProgressException", MUSTER_E_THROTTLED },

    /* They happen before anything is done. */
    { "ServiceUnavailable", MUSTER_E_TRANSIENT },
    { "Unavailable", MUSTER_E_TRANSIENT },
    { "ScalingActivityInProgress", MUSTER_E_TRANSIENT },
    { "ResourceContention", MUSTER_E_TRANSIENT },
    { "IDPCommunicationError", MUSTER_E_TRANSIENT },
    { "IncorrectSpotRequestState", MUSTER_E_TRANSIENT },
    { "IncorrectInstanceState", MUSTER_E_TRANSIENT },
    { "IncorrectState", MUSTER_E_TRANSIENT },
    /* After these the thing may be done, or half done. */
    { "InternalError", MUSTER_E_UNKNOWN },
    { "InternalFailure", MUSTER_E_UNKNOWN },
    { "InternalServiceError", MUSTER_E_UNKNOWN },
    { "RequestTimeout", MUSTER_E_UNKNOWN },
    { "RequestTimeoutException", MUSTER_E_UNKNOWN },

    { "InsufficientInstanceCapacity", MUSTER_E_CAPACITY },
    { "Server.InsufficientInstanceCapacity", MUSTER_E_CAPACITY },
    { "InsufficientHostCapacity", MUSTER_E_CAPACITY },
    { "InsufficientReservedInstanceCapacity", MUSTER_E_CAPACITY },
    { "UnfulfillableCapacity", MUSTER_E_CAPACITY },
    { "InsufficientCapacityOnHost", MUSTER_E_CAPACITY },
    { "InsufficientFreeAddressesInSubnet", MUSTER_E_CAPACITY },
    { "SpotMaxPriceTooLow", MUSTER_E_CAPACITY },
    { "Unsupported", MUSTER_E_CAPACITY },
    { "UnsupportedOperation", MUSTER_E_CAPACITY },

    { "MaxSpotInstanceCountExceeded", MUSTER_E_QUOTA },
    { "VcpuLimitExceeded", MUSTER_E_QUOTA },
    { "InstanceLimitExceeded", MUSTER_E_QUOTA },
    { "MaxFleetCountExceeded", MUSTER_E_QUOTA },
    { "ReservationCapacityExceeded", MUSTER_E_QUOTA },
    { "VolumeLimitExceeded", MUSTER_E_QUOTA },
    { "ResourceLimitExceeded", MUSTER_E_QUOTA },
    { "LimitExceeded", MUSTER_E_QUOTA },
    { "OverLimit", MUSTER_E_QUOTA },

    { "InvalidInstanceID.NotFound", MUSTER_E_NOTFOUND },
    { "InvalidSpotInstanceRequestID.NotFound", MUSTER_E_NOTFOUND },

    { "UnauthorizedOperation", MUSTER_E_AUTH },
    { "AccessDenied", MUSTER_E_AUTH },
    { "AccessDeniedException", MUSTER_E_AUTH },
    { "OptInRequired", MUSTER_E_AUTH },
    { "Blocked", MUSTER_E_AUTH },
    { "PendingVerification", MUSTER_E_AUTH },
    { "RegionDisabledException", MUSTER_E_AUTH },
    { "IDPRejectedClaim", MUSTER_E_AUTH },
    { "InvalidIdentityToken", MUSTER_E_AUTH },
    { "AuthFailure.ServiceLinkedRoleCreationNotPermitted", MUSTER_E_AUTH },
    { "AuthFailure", MUSTER_E_AUTH },
    { "ExpiredToken", MUSTER_E_AUTH },
    { "ExpiredTokenException", MUSTER_E_AUTH },
    { "RequestExpired", MUSTER_E_AUTH },
    { "InvalidClientTokenId", MUSTER_E_AUTH },
    { "UnrecognizedClientException", MUSTER_E_AUTH },
    { "SignatureDoesNotMatch", MUSTER_E_AUTH },
    { "InvalidSignatureException", MUSTER_E_AUTH },
    { "RequestTimeTooSkewed", MUSTER_E_AUTH },

    { "DryRunOperation", MUSTER_OK }, /* it would have worked */
};

int aws_error_class(const char *code, int status)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strcmp(classes[i].code, code) == 0)
            return classes[i].class;
    }
    if (status == 429)
        return MUSTER_E_THROTTLED;
    if (status >= 500)
        return MUSTER_E_UNKNOWN; /* whoever said it, the request may have been carried out */
    if (status == 401 || status == 403)
        return MUSTER_E_AUTH;
    if (status >= 300 || code[0])
        return MUSTER_E_CONFIG; /* asked wrongly: a parameter, a template, a queue that is not there */
    return MUSTER_OK;
}

bool aws_error_refresh(const char *code)
{
    static const char *const codes[] = {
        "AuthFailure",           "ExpiredToken",
        "ExpiredTokenException", "RequestExpired",
        "InvalidClientTokenId",  "UnrecognizedClientException",
        "SignatureDoesNotMatch", "InvalidSignatureException",
        "RequestTimeTooSkewed",
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i], code) == 0)
            return true;
    }
    return false;
}

/* ---- XML ---------------------------------------------------------------------------------------- */

#define DEPTH_MAX 16

struct xml {
    XML_Parser parser;
    struct aws_fault *fault;
    int depth;
    bool response, in_error;
    char *field; /* where the text of this element goes; NULL: nowhere */
    size_t field_size, field_len;
};

static void field_begin(struct xml *xml, char *field, size_t size)
{
    xml->field = field[0] ? NULL : field; /* the first of several errors is told */
    xml->field_size = size;
    xml->field_len = 0;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct xml *xml = ctx;
    (void)attributes;
    xml->field = NULL;
    if (++xml->depth > DEPTH_MAX) {
        XML_StopParser(xml->parser, XML_FALSE);
    } else if (xml->depth == 1) {
        xml->response = strcmp(name, "Response") == 0 || strcmp(name, "ErrorResponse") == 0;
    } else if (strcmp(name, "RequestID") == 0 || strcmp(name, "RequestId") == 0 ||
               strcmp(name, "requestId") == 0) {
        field_begin(xml, xml->fault->request_id, sizeof(xml->fault->request_id));
    } else if (xml->response && strcmp(name, "Error") == 0) {
        xml->in_error = true;
    } else if (xml->in_error && strcmp(name, "Code") == 0) {
        field_begin(xml, xml->fault->code, sizeof(xml->fault->code));
    } else if (xml->in_error && strcmp(name, "Message") == 0) {
        field_begin(xml, xml->fault->message, sizeof(xml->fault->message));
    }
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct xml *xml = ctx;
    xml->depth--;
    xml->field = NULL;
    if (strcmp(name, "Error") == 0)
        xml->in_error = false;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct xml *xml = ctx;
    if (!xml->field || len <= 0)
        return;
    size_t room = xml->field_size - 1 - xml->field_len;
    size_t take = (size_t)len < room ? (size_t)len : room;
    memcpy(xml->field + xml->field_len, text, take);
    xml->field_len += take;
    xml->field[xml->field_len] = '\0';
}

/* A message goes into a log line and onto terminals. */
static void tidy(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
    }
}

/* Entities that a document declares itself are not needed by any service: whoever declares one is not AWS. */
static void on_entity(void *ctx, const XML_Char *name, int parameter, const XML_Char *value,
                      int value_len, const XML_Char *base, const XML_Char *system,
                      const XML_Char *public, const XML_Char *notation)
{
    struct xml *xml = ctx;
    (void)name, (void)parameter, (void)value, (void)value_len;
    (void)base, (void)system, (void)public, (void)notation;
    XML_StopParser(xml->parser, XML_FALSE);
}

void aws_fault_from_xml(struct str body, struct aws_fault *ret)
{
    struct aws_fault fault = { 0 };
    struct xml xml = { .parser = XML_ParserCreate(NULL), .fault = &fault };
    *ret = fault;
    if (!xml.parser || body.len > INT32_MAX)
        goto out;
    XML_SetUserData(xml.parser, &xml);
    XML_SetElementHandler(xml.parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml.parser, on_text);
    XML_SetEntityDeclHandler(xml.parser, on_entity);
    if (XML_Parse(xml.parser, body.ptr, (int)body.len, 1) == XML_STATUS_OK) {
        tidy(fault.code);
        tidy(fault.message);
        tidy(fault.request_id);
        *ret = fault;
    }
out:
    if (xml.parser)
        XML_ParserFree(xml.parser);
}

/* ---- JSON --------------------------------------------------------------------------------------- */

/* "com.amazonaws.sqs#QueueDoesNotExist:http://internal/#x" */
static struct str short_code(struct str code)
{
    const char *colon = code.len > 0 ? memchr(code.ptr, ':', code.len) : NULL;
    if (colon)
        code.len = (size_t)(colon - code.ptr);
    const char *hash = code.len > 0 ? memrchr(code.ptr, '#', code.len) : NULL;
    return hash ? (struct str){ hash + 1, code.len - (size_t)(hash + 1 - code.ptr) } : code;
}

static struct str member(const cJSON *root, const char *name)
{
    const cJSON *at = cJSON_GetObjectItem(root, name); /* "message", "Message" */
    return str_from(cJSON_IsString(at) ? at->valuestring : NULL);
}

void aws_fault_from_json(struct str body, struct aws_fault *ret)
{
    cJSON *root = NULL;
    *ret = (struct aws_fault){ 0 };
    if (json_parse(body, &root, NULL) < 0)
        return;
    str_copy(ret->code, sizeof(ret->code), short_code(member(root, "__type")));
    str_copy(ret->message, sizeof(ret->message), member(root, "message"));
    tidy(ret->code);
    tidy(ret->message);
    cJSON_Delete(root);
}

void aws_fault_from_headers(struct str error_type, struct str request_id, struct aws_fault *fault)
{
    if (!fault->code[0])
        str_copy(fault->code, sizeof(fault->code), short_code(str_trim(error_type)));
    if (!fault->request_id[0])
        str_copy(fault->request_id, sizeof(fault->request_id), str_trim(request_id));
    tidy(fault->code);
    tidy(fault->request_id);
}

void aws_fault_from_body(struct str body, struct aws_fault *ret)
{
    struct str text = str_trim(body);
    if (text.len > 0 && text.ptr[0] == '<')
        aws_fault_from_xml(text, ret);
    else
        aws_fault_from_json(text, ret);
}
