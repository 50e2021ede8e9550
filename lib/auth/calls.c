#include "auth/calls.h"

#include <stdlib.h>
#include <time.h>

#include <sys/random.h>

#define ATTEMPTS_DEFAULT 3
#define PAUSE_MAX_NS     (20 * NS_PER_S)
#define CLOCK_OFF_NS     (60 * NS_PER_S)

/* ---- lists -------------------------------------------------------------------------------------- */

static void list_append(struct call_list *list, struct call *call)
{
    call->next = NULL;
    call->before = list->last;
    if (list->last)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

static void list_remove(struct call_list *list, struct call *call)
{
    if (call->before)
        call->before->next = call->next;
    else
        list->first = call->next;
    if (call->next)
        call->next->before = call->before;
    else
        list->last = call->before;
    call->next = call->before = NULL;
}

/* ---- time --------------------------------------------------------------------------------------- */

static int64_t boot_ns(const struct calls *calls)
{
    return calls->clock->boot_ns(calls->clock->ctx);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct calls *calls, int64_t wait_ns)
{
    if (!calls->closed)
        uv_timer_start(&calls->timer, on_timer, (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS),
                       0);
}

int64_t calls_pause_ns(struct rng *rng, int attempt, bool throttled)
{
    int64_t most = throttled ? NS_PER_S : 50 * NS_PER_MS;
    for (int i = 1; i < attempt && most < PAUSE_MAX_NS; i++)
        most *= 2;
    if (most > PAUSE_MAX_NS)
        most = PAUSE_MAX_NS;
    return (int64_t)(rng_unit(rng) * (double)most);
}

int64_t calls_clock_off_ns(struct str date, int64_t our_wall_ns)
{
    char text[40];
    struct tm tm = { 0 };
    if (date.len == 0 || !str_copy(text, sizeof(text), date) ||
        !strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return 0;
    int64_t off_ns = (int64_t)timegm(&tm) * NS_PER_S - our_wall_ns;
    return off_ns > -CLOCK_OFF_NS && off_ns < CLOCK_OFF_NS ? 0 : off_ns;
}

/* ---- what an answer means ----------------------------------------------------------------------- */

static void wait_again(struct calls *calls, struct call *call, int64_t pause_ns)
{
    call->not_before_ns = boot_ns(calls) + pause_ns;
    list_append(&calls->waiting, call);
    schedule(calls, 0);
}

/* Refused for its credentials: with new ones, or the right time, it may pass. Once. */
static bool try_refreshed(struct calls *calls, struct call *call, const struct http_response *http)
{
    if (call->refreshed || call->open || !calls->ops->refused(call, http))
        return false;
    call->refreshed = true;
    wait_again(calls, call, 0);
    return true;
}

static bool try_again(struct calls *calls, struct call *call, const struct error *err)
{
    bool lost = err->code == MUSTER_E_UNKNOWN;
    bool worth = err->code == MUSTER_E_THROTTLED || err->code == MUSTER_E_TRANSIENT ||
                 (lost && call->repeatable);
    double cost = lost ? 10 : 5;
    if (!worth || call->attempt >= calls->attempts_max ||
        !call_budget_take(&calls->limits, call->service, cost))
        return false;
    call->spent += cost;
    int64_t pause_ns = calls_pause_ns(&calls->rng, call->attempt, err->code == MUSTER_E_THROTTLED);
    log_line(calls->log, LOG_DEBUG, "a call is tried again", LOG_STR("cloud", calls->ops->cloud),
             LOG_STR("why", err->text), LOG_INT("attempt", call->attempt),
             LOG_INT("pause_ms", pause_ns / NS_PER_MS));
    wait_again(calls, call, pause_ns);
    return true;
}

/* An earlier try may have been carried out: unless this answer settles it, nobody knows. */
static void remember_doubt(const struct call *call, struct error *err)
{
    bool settled = err->code == 0 || err->code == MUSTER_E_CAPACITY ||
                   err->code == MUSTER_E_QUOTA || err->code == MUSTER_E_CONFIG ||
                   err->code == MUSTER_E_NOTFOUND;
    if (call->in_doubt && !settled)
        err->code = MUSTER_E_UNKNOWN;
}

static void count(struct calls *calls, struct call *call, const struct error *err)
{
    struct call_limit *limit = NULL;
    if (calls->ops->limit(call, boot_ns(calls), &limit, NULL) < 0)
        return;
    if (err->code == MUSTER_E_THROTTLED)
        call_limit_refused(limit,
                           calls->ops->refused_resources && calls->ops->refused_resources(err),
                           boot_ns(calls));
    else
        call_limit_served(limit);
    if (err->code == 0)
        call_budget_give(&calls->limits, call->service, call->spent > 0 ? call->spent : 1);
}

static void on_response(void *ctx, const struct http_response *http, const struct error *http_err)
{
    struct call *call = ctx;
    struct calls *calls = call->calls;
    struct error err = *http_err;
    call->http = NULL;
    list_remove(&calls->flying, call);
    calls->in_flight--;
    schedule(calls, 0);
    if (err.code)
        calls->ops->name(call, &err);
    else
        calls->ops->read(call, http, &err);
    count(calls, call, &err);
    call->in_doubt = call->in_doubt || err.code == MUSTER_E_UNKNOWN;
    if (http && err.code && try_refreshed(calls, call, http))
        return;
    if (try_again(calls, call, &err))
        return;
    remember_doubt(call, &err);
    calls->ops->deliver(call, http != NULL, &err);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void fail(struct calls *calls, struct call *call, const struct error *err)
{
    list_remove(&calls->waiting, call);
    calls_settle(calls, call, err);
}

static void send_one(struct calls *calls, struct call *call, const void *credentials)
{
    struct error err = { 0 };
    call->attempt++;
    if (calls->ops->send(call, credentials, on_response, &err) < 0) {
        calls->ops->name(call, &err);
        fail(calls, call, &err);
        return;
    }
    list_remove(&calls->waiting, call);
    list_append(&calls->flying, call);
    calls->in_flight++;
}

/* How long until the call may be sent, 0: now. Who waits at a bucket is not overtaken there. */
static int64_t turn_ns(struct calls *calls, struct call *call, struct call_limit **ret)
{
    int64_t now_ns = boot_ns(calls);
    struct call_limit *limit = NULL;
    *ret = NULL;
    if (call->not_before_ns > now_ns)
        return call->not_before_ns - now_ns;
    if (calls->ops->limit(call, now_ns, &limit, NULL) < 0)
        return NS_PER_S; /* no memory: later */
    *ret = limit;
    return call_limit_wait_ns(limit, calls->round, call->resource_tokens, now_ns);
}

/* Its turn would come too late for whoever asked: told now, and sure not to happen later. */
static bool gives_up(struct calls *calls, struct call *call, int64_t wait_ns)
{
    struct error err = { 0 };
    if (call->wait_max_ns <= 0 || boot_ns(calls) + wait_ns - call->asked_ns <= call->wait_max_ns)
        return false;
    error_set(&err, MUSTER_E_THROTTLED, "not sent: the limits of that API let it through in %lld s",
              (long long)(wait_ns / NS_PER_S));
    calls->ops->name(call, &err);
    fail(calls, call, &err);
    return true;
}

typedef void ready_fn(struct calls *calls, struct call *call, const void *what);

/*
 * Every call whose turn it is, by urgency, then age. `open`: those that need no credentials, or the
 * others. *ret_next_ns: how long until the next one's turn.
 */
static size_t each_ready(struct calls *calls, bool open, ready_fn *each, const void *what,
                         int64_t *ret_next_ns)
{
    size_t found = 0;
    calls->round++;
    for (unsigned urgency = 0; urgency < CALLS_URGENCIES; urgency++) {
        struct call *next = NULL;
        for (struct call *call = calls->waiting.first; call; call = next) {
            struct call_limit *limit;
            next = call->next;
            if (call->urgency != urgency || call->open != open)
                continue;
            if (calls->in_flight >= CALLS_IN_FLIGHT)
                return found;
            int64_t wait_ns = turn_ns(calls, call, &limit);
            if (wait_ns > 0 && gives_up(calls, call, wait_ns))
                continue;
            if (wait_ns > 0) {
                *ret_next_ns = wait_ns < *ret_next_ns ? wait_ns : *ret_next_ns;
                continue;
            }
            found++;
            if (each) {
                call_limit_take(limit, call->resource_tokens, boot_ns(calls));
                each(calls, call, what);
            }
        }
    }
    return found;
}

static void send_ready(struct calls *calls, struct call *call, const void *what)
{
    send_one(calls, call, what);
}

static void fail_ready(struct calls *calls, struct call *call, const void *what)
{
    fail(calls, call, what);
}

void calls_ready(struct calls *calls, const void *credentials, const struct error *err)
{
    int64_t next_ns = INT64_MAX;
    struct error failure = *err;
    calls->fetching = false;
    if (failure.code == MUSTER_E_NOTFOUND || failure.code == MUSTER_E_INVALID)
        failure.code = MUSTER_E_AUTH; /* what is not found is credentials, not what was asked for */
    if (failure.code)
        error_wrap(&failure, "%s credentials", calls->ops->cloud);
    if (failure.code)
        each_ready(calls, false, fail_ready, &failure, &next_ns);
    else
        each_ready(calls, false, send_ready, credentials, &next_ns);
    schedule(calls, 0);
}

static void pump(struct calls *calls)
{
    int64_t next_ns = INT64_MAX;
    each_ready(calls, true, send_ready, NULL, &next_ns);
    size_t ready = each_ready(calls, false, NULL, NULL, &next_ns);
    if (ready > 0 && !calls->fetching) {
        calls->fetching = true;
        calls->ops->fetch(calls);
    } else if (next_ns < INT64_MAX) {
        schedule(calls, next_ns);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct calls *calls = timer->data;
    struct call *call;
    pump(calls);
    /* A callback may free the client; the memory is there until its timer has closed. */
    while (!calls->closed && (call = calls->settled.first)) {
        list_remove(&calls->settled, call);
        calls->ops->deliver(call, false, &call->failure);
    }
}

void calls_add(struct calls *calls, struct call *take_call)
{
    take_call->calls = calls;
    take_call->asked_ns = boot_ns(calls);
    list_append(&calls->waiting, take_call);
    schedule(calls, 0);
}

void calls_settle(struct calls *calls, struct call *take_call, const struct error *err)
{
    take_call->calls = calls;
    take_call->failure = *err;
    remember_doubt(take_call, &take_call->failure);
    list_append(&calls->settled, take_call);
    schedule(calls, 0);
}

/* ---- its life ----------------------------------------------------------------------------------- */

void calls_init(struct calls *calls, const struct calls_ops *ops, uv_loop_t *loop, struct log *log,
                const struct clock *clock)
{
    uint64_t seed;
    calls->ops = ops;
    calls->log = log;
    calls->clock = clock;
    calls->attempts_max = ATTEMPTS_DEFAULT;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)boot_ns(calls); /* it only spreads retries */
    rng_init(&calls->rng, seed);
    uv_timer_init(loop, &calls->timer);
    calls->timer.data = calls;
}

/* ctx NULL: all. */
static size_t drop(struct calls *calls, struct call_list *list, const void *ctx)
{
    struct call *next = NULL;
    size_t dropped = 0;
    for (struct call *call = list->first; call; call = next) {
        next = call->next;
        if (ctx && call->ctx != ctx)
            continue;
        list_remove(list, call);
        if (call->http)
            http_cancel(call->http);
        calls->ops->free(call);
        dropped++;
    }
    return dropped;
}

void calls_drop(struct calls *calls, const void *ctx)
{
    drop(calls, &calls->waiting, ctx);
    drop(calls, &calls->settled, ctx);
    calls->in_flight -= drop(calls, &calls->flying, ctx);
    schedule(calls, 0);
}

void calls_close(struct calls *calls, uv_close_cb on_closed, void *data)
{
    calls->closed = true;
    drop(calls, &calls->waiting, NULL);
    drop(calls, &calls->flying, NULL);
    drop(calls, &calls->settled, NULL);
    call_limits_release(&calls->limits);
    calls->timer.data = data;
    uv_close((uv_handle_t *)&calls->timer, on_closed);
}
