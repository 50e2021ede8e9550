#include "auth/gcp_jwt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/secret.h"
#include "base/json.h"

#define BITS_MIN      2048
#define SIGNATURE_MAX 2048 /* of a key of 16384 bits */

void base64url_add(struct buf *to, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)at[i] << 16;
        group |= left > 1 ? (uint32_t)at[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)at[i + 2] : 0;
        buf_add_char(to, digits[group >> 18 & 63]);
        buf_add_char(to, digits[group >> 12 & 63]);
        if (left > 1)
            buf_add_char(to, digits[group >> 6 & 63]);
        if (left > 2)
            buf_add_char(to, digits[group & 63]);
    }
}

/* An encrypted key would make OpenSSL ask at the terminal. */
static int no_passphrase(char *to, int size, int writing, void *ctx)
{
    (void)to, (void)size, (void)writing, (void)ctx;
    return -1;
}

static EVP_PKEY *read_key(struct str pem)
{
    BIO *bio = pem.len > 0 && pem.len < INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (key && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < BITS_MIN)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static bool sign(EVP_PKEY *key, struct str text, unsigned char *ret, size_t *ret_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *ret_len = SIGNATURE_MAX;
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, ret, ret_len, (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static void json_text(struct json_out *j, const char *name, struct str value)
{
    struct buf text = { 0 };
    buf_add_str(&text, value);
    if (buf_failed(&text))
        j->to->failed = buf_failed(&text);
    else
        json_str(j, name, buf_text(&text));
    buf_release(&text);
}

static void write_header(const struct gcp_assertion *a, struct buf *to)
{
    struct json_out j = json_begin(to);
    json_open(&j, NULL, '{');
    json_str(&j, "typ", "JWT");
    json_str(&j, "alg", "RS256");
    if (a->key_id.len > 0)
        json_text(&j, "kid", a->key_id);
    json_close(&j, '}');
}

static void write_claims(const struct gcp_assertion *a, struct buf *to)
{
    struct json_out j = json_begin(to);
    json_open(&j, NULL, '{');
    json_int(&j, "iat", a->issued_s);
    json_int(&j, "exp", a->issued_s + a->life_s);
    json_text(&j, "iss", a->issuer);
    if (a->audience.len > 0)
        json_text(&j, "aud", a->audience);
    else
        json_text(&j, "sub", a->issuer);
    json_text(&j, "scope", a->scope);
    json_close(&j, '}');
}

static int sign_onto(EVP_PKEY *key, struct buf *to, size_t from, struct error *err)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t len;
    struct str text = buf_str(to);
    if (buf_failed(to))
        return error_nomem(err);
    if (!sign(key, (struct str){ text.ptr + from, text.len - from }, signature, &len))
        return error_set(err, MUSTER_E_CONFIG, "the private key does not sign");
    buf_add_char(to, '.');
    base64url_add(to, (struct str){ (const char *)signature, len });
    return buf_failed(to) ? error_nomem(err) : 0;
}

int gcp_jwt(const struct gcp_assertion *assertion, struct str key_pem, struct buf *to,
            struct error *err)
{
    struct buf part = { 0 };
    size_t from = to->len;
    EVP_PKEY *key = read_key(key_pem);
    ERR_clear_error(); /* its queue may name parts of the input */
    if (!key)
        return error_set(err, MUSTER_E_CONFIG,
                         "the private key is no RSA key of %d bits or more in PEM", BITS_MIN);
    write_header(assertion, &part);
    base64url_add(to, buf_str(&part));
    buf_add_char(to, '.');
    int failed = buf_failed(&part);
    buf_clear(&part);
    write_claims(assertion, &part);
    base64url_add(to, buf_str(&part));
    failed = failed || buf_failed(&part);
    buf_release(&part);
    int rc = failed ? error_nomem(err) : sign_onto(key, to, from, err);
    EVP_PKEY_free(key);
    return rc;
}
