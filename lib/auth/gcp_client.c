#include "auth/gcp_client.h"

#include <stdlib.h>
#include <string.h>

#include "auth/calls.h"
#include "auth/gcp_credentials.h"
#include "auth/gcp_endpoint.h"
#include "auth/gcp_limits.h"
#include "auth/gcp_metadata.h"
#include "auth/secret.h"

#define TIMEOUT_NS   (30 * NS_PER_S)
#define HEADERS_MAX  4
#define PROJECT_PATH "project/project-id"

struct gcp_client {
    struct calls calls; /* first: the engine's callbacks come with it */
    struct gcp_client_env env;
    struct gcp_source *tokens;     /* the cache */
    char project[GCP_PROJECT_MAX]; /* "" until it is known */
};

struct gcp_call {
    struct call base;
    struct gcp_client *client;
    struct gcp_request request; /* its texts are inside `texts` */
    struct gcp_response response;
    gcp_done_cb *done;          /* or: */
    gcp_project_cb *on_project; /* the metadata server is asked */
    void *ctx;
    char texts[];
};

static struct gcp_call *call_of(struct call *call)
{
    return (struct gcp_call *)call;
}

/* ---- one request -------------------------------------------------------------------------------- */

static const char *quota_project(const struct gcp_client *client, const struct gcp_token *token)
{
    const char *named = getenv("GOOGLE_CLOUD_QUOTA_PROJECT");
    if (client->env.settings->quota_project)
        return client->env.settings->quota_project;
    return named && *named && gcp_project_valid(named) ? named : token->quota_project;
}

struct wire {
    struct gcp_endpoint endpoint;
    struct buf url, lines[HEADERS_MAX];
    const char *headers[HEADERS_MAX + 1];
    size_t len;
};

static void add_line(struct wire *wire, const char *name, const char *value)
{
    buf_addf(&wire->lines[wire->len++], "%s: %s", name, value);
}

static int build(const struct gcp_call *call, const struct gcp_token *token, struct wire *wire,
                 struct error *err)
{
    const struct gcp_request *r = &call->request;
    int rc = gcp_endpoint_find(call->client->env.settings, r->service,
                               token ? token->universe : NULL, &wire->endpoint, err);
    if (rc < 0)
        return rc;
    buf_addf(&wire->url, "%s%s%s%s", wire->endpoint.base, r->path, r->query ? "?" : "",
             r->query ? r->query : "");
    if (token && !wire->endpoint.emulator) {
        const char *project = quota_project(call->client, token);
        buf_addf(&wire->lines[wire->len++], "Authorization: Bearer %s", token->text);
        if (project)
            add_line(wire, "X-Goog-User-Project", project);
    }
    if (r->body.len > 0)
        add_line(wire, "Content-Type", "application/json");
    bool failed = buf_failed(&wire->url) != 0;
    for (size_t i = 0; i < wire->len; i++) {
        wire->headers[i] = buf_text(&wire->lines[i]);
        failed = failed || buf_failed(&wire->lines[i]);
    }
    return failed ? error_nomem(err) : 0;
}

static int send_request(struct gcp_call *call, const struct gcp_token *token, http_done_cb *done,
                        struct error *err)
{
    const struct gcp_client_env *env = &call->client->env;
    struct wire wire = { 0 };
    int rc = build(call, token, &wire, err);
    const struct http_request request = {
        .method = call->request.method,
        .url = buf_text(&wire.url),
        .headers = wire.headers,
        .body = call->request.body,
        .ca_file = env->settings->ca_file,
        .proxy = wire.endpoint.emulator ? NULL : env->settings->proxy,
        .timeout_ns = call->request.timeout_ns > 0 ? call->request.timeout_ns : TIMEOUT_NS,
        .response_max = call->request.response_max
    };
    if (rc == 0)
        rc = http_call(env->http, &request, done, call, &call->base.http, err);
    buf_release(&wire.url);
    for (size_t i = 0; i < wire.len; i++)
        secret_release(&wire.lines[i]);
    return rc;
}

static int send_question(struct gcp_call *call, http_done_cb *done, struct error *err)
{
    static const char *const headers[] = { GCP_METADATA_FLAVOR, NULL };
    char url[GCP_URL_MAX];
    gcp_metadata_url(PROJECT_PATH, url, sizeof(url));
    const struct http_request request = { .method = "GET",
                                          .url = url,
                                          .headers = headers,
                                          .timeout_ns = GCP_METADATA_WAIT_NS,
                                          .response_max = GCP_EXCHANGE_BODY_MAX,
                                          .link_local = true };
    return http_call(call->client->env.http, &request, done, call, &call->base.http, err);
}

/* ---- what the engine asks ----------------------------------------------------------------------- */

static int on_limit(struct call *base, int64_t now_ns, struct call_limit **ret, struct error *err)
{
    struct gcp_call *call = call_of(base);
    static const struct call_rate metadata = { 10, 1, 0, 0 };
    if (call->on_project)
        return call_limits_find(&call->client->calls.limits, "metadata", &metadata, now_ns, ret,
                                err);
    return gcp_limits_find(&call->client->calls.limits, &call->request, now_ns, ret, err);
}

static int on_send(struct call *base, const void *credentials, http_done_cb *done,
                   struct error *err)
{
    struct gcp_call *call = call_of(base);
    return call->on_project ? send_question(call, done, err)
                            : send_request(call, credentials, done, err);
}

static void on_name(const struct call *base, struct error *err)
{
    const struct gcp_call *call = (const struct gcp_call *)base;
    if (call->on_project)
        error_wrap(err, "the metadata server");
    else
        error_wrap(err, "%s %s", gcp_service_word(call->request.service), call->request.name);
}

static void read_project(struct gcp_call *call, const struct http_response *http, struct error *err)
{
    struct gcp_client *client = call->client;
    struct str project = str_trim(http->body);
    char text[GCP_PROJECT_MAX];
    if (http->status == 200 && gcp_metadata_genuine(http) &&
        str_copy(text, sizeof(text), project) && gcp_project_valid(text))
        str_copy_c(client->project, sizeof(client->project), text);
    else
        error_set(err, http->status >= 500 ? MUSTER_E_TRANSIENT : MUSTER_E_CONFIG,
                  "the metadata server names no project (HTTP %d)", http->status);
}

static void on_read(struct call *base, const struct http_response *http, struct error *err)
{
    struct gcp_call *call = call_of(base);
    call->response = (struct gcp_response){ .status = http->status, .body = http->body };
    if (call->on_project) {
        read_project(call, http, err);
    } else if (http->status < 200 || http->status > 299) {
        gcp_fault_from_body(http->status, http->body, &call->response.fault);
        gcp_fault_error(&call->response.fault, err);
        on_name(base, err);
    }
}

/* An expired or withdrawn token; a right that is missing is a 403. */
static bool on_refused(struct call *base, const struct http_response *http)
{
    struct gcp_call *call = call_of(base);
    if (http->status != 401)
        return false;
    gcp_source_cache_forget(call->client->tokens);
    return true;
}

static void on_token(void *ctx, const struct gcp_token *found, const struct error *err)
{
    struct gcp_client *client = ctx;
    calls_ready(&client->calls, found, err);
}

static void on_fetch(struct calls *calls)
{
    struct gcp_client *client = (struct gcp_client *)calls;
    gcp_source_fetch(client->tokens, on_token, client);
}

static void free_call(struct call *base)
{
    struct gcp_call *call = call_of(base);
    if (call->request.body.len > 0)
        explicit_bzero(call->texts + (call->request.body.ptr - call->texts),
                       call->request.body.len);
    free(call);
}

static void deliver_project(struct gcp_call *call, const struct error *err)
{
    struct error failure = *err;
    /* No such server: it was asked last, so nobody knows. */
    if (failure.code)
        error_set(&failure, MUSTER_E_CONFIG,
                  "no Google Cloud project: set `project` here, gcp.project in muster.yaml, or "
                  "GOOGLE_CLOUD_PROJECT (%.200s)",
                  err->text);
    call->on_project(call->ctx, failure.code ? "" : call->client->project, &failure);
}

static void on_deliver(struct call *base, bool answered, const struct error *err)
{
    struct gcp_call *call = call_of(base);
    if (call->on_project)
        deliver_project(call, err);
    else
        call->done(call->ctx, answered ? &call->response : NULL, err);
    free_call(base);
}

static const struct calls_ops ops = {
    .cloud = "Google Cloud",
    .limit = on_limit,
    .send = on_send,
    .read = on_read,
    .name = on_name,
    .refused = on_refused,
    .fetch = on_fetch,
    .deliver = on_deliver,
    .free = free_call,
};

/* ---- calls -------------------------------------------------------------------------------------- */

static const char *put(char **at, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = *at;
    if (!text)
        return NULL;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* NULL: out of memory. */
static struct gcp_call *call_new(const struct gcp_request *request)
{
    size_t size = size_of(request->method) + size_of(request->name) + size_of(request->path) +
                  size_of(request->query) + request->body.len;
    struct gcp_call *call = calloc(1, sizeof(*call) + size);
    if (!call)
        return NULL;
    char *at = call->texts;
    call->request = *request;
    call->request.method = put(&at, request->method);
    call->request.name = put(&at, request->name);
    call->request.path = put(&at, request->path);
    call->request.query = put(&at, request->query);
    if (request->body.len > 0)
        memcpy(at, request->body.ptr, request->body.len);
    call->request.body.ptr = at;
    return call;
}

/* The emulator of Pub/Sub takes nobody's token. */
static bool open_service(const struct gcp_client *client, enum gcp_service service)
{
    struct gcp_endpoint endpoint;
    return gcp_endpoint_find(client->env.settings, service, NULL, &endpoint, NULL) == 0 &&
           endpoint.emulator;
}

int gcp_call(struct gcp_client *client, const struct gcp_request *request, gcp_done_cb *done,
             void *ctx, struct error *err)
{
    struct gcp_call *call = call_new(request);
    if (!call)
        return error_nomem(err);
    call->client = client;
    call->done = done;
    call->ctx = ctx;
    call->base.ctx = ctx;
    call->base.service = gcp_service_name(request->service);
    call->base.urgency = (unsigned)request->priority;
    call->base.repeatable = request->repeatable;
    call->base.wait_max_ns = request->wait_max_ns;
    call->base.open = open_service(client, request->service);
    calls_add(&client->calls, &call->base);
    return 0;
}

int gcp_client_project(struct gcp_client *client, gcp_project_cb *done, void *ctx,
                       struct error *err)
{
    struct gcp_call *call = calloc(1, sizeof(*call));
    if (!call)
        return error_nomem(err);
    call->client = client;
    call->on_project = done;
    call->ctx = ctx;
    call->base.ctx = ctx;
    call->base.service = "metadata";
    call->base.urgency = GCP_DESCRIBE;
    call->base.repeatable = true;
    call->base.open = true;
    if (client->project[0] || gcp_settings_project(client->env.settings, client->project))
        calls_settle(&client->calls, &call->base, &(struct error){ 0 });
    else
        calls_add(&client->calls, &call->base);
    return 0;
}

void gcp_client_drop(struct gcp_client *client, const void *ctx)
{
    calls_drop(&client->calls, ctx);
}

/* ---- a client ----------------------------------------------------------------------------------- */

static int open_tokens(struct gcp_client *client, struct error *err)
{
    const struct gcp_source_env env = { .loop = client->env.loop,
                                        .log = client->env.log,
                                        .clock = client->env.clock,
                                        .http = client->env.http,
                                        .settings = client->env.settings };
    struct gcp_source *source = NULL;
    int rc = gcp_source_default(&env, &source, err);
    return rc < 0 ? rc : gcp_source_cache(&env, source, &client->tokens, err);
}

int gcp_client_new(const struct gcp_client_env *env, struct gcp_client **ret, struct error *err)
{
    struct gcp_client *client = calloc(1, sizeof(*client));
    if (!client)
        return error_nomem(err);
    client->env = *env;
    int rc = open_tokens(client, err);
    if (rc < 0) {
        free(client);
        return rc;
    }
    calls_init(&client->calls, &ops, env->loop, env->log, env->clock);
    *ret = client;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gcp_client_free(struct gcp_client *client)
{
    if (!client)
        return;
    gcp_source_free(client->tokens);
    client->tokens = NULL;
    calls_close(&client->calls, on_closed, client);
}
