/*
 * usage: queue_probe SOURCE [KEY=VALUE ...]
 *
 * Opens one queue source with these settings, polls it once and prints what it says as one line of
 * JSON: {"waiting": n, "running": n, "oldest": s, "completed": n} with null for what is not known, or
 * {"error": "...", "kind": "..."}. For tests that fill a queue with the library it belongs to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <signal.h>
#include <uv.h>

#include "auth/aws_client.h"
#include "auth/gcp_client.h"
#include "base/json.h"
#include "net/http_client.h"
#include "queue/queue.h"

static void number(struct json_out *j, const char *key, bool has, double value)
{
    if (has)
        json_num(j, key, value);
    else
        json_null(j, key);
}

static void print_answer(void *ctx, const struct sample *sample, const struct error *err)
{
    struct buf line = { 0 };
    struct json_out j = json_begin(&line);
    json_open(&j, NULL, '{');
    if (sample) {
        number(&j, "waiting", true, sample->waiting);
        number(&j, "running", sample->has_running, sample->running);
        number(&j, "oldest", sample->has_oldest, sample->oldest_s);
        number(&j, "completed", sample->has_completed, sample->completed);
        if (sample->has_lag)
            json_num(&j, "lag", sample->lag_s);
    } else {
        json_str(&j, "error", err->text);
        json_str(&j, "kind", error_word(err->code));
    }
    json_close(&j, '}');
    puts(buf_text(&line));
    buf_release(&line);
    *(bool *)ctx = true;
}

static int set_all(const struct option_set *set, void *options, char **settings, struct error *err)
{
    int rc = option_set_defaults(set, options, err);
    for (; rc == 0 && *settings; settings++) {
        char *value = strchr(*settings, '=');
        size_t len = value ? (size_t)(value - *settings) : strlen(*settings);
        const struct option *row = option_find(set, (struct str){ *settings, len });
        if (!row || !value)
            return error_set(err, MUSTER_E_INVALID, "no such setting: %s", *settings);
        rc = row->type == OPTION_TYPE_STRINGS
                 ? option_add_string(row, options, str_from(value + 1), err)
                 : option_parse(row, options, str_from(value + 1), err);
    }
    const char *key = NULL;
    return rc == 0 && set->check ? set->check(options, &key, err) : rc;
}

static int probe(const struct queue_env *env, const struct queue_plugin *plugin, char **settings,
                 struct error *err)
{
    void *options = calloc(1, plugin->options.size);
    struct queue *queue = NULL;
    bool answered = false;
    int rc = options ? set_all(&plugin->options, options, settings, err) : error_nomem(err);
    if (rc == 0)
        rc = plugin->open(env, options, &queue, err);
    if (rc == 0) {
        plugin->poll(queue, print_answer, &answered);
        while (!answered)
            uv_run(env->loop, UV_RUN_ONCE);
        plugin->close(queue);
    }
    option_set_release(&plugin->options, options);
    free(options);
    return rc;
}

/* "*=URL" in the environment: all of Google's services are there. */
static int open_gcp(const struct queue_env *env, struct gcp_settings *settings,
                    struct gcp_client **ret, struct error *err)
{
    const struct gcp_client_env gcp = { .loop = env->loop,
                                        .log = env->log,
                                        .clock = env->clock,
                                        .http = env->http,
                                        .settings = settings };
    const char *endpoint = getenv("PROBE_ENDPOINT");
    int rc = option_set_defaults(&gcp_settings_options, settings, err);
    if (rc == 0 && endpoint)
        rc = option_add_string(option_find(&gcp_settings_options, STR("endpoints")), settings,
                               str_from(endpoint), err);
    return rc < 0 ? rc : gcp_client_new(&gcp, ret, err);
}

int main(int argc, char **argv)
{
    uv_loop_t loop;
    struct log log = { .fd = 2, .level = LOG_WARNING };
    const struct aws_settings aws_settings = { 0 };
    struct gcp_settings gcp_settings = { 0 };
    struct queue_env env = { .loop = &loop,
                             .log = &log,
                             .clock = &clock_system,
                             .aws_settings = &aws_settings,
                             .gcp_settings = &gcp_settings };
    struct error err = { 0 };
    const struct queue_plugin *plugin = argc > 1 ? queue_find(argv[1]) : NULL;
    if (!plugin) {
        fprintf(stderr, "usage: queue_probe SOURCE [KEY=VALUE ...]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uv_loop_init(&loop);
    int rc = http_client_new(&loop, "queue_probe", &env.http, &err);
    const struct aws_client_env aws = { .loop = &loop,
                                        .log = &log,
                                        .clock = &clock_system,
                                        .http = env.http,
                                        .settings = &aws_settings };
    if (rc == 0)
        rc = aws_client_new(&aws, &env.aws, &err);
    if (rc == 0)
        rc = open_gcp(&env, &gcp_settings, &env.gcp, &err);
    if (rc == 0)
        rc = probe(&env, plugin, argv + 2, &err);
    gcp_client_free(env.gcp);
    aws_client_free(env.aws);
    http_client_free(env.http);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    option_set_release(&gcp_settings_options, &gcp_settings);
    curl_global_cleanup();
    if (rc < 0)
        fprintf(stderr, "queue_probe: %s\n", err.text);
    return rc < 0 ? 2 : 0;
}
