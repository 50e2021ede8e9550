#include "base/cron.h"

#include <ctype.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/timezone.h"

#define MINUTES_PER_DAY INT64_C(1440)
#define SEARCH_DAYS     INT64_C(1830) /* a little over five years */

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

struct field {
    const char *name;
    int first, last;
    const char *const *names; /* names[i] means names_from + i; NULL: none */
    int names_from, names_len;
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field fields[FIELDS] = {
    [MINUTE] = { .name = "minute", .first = 0, .last = 59 },
    [HOUR] = { .name = "hour", .first = 0, .last = 23 },
    [DAY] = { .name = "day of the month", .first = 1, .last = 31 },
    [MONTH] = { .name = "month",
                .first = 1,
                .last = 12,
                .names = month_names,
                .names_from = 1,
                .names_len = 12 },
    [WEEKDAY] = { .name = "day of the week",
                  .first = 0,
                  .last = 7,
                  .names = weekday_names,
                  .names_from = 0,
                  .names_len = 7 },
};

/* ---- reading ---- */

/* Cuts what stands before the first `stop` off the front of *rest; all of it when there is none. */
static struct str cut(struct str *rest, char stop)
{
    size_t n = 0;
    while (n < rest->len && rest->ptr[n] != stop)
        n++;
    struct str head = { rest->ptr, n };
    size_t gone = n < rest->len ? n + 1 : n;
    rest->ptr += gone;
    rest->len -= gone;
    return head;
}

static int bad_value(const struct field *field, struct str text, struct error *err)
{
    return error_set(err, MUSTER_E_INVALID, "'%.*s' is no %s (%d to %d%s)", (int)text.len, text.ptr,
                     field->name, field->first, field->last,
                     field->names ? ", or a name of three letters" : "");
}

static int read_value(const struct field *field, struct str text, int *ret, struct error *err)
{
    int value = 0;
    for (int i = 0; i < field->names_len; i++) {
        if (text.len == 3 && strncasecmp(text.ptr, field->names[i], 3) == 0) {
            *ret = field->names_from + i;
            return 0;
        }
    }
    if (text.len == 0 || text.len > 2)
        return bad_value(field, text, err);
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.ptr[i]))
            return bad_value(field, text, err);
        value = value * 10 + (text.ptr[i] - '0');
    }
    if (value < field->first || value > field->last)
        return bad_value(field, text, err);
    *ret = value;
    return 0;
}

static int read_step(const struct field *field, struct str text, int *ret, struct error *err)
{
    int step = 0;
    for (size_t i = 0; i < text.len && i < 3; i++) {
        if (!isdigit((unsigned char)text.ptr[i]))
            step = -1000;
        step = step * 10 + (text.ptr[i] - '0');
    }
    if (text.len == 0 || text.len > 2 || step < 1)
        return error_set(err, MUSTER_E_INVALID, "'/%.*s' is not a step for the %s (1 to 99)",
                         (int)text.len, text.ptr, field->name);
    *ret = step;
    return 0;
}

/* One item of a list: "*", "5", "mon-fri", "0-30/10". */
static int read_item(const struct field *field, struct str item, uint64_t *bits, struct error *err)
{
    struct str whole = item;
    struct str range = cut(&item, '/');
    bool stepped = range.len < whole.len;
    int first = field->first;
    int last = field->last;
    int step = 1;
    int rc = stepped ? read_step(field, item, &step, err) : 0;
    if (rc == 0 && !str_eq_c(range, "*")) {
        struct str from = cut(&range, '-');
        bool ranged = from.ptr + from.len < whole.ptr + whole.len && from.ptr[from.len] == '-';
        rc = read_value(field, from, &first, err);
        last = first;
        if (rc == 0 && ranged)
            rc = read_value(field, range, &last, err);
        if (rc == 0 && stepped && !ranged)
            rc = error_set(err, MUSTER_E_INVALID,
                           "'%.*s': a step needs a range: write %d-%d/%d or */%d", (int)whole.len,
                           whole.ptr, first, field->last, step, step);
    }
    if (rc < 0)
        return rc;
    if (first > last)
        return error_set(err, MUSTER_E_INVALID, "'%.*s': the range of the %s ends before it begins",
                         (int)whole.len, whole.ptr, field->name);
    for (int value = first; value <= last; value += step)
        *bits |= UINT64_C(1) << value;
    return 0;
}

static int read_field(const struct field *field, struct str text, uint64_t *ret, struct error *err)
{
    uint64_t bits = 0;
    bool more = true;
    while (more) {
        struct str item = cut(&text, ',');
        more = item.ptr + item.len != text.ptr; /* a comma was cut, so something must follow */
        int rc = read_item(field, item, &bits, err);
        if (rc < 0)
            return rc;
    }
    *ret = bits;
    return 0;
}

int cron_parse(struct str text, struct cron *ret, struct error *err)
{
    struct str whole = str_trim(text);
    struct str parts[FIELDS];
    size_t count = 0;
    for (size_t i = 0; i < whole.len;) {
        size_t end = i;
        while (end < whole.len && !isspace((unsigned char)whole.ptr[end]))
            end++;
        if (count < FIELDS)
            parts[count] = (struct str){ whole.ptr + i, end - i };
        count++;
        for (i = end; i < whole.len && isspace((unsigned char)whole.ptr[i]);)
            i++;
    }
    if (count != FIELDS)
        return error_set(err, MUSTER_E_INVALID,
                         "'%.*s' is not a cron expression: it has five fields, minute hour day "
                         "month weekday, like 0 8 * * 1-5",
                         (int)whole.len, whole.ptr);
    struct cron cron = { 0 };
    if (!str_copy(cron.text, sizeof(cron.text), whole))
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is longer than %zu characters",
                         (int)whole.len, whole.ptr, sizeof(cron.text) - 1);
    uint64_t bits[FIELDS] = { 0 };
    for (size_t i = 0; i < FIELDS; i++) {
        int rc = read_field(&fields[i], parts[i], &bits[i], err);
        if (rc < 0)
            return rc;
    }
    cron.minutes = bits[MINUTE];
    cron.hours = (uint32_t)bits[HOUR];
    cron.days = (uint32_t)bits[DAY];
    cron.months = (uint16_t)bits[MONTH];
    cron.weekdays = (uint8_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f);
    /* As crontab(5): a field that begins with a star is not a restriction, even with a step. */
    cron.any_day = parts[DAY].ptr[0] == '*';
    cron.any_weekday = parts[WEEKDAY].ptr[0] == '*';
    *ret = cron;
    return 0;
}

/* ---- matching, in minutes of local time since 1970-01-01 00:00 ---- */

static bool day_matches(const struct cron *cron, int64_t days)
{
    struct civil date = calendar_civil(days);
    if (!(cron->months >> date.month & 1))
        return false;
    bool day = cron->days >> date.day & 1;
    bool weekday = cron->weekdays >> calendar_weekday(days) & 1;
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

static bool minute_matches(const struct cron *cron, int64_t in_day)
{
    return (cron->hours >> (in_day / 60) & 1) && (cron->minutes >> (in_day % 60) & 1);
}

/* The first matching minute at or after (step 1), or at or before (step -1); false: none near. */
static bool find_match(const struct cron *cron, int64_t *minute, int step)
{
    int64_t day = calendar_floor_div(*minute, MINUTES_PER_DAY);
    int64_t in_day = *minute - day * MINUTES_PER_DAY;
    for (int64_t tried = 0; tried < SEARCH_DAYS; tried++) {
        if (day_matches(cron, day)) {
            for (; in_day >= 0 && in_day < MINUTES_PER_DAY; in_day += step) {
                if (!minute_matches(cron, in_day))
                    continue;
                *minute = day * MINUTES_PER_DAY + in_day;
                return true;
            }
        }
        day += step;
        in_day = step > 0 ? 0 : MINUTES_PER_DAY - 1;
    }
    return false;
}

/* ---- local time to instants ---- */

/* No offset from UTC is as large (RFC 8536 3.2: -25 h to +26 h). */
#define OFFSET_MAX_S (INT64_C(26) * 3600)

/*
 * The instant (Unix seconds) at which the clock first shows local_s, or at which it jumps over it.
 * Assumes one change of offset at most in the four days around, which holds for every zone in use.
 */
static int64_t instant_of(const struct timezone *zone, int64_t local_s)
{
    int64_t low = local_s - OFFSET_MAX_S;
    int64_t high = local_s + OFFSET_MAX_S;
    int32_t before = timezone_offset_s(zone, low);
    int32_t after = timezone_offset_s(zone, high);
    if (before == after)
        return local_s - before;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (timezone_offset_s(zone, middle) == before)
            low = middle;
        else
            high = middle;
    }
    int64_t change = high;
    if (local_s - before < change)
        return local_s - before;
    return local_s - after > change ? local_s - after : change;
}

static int64_t to_ns(int64_t unix_s)
{
    int64_t ns;
    if (__builtin_mul_overflow(unix_s, NS_PER_S, &ns))
        return unix_s < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

int64_t cron_next(const struct cron *cron, const struct timezone *zone, int64_t wall_ns)
{
    int64_t now_s = calendar_floor_div(wall_ns, NS_PER_S);
    int64_t minute = calendar_floor_div(now_s + timezone_offset_s(zone, now_s), 60);
    /* Local times that occur a second time were due at their first: skip them. */
    for (; find_match(cron, &minute, 1); minute++) {
        int64_t at_s = instant_of(zone, minute * 60);
        if (at_s > now_s)
            return to_ns(at_s);
    }
    return INT64_MAX;
}

int64_t cron_last(const struct cron *cron, const struct timezone *zone, int64_t wall_ns)
{
    int64_t now_s = calendar_floor_div(wall_ns, NS_PER_S);
    int32_t offset = timezone_offset_s(zone, now_s);
    int32_t before = timezone_offset_s(zone, now_s - OFFSET_MAX_S);
    /* After the clock was set back, local times ahead of it may have occurred already. */
    int64_t ahead = before > offset ? before - offset : 0;
    int64_t minute = calendar_floor_div(now_s + offset + ahead, 60);
    for (; find_match(cron, &minute, -1); minute--) {
        int64_t at_s = instant_of(zone, minute * 60);
        if (at_s <= now_s)
            return to_ns(at_s);
    }
    return INT64_MIN;
}
