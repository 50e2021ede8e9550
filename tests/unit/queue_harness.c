#include "tests/unit/queue_harness.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "auth/aws_client.h"
#include "auth/gcp_client.h"
#include "base/clock.h"
#include "net/http_client.h"

static int64_t standing_wall_ns(void *ctx)
{
    const struct queue_harness *h = ctx;
    return h->wall_ns ? h->wall_ns : clock_system.wall_ns(NULL);
}

void queue_harness_init(struct queue_harness *h)
{
    *h = (struct queue_harness){ 0 };
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uv_loop_init(&h->loop);
    h->clock = (struct clock){ clock_system.boot_ns, standing_wall_ns, h };
    int rc = http_client_new(&h->loop, "muster-test", &h->http, NULL);
    assert(rc == 0);
    const struct aws_client_env env = {
        .loop = &h->loop, .clock = &h->clock, .http = h->http, .settings = &h->aws_settings
    };
    const struct gcp_client_env gcp = {
        .loop = &h->loop, .clock = &h->clock, .http = h->http, .settings = &h->gcp_settings
    };
    rc = aws_client_new(&env, &h->aws, NULL);
    assert(rc == 0);
    rc = gcp_client_new(&gcp, &h->gcp, NULL);
    assert(rc == 0);
    (void)rc;
}

void queue_harness_release(struct queue_harness *h)
{
    queue_harness_close(h);
    gcp_client_free(h->gcp);
    aws_client_free(h->aws);
    http_client_free(h->http);
    option_set_release(&gcp_settings_options, &h->gcp_settings);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&h->loop);
    assert(rc == 0);
    (void)rc;
    curl_global_cleanup();
}

static int set_option(struct queue_harness *h, const struct option *row, const char *value)
{
    if (row->type != OPTION_TYPE_STRINGS)
        return option_parse(row, h->options, str_from(value), &h->err);
    for (;;) {
        size_t len = strcspn(value, ",");
        int rc = option_add_string(row, h->options, (struct str){ value, len }, &h->err);
        if (rc < 0 || !value[len])
            return rc;
        value += len + 1;
    }
}

static char **string_field(void *options, const struct option *row)
{
    return (void *)((char *)options + row->offset);
}

bool queue_harness_open(struct queue_harness *h, const struct queue_plugin *plugin,
                        const char *const *settings)
{
    const struct option_set *set = &plugin->options;
    const char *key = NULL;
    h->plugin = plugin;
    h->options = calloc(1, set->size);
    int rc = option_set_defaults(set, h->options, &h->err);
    for (; rc == 0 && settings[0]; settings += 2) {
        key = settings[0];
        const struct option *row = option_find(set, str_from(key));
        assert(row);
        rc = set_option(h, row, settings[1]);
    }
    for (const struct option *row = set->rows; rc == 0 && row->key; row++) {
        if (row->type == OPTION_TYPE_STRING && !row->fallback && !row->optional &&
            !*string_field(h->options, row))
            rc = error_set(&h->err, MUSTER_E_INVALID, "%s is required", row->key);
    }
    if (rc == 0 && set->check) {
        key = set->name;
        rc = set->check(h->options, &key, &h->err);
    }
    struct queue_env env = { .loop = &h->loop,
                             .clock = &h->clock,
                             .http = h->http,
                             .aws = h->aws,
                             .aws_settings = &h->aws_settings,
                             .gcp = h->gcp,
                             .gcp_settings = &h->gcp_settings };
    if (rc == 0)
        rc = plugin->open(&env, h->options, &h->queue, &h->err);
    else
        error_wrap(&h->err, "%s", key ? key : set->name);
    return rc == 0;
}

void queue_harness_close(struct queue_harness *h)
{
    if (!h->plugin)
        return;
    h->plugin->close(h->queue);
    h->queue = NULL;
    option_set_release(&h->plugin->options, h->options);
    free(h->options);
    h->options = NULL;
    h->plugin = NULL;
}

static void on_answer(void *ctx, const struct sample *sample, const struct error *err)
{
    struct queue_harness *h = ctx;
    h->answers++;
    uv_stop(&h->loop);
    h->err = *err;
    assert(err->code == 0 || err->text[0]);
    assert((sample != NULL) == (err->code == 0));
    if (sample)
        h->sample = *sample;
    if (h->close_in_callback)
        queue_harness_close(h);
}

void queue_harness_start(struct queue_harness *h)
{
    h->answers = 0;
    h->sample = (struct sample){ .waiting = -1 };
    h->plugin->poll(h->queue, on_answer, h);
    assert(h->answers == 0); /* it always answers later */
}

static void on_too_long(uv_timer_t *timer)
{
    (void)timer;
    assert(!"no answer within 20 s");
}

int queue_harness_poll(struct queue_harness *h)
{
    uv_timer_t limit;
    uv_timer_init(&h->loop, &limit);
    uv_timer_start(&limit, on_too_long, 20000, 0);
    queue_harness_start(h);
    while (!h->answers)
        uv_run(&h->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&h->loop, UV_RUN_NOWAIT);
    assert(h->answers == 1);
    return h->err.code;
}
