/* /explain/POOL: why it is as it is, in the very numbers that were used. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "status/parts.h"

static void put_decision(struct json_out *j, const char *key, const struct decision *decision,
                         const struct status_facts *facts)
{
    if (!decision) {
        json_null(j, key);
        return;
    }
    json_open(j, key, '{');
    json_int(j, "number", (int64_t)decision->number);
    status_time(j, "at", decision->at_wall_ns);
    status_age(j, "age_s", facts, decision->at_ns);
    json_int(j, "before", decision->desired_before);
    json_int(j, "desired", decision->desired);
    json_bool(j, "held", decision->held);
    trail_json(&decision->trail, j, "trail");
    json_int(j, "steps_dropped", decision->trail.dropped);
    json_close(j, '}');
}

static void decision_text(struct buf *out, const char *which, const struct decision *decision,
                          const struct status_facts *facts)
{
    char time[CLOCK_TEXT_MAX];
    char ago[UNITS_TEXT_MAX];
    if (!decision) {
        buf_addf(out, "%s: none yet\n", which);
        return;
    }
    clock_format_wall(decision->at_wall_ns, time);
    units_format_duration(facts->now_ns - decision->at_ns, ago);
    buf_addf(out, "%s: %lld -> %lld slots%s, %s ago (%s, decision %llu)\n", which,
             (long long)decision->desired_before, (long long)decision->desired,
             decision->held ? ", held" : "", ago, time, (unsigned long long)decision->number);
    struct buf trail = { 0 };
    trail_text(&decision->trail, &trail);
    for (struct str rest = buf_str(&trail); rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) + 1 : rest.len;
        buf_add_c(out, "  ");
        buf_add(out, rest.ptr, len);
        rest.ptr += len;
        rest.len -= len;
    }
    if (buf_failed(&trail))
        out->failed = buf_failed(&trail);
    buf_release(&trail);
}

static void explain_text(struct buf *out, const struct pool_view *pool,
                         const struct status_facts *facts)
{
    buf_addf(out, "pool %s%s%s\n", pool->name, pool->paused ? ", paused" : "",
             pool->retiring ? ", retiring" : "");
    if (pool->problem[0])
        buf_addf(out, "problem: %s\n", pool->problem);
    decision_text(out, "last decision", pool->last, facts);
    if (pool->last && pool->changed && pool->changed->number != pool->last->number) {
        buf_add_char(out, '\n');
        decision_text(out, "last change", pool->changed, facts);
    }
}

static void explain_json(struct buf *out, const struct pool_view *pool,
                         const struct status_facts *facts)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "pool", pool->name);
    status_time(&j, "at", facts->wall_ns);
    json_str(&j, "problem", pool->problem);
    put_decision(&j, "last", pool->last, facts);
    put_decision(&j, "changed", pool->changed, facts);
    json_close(&j, '}');
    buf_add_char(out, '\n');
}

/* "2026-11-22T09:40:14Z", with a space for the T and without the seconds or the Z if one likes. */
static bool parse_time(const char *text, int64_t *ret_wall_ns)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S",
                                         "%Y-%m-%dT%H:%MZ",    "%Y-%m-%dT%H:%M",
                                         "%Y-%m-%d %H:%M:%S",  "%Y-%m-%d %H:%M" };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = { 0 };
        const char *end = strptime(text, forms[i], &tm);
        if (!end || *end || tm.tm_year < 70 || tm.tm_year > 300)
            continue;
        /* To the end of that second: what was decided within it had been decided by then. */
        *ret_wall_ns = (int64_t)timegm(&tm) * NS_PER_S + NS_PER_S - 1;
        return true;
    }
    return false;
}

static int explain_at(struct status *status, struct status_request *r, const char *at)
{
    int64_t wall_ns = 0;
    if (!parse_time(at, &wall_ns)) {
        error_set(&r->err, MUSTER_E_INVALID, "at must be a UTC time like 2026-11-22T09:40:14Z");
        return 400;
    }
    if (!status->env.decision_at) {
        error_set(&r->err, MUSTER_E_NOTFOUND, "no history is kept here");
        return 404;
    }
    struct buf decision = { 0 };
    int rc = status->env.decision_at(status->env.ctx, r->name, wall_ns, &decision, &r->err);
    if (rc == 0)
        rc = buf_failed(&decision);
    if (rc == 0) {
        struct json_out j = json_begin(&r->out);
        json_open(&j, NULL, '{');
        json_str(&j, "pool", r->name);
        status_time(&j, "at", wall_ns);
        json_raw(&j, "decision", buf_str(&decision));
        json_close(&j, '}');
        buf_add_char(&r->out, '\n');
    }
    buf_release(&decision);
    return rc == 0 ? 200 : rc == MUSTER_E_NOTFOUND ? 404 : 503;
}

static bool wants_text(const struct http_exchange *x)
{
    const char *format = x->query(x, "format");
    if (format)
        return strcmp(format, "text") == 0;
    const char *accept = x->header(x, "Accept");
    return accept && strncmp(accept, "text/plain", 10) == 0;
}

int status_explain_page(struct status *status, struct status_request *r)
{
    const char *at = r->x->query(r->x, "at");
    if (at)
        return explain_at(status, r, at);
    struct pool_view pool;
    if (!control_pool_find(status->env.control, r->name, &pool)) {
        error_set(&r->err, MUSTER_E_NOTFOUND, "there is no pool '%s'", r->name);
        return 404;
    }
    if (wants_text(r->x)) {
        r->content_type = TYPE_TEXT;
        explain_text(&r->out, &pool, &r->facts);
    } else {
        explain_json(&r->out, &pool, &r->facts);
    }
    return 200;
}
