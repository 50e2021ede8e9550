#include "queue/redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "queue/redis_conn.h"
#include "queue/small_file.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   5000

struct redis_link {
    uv_loop_t *loop;
    struct redis_address address;
    const char *password_file;
    uv_timer_t timer;        /* the deadline of the ask, or the moment of a late failure */
    struct redis_conn *conn; /* NULL: none */
    bool connected;
    unsigned failures; /* in a row */
    uint64_t retry_at_ms;
    bool too_soon;        /* the ask under way came before that */
    struct error failure; /* the last one */
    /* the ask under way */
    redis_link_cb *done; /* NULL: none */
    void *ctx;
    int64_t timeout_ms;
    struct redis_batch batch; /* the hello, where one is needed, then what was asked */
    size_t hello;             /* commands of the hello in it */
    redisReply **replies;
    size_t got;
};

/* ---- the end of an ask ------------------------------------------------------------------------- */

static void drop_replies(struct redis_link *link)
{
    for (size_t i = 0; i < link->got; i++)
        freeReplyObject(link->replies[i]);
    free(link->replies);
    link->replies = NULL;
    link->got = 0;
}

static void drop_connection(struct redis_link *link)
{
    redis_conn_free(link->conn);
    link->conn = NULL;
    link->connected = false;
}

/* Gives up the connection, and the ask that needed it. */
static void give_up(struct redis_link *link)
{
    redis_link_cb *done = link->done;
    struct error failure = link->failure;
    drop_connection(link);
    drop_replies(link);
    uv_timer_stop(&link->timer);
    link->done = NULL;
    if (done)
        done(link->ctx, NULL, &failure);
}

/* The same for a failure that is news: the next attempt will have to wait. link->failure is set. */
static void fail(struct redis_link *link)
{
    unsigned doublings = link->failures < 6 ? link->failures : 6;
    uint64_t wait_ms = (uint64_t)BACKOFF_FIRST_MS << doublings;
    link->failures++;
    link->retry_at_ms = uv_now(link->loop) + (wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS);
    give_up(link);
}

static void skip_hello(struct redis_link *link, struct redis_replies *replies, struct error *err)
{
    for (size_t i = 0; i < link->hello && !err->code; i++) {
        const redisReply *reply = redis_peek(replies);
        if (reply->type == REDIS_REPLY_ERROR)
            redis_refusal(replies->label, reply, err);
        redis_skip(replies);
    }
}

static void finish(struct redis_link *link)
{
    redis_link_cb *done = link->done;
    redisReply **all = link->replies;
    size_t count = link->got;
    struct redis_replies replies = { .at = all,
                                     .len = count,
                                     .label = buf_text(&link->batch.labels) };
    error_clear(&link->failure);
    skip_hello(link, &replies, &link->failure);
    if (link->failure.code) {
        fail(link);
        return;
    }
    link->failures = 0;
    link->done = NULL;
    link->replies = NULL;
    link->got = 0;
    uv_timer_stop(&link->timer);
    /* The callback may ask again, which fills a batch of its own: keep the labels of this one. */
    struct redis_batch answered = link->batch;
    link->batch = (struct redis_batch){ 0 };
    done(link->ctx, &replies, &(struct error){ 0 });
    /* The link may be gone from here on. */
    redis_batch_release(&answered);
    for (size_t i = 0; i < count; i++)
        freeReplyObject(all[i]);
    free(all);
}

static void on_reply(void *ctx, redisReply *reply)
{
    struct redis_link *link = ctx;
    if (!link->done) {
        freeReplyObject(reply);
        error_set(&link->failure, MUSTER_E_INVALID, "the server speaks unasked: is it Redis?");
        fail(link);
        return;
    }
    link->replies[link->got++] = reply;
    if (link->got == link->batch.count)
        finish(link);
}

static void on_lost(void *ctx, const struct error *err)
{
    struct redis_link *link = ctx;
    if (!link->done) {
        /* An idle connection that the server closed, as it may: the next ask makes another. */
        drop_connection(link);
        return;
    }
    link->failure = *err;
    fail(link);
}

static void on_timer(uv_timer_t *timer)
{
    struct redis_link *link = timer->data;
    char limit[UNITS_TEXT_MAX];
    if (link->too_soon) {
        give_up(link);
        return;
    }
    if (!link->failure.code) {
        units_format_duration(link->timeout_ms * NS_PER_MS, limit);
        error_set(&link->failure, MUSTER_E_TRANSIENT,
                  link->connected ? "no answer within %s" : "no connection within %s", limit);
    }
    fail(link);
}

/* ---- asking ------------------------------------------------------------------------------------ */

static int say_auth(struct redis_link *link, struct error *err)
{
    struct buf secret;
    const char *user = link->address.user, *password = link->address.password;
    int rc = 0;
    buf_init(&secret, REDIS_SECRET_MAX);
    if (link->password_file) {
        rc = small_file_read_secret(link->password_file, &secret, err);
        password = buf_text(&secret);
    }
    if (rc == 0 && *password && *user)
        redis_ask(&link->batch, "AUTH", user, password);
    else if (rc == 0 && *password)
        redis_ask(&link->batch, "AUTH", password);
    small_file_wipe(&secret);
    return rc;
}

static int say_hello(struct redis_link *link, struct error *err)
{
    char db[16];
    int rc = say_auth(link, err);
    if (rc < 0)
        return rc;
    if (link->address.db > 0) {
        (void)snprintf(db, sizeof(db), "%d", link->address.db);
        redis_ask(&link->batch, "SELECT", db);
    }
    link->hello = link->batch.count;
    return 0;
}

static void on_connected(void *ctx)
{
    struct redis_link *link = ctx;
    link->connected = true;
    if (redis_conn_send(link->conn, &link->batch.text, &link->failure) < 0)
        fail(link);
}

static const struct redis_conn_events link_events = { on_connected, on_reply, on_lost };

static int prepare(struct redis_link *link, const struct redis_batch *batch, struct error *err)
{
    redis_batch_clear(&link->batch);
    link->hello = 0;
    int rc = link->connected ? 0 : say_hello(link, err);
    if (rc < 0)
        return rc;
    redis_batch_append(&link->batch, batch);
    link->replies = calloc(link->batch.count, sizeof(redisReply *));
    if (redis_batch_failed(batch) || redis_batch_failed(&link->batch) || !link->replies)
        return error_nomem(err);
    if (link->connected)
        return redis_conn_send(link->conn, &link->batch.text, err);
    return redis_conn_new(link->loop, &link->address, &link_events, link, &link->conn, err);
}

void redis_link_ask(struct redis_link *link, const struct redis_batch *batch, int64_t timeout_ms,
                    redis_link_cb *done, void *ctx)
{
    link->done = done;
    link->ctx = ctx;
    link->timeout_ms = timeout_ms;
    uint64_t wait_ms = (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    link->too_soon =
        !link->connected && link->failure.code && uv_now(link->loop) < link->retry_at_ms;
    if (!link->too_soon)
        error_clear(&link->failure);
    /* What fails at once is told later, by the timer. */
    if (link->too_soon || prepare(link, batch, &link->failure) < 0) {
        drop_connection(link);
        wait_ms = 0;
    }
    uv_timer_start(&link->timer, on_timer, wait_ms, 0);
}

/* ---- life -------------------------------------------------------------------------------------- */

int redis_link_new(uv_loop_t *loop, const struct redis_address *address, const char *password_file,
                   struct redis_link **ret, struct error *err)
{
    struct redis_link *link = calloc(1, sizeof(*link));
    if (!link)
        return error_nomem(err);
    link->loop = loop;
    link->address = *address;
    link->password_file = password_file;
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    *ret = link;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis_link *link = handle->data;
    explicit_bzero(&link->address, sizeof(link->address));
    free(link);
}

void redis_link_free(struct redis_link *link)
{
    if (!link)
        return;
    link->done = NULL;
    drop_connection(link);
    drop_replies(link);
    redis_batch_release(&link->batch);
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}
