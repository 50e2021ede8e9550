/*
 * Who may ask what: bearer tokens, kept as SHA-256 digests and compared in constant time; and which
 * web pages may send commands (none but our own).
 */
#ifndef STATUS_AUTH_H
#define STATUS_AUTH_H

#include <stdbool.h>

#include "base/digest.h"
#include "net/http_server.h"
#include "status/status.h"

#define AUTH_TOKENS_MAX 4

struct auth {
    struct {
        unsigned char digests[AUTH_TOKENS_MAX][DIGEST_BYTES];
        size_t len;
    } roles[STATUS_ROLES];
};

int auth_set(struct auth *auth, enum status_role role, struct str text, struct error *err);

/* 0: allowed; otherwise 401 or 403, and why in err. Takes the Authorization header. */
int auth_check(const struct auth *auth, enum status_role needed, const char *authorization,
               struct error *err);

/*
 * A browser says where a request comes from; another site's page may not command us, even if the
 * person who looks at it could. Programs send neither header. 0, or 403 and why.
 */
int auth_check_origin(const struct http_exchange *x, struct error *err);

#endif
