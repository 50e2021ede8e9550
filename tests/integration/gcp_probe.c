/*
 * For tests: Google credentials and the client from the command line. Settings come from the environment.
 *
 *   gcp_probe token                               prints the access token that is found, and its source
 *   gcp_probe jwt KEYFILE AUDIENCE TIME           the assertion that the key signs at that Unix time
 *   gcp_probe call SERVICE METHOD NAME PATH QUERY [BODY [TIMES [PAUSE_S]]]
 *                                                 prints "STATUS\nBODY" each time, or the error
 *   gcp_probe project                             the project for what names none
 *   gcp_probe aws-subject AUDIENCE REGION URL TIME   the subject token of the AWS keys in the environment
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "auth/aws_credentials.h"
#include "auth/gcp_client.h"
#include "auth/gcp_credentials.h"
#include "auth/gcp_endpoint.h"
#include "auth/gcp_file.h"
#include "auth/gcp_jwt.h"
#include "auth/gcp_subject.h"
#include "auth/secret.h"
#include "base/units.h"

struct probe {
    uv_loop_t loop;
    struct log log;
    struct http_client *http;
    struct gcp_settings settings;
    struct gcp_client *client;
    struct gcp_source *source;
    struct gcp_request request;
    uv_timer_t timer;
    long times, pause_s;
    int failed;
};

static void complain(struct probe *probe, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", error_word(err->code), err->text);
    probe->failed = 1;
}

static char *copy_of(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? strdup(value) : NULL;
}

static int open_probe(struct probe *probe, struct error *err)
{
    const struct option *endpoints = option_find(&gcp_settings_options, STR("endpoints"));
    char *all = copy_of("PROBE_ENDPOINT");
    int rc = option_set_defaults(&gcp_settings_options, &probe->settings, err);
    probe->settings.impersonate = copy_of("PROBE_IMPERSONATE");
    if (rc == 0 && all)
        rc = option_add_string(endpoints, &probe->settings, str_from(all), err);
    free(all);
    probe->log = (struct log){ .fd = 2, .level = LOG_DEBUG };
    uv_loop_init(&probe->loop);
    return rc < 0 ? rc : http_client_new(&probe->loop, "gcp_probe", &probe->http, err);
}

static void close_probe(struct probe *probe)
{
    gcp_client_free(probe->client);
    gcp_source_free(probe->source);
    http_client_free(probe->http);
    uv_run(&probe->loop, UV_RUN_DEFAULT);
    uv_loop_close(&probe->loop);
    option_set_release(&gcp_settings_options, &probe->settings);
}

/* ---- token -------------------------------------------------------------------------------------- */

static void on_token(void *ctx, const struct gcp_token *token, const struct error *err)
{
    if (err->code)
        complain(ctx, err);
    else
        printf("%s\n%s\n", token->text, token->source);
}

static int token(struct probe *probe)
{
    struct error err = { 0 };
    const struct gcp_source_env env = {
        .loop = &probe->loop,
        .log = &probe->log,
        .clock = &clock_system,
        .http = probe->http,
        .settings = &probe->settings,
    };
    if (gcp_source_default(&env, &probe->source, &err) < 0) {
        complain(probe, &err);
        return 2;
    }
    gcp_source_fetch(probe->source, on_token, probe);
    uv_run(&probe->loop, UV_RUN_DEFAULT);
    return probe->failed;
}

/* ---- calls -------------------------------------------------------------------------------------- */

static int open_client(struct probe *probe, struct error *err)
{
    const struct gcp_client_env env = {
        .loop = &probe->loop,
        .log = &probe->log,
        .clock = &clock_system,
        .http = probe->http,
        .settings = &probe->settings,
    };
    return gcp_client_new(&env, &probe->client, err);
}

static void ask(struct probe *probe);

static void on_pause(uv_timer_t *timer)
{
    ask(timer->data);
}

static void finish(struct probe *probe)
{
    gcp_client_free(probe->client);
    probe->client = NULL;
    uv_close((uv_handle_t *)&probe->timer, NULL);
    http_client_free(probe->http);
    probe->http = NULL;
}

static void on_answer(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct probe *probe = ctx;
    if (err->code)
        complain(probe, err);
    else
        printf("%d\n%.*s\n", response->status, (int)response->body.len, response->body.ptr);
    if (--probe->times > 0 && !probe->failed)
        uv_timer_start(&probe->timer, on_pause, (uint64_t)probe->pause_s * 1000, 0);
    else
        finish(probe);
}

static void ask(struct probe *probe)
{
    struct error err = { 0 };
    if (gcp_call(probe->client, &probe->request, on_answer, probe, &err) < 0) {
        complain(probe, &err);
        finish(probe);
    }
}

static int call(struct probe *probe, int argc, char **argv)
{
    struct error err = { 0 };
    int service = 0;
    while (service < GCP_SERVICES && strcmp(gcp_service_name((enum gcp_service)service), argv[0]))
        service++;
    if (service == GCP_SERVICES || open_client(probe, &err) < 0)
        return 2;
    probe->request = (struct gcp_request){ .service = (enum gcp_service)service,
                                           .method = argv[1],
                                           .name = argv[2],
                                           .path = argv[3],
                                           .query = argv[4][0] ? argv[4] : NULL,
                                           .body = str_from(argc > 5 ? argv[5] : NULL),
                                           .priority = GCP_DESCRIBE,
                                           .repeatable = true };
    probe->times = argc > 6 ? strtol(argv[6], NULL, 10) : 1;
    probe->pause_s = argc > 7 ? strtol(argv[7], NULL, 10) : 0;
    uv_timer_init(&probe->loop, &probe->timer);
    probe->timer.data = probe;
    ask(probe);
    uv_run(&probe->loop, UV_RUN_DEFAULT);
    return probe->failed;
}

static void on_project(void *ctx, const char *project, const struct error *err)
{
    struct probe *probe = ctx;
    if (err->code)
        complain(probe, err);
    else
        puts(project);
    gcp_client_free(probe->client);
    probe->client = NULL;
    http_client_free(probe->http);
    probe->http = NULL;
}

static int project(struct probe *probe)
{
    struct error err = { 0 };
    if (open_client(probe, &err) < 0 ||
        gcp_client_project(probe->client, on_project, probe, &err) < 0)
        return 2;
    uv_run(&probe->loop, UV_RUN_DEFAULT);
    return probe->failed;
}

/* ---- what is signed ----------------------------------------------------------------------------- */

static int jwt(struct probe *probe, char **argv)
{
    struct error err = { 0 };
    struct buf to = { 0 };
    cJSON *file = NULL;
    int64_t time_s = 0;
    int rc = gcp_file_read(argv[0], &file, &err);
    if (rc == 0)
        rc = units_parse_int(str_from(argv[2]), &time_s, &err);
    const struct gcp_assertion assertion = { .issuer = gcp_json_text(file, "client_email"),
                                             .key_id = gcp_json_text(file, "private_key_id"),
                                             .audience = str_from(argv[1]),
                                             .scope = STR(GCP_SCOPE),
                                             .issued_s = time_s,
                                             .life_s = 3600 };
    if (rc == 0)
        rc = gcp_jwt(&assertion, gcp_json_text(file, "private_key"), &to, &err);
    if (rc < 0)
        complain(probe, &err);
    else
        puts(buf_text(&to));
    buf_release(&to);
    secret_json_free(file);
    return rc < 0;
}

static int aws_subject(struct probe *probe, char **argv)
{
    struct error err = { 0 };
    struct buf to = { 0 };
    struct aws_credentials keys = { .access_key = copy_of("AWS_ACCESS_KEY_ID"),
                                    .secret_key = copy_of("AWS_SECRET_ACCESS_KEY"),
                                    .session_token = copy_of("AWS_SESSION_TOKEN") };
    int64_t time_s = 0;
    int rc = units_parse_int(str_from(argv[3]), &time_s, &err);
    if (rc == 0)
        rc = gcp_subject_aws_sign(&keys, argv[2], argv[1], argv[0], time_s * NS_PER_S, &to, &err);
    if (rc < 0)
        complain(probe, &err);
    else
        puts(buf_text(&to));
    aws_credentials_release(&keys);
    buf_release(&to);
    return rc < 0;
}

int main(int argc, char **argv)
{
    struct probe probe = { 0 };
    struct error err = { 0 };
    int status = 2;
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (open_probe(&probe, &err) < 0)
        complain(&probe, &err);
    else if (argc == 2 && strcmp(argv[1], "token") == 0)
        status = token(&probe);
    else if (argc == 2 && strcmp(argv[1], "project") == 0)
        status = project(&probe);
    else if (argc == 5 && strcmp(argv[1], "jwt") == 0)
        status = jwt(&probe, argv + 2);
    else if (argc == 6 && strcmp(argv[1], "aws-subject") == 0)
        status = aws_subject(&probe, argv + 2);
    else if (argc >= 7 && argc <= 10 && strcmp(argv[1], "call") == 0)
        status = call(&probe, argc - 2, argv + 2);
    else
        fputs("usage: gcp_probe token | project | jwt FILE AUDIENCE TIME | call ...\n", stderr);
    close_probe(&probe);
    curl_global_cleanup();
    return status;
}
