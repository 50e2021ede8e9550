/* SHA-256 (OpenSSL) of a text, as bytes, hexadecimal or base32. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

#define DIGEST_BYTES     32
#define DIGEST_HEX_MAX   65
#define DIGEST_TOKEN_MAX 53

int digest_sha256(struct str text, unsigned char ret[static DIGEST_BYTES], struct error *err);

/* The digest as 64 lower-case hexadecimal digits. */
int digest_hex(struct str text, char ret[static DIGEST_HEX_MAX], struct error *err);

/* The digest as 52 letters and digits of lower-case base32 (RFC 4648, no padding): valid as a cloud's
 * client token, in a host name and in a file name. */
int digest_token(struct str text, char ret[static DIGEST_TOKEN_MAX], struct error *err);

#endif
