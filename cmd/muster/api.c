/* Asking musterd, by libcurl. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/error.h"
#include "muster.h"

#define TOKEN_MAX 256

void api_escape(struct buf *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (strchr(plain, (char)*p))
            buf_add_char(out, (char)*p);
        else
            buf_addf(out, "%%%02X", (unsigned)*p);
    }
}

static size_t collect(char *bytes, size_t size, size_t count, void *ctx)
{
    struct buf *body = ctx;
    buf_add(body, bytes, size * count);
    return buf_failed(body) ? 0 : size * count;
}

static bool url_is_private(const char *url)
{
    static const char *const fine[] = { "https://", "http://127.", "http://localhost",
                                        "http://[::1]" };
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        if (str_starts(str_from(url), fine[i]))
            return true;
    }
    return false;
}

/* The file's first line. False: why is in `problem`. */
static bool read_token(const struct cli *cli, char token[static TOKEN_MAX + 1], struct buf *problem)
{
    if (!url_is_private(cli->url)) {
        buf_addf(problem, "the token will not be sent to %s in the clear: use https", cli->url);
        return false;
    }
    int fd = open(cli->token_file, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, token, TOKEN_MAX);
    if (len < 0) {
        struct error err = { 0 };
        error_errno(&err, errno, "token file %s", cli->token_file);
        buf_addf(problem, "%s (--token-file, $MUSTER_TOKEN_FILE)", err.text);
    }
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return false;
    token[len] = '\0';
    token[strcspn(token, "\r\n")] = '\0';
    return true;
}

static CURLcode perform(const struct cli *cli, const char *path, bool post, const char *token,
                        struct api_reply *ret, char *error_text)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return CURLE_OUT_OF_MEMORY;
    char url[1024];
    char bearer[TOKEN_MAX + 32];
    struct curl_slist *headers = NULL;
    int base = (int)strlen(cli->url);
    while (base > 0 && cli->url[base - 1] == '/')
        base--;
    snprintf(url, sizeof(url), "%.*s%s", base, cli->url, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "muster/" MUSTER_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret->body);
    if (cli->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, cli->ca_file);
    if (post) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{}");
        headers = curl_slist_append(headers, "Content-Type: application/json");
    }
    if (token) {
        snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", token);
        headers = curl_slist_append(headers, bearer);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    ret->status = code == CURLE_OK ? (int)status : 0;
    explicit_bzero(bearer, sizeof(bearer));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code;
}

/* The "error" member of a refusal, or its first line. */
static void put_refusal(const struct api_reply *reply, struct buf *problem)
{
    cJSON *json = NULL;
    if (json_parse(buf_str(&reply->body), &json, NULL) == 0 && *get_text(json, "/error"))
        show_text(problem, get_text(json, "/error"));
    else
        buf_addf(problem, "musterd answered %d", reply->status);
    cJSON_Delete(json);
}

static int judge(const struct cli *cli, CURLcode code, const char *curl_text,
                 const struct api_reply *reply, struct buf *problem)
{
    if (code != CURLE_OK) {
        buf_addf(problem, "cannot ask musterd at %s: %s (is it running? --url, $MUSTER_URL)",
                 cli->url, curl_text[0] ? curl_text : curl_easy_strerror(code));
        return EXIT_TROUBLE;
    }
    if (reply->status >= 200 && reply->status < 300)
        return EXIT_YES;
    put_refusal(reply, problem);
    bool no = reply->status == 404 || reply->status == 409 || reply->status == 400;
    return no ? EXIT_NO : EXIT_TROUBLE;
}

static int ask(const struct cli *cli, const char *path, bool post, struct api_reply *ret,
               struct buf *problem)
{
    char token[TOKEN_MAX + 1] = "";
    char text[CURL_ERROR_SIZE] = "";
    *ret = (struct api_reply){ 0 };
    if (post && !read_token(cli, token, problem))
        return EXIT_TROUBLE;
    CURLcode code = perform(cli, path, post, post ? token : NULL, ret, text);
    /* Reading needs no token, unless one was set up. */
    struct buf no_token = { 0 };
    if (!post && ret->status == 401 && read_token(cli, token, &no_token)) {
        buf_clear(&ret->body);
        code = perform(cli, path, post, token, ret, text);
    }
    buf_release(&no_token);
    explicit_bzero(token, sizeof(token));
    return judge(cli, code, text, ret, problem);
}

static int ask_aloud(const struct cli *cli, const char *path, bool post, struct api_reply *ret)
{
    struct buf problem = { 0 };
    int rc = ask(cli, path, post, ret, &problem);
    if (rc != EXIT_YES) {
        fprintf(stderr, "muster: %s\n", buf_text(&problem));
        api_release(ret);
    }
    buf_release(&problem);
    return rc;
}

int api_get(const struct cli *cli, const char *path, struct api_reply *ret)
{
    return ask_aloud(cli, path, false, ret);
}

int api_post(const struct cli *cli, const char *path, struct api_reply *ret)
{
    return ask_aloud(cli, path, true, ret);
}

int api_try(const struct cli *cli, const char *path, struct api_reply *ret, struct buf *ret_problem)
{
    return ask(cli, path, false, ret, ret_problem);
}

void api_release(struct api_reply *reply)
{
    buf_release(&reply->body);
}

int api_get_json(const struct cli *cli, const char *path, cJSON **ret)
{
    struct api_reply reply;
    struct error err = { 0 };
    int rc = api_get(cli, path, &reply);
    if (rc != EXIT_YES)
        return rc;
    if (json_parse(buf_str(&reply.body), ret, &err) < 0) {
        fprintf(stderr, "muster: what answers at %s is not musterd: %s\n", cli->url, err.text);
        rc = EXIT_TROUBLE;
    }
    api_release(&reply);
    return rc;
}

int api_show_or_parse(const struct cli *cli, const char *path, cJSON **ret)
{
    *ret = NULL;
    if (!cli->json)
        return api_get_json(cli, path, ret);
    struct api_reply reply;
    int rc = api_get(cli, path, &reply);
    if (rc == EXIT_YES) {
        show_flush(&reply.body);
        api_release(&reply);
    }
    return rc;
}

double get_num(const cJSON *json, const char *pointer)
{
    const cJSON *item = json_at(json, pointer);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

int64_t get_int(const cJSON *json, const char *pointer)
{
    double value = get_num(json, pointer);
    return isnan(value) || fabs(value) > 9e15 ? 0 : (int64_t)value;
}

const char *get_text(const cJSON *json, const char *pointer)
{
    const char *text = cJSON_GetStringValue(json_at(json, pointer));
    return text ? text : "";
}

bool get_bool(const cJSON *json, const char *pointer)
{
    return cJSON_IsTrue(json_at(json, pointer));
}

const cJSON *get_items(const cJSON *json, const char *pointer)
{
    const cJSON *list = json_at(json, pointer);
    return list ? list->child : NULL;
}
