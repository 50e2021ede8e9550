#include "queue/redis_address.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct str from, char *to, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < from.len; i++, n++) {
        char c = from.ptr[i];
        if (n + 1 >= size)
            return false;
        if (c == '%' && i + 2 < from.len) {
            int high = hex_digit(from.ptr[i + 1]), low = hex_digit(from.ptr[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        to[n] = c;
    }
    to[n] = '\0';
    return true;
}

/* Cuts "user:password@" off the front of *rest, up to the last '@' before the path. */
static int take_credentials(struct str *rest, struct redis_address *a, struct error *err)
{
    size_t end = 0;
    bool found = false;
    for (size_t i = 0; i < rest->len && rest->ptr[i] != '/' && rest->ptr[i] != '?'; i++) {
        if (rest->ptr[i] == '@') {
            end = i;
            found = true;
        }
    }
    if (!found)
        return 0;
    const char *colon = memchr(rest->ptr, ':', end);
    size_t user_len = colon ? (size_t)(colon - rest->ptr) : end;
    struct str user = { rest->ptr, user_len };
    struct str password = { rest->ptr + user_len + 1, colon ? end - user_len - 1 : 0 };
    *rest = (struct str){ rest->ptr + end + 1, rest->len - end - 1 };
    if (!decode(user, a->user, sizeof(a->user)) ||
        !decode(password, a->password, sizeof(a->password)))
        return error_set(err, MUSTER_E_INVALID, "user or password is too long or badly encoded");
    return 0;
}

static int parse_db(struct str text, int *ret, struct error *err)
{
    int64_t db;
    if (text.len == 0)
        return 0;
    if (units_parse_int(text, &db, NULL) < 0 || db < 0 || db > 99999)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not the number of a database",
                         (int)text.len, text.ptr);
    *ret = (int)db;
    return 0;
}

/* "a=b&c=d": only the database may be named. */
static int parse_query(struct str query, struct redis_address *a, struct error *err)
{
    struct str value;
    if (query.len == 0)
        return 0;
    if (str_starts(query, "db="))
        value = (struct str){ query.ptr + 3, query.len - 3 };
    else if (str_starts(query, "virtual_host="))
        value = (struct str){ query.ptr + 13, query.len - 13 };
    else
        return error_set(err, MUSTER_E_INVALID, "'?%.*s': only ?db=N is understood", (int)query.len,
                         query.ptr);
    return parse_db(value, &a->db, err);
}

/* HOST, HOST:PORT, [V6], [V6]:PORT */
static int parse_host(struct str text, struct redis_address *a, struct error *err)
{
    struct str host = text, port = STR("6379");
    const char *colon = memchr(text.ptr, ':', text.len);
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *close = memchr(text.ptr, ']', text.len);
        if (!close)
            return error_set(err, MUSTER_E_INVALID, "a [ without its ]");
        host = (struct str){ text.ptr + 1, (size_t)(close - text.ptr) - 1 };
        colon = close + 1 < text.ptr + text.len && close[1] == ':' ? close + 1 : NULL;
    } else if (colon) {
        host.len = (size_t)(colon - text.ptr);
    }
    if (colon)
        port = (struct str){ colon + 1, (size_t)(text.ptr + text.len - colon) - 1 };
    int64_t number;
    if (units_parse_int(port, &number, NULL) < 0 || number < 1 || number > 65535)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is not a port", (int)port.len, port.ptr);
    if (host.len == 0)
        return error_set(err, MUSTER_E_INVALID, "no host in it");
    if (!str_copy(a->host, sizeof(a->host), host))
        return error_set(err, MUSTER_E_INVALID, "the host's name is too long");
    (void)snprintf(a->port, sizeof(a->port), "%d", (int)number);
    return 0;
}

static int parse_tcp(struct str rest, struct redis_address *a, struct error *err)
{
    const char *slash = memchr(rest.ptr, '/', rest.len);
    struct str host = { rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len };
    struct str db = { rest.ptr + host.len + 1, slash ? rest.len - host.len - 1 : 0 };
    int rc = parse_host(host, a, err);
    if (rc == 0)
        rc = parse_db(db, &a->db, err);
    bool v6 = strchr(a->host, ':') != NULL;
    (void)snprintf(a->label, sizeof(a->label), v6 ? "redis [%s]:%s" : "redis %s:%s", a->host,
                   a->port);
    return rc;
}

static int parse_unix(struct str path, struct redis_address *a, struct error *err)
{
    if (path.len == 0 || path.ptr[0] != '/')
        return error_set(err, MUSTER_E_INVALID, "the path of a socket starts with '/'");
    if (!str_copy(a->path, sizeof(a->path), path))
        return error_set(err, MUSTER_E_INVALID, "the path of the socket is too long");
    (void)snprintf(a->label, sizeof(a->label), "redis %s", a->path);
    return 0;
}

int redis_address_parse(const char *url, struct redis_address *ret, struct error *err)
{
    static const char *const tcp = "redis://", *const socket = "redis+socket://",
                             *const local = "unix://";
    struct redis_address a = { 0 };
    bool is_tcp = str_starts(str_from(url), tcp);
    if (str_starts(str_from(url), "rediss://"))
        return error_set(
            err, MUSTER_E_CONFIG,
            "rediss:// (TLS) is not supported: put stunnel on this machine in between");
    if (!is_tcp && !str_starts(str_from(url), local) && !str_starts(str_from(url), socket))
        return error_set(err, MUSTER_E_INVALID,
                         "not of the form redis://HOST:PORT/DB or unix:///PATH");
    struct str rest = str_from(strstr(url, "://") + 3);
    int rc = take_credentials(&rest, &a, err);
    const char *question = memchr(rest.ptr, '?', rest.len);
    struct str place = { rest.ptr, question ? (size_t)(question - rest.ptr) : rest.len };
    struct str query = { rest.ptr + place.len + 1, question ? rest.len - place.len - 1 : 0 };
    if (rc == 0)
        rc = is_tcp ? parse_tcp(place, &a, err) : parse_unix(place, &a, err);
    if (rc == 0)
        rc = parse_query(query, &a, err);
    if (rc == 0) {
        if (a.db > 0) {
            size_t used = strlen(a.label);
            (void)snprintf(a.label + used, sizeof(a.label) - used, " db %d", a.db);
        }
        *ret = a;
    }
    explicit_bzero(&a, sizeof(a));
    return rc;
}
