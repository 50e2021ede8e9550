#include "auth/sigv4.h"

#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth/sigv4_canonical.h"
#include "base/clock.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_LEN  8

int sigv4_format_time(int64_t wall_ns, char ret[static SIGV4_TIME_MAX], struct error *err)
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    struct tm tm;
    if (wall_ns < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year > 8099)
        return error_set(err, MUSTER_E_RANGE, "the clock is set to no time that can be signed");
    strftime(ret, SIGV4_TIME_MAX, "%Y%m%dT%H%M%SZ", &tm);
    return 0;
}

static int full(const struct buf *to, struct error *err)
{
    return buf_failed(to) ? error_set(err, buf_failed(to), "no room to sign the request") : 0;
}

/* ---- the stages --------------------------------------------------------------------------------- */

int sigv4_canonical_request(const struct sigv4_request *request, struct buf *to, struct error *err)
{
    buf_add_str(to, request->method);
    buf_add_char(to, '\n');
    int rc = sigv4_canonical_path(request->path, request->keep_path, to, err);
    buf_add_char(to, '\n');
    if (rc == 0)
        rc = sigv4_canonical_query(request->query, to, err);
    buf_add_char(to, '\n');
    if (rc == 0)
        rc = sigv4_canonical_headers(request, to, err);
    buf_add_char(to, '\n');
    if (rc == 0)
        rc = sigv4_signed_headers(request, to, err);
    buf_add_char(to, '\n');
    buf_add_c(to, request->body_hash);
    return rc < 0 ? rc : full(to, err);
}

void sigv4_scope(const struct sigv4_signer *signer, struct buf *to)
{
    buf_add(to, signer->time, DATE_LEN);
    buf_add_char(to, '/');
    buf_add_str(to, signer->region);
    buf_add_char(to, '/');
    buf_add_str(to, signer->service);
    buf_add_c(to, "/aws4_request");
}

int sigv4_string_to_sign(const struct sigv4_signer *signer, struct str canonical_request,
                         struct buf *to, struct error *err)
{
    char hash[DIGEST_HEX_MAX];
    int rc = digest_hex(canonical_request, hash, err);
    if (rc < 0)
        return rc;
    buf_addf(to, ALGORITHM "\n%s\n", signer->time);
    sigv4_scope(signer, to);
    buf_addf(to, "\n%s", hash);
    return full(to, err);
}

static int hmac(struct str key, struct str text, unsigned char ret[static DIGEST_BYTES],
                struct error *err)
{
    unsigned len = 0;
    if (key.len > INT32_MAX ||
        !HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len, ret,
              &len) ||
        len != DIGEST_BYTES)
        return error_set(err, MUSTER_E_NOMEM, "OpenSSL could not compute an HMAC");
    return 0;
}

static struct str bytes(const unsigned char digest[static DIGEST_BYTES])
{
    return (struct str){ (const char *)digest, DIGEST_BYTES };
}

/* kSecret -> kDate -> kRegion -> kService -> kSigning: each keys the next. */
int sigv4_signing_key(const struct sigv4_signer *signer, unsigned char ret[static DIGEST_BYTES],
                      struct error *err)
{
    const struct str steps[] = {
        { signer->time, DATE_LEN }, signer->region, signer->service, STR("aws4_request")
    };
    unsigned char key[DIGEST_BYTES], next[DIGEST_BYTES];
    struct buf first = { 0 };
    buf_add_c(&first, "AWS4");
    buf_add_str(&first, signer->secret_key);
    int rc = full(&first, err);
    for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
        rc = hmac(i == 0 ? buf_str(&first) : bytes(key), steps[i], next, err);
        memcpy(key, next, sizeof(key));
    }
    if (rc == 0)
        memcpy(ret, key, sizeof(key));
    explicit_bzero(key, sizeof(key));
    explicit_bzero(next, sizeof(next));
    if (first.ptr)
        explicit_bzero(first.ptr, first.size);
    buf_release(&first);
    return rc;
}

int sigv4_signature(const unsigned char key[static DIGEST_BYTES], struct str string_to_sign,
                    char ret[static DIGEST_HEX_MAX], struct error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[DIGEST_BYTES];
    int rc = hmac(bytes(key), string_to_sign, digest, err);
    for (size_t i = 0; rc == 0 && i < DIGEST_BYTES; i++) {
        ret[2 * i] = digits[digest[i] >> 4];
        ret[2 * i + 1] = digits[digest[i] & 15];
    }
    if (rc == 0)
        ret[2 * DIGEST_BYTES] = '\0';
    return rc;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static int sign(const struct sigv4_signer *signer, const struct sigv4_request *request,
                char ret[static DIGEST_HEX_MAX], struct error *err)
{
    struct buf canonical = { 0 }, to_sign = { 0 };
    unsigned char key[DIGEST_BYTES];
    int rc = sigv4_canonical_request(request, &canonical, err);
    if (rc == 0)
        rc = sigv4_string_to_sign(signer, buf_str(&canonical), &to_sign, err);
    if (rc == 0)
        rc = sigv4_signing_key(signer, key, err);
    if (rc == 0)
        rc = sigv4_signature(key, buf_str(&to_sign), ret, err);
    explicit_bzero(key, sizeof(key));
    if (canonical.ptr) /* a session token may be among the headers */
        explicit_bzero(canonical.ptr, canonical.size);
    buf_release(&canonical);
    buf_release(&to_sign);
    return rc;
}

int sigv4_authorization(const struct sigv4_signer *signer, const struct sigv4_request *request,
                        struct buf *to, struct error *err)
{
    char signature[DIGEST_HEX_MAX];
    int rc = sign(signer, request, signature, err);
    if (rc < 0)
        return rc;
    buf_add_c(to, ALGORITHM " Credential=");
    buf_add_str(to, signer->access_key);
    buf_add_char(to, '/');
    sigv4_scope(signer, to);
    buf_add_c(to, ", SignedHeaders=");
    rc = sigv4_signed_headers(request, to, err);
    buf_addf(to, ", Signature=%s", signature);
    return rc < 0 ? rc : full(to, err);
}

void sigv4_presign_query(const struct sigv4_signer *signer, const struct sigv4_request *request,
                         struct str signed_headers, struct str token, int expires_s, struct buf *to)
{
    struct buf credential = { 0 };
    buf_add_str(&credential, signer->access_key);
    buf_add_char(&credential, '/');
    sigv4_scope(signer, &credential);
    if (buf_failed(&credential))
        to->failed = MUSTER_E_NOMEM;
    buf_add_str(to, request->query);
    if (request->query.len > 0)
        buf_add_char(to, '&');
    buf_add_c(to, "X-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=");
    sigv4_encode(to, buf_str(&credential), false);
    buf_addf(to, "&X-Amz-Date=%s&X-Amz-SignedHeaders=", signer->time);
    sigv4_encode(to, signed_headers, false);
    buf_addf(to, "&X-Amz-Expires=%d", expires_s);
    if (token.len > 0) {
        buf_add_c(to, "&X-Amz-Security-Token=");
        sigv4_encode(to, token, false);
    }
    buf_release(&credential);
}

int sigv4_presign(const struct sigv4_signer *signer, const struct sigv4_request *request,
                  struct str token, bool token_unsigned, int expires_s, struct buf *to,
                  struct error *err)
{
    struct buf names = { 0 }, query = { 0 };
    char signature[DIGEST_HEX_MAX];
    struct sigv4_request presigned = *request;
    int rc = sigv4_signed_headers(request, &names, err);
    sigv4_presign_query(signer, request, buf_str(&names), token_unsigned ? STR("") : token,
                        expires_s, &query);
    presigned.query = buf_str(&query);
    if (rc == 0)
        rc = full(&query, err);
    if (rc == 0)
        rc = sign(signer, &presigned, signature, err);
    if (rc == 0) {
        buf_add_str(to, request->path);
        buf_add_char(to, '?');
        buf_add_str(to, presigned.query);
        if (token_unsigned && token.len > 0) {
            buf_add_c(to, "&X-Amz-Security-Token=");
            sigv4_encode(to, token, false);
        }
        buf_addf(to, "&X-Amz-Signature=%s", signature);
        rc = full(to, err);
    }
    buf_release(&names);
    buf_release(&query);
    return rc;
}
