/*
 * A call waits (for its turn, its buckets, credentials, or the end of a pause), is sent, and is either
 * answered or waits again. Callers are only ever called from the loop: by http's callback, or by the
 * timer for calls that fail without having been sent.
 */
#include "auth/aws_client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/random.h>

#include "auth/aws_call.h"
#include "auth/aws_error.h"
#include "auth/aws_limits.h"
#include "auth/aws_wire.h"
#include "base/rng.h"

#define IN_FLIGHT_MAX 32

struct aws_client {
    struct aws_client_env env; /* its settings are ours, below */
    struct aws_settings settings;
    struct aws_reach reach;
    struct aws_source *credentials; /* the cache */
    struct aws_limits limits;
    struct rng rng;
    int64_t clock_offset_ns; /* for signing: the services' clock less ours */
    uv_timer_t timer;
    struct aws_call_list waiting, flying, failed;
    size_t in_flight;
    uint64_t round;
    bool fetching;
    bool freed;
};

/* ---- time --------------------------------------------------------------------------------------- */

static int64_t boot_ns(const struct aws_client *client)
{
    return client->env.clock->boot_ns(client->env.clock->ctx);
}

static int64_t signing_time_ns(const struct aws_client *client)
{
    return client->env.clock->wall_ns(client->env.clock->ctx) + client->clock_offset_ns;
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct aws_client *client, int64_t wait_ns)
{
    if (!client->freed)
        uv_timer_start(&client->timer, on_timer, (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS),
                       0);
}

/* The Date of an answer that refused our time: off by the way back at most. */
static bool learn_clock(struct aws_client *client, struct str date)
{
    char text[40];
    struct tm tm = { 0 };
    if (date.len == 0 || !str_copy(text, sizeof(text), date) ||
        !strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return false;
    int64_t theirs_ns = (int64_t)timegm(&tm) * NS_PER_S;
    int64_t off_ns = theirs_ns - signing_time_ns(client);
    if (off_ns > -60 * NS_PER_S && off_ns < 60 * NS_PER_S)
        return false;
    client->clock_offset_ns += off_ns;
    log_line(
        client->env.log, LOG_WARNING,
        "this machine's clock is not the one AWS goes by; continuing: requests are signed with "
        "theirs",
        LOG_INT("off_s", client->clock_offset_ns / NS_PER_S));
    return true;
}

/* ---- what an answer means ----------------------------------------------------------------------- */

static void wait_again(struct aws_client *client, struct aws_call *call, int64_t pause_ns)
{
    call->not_before_ns = boot_ns(client) + pause_ns;
    aws_call_list_append(&client->waiting, call);
    schedule(client, 0);
}

/* Refused for its signature: with new credentials, or the right time, it may pass. Once. */
static bool try_refreshed(struct aws_client *client, struct aws_call *call,
                          const struct aws_response *response, struct str date)
{
    if (call->refreshed || call->request.unsigned_call || !aws_error_refresh(response->code))
        return false;
    call->refreshed = true;
    if (!learn_clock(client, date))
        aws_source_cache_forget(client->credentials);
    wait_again(client, call, 0);
    return true;
}

static bool try_again(struct aws_client *client, struct aws_call *call, const struct error *err)
{
    bool lost = err->code == MUSTER_E_UNKNOWN;
    bool worth = err->code == MUSTER_E_THROTTLED || err->code == MUSTER_E_TRANSIENT ||
                 (lost && call->request.repeatable);
    double cost = lost ? 10 : 5;
    if (!worth || call->attempt >= aws_call_attempts_max() ||
        !aws_budget_take(&client->limits, call->request.service, cost))
        return false;
    call->spent += cost;
    int64_t pause_ns =
        aws_call_pause_ns(&client->rng, call->attempt, err->code == MUSTER_E_THROTTLED);
    log_line(client->env.log, LOG_DEBUG, "AWS call is tried again", LOG_STR("why", err->text),
             LOG_INT("attempt", call->attempt), LOG_INT("pause_ms", pause_ns / NS_PER_MS));
    wait_again(client, call, pause_ns);
    return true;
}

/* An earlier try may have been carried out: unless this answer settles it, nobody knows. */
static void remember_doubt(const struct aws_call *call, struct error *err)
{
    bool settled = err->code == 0 || err->code == MUSTER_E_CAPACITY ||
                   err->code == MUSTER_E_QUOTA || err->code == MUSTER_E_CONFIG ||
                   err->code == MUSTER_E_NOTFOUND;
    if (call->in_doubt && !settled)
        err->code = MUSTER_E_UNKNOWN;
}

static void count(struct aws_client *client, struct aws_call *call, const struct error *err)
{
    struct aws_limit *limit = NULL;
    if (aws_limits_find(&client->limits, &call->request, boot_ns(client), &limit, NULL) < 0)
        return;
    if (err->code == MUSTER_E_THROTTLED)
        aws_limit_refused(limit, err->text, boot_ns(client));
    else
        aws_limit_served(limit);
    if (err->code == 0)
        aws_budget_give(&client->limits, call->request.service, call->spent > 0 ? call->spent : 1);
}

static int on_piece(void *ctx, struct str piece, struct error *err)
{
    struct aws_call *call = ctx;
    return aws_stream_take(&call->stream, &call->request, call->ctx, piece, err);
}

/* An answer that came; err->code is its class. */
static void read_answer(struct aws_call *call, const struct http_response *http,
                        struct aws_response *response, struct error *err)
{
    struct http_response whole = *http;
    bool good = http->status >= 200 && http->status < 300;
    if (call->request.piece && good) {
        if (aws_stream_end(&call->stream, &call->request, call->ctx, err) < 0)
            return;
        whole.body = aws_stream_fault(&call->stream);
    }
    aws_wire_read(&call->request, &whole, response, err);
}

static void on_response(void *ctx, const struct http_response *http, const struct error *http_err)
{
    struct aws_call *call = ctx;
    struct aws_client *client = call->client;
    struct aws_response response = { 0 };
    struct error err = *http_err;
    call->http = NULL;
    aws_call_list_remove(&client->flying, call);
    client->in_flight--;
    schedule(client, 0);
    if (!err.code)
        read_answer(call, http, &response, &err);
    else
        error_wrap(&err, "%s %s (%s)", aws_service_word(call->request.service),
                   call->request.action, call->request.region);
    count(client, call, &err);
    call->in_doubt = call->in_doubt || err.code == MUSTER_E_UNKNOWN;
    if (http && try_refreshed(client, call, &response, http->date))
        return;
    if (try_again(client, call, &err))
        return;
    remember_doubt(call, &err);
    call->done(call->ctx, http ? &response : NULL, &err);
    aws_call_free(call);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void fail(struct aws_client *client, struct aws_call *call, const struct error *err)
{
    aws_call_list_remove(&client->waiting, call);
    call->failure = *err;
    remember_doubt(call, &call->failure);
    aws_call_list_append(&client->failed, call);
    schedule(client, 0);
}

static void send_one(struct aws_client *client, struct aws_call *call,
                     const struct aws_credentials *credentials)
{
    struct error err = { 0 };
    const struct aws_wire_reply reply = { .done = on_response,
                                          .piece = call->request.piece ? on_piece : NULL,
                                          .ctx = call };
    call->attempt++;
    aws_stream_begin(&call->stream);
    if (aws_wire_send(client->env.http, client->env.settings, &call->request, credentials,
                      signing_time_ns(client), &reply, &call->http, &err) < 0) {
        error_wrap(&err, "%s %s", aws_service_word(call->request.service), call->request.action);
        fail(client, call, &err);
        return;
    }
    aws_call_list_remove(&client->waiting, call);
    aws_call_list_append(&client->flying, call);
    client->in_flight++;
}

/* How long until the call may be sent, 0: now. Who waits at a bucket is not overtaken there. */
static int64_t turn_ns(struct aws_client *client, struct aws_call *call, struct aws_limit **ret)
{
    int64_t now_ns = boot_ns(client);
    struct aws_limit *limit = NULL;
    *ret = NULL;
    if (call->not_before_ns > now_ns)
        return call->not_before_ns - now_ns;
    if (aws_limits_find(&client->limits, &call->request, now_ns, &limit, NULL) < 0)
        return NS_PER_S; /* no memory: later */
    *ret = limit;
    return aws_limit_wait_ns(limit, client->round, call->request.resource_tokens, now_ns);
}

/* Its turn would come too late for whoever asked: told now, and sure not to happen later. */
static bool gives_up(struct aws_client *client, struct aws_call *call, int64_t wait_ns)
{
    struct error err = { 0 };
    if (call->request.wait_max_ns <= 0 ||
        boot_ns(client) + wait_ns - call->asked_ns <= call->request.wait_max_ns)
        return false;
    error_set(&err, MUSTER_E_THROTTLED,
              "%s %s (%s): not sent: the limits of that API let it through in %lld s",
              aws_service_word(call->request.service), call->request.action, call->request.region,
              (long long)(wait_ns / NS_PER_S));
    fail(client, call, &err);
    return true;
}

typedef void ready_fn(struct aws_client *client, struct aws_call *call, const void *what);

/*
 * Every call whose turn it is, by urgency, then age. `want_signed`: those that need credentials, or the
 * others. *ret_next_ns: how long until the next one's turn.
 */
static size_t each_ready(struct aws_client *client, bool want_signed, ready_fn *each,
                         const void *what, int64_t *ret_next_ns)
{
    size_t found = 0;
    client->round++;
    for (int priority = AWS_TERMINATE; priority <= AWS_LAUNCH; priority++) {
        struct aws_call *next = NULL;
        for (struct aws_call *call = client->waiting.first; call; call = next) {
            struct aws_limit *limit;
            next = call->next;
            if ((int)call->request.priority != priority ||
                call->request.unsigned_call == want_signed)
                continue;
            if (client->in_flight >= IN_FLIGHT_MAX)
                return found;
            int64_t wait_ns = turn_ns(client, call, &limit);
            if (wait_ns > 0 && gives_up(client, call, wait_ns))
                continue;
            if (wait_ns > 0) {
                *ret_next_ns = wait_ns < *ret_next_ns ? wait_ns : *ret_next_ns;
                continue;
            }
            found++;
            if (each) {
                aws_limit_take(limit, call->request.resource_tokens, boot_ns(client));
                each(client, call, what);
            }
        }
    }
    return found;
}

static void send_ready(struct aws_client *client, struct aws_call *call, const void *what)
{
    send_one(client, call, what);
}

static void fail_ready(struct aws_client *client, struct aws_call *call, const void *what)
{
    fail(client, call, what);
}

static void on_credentials(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct aws_client *client = ctx;
    int64_t next_ns = INT64_MAX;
    struct error failure = *err;
    client->fetching = false;
    if (failure.code == MUSTER_E_NOTFOUND || failure.code == MUSTER_E_INVALID)
        failure.code = MUSTER_E_AUTH; /* what is not found is credentials, not what was asked for */
    if (failure.code)
        error_wrap(&failure, "AWS credentials");
    if (failure.code)
        each_ready(client, true, fail_ready, &failure, &next_ns);
    else
        each_ready(client, true, send_ready, found, &next_ns);
    schedule(client, 0);
}

static void pump(struct aws_client *client)
{
    int64_t next_ns = INT64_MAX;
    each_ready(client, false, send_ready, NULL, &next_ns);
    size_t ready = each_ready(client, true, NULL, NULL, &next_ns);
    if (ready > 0 && !client->fetching) {
        client->fetching = true;
        aws_source_fetch(client->credentials, on_credentials, client);
    } else if (next_ns < INT64_MAX) {
        schedule(client, next_ns);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct aws_client *client = timer->data;
    struct aws_call *call;
    pump(client);
    /* A callback may free the client; the memory is there until its timer has closed. */
    while (!client->freed && (call = client->failed.first)) {
        aws_call_list_remove(&client->failed, call);
        call->done(call->ctx, NULL, &call->failure);
        aws_call_free(call);
    }
}

int aws_call(struct aws_client *client, const struct aws_request *request, aws_done_cb *done,
             void *ctx, struct error *err)
{
    struct aws_call *call = NULL;
    int rc = aws_call_new(request, &call, err);
    if (rc < 0)
        return rc;
    call->client = client;
    call->asked_ns = boot_ns(client);
    call->done = done;
    call->ctx = ctx;
    aws_call_list_append(&client->waiting, call);
    schedule(client, 0);
    return 0;
}

/* ---- a client ----------------------------------------------------------------------------------- */

static int open_credentials(struct aws_client *client, struct error *err)
{
    const struct aws_source_env env = { .loop = client->env.loop,
                                        .log = client->env.log,
                                        .clock = client->env.clock,
                                        .http = client->env.http,
                                        .settings = client->env.settings,
                                        .clock_offset_ns = &client->clock_offset_ns };
    struct aws_source *source = NULL;
    int rc = aws_source_default(&env, &source, err);
    return rc < 0 ? rc : aws_source_cache(&env, source, &client->credentials, err);
}

int aws_client_new(const struct aws_client_env *env, struct aws_client **ret, struct error *err)
{
    struct aws_client *client = calloc(1, sizeof(*client));
    uint64_t seed;
    if (!client)
        return error_nomem(err);
    client->env = *env;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)boot_ns(client); /* it only spreads retries */
    rng_init(&client->rng, seed);
    client->settings = *env->settings;
    client->env.settings = &client->settings;
    int rc = aws_reach_read(env->settings, &client->reach, err);
    client->settings.reach = &client->reach;
    if (rc == 0)
        rc = open_credentials(client, err);
    if (rc < 0) {
        aws_reach_release(&client->reach);
        free(client);
        return rc;
    }
    uv_timer_init(env->loop, &client->timer);
    client->timer.data = client;
    *ret = client;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* ctx NULL: all. */
static size_t drop(struct aws_call_list *list, const void *ctx)
{
    struct aws_call *next = NULL;
    size_t dropped = 0;
    for (struct aws_call *call = list->first; call; call = next) {
        next = call->next;
        if (ctx && call->ctx != ctx)
            continue;
        aws_call_list_remove(list, call);
        if (call->http)
            http_cancel(call->http);
        aws_call_free(call);
        dropped++;
    }
    return dropped;
}

void aws_client_drop(struct aws_client *client, const void *ctx)
{
    drop(&client->waiting, ctx);
    drop(&client->failed, ctx);
    client->in_flight -= drop(&client->flying, ctx);
    schedule(client, 0);
}

void aws_client_free(struct aws_client *client)
{
    if (!client)
        return;
    client->freed = true;
    drop(&client->waiting, NULL);
    drop(&client->flying, NULL);
    drop(&client->failed, NULL);
    aws_source_free(client->credentials);
    aws_reach_release(&client->reach);
    aws_limits_release(&client->limits);
    uv_close((uv_handle_t *)&client->timer, on_closed);
}
