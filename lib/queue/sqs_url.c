#include "queue/sqs_url.h"

#include <string.h>

static struct str host_of(const char *url)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    return (struct str){ at, strcspn(at, "/:") };
}

/* The labels of a host name, one after the other. */
static struct str next_label(struct str *rest)
{
    const char *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;
    struct str label = { rest->ptr, dot ? (size_t)(dot - rest->ptr) : rest->len };
    size_t skip = dot ? label.len + 1 : label.len;
    *rest = (struct str){ rest->ptr + skip, rest->len - skip };
    return label;
}

/* Only an address of AWS is taken at its word. */
static bool aws_host(struct str host)
{
    return host.len > 0 && (memmem(host.ptr, host.len, ".amazonaws.", 11) ||
                            memmem(host.ptr, host.len, ".c2s.ic.gov", 11) ||
                            memmem(host.ptr, host.len, ".sc2s.sgov.gov", 14) ||
                            memmem(host.ptr, host.len, ".api.aws", 8));
}

bool sqs_url_region(const char *url, char *ret, size_t size)
{
    struct str rest = host_of(url);
    if (!aws_host(rest))
        return false;
    struct str first = next_label(&rest), second = next_label(&rest);
    if (str_eq_c(first, "sqs") || str_eq_c(first, "sqs-fips"))
        return second.len > 0 && str_copy(ret, size, second);
    if (str_eq_c(first, "queue"))
        return str_copy(ret, size, STR("us-east-1"));
    return str_eq_c(second, "queue") && first.len > 0 && str_copy(ret, size, first);
}

const char *sqs_url_name(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *slash = scheme ? strrchr(scheme + 3, '/') : NULL;
    return slash && slash[1] ? slash + 1 : NULL;
}
