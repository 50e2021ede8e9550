#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

__attribute__((format(printf, 3, 0))) static void error_vset(struct error *err, int code,
                                                             const char *format, va_list args)
{
    if (!err)
        return;
    err->code = code;
    if (vsnprintf(err->text, sizeof(err->text), format, args) < 0)
        err->text[0] = '\0';
}

int error_set(struct error *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(err, code, format, args);
    va_end(args);
    return code;
}

int error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return MUSTER_E_INVALID;
    char context[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    if (n < 0)
        return err->code;

    /* A context that fills the buffer would push the cause out: keep at least half for the cause. */
    char cause[ERROR_TEXT_MAX];
    memcpy(cause, err->text, sizeof(cause));
    snprintf(err->text, sizeof(err->text), "%.*s: ", ERROR_TEXT_MAX / 2 - 2, context);
    size_t used = strlen(err->text);
    str_copy_c(err->text + used, sizeof(err->text) - used, cause);
    return err->code;
}

int error_errno(struct error *err, int errno_value, const char *format, ...)
{
    int code = errno_value == ENOMEM ? MUSTER_E_NOMEM : MUSTER_E_IO;
    va_list args;
    va_start(args, format);
    error_vset(err, code, format, args);
    va_end(args);
    if (err) {
        size_t used = strlen(err->text);
        char reason[128];
        /* GNU strerror_r: thread-safe, may return a static string instead of the buffer. */
        const char *text = strerror_r(errno_value, reason, sizeof(reason));
        snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
    }
    return code;
}

int error_nomem(struct error *err)
{
    return error_set(err, MUSTER_E_NOMEM, "out of memory");
}

void error_clear(struct error *err)
{
    if (!err)
        return;
    err->code = MUSTER_OK;
    err->text[0] = '\0';
}

const char *error_word(int code)
{
    switch (code) {
    case MUSTER_OK:
        return "ok";
    case MUSTER_E_NOMEM:
        return "out-of-memory";
    case MUSTER_E_INVALID:
        return "invalid";
    case MUSTER_E_RANGE:
        return "range";
    case MUSTER_E_CONFIG:
        return "config";
    case MUSTER_E_AUTH:
        return "auth";
    case MUSTER_E_CAPACITY:
        return "capacity";
    case MUSTER_E_QUOTA:
        return "quota";
    case MUSTER_E_THROTTLED:
        return "throttled";
    case MUSTER_E_TRANSIENT:
        return "transient";
    case MUSTER_E_UNKNOWN:
        return "unknown";
    case MUSTER_E_NOTFOUND:
        return "not-found";
    case MUSTER_E_IO:
        return "io";
    case MUSTER_E_TOOBIG:
        return "too-big";
    case MUSTER_E_REFUSED:
        return "refused";
    default:
        return "error";
    }
}
