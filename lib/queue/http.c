/*
 * The http source: GETs a JSON document and takes the numbers that JSON Pointers lead to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_client.h"
#include "queue/http_headers.h"
#include "queue/payload.h"
#include "queue/sources.h"

#define RESPONSE_MAX ((size_t)1 << 20)

struct http_options {
    char *url;
    char *waiting, *running, *oldest, *completed;
    char *token_file, *headers_file, *ca_file, *unix_socket;
    int64_t timeout_ns;
};

static const struct option http_rows[] = {
    OPTION_STRING(struct http_options, url, "url", .help = "http:// or https://, answering JSON"),
    OPTION_STRING(struct http_options, waiting, "waiting",
                  .help =
                      "JSON Pointer to the number of waiting jobs, as /queue/depth; \"\" when the "
                      "answer is the number itself"),
    OPTION_STRING(struct http_options, running, "running", .optional = true,
                  .help = "JSON Pointer to the number of jobs being worked on"),
    OPTION_STRING(struct http_options, oldest, "oldest", .optional = true,
                  .help = "JSON Pointer to the age of the oldest waiting job in seconds, or null"),
    OPTION_STRING(struct http_options, completed, "completed", .optional = true,
                  .help = "JSON Pointer to a counter of finished jobs"),
    OPTION_STRING(struct http_options, token_file, "token_file", .optional = true,
                  .help = "file with a token, sent as Authorization: Bearer; read at every poll"),
    OPTION_STRING(struct http_options, headers_file, "headers_file", .optional = true,
                  .help = "file with headers to send, one a line; read at every poll"),
    OPTION_STRING(struct http_options, ca_file, "ca_file", .optional = true,
                  .help = "certificates to trust (PEM), instead of the system's"),
    OPTION_STRING(struct http_options, unix_socket, "unix_socket", .optional = true,
                  .help = "connect to this socket instead of the URL's host"),
    OPTION_DURATION(struct http_options, timeout_ns, "timeout", .fallback = "10s", .min = NS_PER_MS,
                    .max = 3600 * NS_PER_S, .help = "for the whole call"),
    { 0 },
};

static int http_check(const void *options, const char **ret_key, struct error *err)
{
    const struct http_options *o = options;
    const char *const pointers[] = { o->waiting, o->running, o->oldest, o->completed };
    static const char *const keys[] = { "waiting", "running", "oldest", "completed" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!payload_pointer_valid(pointers[i])) {
            *ret_key = keys[i];
            return error_set(err, MUSTER_E_INVALID, "a JSON Pointer starts with '/': /%s",
                             pointers[i]);
        }
    }
    int rc = http_url_valid(o->url, err);
    if (rc < 0)
        *ret_key = "url";
    return rc;
}

struct queue {
    struct http_client *http;
    const struct http_options *options;
    uv_timer_t late; /* answers a poll that failed at once */
    struct error failure;
    struct http_call *call;
    queue_poll_cb *done;
    void *ctx;
};

static int http_open(const struct queue_env *env, const void *options, struct queue **ret,
                     struct error *err)
{
    struct queue *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->http = env->http;
    self->options = options;
    uv_timer_init(env->loop, &self->late);
    self->late.data = self;
    *ret = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void http_close(struct queue *self)
{
    if (!self)
        return;
    if (self->call)
        http_cancel(self->call);
    uv_close((uv_handle_t *)&self->late, on_closed);
}

static void on_late(uv_timer_t *timer)
{
    struct queue *self = timer->data;
    struct error failure = self->failure;
    self->done(self->ctx, NULL, &failure);
}

static int status_error(int status, struct error *err)
{
    if (status == 401 || status == 403)
        return error_set(err, MUSTER_E_AUTH,
                         "answered %d: is the token (token_file, headers_file) right?", status);
    if (status == 429)
        return error_set(err, MUSTER_E_THROTTLED, "answered 429: asked too often");
    if (status >= 300 && status < 400)
        return error_set(err, MUSTER_E_CONFIG,
                         "answered %d, a redirect, which is not followed: name the final URL",
                         status);
    if (status >= 500)
        return error_set(err, MUSTER_E_TRANSIENT, "answered %d", status);
    return error_set(err, MUSTER_E_CONFIG, "answered %d, not 200", status);
}

static int read_response(const struct http_options *o, const struct http_response *response,
                         struct sample *sample, struct error *err)
{
    const struct payload_places places = {
        .waiting = o->waiting, .running = o->running, .oldest = o->oldest, .completed = o->completed
    };
    if (response->status != 200)
        return status_error(response->status, err);
    if (str_starts(response->content_type, "text/html"))
        return error_set(
            err, MUSTER_E_INVALID,
            "answered an HTML page, not JSON: is this the right URL, or a login page?");
    return payload_read(response->body, &places, sample, err);
}

static void on_response(void *ctx, const struct http_response *response, const struct error *err)
{
    struct queue *self = ctx;
    struct error failure = *err;
    struct sample sample = { 0 };
    self->call = NULL;
    if (!failure.code && read_response(self->options, response, &sample, &failure) < 0)
        http_url_wrap(&failure, self->options->url);
    self->done(self->ctx, failure.code ? NULL : &sample, &failure);
}

static int start_call(struct queue *self, struct error *err)
{
    const struct http_options *o = self->options;
    struct http_headers headers = { 0 };
    int rc = http_headers_read(o->headers_file, o->token_file, &headers, err);
    if (rc == 0) {
        const struct http_request request = { .method = "GET",
                                              .url = o->url,
                                              .headers = (const char *const *)headers.at,
                                              .unix_socket = o->unix_socket,
                                              .ca_file = o->ca_file,
                                              .timeout_ns = o->timeout_ns,
                                              .response_max = RESPONSE_MAX };
        rc = http_call(self->http, &request, on_response, self, &self->call, err);
    }
    http_headers_release(&headers);
    return rc;
}

static void http_poll(struct queue *self, queue_poll_cb *done, void *ctx)
{
    self->done = done;
    self->ctx = ctx;
    error_clear(&self->failure);
    if (start_call(self, &self->failure) < 0)
        uv_timer_start(&self->late, on_late, 0, 0);
}

const struct queue_plugin queue_http = {
    .options = { .name = "http",
                 .help = "a URL that answers JSON with the numbers in it",
                 .size = sizeof(struct http_options),
                 .rows = http_rows,
                 .check = http_check },
    .open = http_open,
    .close = http_close,
    .poll = http_poll,
};
