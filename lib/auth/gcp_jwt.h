/* JSON Web Tokens signed with RS256 (RFC 7515), as a service account's key asserts who it is. */
#ifndef AUTH_GCP_JWT_H
#define AUTH_GCP_JWT_H

#include "base/error.h"
#include "base/str.h"

/* RFC 4648, section 5, without padding. */
void base64url_add(struct buf *to, struct str bytes);

struct gcp_assertion {
    struct str issuer; /* the service account's e-mail */
    struct str key_id; /* "kid"; may be empty */
    struct str
        audience; /* the token endpoint; empty: self-signed, the token itself is sent to APIs */
    struct str scope;
    int64_t issued_s; /* Unix time */
    int64_t life_s;
};

/*
 * header.claims.signature. key: PEM of an RSA key (PKCS#8 or PKCS#1), of 2048 bits or more.
 * MUSTER_E_CONFIG: it is none; the text shows nothing of it.
 */
int gcp_jwt(const struct gcp_assertion *assertion, struct str key_pem, struct buf *to,
            struct error *err);

#endif
