/*
 * Errors, classed by what to do next.
 *
 * A function that can fail returns 0 or one of the negative codes below and, on failure, leaves its
 * `ret_` outputs untouched and a text for people in *err. The text lives in a fixed buffer inside
 * the object, so that failing never allocates. Context is put in front on the way up
 * (error_wrap), and the failure is logged once, at the top:
 *
 *     launch 3 in us-east-1a: CreateFleet: HTTP 503 RequestLimitExceeded
 *
 * `err` may be NULL everywhere: the caller then wants the code alone.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

enum muster_code {
    MUSTER_OK = 0,
    MUSTER_E_NOMEM = -1,     /* out of memory: drop this piece of work, go on */
    MUSTER_E_INVALID = -2,   /* input is not what it should be: tell the person who wrote it */
    MUSTER_E_RANGE = -3,     /* a number is outside its range */
    MUSTER_E_CONFIG = -4,    /* the set-up is wrong: stop using it, tell a person */
    MUSTER_E_AUTH = -5,      /* credentials refused: refresh, then tell a person */
    MUSTER_E_CAPACITY = -6,  /* this offer is sold out: buy elsewhere */
    MUSTER_E_QUOTA = -7,     /* a limit of the account: stop this offer, tell a person */
    MUSTER_E_THROTTLED = -8, /* too many calls: back off */
    MUSTER_E_TRANSIENT = -9, /* may work when tried again; it certainly did not happen */
    MUSTER_E_UNKNOWN = -10,  /* no answer: it may or may not have happened */
    MUSTER_E_NOTFOUND = -11, /* the thing named does not exist (any more) */
    MUSTER_E_IO = -12,       /* this machine's disk, file or socket failed */
    MUSTER_E_TOOBIG = -13,   /* more than the ceiling set for it */
    MUSTER_E_REFUSED = -14,  /* our own guard said no */
};

#define ERROR_TEXT_MAX 512

struct error {
    int code;
    char text[ERROR_TEXT_MAX];
};

/* Stores code and text; returns code, so that `return error_set(...)` reads well. */
int error_set(struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the text; returns the code that is in *err. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Same, for a system call that left errno_value; classed as MUSTER_E_IO (or _NOMEM). */
int error_errno(struct error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int error_nomem(struct error *err);

void error_clear(struct error *err);

/* Short stable word for a code, for metrics, JSON and logs: "throttled", "capacity". */
const char *error_word(int code);

#endif
