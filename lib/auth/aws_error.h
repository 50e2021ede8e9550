/*
 * What an AWS service answered when it did not do what was asked: error bodies of the three protocols
 * read, and codes classed by remedy (docs/internals/aws-errors.md).
 */
#ifndef AUTH_AWS_ERROR_H
#define AUTH_AWS_ERROR_H

#include <stdbool.h>

#include "auth/aws_client.h" /* aws_error_class */
#include "base/str.h"

struct aws_fault {
    char code[96];     /* "" when the body is no error document of AWS */
    char message[320]; /* control bytes replaced; may be cut short */
    char request_id[80];
};

/* XML: <Response><Errors><Error> (EC2) and <ErrorResponse><Error> (the other query services). A document
 * that is neither leaves the code empty; the request id is taken from any. */
void aws_fault_from_xml(struct str body, struct aws_fault *ret);
/* JSON: {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": ...}. */
void aws_fault_from_json(struct str body, struct aws_fault *ret);
/* By the body's first byte: some JSON services refuse signatures in XML. */
void aws_fault_from_body(struct str body, struct aws_fault *ret);

/* What the body leaves open, by the headers x-amzn-errortype and x-amzn-requestid; "" where there is none. */
void aws_fault_from_headers(struct str error_type, struct str request_id, struct aws_fault *fault);

/* The credentials or the clock were refused: worth one more try with new ones. */
bool aws_error_refresh(const char *code);

#endif
