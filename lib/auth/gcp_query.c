/* Queries and paths of URLs, percent-encoded. */
#include "auth/gcp_client.h"
#include "auth/sigv4.h"

void gcp_path_add(struct buf *to, struct str part)
{
    sigv4_encode(to, part, false);
}

void gcp_query_add(struct buf *to, const char *name, struct str value)
{
    if (to->len > 0)
        buf_add_char(to, '&');
    buf_add_c(to, name);
    buf_add_char(to, '=');
    sigv4_encode(to, value, false);
}

void gcp_query_addf(struct buf *to, const char *name, const char *format, ...)
{
    struct buf value = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&value, format, args);
    va_end(args);
    gcp_query_add(to, name, buf_str(&value));
    if (buf_failed(&value))
        to->failed = buf_failed(&value);
    buf_release(&value);
}
