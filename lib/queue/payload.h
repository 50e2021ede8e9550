/*
 * What exec and http sources read: JSON with numbers in it, or one bare number, made into a sample.
 *
 * Strict, because a wrong zero sends workers home: only a JSON number that is finite and >= 0 counts.
 * A string, a boolean, null, a missing place, text around the document are errors that say what was
 * found instead.
 */
#ifndef QUEUE_PAYLOAD_H
#define QUEUE_PAYLOAD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "control/signal.h"

/* JSON Pointers (RFC 6901) to the numbers; "" is the document itself, NULL: not there to be read. */
struct payload_places {
    const char *waiting; /* never NULL */
    const char *running, *oldest, *completed;
    bool lenient; /* running, oldest and completed may be absent; a bare number is `waiting` */
};

/*
 * `oldest` may be null in both forms: no job waits. On failure MUSTER_E_INVALID (or _NOMEM), and *ret
 * is untouched. Never quotes the text itself, which is somebody else's and may hold secrets; names
 * of members are shown.
 */
int payload_read(struct str text, const struct payload_places *places, struct sample *ret,
                 struct error *err);

/* A pointer as a person may write it: "" or starting with '/'. */
bool payload_pointer_valid(const char *pointer);

#endif
