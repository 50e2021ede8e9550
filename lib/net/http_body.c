#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "net/http_server_parts.h"

struct http_body {
    unsigned references;
    size_t len;
    const char *content_type;
    char *text;
};

struct http_body *http_body_new(char *take_text, size_t len, const char *content_type)
{
    struct http_body *body = malloc(sizeof(*body));
    if (!body) {
        free(take_text);
        return NULL;
    }
    *body = (struct http_body){
        .references = 1, .len = len, .content_type = content_type, .text = take_text
    };
    return body;
}

struct http_body *http_body_ref(struct http_body *body)
{
    if (body)
        body->references++;
    return body;
}

void http_body_unref(struct http_body *body)
{
    if (!body || --body->references > 0)
        return;
    free(body->text);
    free(body);
}

struct str http_body_text(const struct http_body *body)
{
    return (struct str){ body->text, body->len };
}

static void unref_body(void *body)
{
    http_body_unref(body);
}

/* What a browser may do with our answers: show them, and nothing else. */
static const struct {
    const char *name, *value;
} always[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
      "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cache-Control", "no-store" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
};

static bool add_headers(struct MHD_Response *response, const struct http_server *server, int status,
                        const char *allow, const char *content_type)
{
    bool ok = true;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        ok &= MHD_add_response_header(response, always[i].name, always[i].value) == MHD_YES;
    if (content_type)
        ok &= MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES;
    if (allow)
        ok &= MHD_add_response_header(response, "Allow", allow) == MHD_YES;
    if (server->tls)
        ok &= MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000") ==
              MHD_YES;
    if (status == 401)
        ok &= MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"muster\"") ==
              MHD_YES;
    if (status >= 400 || server->stopping)
        ok &= MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    return ok;
}

enum MHD_Result http_answer_send(const struct http_server *server, struct MHD_Connection *mhd,
                                 struct http_answer *answer)
{
    struct http_body *body = answer->take_body;
    answer->take_body = NULL;
    struct MHD_Response *response =
        body ? MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->text,
                                                                      unref_body, body)
             : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        http_body_unref(body);
        return MHD_NO;
    }
    enum MHD_Result sent = MHD_NO;
    if (add_headers(response, server, answer->status, answer->allow,
                    body ? body->content_type : NULL))
        sent = MHD_queue_response(mhd, (unsigned)answer->status, response);
    MHD_destroy_response(response); /* the connection holds its own reference */
    return sent;
}

enum MHD_Result http_answer_error(const struct http_server *server, struct MHD_Connection *mhd,
                                  int status, const char *allow, const char *text)
{
    struct buf out = { 0 };
    struct json_out j = json_begin(&out);
    json_open(&j, NULL, '{');
    json_str(&j, "error", text);
    json_close(&j, '}');
    buf_add_char(&out, '\n');
    size_t len = out.len;
    char *bytes = buf_take(&out);
    buf_release(&out);
    struct http_answer answer = { .status = status, .allow = allow };
    if (bytes)
        answer.take_body = http_body_new(bytes, len, "application/json");
    return http_answer_send(server, mhd, &answer);
}
