/* Form bodies of the query protocols. */
#include <string.h>

#include "auth/aws_client.h"
#include "auth/sigv4.h"

void aws_form_begin(struct buf *to, const char *action, const char *version)
{
    buf_addf(to, "Action=%s&Version=%s", action, version);
}

void aws_form_add(struct buf *to, const char *name, struct str value)
{
    buf_addf(to, "&%s=", name);
    /* Blanks as the SDKs write them: a server that writes the form anew to check the signature gets
     * the same bytes. */
    const char *blank;
    while (value.len > 0 && (blank = memchr(value.ptr, ' ', value.len)) != NULL) {
        size_t n = (size_t)(blank - value.ptr);
        sigv4_encode(to, (struct str){ value.ptr, n }, false);
        buf_add_char(to, '+');
        value = (struct str){ blank + 1, value.len - n - 1 };
    }
    sigv4_encode(to, value, false);
}

void aws_form_addf(struct buf *to, const char *name, const char *format, ...)
{
    struct buf value = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&value, format, args);
    va_end(args);
    if (buf_failed(&value) && !to->failed)
        to->failed = buf_failed(&value);
    aws_form_add(to, name, buf_str(&value));
    buf_release(&value);
}
