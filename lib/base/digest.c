#include "base/digest.h"

#include <openssl/sha.h>
#include <stdio.h>

int digest_sha256(struct str text, unsigned char ret[static DIGEST_BYTES], struct error *err)
{
    if (!SHA256((const unsigned char *)text.ptr, text.len, ret))
        return error_nomem(err);
    return 0;
}

int digest_hex(struct str text, char ret[static DIGEST_HEX_MAX], struct error *err)
{
    unsigned char bytes[DIGEST_BYTES];
    int rc = digest_sha256(text, bytes, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(ret + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    return 0;
}

int digest_token(struct str text, char ret[static DIGEST_TOKEN_MAX], struct error *err)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[DIGEST_BYTES];
    int rc = digest_sha256(text, bytes, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < DIGEST_TOKEN_MAX - 1; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)bytes[bit / 8] << 8;
        if (bit / 8 + 1 < DIGEST_BYTES)
            pair |= bytes[bit / 8 + 1];
        ret[i] = alphabet[pair >> (11 - bit % 8) & 31];
    }
    ret[DIGEST_TOKEN_MAX - 1] = '\0';
    return 0;
}
