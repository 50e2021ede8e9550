#include "runtime/notice_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/imds.h"
#include "base/clock.h"

#define AWS_EVERY_MS   2000
#define GCP_PAUSE_MS   200  /* between two questions that wait for a change */
#define GCP_EVERY_MS   1000 /* without such waiting */
#define RETRY_MIN_MS   1000
#define RETRY_MAX_MS   30000
#define AUTO_TRIES     8 /* with the waits between them, two minutes of a machine's life */
#define GCP_WAIT_S     60
#define GCP_ANSWER_NS  (90 * NS_PER_S)
#define GCP_PROBE_NS   (1 * NS_PER_S)
#define GCP_ANSWER_MAX 4096
#define EYES           2

const char *const watch_cloud_words[] = { "none", "aws", "gcp", "auto", NULL };

/* One thing that is looked at. */
struct eye {
    struct notice_watch *watch;
    notice_reader *read;
    const char *path, *what;
    uv_timer_t timer;
    struct imds imds;       /* AWS */
    struct http_call *call; /* GCP */
    char etag[64];          /* GCP: of the last value; "": none seen yet */
    int failures;           /* in a row */
    bool closed;            /* it has seen what there is to see */
};

struct notice_watch {
    uv_loop_t *loop;
    struct log *log;
    struct http_client *http;
    enum watch_cloud cloud; /* WATCH_AUTO: not known yet, the first eye finds out */
    struct eye eyes[EYES];
    size_t handles; /* timers; the last one to close frees the watch */
    notice_watch_cb *seen;
    void *ctx;
};

struct view {
    const char *path, *what;
    notice_reader *read;
};

static const struct view aws_views[EYES] = {
    { "meta-data/spot/instance-action", "EC2 takes this machine back", notice_read_aws_action },
    { "meta-data/events/recommendations/rebalance", "EC2 recommends to replace this machine",
      notice_read_aws_rebalance },
};

static const struct view gcp_views[EYES] = {
    { "preempted", "Google Cloud takes this machine back", notice_read_gcp_preempted },
    { "maintenance-event", "Google Cloud will stop this machine for maintenance",
      notice_read_gcp_maintenance },
};

static void look(struct eye *eye);

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

static void look_in(struct eye *eye, uint64_t ms)
{
    uv_timer_start(&eye->timer, on_timer, ms, 0);
}

/* ---- what came back ----------------------------------------------------------------------------- */

static uint64_t retry_ms(const struct eye *eye)
{
    uint64_t ms = RETRY_MIN_MS;
    for (int i = 1; i < eye->failures && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void failed(struct eye *eye, const char *text)
{
    if (eye->failures++ == 0)
        log_line(eye->watch->log, LOG_WARNING,
                 "continuing: the cloud's notices cannot be read; asked again",
                 LOG_STR("about", eye->path), LOG_STR("error", text));
    look_in(eye, retry_ms(eye));
}

static void read_answer(struct eye *eye, const struct http_response *http)
{
    struct notice_watch *watch = eye->watch;
    enum notice_word word = eye->read(http->status, http->body);
    if (word == NOTICE_WORD_ODD) {
        char text[80];
        (void)snprintf(text, sizeof(text), "an answer that makes no sense (HTTP %d)", http->status);
        eye->etag[0] = '\0';
        failed(eye, text);
        return;
    }
    if (eye->failures > 0)
        log_line(watch->log, LOG_INFO, "the cloud's notices can be read again",
                 LOG_STR("about", eye->path));
    eye->failures = 0;
    eye->closed = word != NOTICE_WORD_NONE;
    if (!eye->closed)
        look_in(eye, watch->cloud == WATCH_AWS ? AWS_EVERY_MS
                     : eye->etag[0]            ? GCP_PAUSE_MS
                                               : GCP_EVERY_MS);
    else
        watch->seen(watch->ctx, word, eye->what);
}

/* ---- EC2 ---------------------------------------------------------------------------------------- */

static void aws_answered(void *ctx, const struct http_response *http, const struct error *err)
{
    if (err->code)
        failed(ctx, err->text);
    else
        read_answer(ctx, http);
}

/* ---- Google Cloud ------------------------------------------------------------------------------- */

static const char *gcp_host(void)
{
    static const char *const names[] = { "GCE_METADATA_HOST", "GCE_METADATA_ROOT",
                                         "GCE_METADATA_IP" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *set = getenv(names[i]);
        if (set && *set)
            return set;
    }
    return "169.254.169.254";
}

static int gcp_ask(struct eye *eye, const char *path, int64_t timeout_ns, http_done_cb *done,
                   struct error *err)
{
    static const char *const headers[] = { "Metadata-Flavor: Google", NULL };
    char url[512];
    (void)snprintf(url, sizeof(url), "http://%s/computeMetadata/v1/instance/%s", gcp_host(), path);
    const struct http_request request = { .method = "GET",
                                          .url = url,
                                          .headers = headers,
                                          .timeout_ns = timeout_ns,
                                          .response_max = GCP_ANSWER_MAX,
                                          .link_local = true };
    return http_call(eye->watch->http, &request, done, eye, &eye->call, err);
}

/* Some other server may sit at that address: Google's says who it is. */
static bool is_google(const struct http_response *http)
{
    return str_eq_c(http_response_header(http, "Metadata-Flavor"), "Google");
}

static bool plain_etag(struct str etag)
{
    for (size_t i = 0; i < etag.len; i++) {
        char c = etag.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_';
        if (!plain)
            return false;
    }
    return etag.len > 0;
}

static void gcp_answered(void *ctx, const struct http_response *http, const struct error *err)
{
    struct eye *eye = ctx;
    eye->call = NULL;
    if (err->code) {
        eye->etag[0] = '\0';
        failed(eye, err->text);
    } else if (!is_google(http)) {
        failed(eye, "the server is not Google's");
    } else {
        struct str etag = http_response_header(http, "ETag");
        if (!plain_etag(etag) || !str_copy(eye->etag, sizeof(eye->etag), etag))
            eye->etag[0] = '\0';
        read_answer(eye, http);
    }
}

/*
 * First the value as it is, then each time the next one that is another: a change between two questions
 * is told by the etag. Without one there is nothing to wait by: the value is asked for every second.
 */
static void gcp_look(struct eye *eye)
{
    struct error err = { 0 };
    char path[256];
    if (eye->etag[0])
        (void)snprintf(path, sizeof(path), "%s?wait_for_change=true&last_etag=%s&timeout_sec=%d",
                       eye->path, eye->etag, GCP_WAIT_S);
    else
        str_copy_c(path, sizeof(path), eye->path);
    if (gcp_ask(eye, path, GCP_ANSWER_NS, gcp_answered, &err) < 0)
        failed(eye, err.text);
}

/* ---- which cloud -------------------------------------------------------------------------------- */

static void begin(struct notice_watch *watch, enum watch_cloud cloud)
{
    const struct view *views = cloud == WATCH_AWS ? aws_views : gcp_views;
    watch->cloud = cloud;
    for (size_t i = 0; i < EYES; i++) {
        struct eye *eye = &watch->eyes[i];
        eye->path = views[i].path;
        eye->what = views[i].what;
        eye->read = views[i].read;
        eye->failures = 0;
        look_in(eye, 0);
    }
}

static void not_found(struct eye *eye)
{
    if (++eye->failures < AUTO_TRIES) {
        look_in(eye, retry_ms(eye));
        return;
    }
    log_line(eye->watch->log, LOG_INFO,
             "continuing: no cloud's metadata service answers here: notices are not watched for");
}

static void found_gcp(void *ctx, const struct http_response *http, const struct error *err)
{
    struct eye *eye = ctx;
    eye->call = NULL;
    if (!err->code && http->status == 200 && is_google(http))
        begin(eye->watch, WATCH_GCP);
    else
        not_found(eye);
}

static void found_aws(void *ctx, const struct http_response *http, const struct error *err)
{
    struct eye *eye = ctx;
    struct error failure = { 0 };
    if (!err->code && http->status == 200)
        begin(eye->watch, WATCH_AWS);
    else if (gcp_ask(eye, "id", GCP_PROBE_NS, found_gcp, &failure) < 0)
        not_found(eye);
}

static void look(struct eye *eye)
{
    if (eye->watch->cloud == WATCH_AUTO)
        imds_get(&eye->imds, "meta-data/instance-id", found_aws, eye);
    else if (eye->watch->cloud == WATCH_AWS)
        imds_get(&eye->imds, eye->path, aws_answered, eye);
    else
        gcp_look(eye);
}

/* ---- life --------------------------------------------------------------------------------------- */

int notice_watch_new(uv_loop_t *loop, struct log *log, enum watch_cloud cloud,
                     notice_watch_cb *seen, void *ctx, struct notice_watch **ret, struct error *err)
{
    struct notice_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return error_nomem(err);
    int rc = http_client_new(loop, "muster-agent/" MUSTER_VERSION, &watch->http, err);
    if (rc < 0) {
        free(watch);
        return rc;
    }
    watch->loop = loop;
    watch->log = log;
    watch->cloud = cloud;
    watch->seen = seen;
    watch->ctx = ctx;
    for (size_t i = 0; i < EYES; i++) {
        struct eye *eye = &watch->eyes[i];
        eye->watch = watch;
        imds_init(&eye->imds, watch->http);
        uv_timer_init(loop, &eye->timer);
        eye->timer.data = eye;
        watch->handles++;
    }
    if (cloud == WATCH_AUTO)
        look_in(&watch->eyes[0], 0);
    else
        begin(watch, cloud);
    *ret = watch;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    struct notice_watch *watch = ((struct eye *)handle->data)->watch;
    if (--watch->handles == 0)
        free(watch);
}

void notice_watch_free(struct notice_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < EYES; i++) {
        imds_release(&watch->eyes[i].imds);
        if (watch->eyes[i].call)
            http_cancel(watch->eyes[i].call);
        uv_close((uv_handle_t *)&watch->eyes[i].timer, timer_closed);
    }
    http_client_free(watch->http);
}
