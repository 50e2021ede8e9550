#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <uv.h>

#include "auth/aws_client.h"
#include "auth/gcp_client.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "config/daemon_file.h"
#include "control/signal.h"
#include "net/http_client.h"
#include "providers/provider.h"
#include "queue/queue.h"

#define PATIENCE_MS 120000

struct live {
    live_tell_cb *tell;
    void *ctx;
    struct daemon_config config;
    uv_loop_t loop;
    uv_timer_t patience;
    struct log log;
    struct http_client *http;
    struct aws_client *aws;
    struct gcp_client *gcp;
    char agent_url[320];
    struct provider_env provider_env;
    char part[96]; /* being looked at */
    bool answered; /* it has said all */
};

/* ---- telling ------------------------------------------------------------------------------------ */

static void tell(struct live *live, enum finding_answer answer, const char *what, const char *text,
                 const char *remedy)
{
    const struct finding finding = {
        .answer = answer, .what = what, .text = text, .remedy = remedy
    };
    live->tell(live->ctx, live->part, &finding);
}

static void tell_found(void *ctx, const struct finding *finding)
{
    struct live *live = ctx;
    live->tell(live->ctx, live->part, finding);
}

static void on_tired(uv_timer_t *timer)
{
    struct live *live = timer->data;
    uv_stop(&live->loop);
}

/* The part being looked at has said all. */
static void has_answered(struct live *live)
{
    live->answered = true;
    uv_stop(&live->loop);
}

/* Runs the loop until then; false: it did not happen in time. */
static bool await(struct live *live)
{
    uv_timer_start(&live->patience, on_tired, PATIENCE_MS, 0);
    uv_run(&live->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&live->patience);
    return live->answered;
}

static const char *const no_answer = "there was no answer within two minutes";

/* ---- the queue ---------------------------------------------------------------------------------- */

static const char *queue_remedy(int code)
{
    switch (code) {
    case MUSTER_E_AUTH:
        return "look at the credentials, and at what they are allowed to read";
    case MUSTER_E_NOTFOUND:
        return "look at the name of the queue, and at where it is said to be";
    case MUSTER_E_TRANSIENT:
    case MUSTER_E_UNKNOWN:
    case MUSTER_E_THROTTLED:
        return "see that the server runs and can be reached from this machine, and try again";
    case MUSTER_E_INVALID:
        return "look at the settings of the queue: they name something that is no such queue";
    default:
        return "look at the settings of the queue";
    }
}

static void describe(const struct sample *sample, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    buf_addf(out, "%.0f waiting", sample->waiting);
    if (sample->has_running)
        buf_addf(out, ", %.0f running", sample->running);
    if (sample->has_oldest)
        buf_addf(out, ", the oldest waits for %s",
                 units_format_duration((int64_t)(sample->oldest_s * 1e9), text));
    if (sample->has_lag)
        buf_addf(out, "; as of %s ago",
                 units_format_duration((int64_t)(sample->lag_s * 1e9), text));
}

static void on_sample(void *ctx, const struct sample *sample, const struct error *err)
{
    struct live *live = ctx;
    struct signal signal = { 0 };
    struct buf text = { 0 };
    has_answered(live);
    if (err->code) {
        tell(live, FINDING_NO, "reading", err->text, queue_remedy(err->code));
        return;
    }
    /* The core's own judgement of what a queue can have. */
    signal_sample(&signal, clock_system.boot_ns(NULL), sample);
    if (signal_known(&signal)) {
        describe(sample, &text);
        tell(live, FINDING_OK, "reading", buf_text(&text), NULL);
    } else {
        tell(live, FINDING_NO, "reading", signal.problem, queue_remedy(MUSTER_E_INVALID));
    }
    buf_release(&text);
}

static void try_queue(struct live *live, const struct queue_plugin *plugin, const void *options)
{
    const struct queue_env env = { .loop = &live->loop,
                                   .log = &live->log,
                                   .clock = &clock_system,
                                   .http = live->http,
                                   .aws = live->aws,
                                   .aws_settings = &live->config.aws,
                                   .gcp = live->gcp,
                                   .gcp_settings = &live->config.gcp };
    struct queue *queue = NULL;
    struct error err = { 0 };
    if (plugin->open(&env, options, &queue, &err) < 0) {
        tell(live, FINDING_NO, "reading", err.text, queue_remedy(err.code));
        return;
    }
    live->answered = false;
    plugin->poll(queue, on_sample, live);
    if (!await(live))
        tell(live, FINDING_NO, "reading", no_answer, queue_remedy(MUSTER_E_TRANSIENT));
    plugin->close(queue);
}

static void check_queue(struct live *live, const struct pool_spec *spec)
{
    snprintf(live->part, sizeof(live->part), "queue %s", spec->queue.set->name);
    try_queue(live, queue_find(spec->queue.set->name), spec->queue.options);
}

/* A queue of EC2's notices, as the sqs source would read it: nothing is taken out of it. */
static void check_notices(struct live *live, const char *url)
{
    const struct queue_plugin *sqs = queue_find("sqs");
    void *options = calloc(1, sqs->options.size);
    struct error err = { 0 };
    const struct option *row = option_find(&sqs->options, STR("url"));
    const char *slash = strrchr(url, '/');
    snprintf(live->part, sizeof(live->part), "aws.notices: %s", slash ? slash + 1 : url);
    if (!options)
        return;
    int rc = option_set_defaults(&sqs->options, options, &err);
    if (rc == 0)
        rc = option_parse(row, options, str_from(url), &err);
    if (rc == 0)
        try_queue(live, sqs, options);
    else
        tell(live, FINDING_NO, "reading", err.text, queue_remedy(rc));
    option_set_release(&sqs->options, options);
    free(options);
}

void live_check_settings(struct live *live)
{
    for (size_t i = 0; i < live->config.aws.notices.len; i++)
        check_notices(live, live->config.aws.notices.at[i]);
}

/* ---- offers ------------------------------------------------------------------------------------- */

static void on_checked(void *ctx)
{
    has_answered(ctx);
}

static void check_entry(struct live *live, const struct pool_spec *spec, size_t entry)
{
    const char *name = spec->offer_entries.at[entry].set->name;
    const struct provider_plugin *plugin = provider_find(name);
    const struct provider_check check = {
        .spec = spec, .entry = entry, .tell = tell_found, .done = on_checked, .ctx = live
    };
    struct provider *provider = NULL;
    struct error err = { 0 };
    snprintf(live->part, sizeof(live->part), "buy.offers, entry %zu: %s", entry + 1, name);
    if (!plugin->check) {
        tell(live, FINDING_UNKNOWN, "looking", "this provider can only be tried by using it", NULL);
        return;
    }
    if (plugin->open(&live->provider_env, &provider, &err) < 0) {
        tell(live, FINDING_NO, "opening", err.text, "look at the settings of the provider");
        return;
    }
    live->answered = false;
    plugin->check(provider, &check);
    if (!await(live))
        tell(live, FINDING_NO, "answering", no_answer,
             "see that the provider can be reached from this machine, and try again");
    plugin->close(provider);
}

void live_check(struct live *live, const struct pool_spec *spec)
{
    if (spec->queue.set)
        check_queue(live, spec);
    for (size_t i = 0; i < spec->offer_entries.len; i++)
        check_entry(live, spec, i);
}

/* ---- what musterd works with -------------------------------------------------------------------- */

static int read_config(struct live *live, const struct cli *cli)
{
    struct error err = { 0 };
    struct problems problems;
    struct buf text = { 0 };
    problems_init(&problems);
    int rc = daemon_file_find(cli->config, &live->config, &problems, &err);
    problems_print(&problems, false, &text);
    fputs(buf_text(&text), stderr);
    if (rc < 0 && problems.errors == 0)
        fprintf(stderr, "muster check: %s\n", err.text);
    buf_release(&text);
    problems_release(&problems);
    return rc;
}

/* Keys pass through this process. */
static void harden(void)
{
    const struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
}

static void set_env(struct live *live)
{
    const struct daemon_config *config = &live->config;
    bool v6 = strchr(config->listen_host, ':') != NULL;
    snprintf(live->agent_url, sizeof(live->agent_url), "%s://%s%s%s:%u",
             config->tls_cert ? "https" : "http", v6 ? "[" : "", config->listen_host, v6 ? "]" : "",
             (unsigned)config->listen_port);
    live->provider_env = (struct provider_env){
        .loop = &live->loop,
        .log = &live->log,
        .clock = &clock_system,
        .controller = config->controller,
        .state_dir = config->state,
        .agent_url = live->agent_url,
        .agent_token_file = config->token_agent_file,
        .aws = live->aws,
        .aws_settings = &config->aws,
        .gcp = live->gcp,
        .gcp_settings = &config->gcp,
    };
}

static int open_clients(struct live *live, struct error *err)
{
    int rc = http_client_new(&live->loop, "muster/" MUSTER_VERSION, &live->http, err);
    if (rc < 0)
        return rc;
    const struct aws_client_env env = { .loop = &live->loop,
                                        .log = &live->log,
                                        .clock = &clock_system,
                                        .http = live->http,
                                        .settings = &live->config.aws };
    const struct gcp_client_env gcp_env = { .loop = &live->loop,
                                            .log = &live->log,
                                            .clock = &clock_system,
                                            .http = live->http,
                                            .settings = &live->config.gcp };
    rc = aws_client_new(&env, &live->aws, err);
    if (rc == 0)
        rc = gcp_client_new(&gcp_env, &live->gcp, err);
    if (rc < 0) {
        aws_client_free(live->aws);
        http_client_free(live->http);
    }
    return rc;
}

struct live *live_open(const struct cli *cli, live_tell_cb *tell_it, void *ctx)
{
    struct live *live = calloc(1, sizeof(*live));
    struct error err = { 0 };
    harden();
    if (!live || read_config(live, cli) < 0) {
        free(live);
        return NULL;
    }
    live->tell = tell_it;
    live->ctx = ctx;
    live->log = (struct log){ .fd = STDERR_FILENO, .level = LOG_WARNING };
    if (uv_loop_init(&live->loop) != 0 || open_clients(live, &err) < 0) {
        fprintf(stderr, "muster check: %s\n", err.code ? err.text : "out of memory");
        daemon_config_release(&live->config);
        free(live);
        return NULL;
    }
    uv_timer_init(&live->loop, &live->patience);
    live->patience.data = live;
    set_env(live);
    return live;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void live_close(struct live *live)
{
    if (!live)
        return;
    gcp_client_free(live->gcp);
    aws_client_free(live->aws);
    http_client_free(live->http);
    uv_run(&live->loop, UV_RUN_NOWAIT);
    uv_walk(&live->loop, close_handle, NULL);
    uv_run(&live->loop, UV_RUN_DEFAULT);
    uv_loop_close(&live->loop);
    daemon_config_release(&live->config);
    free(live);
}
