/*
 * One AWS request as it goes over the wire: endpoint, headers by protocol, signature. No retries, no
 * limits; aws_client.h has those. STS is asked through this too, before there are credentials.
 */
#ifndef AUTH_AWS_WIRE_H
#define AUTH_AWS_WIRE_H

#include "auth/aws_client.h"
#include "auth/aws_credentials.h"
#include "auth/aws_endpoint.h"

#define AWS_WIRE_HEADERS_MAX 8

/* Holds secrets: the token, and a signature that is good for minutes. */
struct aws_wire {
    struct aws_endpoint endpoint;
    struct buf lines[AWS_WIRE_HEADERS_MAX]; /* "Name: value" */
    const char *headers[AWS_WIRE_HEADERS_MAX + 1];
    size_t len;
};

/* credentials NULL: unsigned. wall_ns: the time that is signed, the clock's offset included. */
int aws_wire_build(const struct aws_settings *settings, const struct aws_request *request,
                   const struct aws_credentials *credentials, int64_t wall_ns, struct aws_wire *ret,
                   struct error *err);
void aws_wire_release(struct aws_wire *wire);

/* Who is told. */
struct aws_wire_reply {
    http_done_cb *done;
    http_piece_cb *piece; /* NULL: the answer is held whole */
    void *ctx;            /* of both */
};

/* Built and sent. */
int aws_wire_send(struct http_client *http, const struct aws_settings *settings,
                  const struct aws_request *request, const struct aws_credentials *credentials,
                  int64_t wall_ns, const struct aws_wire_reply *reply, struct http_call **ret_call,
                  struct error *err);

/* So much of an answer tells whether it is an error document. */
#define AWS_WIRE_HEAD 256
bool aws_wire_is_fault(const struct aws_request *request, struct str head);

/*
 * What came back, as aws_done_cb's first argument; code and request id are read from the body.
 * Returns err->code: the remedy, with the text that aws_client.h shows.
 */
int aws_wire_read(const struct aws_request *request, const struct http_response *http,
                  struct aws_response *ret, struct error *err);

/* "EC2", "Auto Scaling": for people. */
const char *aws_service_word(const char *service);

#endif
