#include "auth/sigv4_canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void sigv4_encode(struct buf *to, struct str text, bool slashes)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (unreserved(text.ptr[i]) || (slashes && c == '/')) {
            buf_add_char(to, text.ptr[i]);
        } else {
            const char triple[] = { '%', digits[c >> 4], digits[c & 15] };
            buf_add(to, triple, sizeof(triple));
        }
    }
}

static int compare(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- path --------------------------------------------------------------------------------------- */

static struct str next_segment(struct str *rest)
{
    const char *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t len = slash ? (size_t)(slash - rest->ptr) : rest->len;
    struct str segment = { rest->ptr, len };
    size_t skip = slash ? len + 1 : len;
    *rest = (struct str){ rest->ptr + skip, rest->len - skip };
    return segment;
}

int sigv4_canonical_path(struct str path, bool keep, struct buf *to, struct error *err)
{
    if (keep) {
        sigv4_encode(to, path.len > 0 ? path : STR("/"), true);
        return 0;
    }
    VEC(struct str) kept = { 0 };
    bool closed = path.len > 0 && path.ptr[path.len - 1] == '/';
    int rc = 0;
    for (struct str rest = path; rc == 0 && rest.len > 0;) {
        struct str segment = next_segment(&rest);
        if (str_eq_c(segment, "..")) {
            if (kept.len > 0)
                kept.len--;
        } else if (segment.len > 0 && !str_eq_c(segment, ".") && !vec_push(&kept, segment)) {
            rc = error_nomem(err);
        }
    }
    for (size_t i = 0; rc == 0 && i < kept.len; i++) {
        buf_add_char(to, '/');
        sigv4_encode(to, kept.at[i], false);
    }
    if (closed || kept.len == 0)
        buf_add_char(to, '/');
    vec_release(&kept);
    return rc;
}

/* ---- query -------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Encoded as it may be, or not at all: encoded in the one way. A stray '%' is a '%'. */
static void encode_again(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%' && text.len - i > 2 && hex_digit(text.ptr[i + 1]) >= 0 &&
            hex_digit(text.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(text.ptr[i + 1]) * 16 + hex_digit(text.ptr[i + 2]));
            i += 2;
        }
        sigv4_encode(to, (struct str){ &c, 1 }, false);
    }
}

/* Places inside the buffer of encoded names and values, which moves while it grows. */
struct parameter {
    size_t name, name_len, value, value_len;
};

static int parameter_order(const void *a, const void *b, void *ctx)
{
    const struct parameter *x = a, *y = b;
    const char *text = ctx;
    int order = compare((struct str){ text + x->name, x->name_len },
                        (struct str){ text + y->name, y->name_len });
    return order ? order
                 : compare((struct str){ text + x->value, x->value_len },
                           (struct str){ text + y->value, y->value_len });
}

static struct parameter encode_parameter(struct str text, struct buf *to)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    size_t name_len = equals ? (size_t)(equals - text.ptr) : text.len;
    struct parameter p = { .name = to->len };
    encode_again(to, (struct str){ text.ptr, name_len });
    p.name_len = to->len - p.name;
    p.value = to->len;
    if (equals)
        encode_again(to, (struct str){ equals + 1, text.len - name_len - 1 });
    p.value_len = to->len - p.value;
    return p;
}

int sigv4_canonical_query(struct str query, struct buf *to, struct error *err)
{
    VEC(struct parameter) all = { 0 };
    struct buf encoded = { 0 };
    int rc = 0;
    for (struct str rest = query; rc == 0 && rest.len > 0;) {
        const char *amp = memchr(rest.ptr, '&', rest.len);
        struct str one = { rest.ptr, amp ? (size_t)(amp - rest.ptr) : rest.len };
        size_t skip = amp ? one.len + 1 : one.len;
        rest = (struct str){ rest.ptr + skip, rest.len - skip };
        struct parameter p =
            one.len > 0 ? encode_parameter(one, &encoded) : (struct parameter){ 0 };
        if (one.len > 0 && !vec_push(&all, p))
            rc = error_nomem(err);
    }
    if (rc == 0 && buf_failed(&encoded))
        rc = error_set(err, buf_failed(&encoded), "no room for the query");
    if (rc == 0 && all.len > 1)
        qsort_r(all.at, all.len, sizeof(*all.at), parameter_order, encoded.ptr);
    for (size_t i = 0; rc == 0 && i < all.len; i++) {
        if (i > 0)
            buf_add_char(to, '&');
        buf_add(to, buf_text(&encoded) + all.at[i].name, all.at[i].name_len);
        buf_add_char(to, '=');
        buf_add(to, buf_text(&encoded) + all.at[i].value, all.at[i].value_len);
    }
    vec_release(&all);
    buf_release(&encoded);
    return rc;
}

/* ---- headers ------------------------------------------------------------------------------------ */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_names(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++) {
        int order = (unsigned char)lower(a.ptr[i]) - (unsigned char)lower(b.ptr[i]);
        if (order)
            return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Values of one name stay in the order in which they are sent, which is that of the array. */
static int header_order(const void *a, const void *b)
{
    const struct sigv4_header *const *x = a, *const *y = b;
    int order = compare_names((*x)->name, (*y)->name);
    return order ? order : (*x > *y) - (*x < *y);
}

/* On the heap; NULL: out of memory. */
static const struct sigv4_header **sorted_headers(const struct sigv4_request *request)
{
    const struct sigv4_header **refs = calloc(request->headers_len + 1, sizeof(*refs));
    if (!refs)
        return NULL;
    for (size_t i = 0; i < request->headers_len; i++)
        refs[i] = &request->headers[i];
    qsort(refs, request->headers_len, sizeof(*refs), header_order);
    return refs;
}

static void add_name(struct buf *to, struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(to, lower(name.ptr[i]));
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks at either end; every run of blanks inside, line folds too, as one space. */
static void add_value(struct buf *to, struct str value)
{
    bool gap = false, any = false;
    for (size_t i = 0; i < value.len; i++) {
        if (blank(value.ptr[i])) {
            gap = any;
            continue;
        }
        if (gap)
            buf_add_char(to, ' ');
        buf_add_char(to, value.ptr[i]);
        gap = false;
        any = true;
    }
}

int sigv4_canonical_headers(const struct sigv4_request *request, struct buf *to, struct error *err)
{
    const struct sigv4_header **refs = sorted_headers(request);
    if (!refs)
        return error_nomem(err);
    for (size_t i = 0; i < request->headers_len; i++) {
        bool same = i > 0 && compare_names(refs[i]->name, refs[i - 1]->name) == 0;
        bool more =
            i + 1 < request->headers_len && compare_names(refs[i]->name, refs[i + 1]->name) == 0;
        if (!same) {
            add_name(to, refs[i]->name);
            buf_add_char(to, ':');
        }
        add_value(to, refs[i]->value);
        buf_add_char(to, more ? ',' : '\n');
    }
    free(refs);
    return 0;
}

int sigv4_signed_headers(const struct sigv4_request *request, struct buf *to, struct error *err)
{
    const struct sigv4_header **refs = sorted_headers(request);
    if (!refs)
        return error_nomem(err);
    for (size_t i = 0; i < request->headers_len; i++) {
        if (i > 0 && compare_names(refs[i]->name, refs[i - 1]->name) == 0)
            continue;
        if (i > 0)
            buf_add_char(to, ';');
        add_name(to, refs[i]->name);
    }
    free(refs);
    return 0;
}
