/*
 * AWS Signature Version 4, stage by stage, as the API reference lays it out ("Create a signed AWS API
 * request"): canonical request, string to sign, signing key, signature, Authorization header, and the
 * same as a presigned query. Pure: no clock, no environment.
 *
 * Stages that write into a buf fail as the buf does (buf_failed, at the end).
 */
#ifndef AUTH_SIGV4_H
#define AUTH_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/str.h"

#define SIGV4_TIME_MAX 17 /* "20150830T123600Z" */

struct sigv4_header {
    struct str name, value;
};

/*
 * What is signed. All headers given are signed, Host must be among them, and X-Amz-Date too for the
 * header form. A header of several lines or values is given as often as it is sent.
 */
struct sigv4_request {
    struct str method;
    struct str path;  /* as sent; encoded once more here. "" is "/" */
    struct str query; /* as sent, without '?' */
    const struct sigv4_header *headers;
    size_t headers_len;
    char body_hash[DIGEST_HEX_MAX]; /* SHA-256 of the body, hexadecimal */
    bool keep_path; /* "//", "." and ".." stay (S3); otherwise they are resolved first */
};

/* Who signs, when, and what for. All borrowed. */
struct sigv4_signer {
    struct str access_key, secret_key;
    struct str region, service; /* the service's signing name */
    char time[SIGV4_TIME_MAX];
};

/* MUSTER_E_RANGE: not a time between the years 1970 and 9999. */
int sigv4_format_time(int64_t wall_ns, char ret[static SIGV4_TIME_MAX], struct error *err);

/* Percent-encodes all but letters, digits and -._~ (and '/' if `slashes`). */
void sigv4_encode(struct buf *to, struct str text, bool slashes);

/* The two lists a signature names: "host;x-amz-date". */
int sigv4_signed_headers(const struct sigv4_request *request, struct buf *to, struct error *err);
int sigv4_canonical_request(const struct sigv4_request *request, struct buf *to, struct error *err);
/* "20150830/us-east-1/ec2/aws4_request" */
void sigv4_scope(const struct sigv4_signer *signer, struct buf *to);
int sigv4_string_to_sign(const struct sigv4_signer *signer, struct str canonical_request,
                         struct buf *to, struct error *err);
/* A secret, good for a day, region and service: wipe it (explicit_bzero). */
int sigv4_signing_key(const struct sigv4_signer *signer, unsigned char ret[static DIGEST_BYTES],
                      struct error *err);
int sigv4_signature(const unsigned char key[static DIGEST_BYTES], struct str string_to_sign,
                    char ret[static DIGEST_HEX_MAX], struct error *err);

/* All of it: the value of the Authorization header. */
int sigv4_authorization(const struct sigv4_signer *signer, const struct sigv4_request *request,
                        struct buf *to, struct error *err);

/*
 * All of it for a presigned URL: path and query with the X-Amz- parameters, good for `expires_s`.
 * token: the session token, may be empty; `token_unsigned` adds it after signing.
 */
int sigv4_presign(const struct sigv4_signer *signer, const struct sigv4_request *request,
                  struct str token, bool token_unsigned, int expires_s, struct buf *to,
                  struct error *err);
/* The query that sigv4_presign signs; a stage of it, for the test vectors. */
void sigv4_presign_query(const struct sigv4_signer *signer, const struct sigv4_request *request,
                         struct str signed_headers, struct str token, int expires_s,
                         struct buf *to);

#endif
