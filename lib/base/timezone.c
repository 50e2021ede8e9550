#include "base/timezone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>
#include <sys/stat.h>

#include "base/posix_tz.h"

#define DATABASE      "/usr/share/zoneinfo"
#define ZONE_FILE_MAX (256 * 1024) /* the largest in the database has 4 KiB */
#define ZONE_NAME_MAX 64

struct timezone {
    char *name;
    int64_t *times; /* UTC seconds, ascending; offset i holds from times[i] on */
    int32_t *offsets_s;
    size_t len;
    int32_t first_s; /* before times[0] */
    bool has_rule;   /* after the last of times */
    struct posix_tz rule;
};

/* ---- reading a TZif file (RFC 8536) ---- */

#define HEADER_BYTES 44
#define TYPE_BYTES   6

struct header {
    char version;
    size_t isut, isstd, leaps, times, types, chars;
};

static uint64_t big_endian(const char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static struct str take(struct str *rest, size_t count)
{
    struct str head = { rest->ptr, count };
    rest->ptr += count;
    rest->len -= count;
    return head;
}

static bool take_header(struct str *rest, struct header *ret)
{
    if (rest->len < HEADER_BYTES || memcmp(rest->ptr, "TZif", 4) != 0)
        return false;
    const char *at = take(rest, HEADER_BYTES).ptr;
    *ret = (struct header){
        .version = at[4],
        .isut = (size_t)big_endian(at + 20, 4),
        .isstd = (size_t)big_endian(at + 24, 4),
        .leaps = (size_t)big_endian(at + 28, 4),
        .times = (size_t)big_endian(at + 32, 4),
        .types = (size_t)big_endian(at + 36, 4),
        .chars = (size_t)big_endian(at + 40, 4),
    };
    return true;
}

/* Bytes of the block that follows; each count is below 2^32, so this cannot overflow. */
static uint64_t block_bytes(const struct header *h, size_t time_bytes)
{
    return (uint64_t)h->times * (time_bytes + 1) + (uint64_t)h->types * TYPE_BYTES + h->chars +
           (uint64_t)h->leaps * (time_bytes + 4) + h->isstd + h->isut;
}

static int damaged(const char *what, struct error *err)
{
    return error_set(err, MUSTER_E_INVALID, "not a time zone file: %s", what);
}

static bool read_type(struct str types, size_t index, int32_t *ret_s)
{
    if (index >= types.len / TYPE_BYTES)
        return false;
    int32_t offset_s = (int32_t)(uint32_t)big_endian(types.ptr + index * TYPE_BYTES, 4);
    *ret_s = offset_s;
    return offset_s >= -25 * 3600 && offset_s <= 26 * 3600;
}

static int read_transitions(struct timezone *zone, struct str block, const struct header *h,
                            struct error *err)
{
    struct str times = take(&block, h->times * 8);
    struct str indexes = take(&block, h->times);
    struct str types = take(&block, h->types * TYPE_BYTES);
    if (!read_type(types, 0, &zone->first_s))
        return damaged("bad first local time type", err);
    /* One more than needed, so that no transitions at all is not asked as zero bytes. */
    zone->times = malloc((h->times + 1) * sizeof(*zone->times));
    zone->offsets_s = malloc((h->times + 1) * sizeof(*zone->offsets_s));
    if (!zone->times || !zone->offsets_s)
        return error_nomem(err);
    for (size_t i = 0; i < h->times; i++) {
        zone->times[i] = (int64_t)big_endian(times.ptr + i * 8, 8);
        if (i > 0 && zone->times[i] <= zone->times[i - 1])
            return damaged("transitions out of order", err);
        if (!read_type(types, (unsigned char)indexes.ptr[i], &zone->offsets_s[i]))
            return damaged("bad local time type", err);
    }
    zone->len = h->times;
    return 0;
}

/* "\n" rule "\n"; an empty rule means that the last transition holds for ever. */
static int read_footer(struct timezone *zone, struct str rest, struct error *err)
{
    if (rest.len < 2 || rest.ptr[0] != '\n')
        return damaged("no footer", err);
    const char *end = memchr(rest.ptr + 1, '\n', rest.len - 1);
    if (!end)
        return damaged("footer without an end", err);
    struct str rule = { rest.ptr + 1, (size_t)(end - rest.ptr) - 1 };
    if (rule.len == 0)
        return 0;
    zone->has_rule = true;
    return posix_tz_parse(rule, &zone->rule, err);
}

static int read_file_bytes(struct timezone *zone, struct str rest, struct error *err)
{
    struct header h;
    if (!take_header(&rest, &h))
        return damaged("no TZif header", err);
    if (h.version < '2')
        return damaged("version 1 knows no time after 2037", err);
    /* The first block repeats the second for readers of 32-bit times. */
    if (block_bytes(&h, 4) > rest.len)
        return damaged("cut short", err);
    take(&rest, (size_t)block_bytes(&h, 4));
    if (!take_header(&rest, &h))
        return damaged("no second header", err);
    if (h.leaps > 0)
        return damaged("it counts leap seconds, which Unix time does not", err);
    if (block_bytes(&h, 8) > rest.len)
        return damaged("cut short", err);
    struct str block = take(&rest, (size_t)block_bytes(&h, 8));
    int rc = read_transitions(zone, block, &h, err);
    return rc < 0 ? rc : read_footer(zone, rest, err);
}

int timezone_parse(struct str name, struct str bytes, struct timezone **ret, struct error *err)
{
    struct timezone *zone = calloc(1, sizeof(*zone));
    if (!zone)
        return error_nomem(err);
    zone->name = str_dup(name);
    int rc = zone->name ? read_file_bytes(zone, bytes, err) : error_nomem(err);
    if (rc < 0)
        timezone_free(zone);
    else
        *ret = zone;
    return rc;
}

/* ---- the database ---- */

static int unknown_zone(struct str name, struct error *err)
{
    if (access(DATABASE, F_OK) != 0)
        return error_set(err, MUSTER_E_INVALID,
                         "time zone '%.*s': there is no " DATABASE " here; install tzdata",
                         (int)name.len, name.ptr);
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' is not a time zone: write one like Europe/Berlin or UTC",
                     (int)name.len, name.ptr);
}

/* Letters, digits and "_+-" in parts joined by single slashes: no dot, so no way out. */
static bool is_zone_name(struct str name)
{
    bool was_slash = true;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool slash = c == '/';
        if (slash ? was_slash : !isalnum(c) && c != '_' && c != '+' && c != '-')
            return false;
        was_slash = slash;
    }
    return name.len > 0 && name.len <= ZONE_NAME_MAX && !was_slash;
}

static int read_all(int fd, char *bytes, size_t size, size_t *ret_len, struct error *err)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, bytes + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "read");
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

static int load_open_file(int fd, struct str name, struct timezone **ret, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "stat");
    if (!S_ISREG(st.st_mode))
        return unknown_zone(name, err);
    if (st.st_size > ZONE_FILE_MAX)
        return damaged("too large", err);
    size_t len = 0;
    char *bytes = malloc((size_t)st.st_size + 1);
    if (!bytes)
        return error_nomem(err);
    int rc = read_all(fd, bytes, (size_t)st.st_size, &len, err);
    if (rc == 0)
        rc = timezone_parse(name, (struct str){ bytes, len }, ret, err);
    free(bytes);
    if (rc < 0)
        error_wrap(err, "%s/%.*s", DATABASE, (int)name.len, name.ptr);
    return rc;
}

static int make_utc(struct timezone **ret, struct error *err)
{
    struct timezone *zone = calloc(1, sizeof(*zone));
    if (zone)
        zone->name = str_dup(STR("UTC"));
    if (!zone || !zone->name) {
        timezone_free(zone);
        return error_nomem(err);
    }
    *ret = zone;
    return 0;
}

int timezone_load(struct str name, struct timezone **ret, struct error *err)
{
    if (str_eq_c(name, "UTC"))
        return make_utc(ret, err);
    if (!is_zone_name(name))
        return unknown_zone(name, err);
    char path[sizeof(DATABASE) + 1 + ZONE_NAME_MAX] = DATABASE "/";
    memcpy(path + strlen(path), name.ptr, name.len);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return unknown_zone(name, err);
    if (fd < 0)
        return error_errno(err, errno, "open %s", path);
    int rc = load_open_file(fd, name, ret, err);
    close(fd);
    return rc;
}

void timezone_free(struct timezone *zone)
{
    if (!zone)
        return;
    free(zone->name);
    free(zone->times);
    free(zone->offsets_s);
    free(zone);
}

const char *timezone_name(const struct timezone *zone)
{
    return zone ? zone->name : "UTC";
}

int32_t timezone_offset_s(const struct timezone *zone, int64_t unix_s)
{
    if (!zone)
        return 0;
    bool past = zone->len == 0 || unix_s >= zone->times[zone->len - 1];
    if (past && zone->has_rule)
        return posix_tz_offset_s(&zone->rule, unix_s);
    /* The number of transitions at or before the instant. */
    size_t low = 0;
    size_t high = zone->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? zone->first_s : zone->offsets_s[low - 1];
}
