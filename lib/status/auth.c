#include "status/auth.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#define TOKEN_LEN_MIN 16
#define TOKEN_LEN_MAX 256

static const char *const role_words[] = { "read", "agent", "admin" };

static bool usable(struct str token)
{
    if (token.len < TOKEN_LEN_MIN || token.len > TOKEN_LEN_MAX)
        return false;
    for (size_t i = 0; i < token.len; i++) {
        if (!isgraph((unsigned char)token.ptr[i]))
            return false;
    }
    return true;
}

static struct str next_line(struct str *text)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    struct str line = { text->ptr, end ? (size_t)(end - text->ptr) : text->len };
    size_t used = end ? line.len + 1 : line.len;
    text->ptr += used;
    text->len -= used;
    return str_trim(line);
}

int auth_set(struct auth *auth, enum status_role role, struct str text, struct error *err)
{
    unsigned char digests[AUTH_TOKENS_MAX][DIGEST_BYTES];
    size_t len = 0;
    while (text.len > 0) {
        struct str token = next_line(&text);
        if (token.len == 0)
            continue;
        if (!usable(token))
            return error_set(err, MUSTER_E_CONFIG,
                             "%s token: each line must hold %d to %d printable characters without "
                             "spaces",
                             role_words[role], TOKEN_LEN_MIN, TOKEN_LEN_MAX);
        if (len == AUTH_TOKENS_MAX)
            return error_set(err, MUSTER_E_CONFIG, "%s token: more than %d tokens",
                             role_words[role], AUTH_TOKENS_MAX);
        int rc = digest_sha256(token, digests[len], err);
        if (rc < 0)
            return rc;
        len++;
    }
    if (len == 0)
        return error_set(err, MUSTER_E_CONFIG, "%s token: the file is empty", role_words[role]);
    memcpy(auth->roles[role].digests, digests, sizeof(digests));
    auth->roles[role].len = len;
    return 0;
}

/* Looks at all of them, however early one fits, so that time tells nothing. */
static bool holds(const struct auth *auth, enum status_role role,
                  const unsigned char digest[DIGEST_BYTES])
{
    bool found = false;
    for (size_t i = 0; i < auth->roles[role].len; i++)
        found |= CRYPTO_memcmp(auth->roles[role].digests[i], digest, DIGEST_BYTES) == 0;
    return found;
}

int auth_check(const struct auth *auth, enum status_role needed, const char *authorization,
               struct error *err)
{
    if (auth->roles[needed].len == 0) {
        if (needed == STATUS_READ)
            return 0;
        error_set(err, MUSTER_E_AUTH, "no %s token is set up, so nobody may do this",
                  role_words[needed]);
        return 403;
    }
    if (strncasecmp(authorization, "Bearer ", 7) != 0) {
        error_set(err, MUSTER_E_AUTH, "this needs the %s token: Authorization: Bearer TOKEN",
                  role_words[needed]);
        return 401;
    }
    struct str token = str_trim(str_from(authorization + 7));
    unsigned char digest[DIGEST_BYTES];
    if (digest_sha256(token, digest, err) < 0)
        return 503;
    bool held[STATUS_ROLES];
    for (int role = 0; role < STATUS_ROLES; role++)
        held[role] = holds(auth, (enum status_role)role, digest);
    if (held[needed] || held[STATUS_ADMIN])
        return 0;
    bool known = held[STATUS_READ] || held[STATUS_AGENT];
    error_set(err, MUSTER_E_AUTH,
              known ? "this needs the %s token, and another was given"
                    : "unknown token; this needs the %s token",
              role_words[needed]);
    return known ? 403 : 401;
}

int auth_check_origin(const struct http_exchange *x, struct error *err)
{
    const char *site = x->header(x, "Sec-Fetch-Site");
    bool foreign = site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    if (x->origin[0]) {
        struct str host = str_from(x->origin);
        const char *scheme = x->tls ? "https://" : "http://";
        size_t skip = strlen(scheme);
        bool own = str_starts(host, scheme) && strcasecmp(x->origin + skip, x->host) == 0;
        foreign |= !own;
    }
    if (!foreign)
        return 0;
    error_set(err, MUSTER_E_AUTH, "a page of another site may not send commands");
    return 403;
}
