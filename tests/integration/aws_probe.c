/*
 * For tests: the AWS client from the command line, and SigV4 over a pipe.
 *
 *   aws_probe call SERVICE REGION ACTION PROTOCOL TARGET BODY    prints "STATUS CODE\nBODY" or the error
 *   aws_probe sign     reads requests, one JSON object a line; prints one Authorization value a line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "auth/aws_client.h"
#include "auth/sigv4.h"
#include "base/json.h"

struct probe {
    struct aws_client *client;
    struct http_client *http;
    int failed;
};

static void on_done(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct probe *probe = ctx;
    if (err->code) {
        fprintf(stderr, "%s: %s\n", error_word(err->code), err->text);
        probe->failed = 1;
    } else {
        printf("%d %s\n%.*s\n", response->status, response->code, (int)response->body.len,
               response->body.ptr);
    }
    aws_client_free(probe->client);
    http_client_free(probe->http);
}

static int call(char **argv)
{
    struct error err = { 0 };
    struct aws_settings settings = { 0 };
    struct log log = { .fd = 2, .level = LOG_DEBUG };
    struct probe probe = { 0 };
    uv_loop_t loop;
    uv_loop_init(&loop);
    if (http_client_new(&loop, "aws_probe", &probe.http, &err) < 0)
        return 2;
    const struct aws_client_env env = { &loop, &log, &clock_system, probe.http, &settings };
    const struct aws_request request = {
        .service = argv[0],
        .region = argv[1],
        .action = argv[2],
        .protocol = strcmp(argv[3], "query") == 0      ? AWS_QUERY
                    : strcmp(argv[3], "json-1.0") == 0 ? AWS_JSON_1_0
                                                       : AWS_JSON_1_1,
        .target = argv[4][0] ? argv[4] : NULL,
        .body = str_from(argv[5]),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
    };
    int rc = aws_client_new(&env, &probe.client, &err);
    if (rc == 0)
        rc = aws_call(probe.client, &request, on_done, &probe, &err);
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return probe.failed;
}

/* ---- signing ------------------------------------------------------------------------------------ */

#define HEADERS_MAX 32

static struct str member(const cJSON *root, const char *name)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(root, name);
    return str_from(cJSON_IsString(at) ? at->valuestring : NULL);
}

static int sign_one(const cJSON *root, struct buf *to, struct error *err)
{
    struct sigv4_header headers[HEADERS_MAX];
    struct sigv4_request request = { .method = member(root, "method"),
                                     .path = member(root, "path"),
                                     .query = member(root, "query"),
                                     .headers = headers };
    struct sigv4_signer signer = { .access_key = member(root, "access_key"),
                                   .secret_key = member(root, "secret_key"),
                                   .region = member(root, "region"),
                                   .service = member(root, "service") };
    const cJSON *header;
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(root, "headers"))
    {
        if (request.headers_len < HEADERS_MAX)
            headers[request.headers_len++] =
                (struct sigv4_header){ str_from(header->string), str_from(header->valuestring) };
    }
    str_copy(signer.time, sizeof(signer.time), member(root, "time"));
    int rc = digest_hex(member(root, "body"), request.body_hash, err);
    return rc < 0 ? rc : sigv4_authorization(&signer, &request, to, err);
}

static int sign_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    struct error err = { 0 };
    int rc = 0;
    while (rc == 0 && (len = getline(&line, &size, stdin)) > 0) {
        cJSON *root = NULL;
        struct buf out = { 0 };
        rc = json_parse((struct str){ line, (size_t)len }, &root, &err);
        if (rc == 0)
            rc = sign_one(root, &out, &err);
        if (rc == 0)
            puts(buf_text(&out));
        buf_release(&out);
        cJSON_Delete(root);
    }
    free(line);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    return rc < 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
    int status = 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (argc == 8 && strcmp(argv[1], "call") == 0)
        status = call(argv + 2);
    else if (argc == 2 && strcmp(argv[1], "sign") == 0)
        status = sign_lines();
    else
        fputs("usage: aws_probe call SERVICE REGION ACTION PROTOCOL TARGET BODY | aws_probe sign\n",
              stderr);
    curl_global_cleanup();
    return status;
}
