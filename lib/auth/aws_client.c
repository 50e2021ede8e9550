/*
 * What is AWS's own about its calls: they are signed, by the services' clock where ours is off. The rest
 * is the engine's (calls.h).
 */
#include "auth/aws_client.h"

#include <stdlib.h>
#include <string.h>

#include "auth/aws_call.h"
#include "auth/aws_error.h"
#include "auth/aws_limits.h"
#include "auth/aws_wire.h"

struct aws_client {
    struct calls calls;        /* first: the engine's callbacks come with it */
    struct aws_client_env env; /* its settings are ours, below */
    struct aws_settings settings;
    struct aws_reach reach;
    struct aws_source *credentials; /* the cache */
    int64_t clock_offset_ns;        /* for signing: the services' clock less ours */
};

static struct aws_call *call_of(struct call *call)
{
    return (struct aws_call *)call;
}

static int64_t signing_time_ns(const struct aws_client *client)
{
    return client->env.clock->wall_ns(client->env.clock->ctx) + client->clock_offset_ns;
}

/* The Date of an answer that refused our time: off by the way back at most. */
static bool learn_clock(struct aws_client *client, struct str date)
{
    int64_t off_ns = calls_clock_off_ns(date, signing_time_ns(client));
    if (off_ns == 0)
        return false;
    client->clock_offset_ns += off_ns;
    log_line(
        client->env.log, LOG_WARNING,
        "this machine's clock is not the one AWS goes by; continuing: requests are signed with "
        "theirs",
        LOG_INT("off_s", client->clock_offset_ns / NS_PER_S));
    return true;
}

/* ---- what the engine asks ----------------------------------------------------------------------- */

static int on_limit(struct call *base, int64_t now_ns, struct call_limit **ret, struct error *err)
{
    struct aws_call *call = call_of(base);
    return aws_limits_find(&call->client->calls.limits, &call->request, now_ns, ret, err);
}

/* EC2 says which of an action's two buckets is empty. */
static bool on_refused_resources(const struct error *err)
{
    return strstr(err->text, "resource rate limit") != NULL;
}

static int on_piece(void *ctx, struct str piece, struct error *err)
{
    struct aws_call *call = ctx;
    return aws_stream_take(&call->stream, &call->request, call->ctx, piece, err);
}

static int on_send(struct call *base, const void *credentials, http_done_cb *done,
                   struct error *err)
{
    struct aws_call *call = call_of(base);
    const struct aws_client *client = call->client;
    const struct aws_wire_reply reply = { .done = done,
                                          .piece = call->request.piece ? on_piece : NULL,
                                          .ctx = call };
    aws_stream_begin(&call->stream);
    return aws_wire_send(client->env.http, client->env.settings, &call->request, credentials,
                         signing_time_ns(client), &reply, &base->http, err);
}

static void on_name(const struct call *base, struct error *err)
{
    const struct aws_request *r = &((const struct aws_call *)base)->request;
    error_wrap(err, "%s %s (%s)", aws_service_word(r->service), r->action, r->region);
}

static void on_read(struct call *base, const struct http_response *http, struct error *err)
{
    struct aws_call *call = call_of(base);
    struct http_response whole = *http;
    bool good = http->status >= 200 && http->status < 300;
    call->response = (struct aws_response){ 0 };
    if (call->request.piece && good) {
        if (aws_stream_end(&call->stream, &call->request, call->ctx, err) < 0)
            return;
        whole.body = aws_stream_fault(&call->stream);
    }
    aws_wire_read(&call->request, &whole, &call->response, err);
}

/* Refused for its signature: with new credentials, or the right time, it may pass. */
static bool on_refused(struct call *base, const struct http_response *http)
{
    struct aws_call *call = call_of(base);
    if (!aws_error_refresh(call->response.code))
        return false;
    if (!learn_clock(call->client, http->date))
        aws_source_cache_forget(call->client->credentials);
    return true;
}

static void on_credentials(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct aws_client *client = ctx;
    calls_ready(&client->calls, found, err);
}

static void on_fetch(struct calls *calls)
{
    struct aws_client *client = (struct aws_client *)calls;
    aws_source_fetch(client->credentials, on_credentials, client);
}

static void on_deliver(struct call *base, bool answered, const struct error *err)
{
    struct aws_call *call = call_of(base);
    call->done(call->ctx, answered ? &call->response : NULL, err);
    aws_call_free(call);
}

static void on_free(struct call *base)
{
    aws_call_free(call_of(base));
}

static const struct calls_ops ops = {
    .cloud = "AWS",
    .limit = on_limit,
    .send = on_send,
    .read = on_read,
    .name = on_name,
    .refused = on_refused,
    .refused_resources = on_refused_resources,
    .fetch = on_fetch,
    .deliver = on_deliver,
    .free = on_free,
};

/* ---- a client ----------------------------------------------------------------------------------- */

int aws_call(struct aws_client *client, const struct aws_request *request, aws_done_cb *done,
             void *ctx, struct error *err)
{
    struct aws_call *call = NULL;
    int rc = aws_call_new(request, &call, err);
    if (rc < 0)
        return rc;
    call->client = client;
    call->done = done;
    call->ctx = ctx;
    call->base.ctx = ctx;
    calls_add(&client->calls, &call->base);
    return 0;
}

void aws_client_drop(struct aws_client *client, const void *ctx)
{
    calls_drop(&client->calls, ctx);
}

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
    if (!client)
        return error_nomem(err);
    client->env = *env;
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
    calls_init(&client->calls, &ops, env->loop, env->log, env->clock);
    client->calls.attempts_max = aws_call_attempts_max();
    *ret = client;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void aws_client_free(struct aws_client *client)
{
    if (!client)
        return;
    aws_source_free(client->credentials);
    client->credentials = NULL;
    calls_close(&client->calls, on_closed, client);
    aws_reach_release(&client->reach);
}
