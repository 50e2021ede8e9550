#include "runtime/agent_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/random.h>

#include "base/file.h"
#include "base/rng.h"
#include "net/http_client.h"

#define URL_MAX         1024
#define TOKEN_BYTES_MAX 4096
#define CALL_TIMEOUT_NS (5 * NS_PER_S)
#define ANSWER_MAX      65536
#define FIRST_TRIES_NS  (1 * NS_PER_S) /* between tries before the first contact */
#define WAIT_MIN_NS     (1 * NS_PER_S)
#define WAIT_MAX_NS     (30 * NS_PER_S)

struct agent_link {
    struct log *log;
    const struct agent_options *options;
    struct agent_link_owner owner;
    struct http_client *client;
    uv_timer_t timer;
    struct rng rng;
    char url[URL_MAX];
    bool sending;
    bool again;   /* poked while sending */
    bool contact; /* was answered once */
    int64_t every_ns;
    int failures; /* in a row */
};

static void wait_for(struct agent_link *link, int64_t ns);

/* Says what is wrong once, when it begins, and once when it is over. */
static void note_failure(struct agent_link *link, const char *text)
{
    if (link->failures++ > 0)
        return;
    log_line(link->log, LOG_WARNING, "continuing: the controller does not take our heartbeats",
             LOG_STR("error", text), LOG_STR("url", link->url));
}

static void note_success(struct agent_link *link)
{
    if (link->failures > 0)
        log_line(link->log, LOG_INFO, "the controller answers again",
                 LOG_INT("failures", link->failures));
    link->failures = 0;
    link->contact = true;
}

static int64_t backoff_ns(struct agent_link *link)
{
    if (!link->contact)
        return FIRST_TRIES_NS;
    int64_t ns = WAIT_MIN_NS;
    for (int i = 1; i < link->failures && ns < WAIT_MAX_NS; i++)
        ns *= 2;
    ns = ns < WAIT_MAX_NS ? ns : WAIT_MAX_NS;
    return ns / 2 + (int64_t)(rng_unit(&link->rng) * (double)(ns / 2));
}

static void go_on(struct agent_link *link, bool well)
{
    bool again = link->again;
    link->sending = link->again = false;
    if (well && again)
        agent_link_poke(link);
    else
        wait_for(link, well ? link->every_ns : backoff_ns(link));
}

static void failed(struct agent_link *link, const char *text)
{
    note_failure(link, text);
    go_on(link, false);
}

static void sent(void *ctx, const struct http_response *response, const struct error *err)
{
    struct agent_link *link = ctx;
    struct beat_answer answer;
    struct error problem = { 0 };
    if (err->code) {
        failed(link, err->text);
        return;
    }
    if (response->status != 200) {
        char text[160];
        snprintf(text, sizeof(text), "HTTP %d%s", response->status,
                 response->status == 404   ? ": this node is not known there (yet)"
                 : response->status == 401 ? ": the token is not accepted"
                                           : "");
        failed(link, text);
        return;
    }
    if (beat_parse_answer(response->body, &answer, &problem) < 0) {
        failed(link, problem.text);
        return;
    }
    note_success(link);
    link->every_ns = answer.every_ns;
    /* Still "sending": a poke from in there makes go_on send the next one at once. */
    link->owner.answered(link->owner.ctx, &answer);
    go_on(link, true);
}

/* Read anew each time, so that a token can be replaced while we run. */
static int read_token(const struct agent_link *link, struct buf *header, struct error *err)
{
    struct buf token = { 0 };
    buf_add_c(header, "Authorization: Bearer ");
    int rc = file_read(link->options->token_file, TOKEN_BYTES_MAX, &token, err);
    if (rc == 0)
        buf_add_str(header, str_trim(buf_str(&token)));
    if (token.ptr)
        explicit_bzero(token.ptr, token.size);
    buf_release(&token);
    return rc;
}

static int call(struct agent_link *link, struct str body, struct error *err)
{
    struct buf header = { 0 };
    bool token = *link->options->token_file;
    int rc = token ? read_token(link, &header, err) : 0;
    if (rc == 0 && buf_failed(&header))
        rc = error_nomem(err);
    const char *const headers[] = { "Content-Type: application/json",
                                    token ? buf_text(&header) : NULL, NULL };
    struct http_request request = {
        .method = "POST",
        .url = link->url,
        .headers = headers,
        .body = body,
        .ca_file = *link->options->ca_file ? link->options->ca_file : NULL,
        .timeout_ns = CALL_TIMEOUT_NS,
        .response_max = ANSWER_MAX,
    };
    if (rc == 0)
        rc = http_call(link->client, &request, sent, link, NULL, err);
    if (header.ptr)
        explicit_bzero(header.ptr, header.size);
    buf_release(&header);
    return rc;
}

void agent_link_poke(struct agent_link *link)
{
    if (link->sending) {
        link->again = true;
        return;
    }
    struct error err = { 0 };
    struct buf body = { 0 };
    link->sending = true;
    uv_timer_stop(&link->timer);
    link->owner.compose(link->owner.ctx, &body);
    if (buf_failed(&body))
        error_nomem(&err);
    else
        call(link, buf_str(&body), &err);
    buf_release(&body);
    if (err.code)
        failed(link, err.text);
}

static void timer_fired(uv_timer_t *timer)
{
    struct agent_link *link = timer->data;
    link->owner.due(link->owner.ctx);
}

static void wait_for(struct agent_link *link, int64_t ns)
{
    uv_timer_start(&link->timer, timer_fired, (uint64_t)(ns / NS_PER_MS), 0);
}

static int make_url(const struct agent_options *options, char url[static URL_MAX],
                    struct error *err)
{
    struct str base = str_from(options->controller);
    while (base.len > 0 && base.ptr[base.len - 1] == '/')
        base.len--;
    int n = snprintf(url, URL_MAX, "%.*s/v1/nodes/%s/heartbeat", (int)base.len, base.ptr,
                     options->node);
    if (n < 0 || n >= URL_MAX)
        return error_set(err, MUSTER_E_INVALID, "the controller's address is too long");
    return 0;
}

int agent_link_new(uv_loop_t *loop, struct log *log, const struct agent_options *options,
                   const struct agent_link_owner *owner, struct agent_link **ret, struct error *err)
{
    uint64_t seed = 0;
    struct agent_link *link = calloc(1, sizeof(*link));
    if (!link)
        return error_nomem(err);
    int rc = make_url(options, link->url, err);
    if (rc == 0)
        rc = http_client_new(loop, "muster-agent/" MUSTER_VERSION, &link->client, err);
    if (rc < 0) {
        free(link);
        return rc;
    }
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = uv_hrtime();
    rng_init(&link->rng, seed);
    link->log = log;
    link->options = options;
    link->owner = *owner;
    link->every_ns = options->heartbeat_ns;
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    *ret = link;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void agent_link_free(struct agent_link *link)
{
    if (!link)
        return;
    http_client_free(link->client);
    link->client = NULL;
    uv_close((uv_handle_t *)&link->timer, timer_closed);
}
