#include "daemon.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>

#include "runtime/notices.h"
#include "runtime/token_file.h"

static int make_directory(const char *path, struct error *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return error_errno(err, errno, "state directory %s", path);
}

static char *joined(const char *directory, const char *name)
{
    struct buf path = { 0 };
    buf_addf(&path, "%s/%s", directory, name);
    return buf_take(&path);
}

/* ---- what the endpoint asks the daemon ---------------------------------------------------------- */

static struct status_timing timing_of(const struct timing *t)
{
    return (struct status_timing){
        .count = t->count,
        .sum_ns = t->sum_ns,
        .p50_ns = timing_quantile(t, 0.5),
        .p99_ns = timing_quantile(t, 0.99),
        .max_ns = t->max_ns,
    };
}

static void facts(void *ctx, struct status_facts *ret)
{
    struct daemon *d = ctx;
    struct runtime_view view;
    runtime_look(d->runtime, &view);
    *ret = (struct status_facts){
        .generation = view.generation,
        .now_ns = clock_system.boot_ns(NULL),
        .wall_ns = clock_system.wall_ns(NULL),
        .started_ns = view.started_ns,
        .started_wall_ns = view.started_wall_ns,
        .controller = d->config.controller,
        .mode = view.mode,
        .tick_every_ns = view.tick_ns,
        .ticked_ns = view.ticked_ns,
        .tick = timing_of(view.tick),
        .lateness = timing_of(view.lateness),
        .books = view.books,
        .file_problems = d->problems,
    };
    store_health(d->store, &ret->store);
    struct policy_dir_problem problem;
    size_t n = 0;
    while (n < PROBLEM_FILES_MAX && policy_dir_problem(view.policies, n, &problem)) {
        d->problems[n] =
            (struct status_file_problem){ problem.file, problem.text, problem.since_wall_ns };
        n++;
    }
    ret->file_problems_len = n;
    ret->notices = d->notices;
    while (ret->notices_len < NOTICE_QUEUES_MAX &&
           notices_look(view.notices, ret->notices_len, &d->notices[ret->notices_len]))
        ret->notices_len++;
}

static uint64_t generation(void *ctx)
{
    const struct daemon *d = ctx;
    struct runtime_view view;
    runtime_look(d->runtime, &view);
    return view.generation;
}

static int submit(void *ctx, struct event *ev, struct error *err)
{
    struct daemon *d = ctx;
    return runtime_submit(d->runtime, ev, err);
}

static struct beat_reply beat_reply(void *ctx, const char *node)
{
    struct daemon *d = ctx;
    return runtime_beat_reply(d->runtime, node);
}

static int decision_at(void *ctx, const char *pool, int64_t wall_ns, struct buf *out,
                       struct error *err)
{
    struct daemon *d = ctx;
    return store_decision_at(d->store, pool, wall_ns, out, err);
}

/* ---- opening ------------------------------------------------------------------------------------ */

/* make: an absent file is made. So the first start on a machine works, and its owner is its admin. */
static int set_tokens(struct daemon *d, enum status_role role, const char *path, bool make,
                      struct error *err)
{
    struct buf text = { 0 };
    int rc = token_file_read(path, make, &text, err);
    if (rc == 0) {
        rc = status_set_tokens(d->status, role, buf_str(&text), err);
        if (rc < 0)
            error_wrap(err, "%s", path);
    }
    if (text.ptr)
        explicit_bzero(text.ptr, text.size);
    buf_release(&text);
    return rc;
}

static int open_status(struct daemon *d, struct error *err)
{
    struct status_env env = {
        .control = runtime_control(d->runtime),
        .log = &d->log,
        .facts = facts,
        .generation = generation,
        .clock = &clock_system,
        .submit = submit,
        .beat_reply = beat_reply,
        .decision_at = decision_at,
        .ctx = d,
    };
    int rc = status_new(&env, &d->status, err);
    if (rc == 0 && d->config.token_read_file)
        rc = set_tokens(d, STATUS_READ, d->config.token_read_file, false, err);
    if (rc == 0)
        rc = set_tokens(d, STATUS_ADMIN, d->config.token_admin_file, true, err);
    if (rc == 0)
        rc = set_tokens(d, STATUS_AGENT, d->config.token_agent_file, true, err);
    return rc;
}

static int open_server(struct daemon *d, struct error *err)
{
    struct http_server_options options = {
        .host = d->config.listen_host,
        .port = d->config.listen_port,
        .tls_cert = d->config.tls_cert,
        .tls_key = d->config.tls_key,
    };
    int rc =
        http_server_new(&d->loop, &d->log, &options, status_handle, d->status, &d->server, err);
    if (rc < 0)
        return error_wrap(err, "listen %s:%u", d->config.listen_host,
                          (unsigned)d->config.listen_port);
    struct buf url = { 0 };
    bool v6 = strchr(d->config.listen_host, ':') != NULL;
    buf_addf(&url, "%s://%s%s%s:%u", d->config.tls_cert ? "https" : "http", v6 ? "[" : "",
             d->config.listen_host, v6 ? "]" : "", (unsigned)http_server_port(d->server));
    d->agent_url = buf_take(&url);
    return d->agent_url ? 0 : error_nomem(err);
}

static int open_store(struct daemon *d, struct error *err)
{
    bool trying = d->arguments.dry_run || d->arguments.once;
    char *path = trying ? str_dup(STR(":memory:")) : joined(d->config.state, "muster.db");
    if (!path)
        return error_nomem(err);
    struct store_options options = { .path = path, .retention_ns = d->config.retention_ns };
    int rc = store_open(&d->loop, &d->log, &clock_system, &options, &d->store, err);
    free(path);
    return rc;
}

/* The clouds' clients ask for credentials when the first call is made, so they are there whether they are
 * used or not. */
static int open_aws(struct daemon *d, struct error *err)
{
    const struct aws_client_env env = {
        .loop = &d->loop,
        .log = &d->log,
        .clock = &clock_system,
        .http = d->http,
        .settings = &d->config.aws,
    };
    return aws_client_new(&env, &d->aws, err);
}

static int open_gcp(struct daemon *d, struct error *err)
{
    const struct gcp_client_env env = {
        .loop = &d->loop,
        .log = &d->log,
        .clock = &clock_system,
        .http = d->http,
        .settings = &d->config.gcp,
    };
    return gcp_client_new(&env, &d->gcp, err);
}

static void on_stopped(void *ctx)
{
    struct daemon *d = ctx;
    uv_stop(&d->loop);
}

static int open_runtime(struct daemon *d, struct error *err)
{
    struct runtime_options options = {
        .loop = &d->loop,
        .log = &d->log,
        .clock = &clock_system,
        .store = d->store,
        .http = d->http,
        .aws = d->aws,
        .aws_settings = &d->config.aws,
        .gcp = d->gcp,
        .gcp_settings = &d->config.gcp,
        .kinds = &d->kinds,
        .provider_env = &d->provider_env,
        .policies = d->config.policies,
        .dry_run = d->arguments.dry_run || d->arguments.once,
        .record = d->arguments.record,
        .stopped = on_stopped,
        .ctx = d,
    };
    control_options_default(&options.control);
    str_copy_c(options.control.controller, sizeof(options.control.controller),
               d->config.controller);
    options.control.limits = d->config.limits;
    options.control.tick_ns = d->config.tick_ns;
    options.control.list_every_ns = d->config.list_every_ns;
    return runtime_new(&options, &d->runtime, err);
}

int daemon_open(struct daemon *d, struct error *err)
{
    kinds_init(&d->kinds);
    int rc = make_directory(d->config.state, err);
    if (rc == 0)
        rc = open_store(d, err);
    if (rc == 0)
        rc = http_client_new(&d->loop, "muster/" MUSTER_VERSION, &d->http, err);
    if (rc == 0)
        rc = open_aws(d, err);
    if (rc == 0)
        rc = open_gcp(d, err);
    /* The endpoint's address is part of what nodes are started with, so its fields are filled in
     * before the first node can be. */
    d->provider_env = (struct provider_env){
        .loop = &d->loop,
        .log = &d->log,
        .clock = &clock_system,
        .controller = d->config.controller,
        .state_dir = d->config.state,
        .aws = d->aws,
        .aws_settings = &d->config.aws,
        .gcp = d->gcp,
        .gcp_settings = &d->config.gcp,
    };
    if (rc == 0)
        rc = open_runtime(d, err);
    if (rc == 0)
        rc = open_status(d, err);
    if (rc == 0 && !d->arguments.once)
        rc = open_server(d, err);
    d->provider_env.agent_url = d->agent_url ? d->agent_url : "http://127.0.0.1:0";
    d->provider_env.agent_token_file = d->config.token_agent_file;
    return rc;
}

void daemon_release(struct daemon *d)
{
    http_server_free(d->server);
    status_free(d->status);
    runtime_free(d->runtime);
    gcp_client_free(d->gcp);
    aws_client_free(d->aws);
    http_client_free(d->http);
    store_close(d->store);
    free(d->agent_url);
}
