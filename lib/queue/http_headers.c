#include "queue/http_headers.h"

#include <string.h>

#include "base/file.h"
#include "queue/small_file.h"

static bool is_header(struct str line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon || colon == line.ptr)
        return false;
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        bool in_name = line.ptr + i < colon;
        if (c == 0x7f || (c < ' ' && c != '\t') || (in_name && (c == ' ' || c == '\t')))
            return false;
    }
    return true;
}

/* Appends the line and a NUL to the text. */
static int add_line(struct http_headers *headers, size_t *count, struct str line, const char *path,
                    int number, struct error *err)
{
    if (line.len == 0 || line.ptr[0] == '#')
        return 0;
    if (!is_header(line))
        return error_set(err, MUSTER_E_CONFIG, "%s:%d: not of the form \"Name: value\"", path,
                         number);
    if (*count == HTTP_HEADERS_MAX)
        return error_set(err, MUSTER_E_TOOBIG, "%s: more than %d headers", path, HTTP_HEADERS_MAX);
    (*count)++;
    buf_add_str(&headers->text, line);
    buf_add_char(&headers->text, '\0');
    return 0;
}

static int add_file(struct http_headers *headers, size_t *count, const char *path,
                    struct error *err)
{
    struct buf file;
    buf_init(&file, SMALL_FILE_MAX + 1);
    int rc = file_read(path, SMALL_FILE_MAX, &file, err);
    struct str rest = buf_str(&file);
    for (int number = 1; rc == 0 && rest.len > 0; number++) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
        rc = add_line(headers, count, str_trim((struct str){ rest.ptr, len }), path, number, err);
        len += end ? 1 : 0;
        rest = (struct str){ rest.ptr + len, rest.len - len };
    }
    small_file_wipe(&file);
    return rc;
}

static int add_token(struct http_headers *headers, size_t *count, const char *path,
                     struct error *err)
{
    if (*count == HTTP_HEADERS_MAX)
        return error_set(err, MUSTER_E_TOOBIG, "more than %d headers", HTTP_HEADERS_MAX);
    (*count)++;
    buf_add_c(&headers->text, "Authorization: Bearer ");
    int rc = small_file_read_secret(path, &headers->text, err);
    buf_add_char(&headers->text, '\0');
    return rc;
}

int http_headers_read(const char *headers_file, const char *token_file, struct http_headers *ret,
                      struct error *err)
{
    struct http_headers headers = { 0 };
    size_t count = 0;
    buf_init(&headers.text, 2 * SMALL_FILE_MAX + 256);
    int rc = headers_file ? add_file(&headers, &count, headers_file, err) : 0;
    if (rc == 0 && token_file)
        rc = add_token(&headers, &count, token_file, err);
    if (rc == 0 && buf_failed(&headers.text))
        rc = error_set(err, buf_failed(&headers.text), "headers: out of memory");
    if (rc < 0) {
        http_headers_release(&headers);
        return rc;
    }
    char *at = headers.text.ptr;
    for (size_t i = 0; i < count; i++) {
        headers.at[i] = at;
        at += strlen(at) + 1;
    }
    *ret = headers;
    return 0;
}

void http_headers_release(struct http_headers *headers)
{
    small_file_wipe(&headers->text);
    *headers = (struct http_headers){ 0 };
}

int http_url_valid(const char *url, struct error *err)
{
    struct str text = str_from(url);
    if (!str_starts(text, "http://") && !str_starts(text, "https://"))
        return error_set(err, MUSTER_E_INVALID, "not an http:// or https:// URL");
    const char *host = strstr(url, "://") + 3;
    const char *at = memchr(host, '@', strcspn(host, "/?#"));
    if (at)
        return error_set(err, MUSTER_E_INVALID,
                         "a URL with a user or password: give them by token_file or headers_file");
    if (strcspn(host, "/?#") == 0)
        return error_set(err, MUSTER_E_INVALID, "a URL without a host");
    return 0;
}

int http_url_wrap(struct error *err, const char *url)
{
    return error_wrap(err, "GET %.*s", (int)strcspn(url, "?#"), url);
}
