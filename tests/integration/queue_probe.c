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

static int probe(uv_loop_t *loop, struct http_client *http, struct aws_client *aws,
                 const struct aws_settings *settings_of_aws, const struct queue_plugin *plugin,
                 char **settings, struct error *err)
{
    const struct queue_env env = { .loop = loop,
                                   .clock = &clock_system,
                                   .http = http,
                                   .aws = aws,
                                   .aws_settings = settings_of_aws };
    void *options = calloc(1, plugin->options.size);
    struct queue *queue = NULL;
    bool answered = false;
    int rc = options ? set_all(&plugin->options, options, settings, err) : error_nomem(err);
    if (rc == 0)
        rc = plugin->open(&env, options, &queue, err);
    if (rc == 0) {
        plugin->poll(queue, print_answer, &answered);
        while (!answered)
            uv_run(loop, UV_RUN_ONCE);
        plugin->close(queue);
    }
    option_set_release(&plugin->options, options);
    free(options);
    return rc;
}

int main(int argc, char **argv)
{
    uv_loop_t loop;
    struct http_client *http = NULL;
    struct aws_client *aws = NULL;
    struct error err = { 0 };
    const struct queue_plugin *plugin = argc > 1 ? queue_find(argv[1]) : NULL;
    if (!plugin) {
        fprintf(stderr, "usage: queue_probe SOURCE [KEY=VALUE ...]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uv_loop_init(&loop);
    int rc = http_client_new(&loop, "queue_probe", &http, &err);
    const struct aws_settings settings = { 0 };
    const struct aws_client_env env = {
        .loop = &loop, .clock = &clock_system, .http = http, .settings = &settings
    };
    if (rc == 0)
        rc = aws_client_new(&env, &aws, &err);
    if (rc == 0)
        rc = probe(&loop, http, aws, &settings, plugin, argv + 2, &err);
    aws_client_free(aws);
    http_client_free(http);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    curl_global_cleanup();
    if (rc < 0)
        fprintf(stderr, "queue_probe: %s\n", err.text);
    return rc < 0 ? 2 : 0;
}
