/* Inside SigV4: the parts of a canonical request, each in the one form that client and server agree on. */
#ifndef AUTH_SIGV4_CANONICAL_H
#define AUTH_SIGV4_CANONICAL_H

#include "auth/sigv4.h"

/* Dot segments and empty segments resolved (unless kept), then every byte but the unreserved encoded. */
int sigv4_canonical_path(struct str path, bool keep, struct buf *to, struct error *err);

/* Each name and value decoded and encoded again, sorted by name, then value; "a" becomes "a=". */
int sigv4_canonical_query(struct str query, struct buf *to, struct error *err);

/* "name:value\n" sorted by lower-case name; blanks trimmed and folded; values of one name joined by ','. */
int sigv4_canonical_headers(const struct sigv4_request *request, struct buf *to, struct error *err);

#endif
