#include "auth/aws_container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"
#include "base/file.h"

#define ANSWER_NS (2 * NS_PER_S)
#define TRIES     3
#define PAUSE_MS  1000
#define TOKEN_MAX ((size_t)16 << 10)

struct container {
    struct aws_source base;
    struct aws_source_env env;
    uv_timer_t *pause; /* its own memory: it closes later than we do */
    int tries;
    struct http_call *http;
    aws_source_cb *done;
    void *ctx;
};

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void finish(struct container *c, const struct aws_credentials *found,
                   const struct error *err)
{
    c->done(c->ctx, err->code ? NULL : found, err);
}

/* ---- the URL ------------------------------------------------------------------------------------ */

/* 127.0.0.0/8 as four numbers: a name that begins like one could belong to anybody. */
static bool loopback(struct str host)
{
    int dots = 0;
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == '.')
            dots++;
        else if (host.ptr[i] < '0' || host.ptr[i] > '9')
            return false;
    }
    return dots == 3 && str_starts(host, "127.");
}

bool aws_container_url_allowed(const char *url)
{
    static const char *const hosts[] = { "localhost", "169.254.170.2", "169.254.170.23", "[::1]",
                                         "[fd00:ec2::23]" };
    if (str_starts(str_from(url), "https://"))
        return true;
    if (!str_starts(str_from(url), "http://"))
        return false;
    const char *at = url + 7;
    size_t len = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/?#");
    if (len > strlen(at) || memchr(at, '@', strcspn(at, "/?#")))
        return false;
    struct str host = { at, len };
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (str_eq_c(host, hosts[i]))
            return true;
    }
    return loopback(host);
}

static int find_url(char *url, size_t size, struct error *err)
{
    const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full)
        return error_set(err, MUSTER_E_NOTFOUND, "no container credentials");
    int n = relative ? snprintf(url, size, "http://169.254.170.2%s", relative)
                     : snprintf(url, size, "%s", full);
    if (n < 0 || (size_t)n >= size || (relative && relative[0] != '/') ||
        !aws_container_url_allowed(url))
        return error_set(err, MUSTER_E_CONFIG,
                         "%s is not an address that credentials may come from",
                         relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                  : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------------- */

static int add_authorization(struct buf *header, struct error *err)
{
    const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *text = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct buf token = { 0 };
    int rc = 0;
    if (file)
        rc = file_read(file, TOKEN_MAX, &token, err);
    else if (text)
        buf_add_c(&token, text);
    struct str trimmed = file ? str_trim(buf_str(&token)) : buf_str(&token);
    if (rc < 0) /* it is set up, so no other source's turn */
        rc = error_set(err, MUSTER_E_CONFIG,
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s cannot be read", file);
    else if (trimmed.len > 0 &&
             (memchr(trimmed.ptr, '\r', trimmed.len) || memchr(trimmed.ptr, '\n', trimmed.len)))
        rc = error_set(err, MUSTER_E_CONFIG,
                       "the container's authorization token has more than one line");
    else if (trimmed.len > 0) {
        buf_add_c(header, "Authorization: ");
        buf_add_str(header, trimmed);
    }
    secret_release(&token);
    return rc;
}

static void ask(struct container *c);

static void on_pause_over(uv_timer_t *timer)
{
    ask(timer->data);
}

/* The agents behind these addresses are local and small: busy now and then. */
static bool try_again(struct container *c)
{
    return c->tries < TRIES && uv_timer_start(c->pause, on_pause_over, PAUSE_MS, 0) == 0;
}

static void on_response(void *ctx, const struct http_response *http, const struct error *http_err)
{
    struct container *c = ctx;
    struct aws_credentials found = { 0 };
    struct error err = *http_err;
    c->http = NULL;
    bool passing = err.code || http->status >= 500 || http->status == 429;
    if (passing && try_again(c))
        return;
    if (err.code == 0 && http->status != 200)
        error_set(&err, http->status >= 500 ? MUSTER_E_TRANSIENT : MUSTER_E_AUTH,
                  "container credentials: HTTP %d", http->status);
    if (err.code == 0)
        (void)aws_credentials_parse(http->body, "the container", &found, &err);
    finish(c, &found, &err);
    aws_credentials_release(&found);
}

static void ask(struct container *c)
{
    char url[1024];
    struct buf authorization = { 0 };
    struct error err = { 0 };
    int rc = find_url(url, sizeof(url), &err);
    if (rc == 0)
        rc = add_authorization(&authorization, &err);
    const char *const headers[] = { authorization.len > 0 ? buf_text(&authorization) : NULL, NULL };
    const struct http_request request = { .method = "GET",
                                          .url = url,
                                          .headers = headers,
                                          .timeout_ns = ANSWER_NS,
                                          .response_max = (size_t)64 << 10,
                                          .link_local = true };
    c->tries++;
    if (rc == 0)
        rc = http_call(c->env.http, &request, on_response, c, &c->http, &err);
    secret_release(&authorization);
    if (rc < 0)
        finish(c, NULL, &err);
}

static void container_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct container *c = (struct container *)self;
    c->done = done;
    c->ctx = ctx;
    c->tries = 0;
    ask(c);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void container_free(struct aws_source *self)
{
    struct container *c = (struct container *)self;
    if (c->http)
        http_cancel(c->http);
    uv_close((uv_handle_t *)c->pause, on_closed);
    free(c);
}

static const struct aws_source_ops container_ops = { container_fetch, container_free };

int aws_source_container(const struct aws_source_env *env, struct aws_source **ret,
                         struct error *err)
{
    struct container *c = calloc(1, sizeof(*c));
    uv_timer_t *pause = calloc(1, sizeof(*pause));
    if (!c || !pause) {
        free(c);
        free(pause);
        return error_nomem(err);
    }
    uv_timer_init(env->loop, pause);
    pause->data = c;
    c->base.ops = &container_ops;
    c->env = *env;
    c->pause = pause;
    *ret = &c->base;
    return 0;
}
