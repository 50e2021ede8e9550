#include "auth/gcp_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "auth/calls.h"
#include "auth/gcp_error.h"
#include "auth/secret.h"

#define TRIES       3
#define HEADERS_MAX 8
#define RUN_MAX     40

struct gcp_exchange {
    struct gcp_source_env env;
    const char *what;
    struct buf method, url, body;
    struct buf lines[HEADERS_MAX];
    size_t lines_len;
    int tries, tried;
    int64_t timeout_ns;
    bool metadata;
    struct http_call *http;
    uv_timer_t timer;
    gcp_exchange_cb *done;
    void *ctx;
    struct gcp_exchange **ret; /* NULL once somebody was told */
};

/* ---- its life ----------------------------------------------------------------------------------- */

static void release(struct gcp_exchange *x)
{
    secret_release(&x->url); /* AWS and others sign them */
    secret_release(&x->body);
    buf_release(&x->method);
    for (size_t i = 0; i < x->lines_len; i++)
        secret_release(&x->lines[i]);
    x->lines_len = 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gcp_exchange_drop(struct gcp_exchange *x)
{
    if (!x)
        return;
    if (x->http)
        http_cancel(x->http);
    release(x);
    uv_close((uv_handle_t *)&x->timer, on_closed);
}

static void finish(struct gcp_exchange *x, const struct http_response *response,
                   const struct error *err)
{
    gcp_exchange_cb *done = x->done;
    void *ctx = x->ctx;
    *x->ret = NULL;
    gcp_exchange_drop(x);
    done(ctx, response, err);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static bool key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '=';
}

void gcp_redact(char *text)
{
    for (size_t run = 0; *text; text += run > 0 ? run : 1) {
        for (run = 0; key_byte(text[run]); run++)
            ;
        if (run >= RUN_MAX)
            memset(text, '.', run);
    }
}

/* Asking for a token changes nothing: what nobody knows may simply be asked again. */
static void class_answer(const struct gcp_exchange *x, const struct http_response *response,
                         struct error *err)
{
    struct gcp_fault fault;
    gcp_fault_from_body(response->status, response->body, &fault);
    gcp_redact(fault.reason);
    gcp_redact(fault.detail);
    gcp_redact(fault.message);
    gcp_fault_error(&fault, err);
    if (err->code == MUSTER_E_UNKNOWN || err->code == MUSTER_E_THROTTLED)
        err->code = MUSTER_E_TRANSIENT;
    error_wrap(err, "%s", x->what);
}

static void send_it(struct gcp_exchange *x);

static void on_timer(uv_timer_t *timer)
{
    send_it(timer->data);
}

static bool try_again(struct gcp_exchange *x, const struct error *err)
{
    if (err->code != MUSTER_E_TRANSIENT || x->tried >= x->tries)
        return false;
    struct rng rng;
    rng_init(&rng, (uint64_t)gcp_source_boot_ns(&x->env));
    double pause_ms = 1000.0 * (double)(1 << (x->tried - 1)) * (0.9 + 0.2 * rng_unit(&rng));
    uv_timer_start(&x->timer, on_timer, (uint64_t)pause_ms, 0);
    return true;
}

static void on_response(void *ctx, const struct http_response *response,
                        const struct error *http_err)
{
    struct gcp_exchange *x = ctx;
    struct error err = *http_err;
    x->http = NULL;
    if (err.code == MUSTER_E_UNKNOWN)
        err.code = MUSTER_E_TRANSIENT;
    if (err.code)
        error_wrap(&err, "%s", x->what);
    else if (response->status != 200)
        class_answer(x, response, &err);
    if (!try_again(x, &err))
        finish(x, response, &err);
}

/* ---- the question ------------------------------------------------------------------------------- */

static void send_it(struct gcp_exchange *x)
{
    const char *headers[HEADERS_MAX + 1] = { NULL };
    struct error err = { 0 };
    for (size_t i = 0; i < x->lines_len; i++)
        headers[i] = buf_text(&x->lines[i]);
    const struct http_request request = {
        .method = buf_text(&x->method),
        .url = buf_text(&x->url),
        .headers = headers,
        .body = buf_str(&x->body),
        .ca_file = x->metadata ? NULL : x->env.settings->ca_file,
        .proxy = x->metadata ? NULL : x->env.settings->proxy,
        .timeout_ns = x->timeout_ns,
        .response_max = GCP_EXCHANGE_BODY_MAX,
        .link_local = x->metadata,
    };
    x->tried++;
    if (http_call(x->env.http, &request, on_response, x, &x->http, &err) < 0) {
        error_wrap(&err, "%s", x->what);
        finish(x, NULL, &err);
    }
}

static int copy_question(struct gcp_exchange *x, const struct gcp_question *q)
{
    int failed;
    buf_add_c(&x->method, q->method);
    buf_add_c(&x->url, q->url);
    buf_add_str(&x->body, q->body);
    failed = buf_failed(&x->method) || buf_failed(&x->url) || buf_failed(&x->body);
    for (const char *const *h = q->headers; h && *h && x->lines_len < HEADERS_MAX; h++) {
        buf_add_c(&x->lines[x->lines_len], *h);
        failed = failed || buf_failed(&x->lines[x->lines_len]);
        x->lines_len++;
    }
    return failed ? MUSTER_E_NOMEM : 0;
}

void gcp_exchange_start(const struct gcp_source_env *env, const struct gcp_question *question,
                        gcp_exchange_cb *done, void *ctx, struct gcp_exchange **ret)
{
    struct gcp_exchange *x = calloc(1, sizeof(*x));
    struct error err = { 0 };
    if (!x) {
        *ret = NULL;
        error_nomem(&err);
        done(ctx, NULL, &err);
        return;
    }
    x->env = *env;
    x->what = question->what;
    x->tries = question->tries > 0 ? question->tries : TRIES;
    x->timeout_ns = question->timeout_ns;
    x->metadata = question->metadata;
    x->done = done;
    x->ctx = ctx;
    x->ret = ret;
    uv_timer_init(env->loop, &x->timer);
    x->timer.data = x;
    *ret = x;
    if (copy_question(x, question) < 0) {
        error_nomem(&err);
        finish(x, NULL, &err);
        return;
    }
    send_it(x);
}
