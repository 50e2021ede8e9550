#include "providers/aws/xml.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#define FEED_BYTES ((size_t)64 << 10)

struct xml_stream {
    XML_Parser parser;
    const char *root;
    xml_element_cb *element;
    void *ctx;
    struct error err; /* code not 0: stopped */
    bool begun;       /* something was fed */
    size_t depth;     /* open elements, the root among them */
    char path[XML_PATH_MAX];
    size_t path_len;
    struct buf text;
};

static void stop(struct xml_stream *r, int code, const char *why)
{
    if (!r->err.code)
        error_set(&r->err, code, "%s", why);
    XML_StopParser(r->parser, XML_FALSE);
}

static void push(struct xml_stream *r, const char *name)
{
    size_t n = strlen(name);
    size_t slash = r->path_len > 0 ? 1 : 0;
    if (r->path_len + slash + n >= sizeof(r->path)) {
        stop(r, MUSTER_E_TOOBIG, "the names of its elements are too long");
        return;
    }
    if (slash)
        r->path[r->path_len++] = '/';
    memcpy(r->path + r->path_len, name, n + 1);
    r->path_len += n;
}

static void pop(struct xml_stream *r)
{
    char *slash = strrchr(r->path, '/');
    r->path_len = slash ? (size_t)(slash - r->path) : 0;
    r->path[r->path_len] = '\0';
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
    (void)attributes;
    struct xml_stream *r = ctx;
    if (r->err.code)
        return;
    if (r->depth == 0 && strcmp(name, r->root) != 0)
        stop(r, MUSTER_E_INVALID, "it is another kind of document");
    else if (r->depth >= XML_DEPTH_MAX)
        stop(r, MUSTER_E_TOOBIG, "its elements are nested too deep");
    else if (r->depth > 0)
        push(r, name);
    r->depth++;
    buf_clear(&r->text);
}

static void on_end(void *ctx, const char *name)
{
    (void)name;
    struct xml_stream *r = ctx;
    if (r->err.code || r->depth == 0)
        return;
    r->depth--;
    if (buf_failed(&r->text))
        stop(r, buf_failed(&r->text), "an element's text is too long");
    else if (r->depth > 0 && r->element(r->ctx, r->path, buf_str(&r->text), &r->err) < 0)
        XML_StopParser(r->parser, XML_FALSE);
    buf_clear(&r->text);
    pop(r);
}

static void on_text(void *ctx, const char *text, int len)
{
    struct xml_stream *r = ctx;
    if (!r->err.code && len > 0)
        buf_add(&r->text, text, (size_t)len);
}

static void on_doctype(void *ctx, const char *name, const char *system, const char *public,
                       int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    stop(ctx, MUSTER_E_INVALID, "it declares a document type");
}

static int parse_failed(struct xml_stream *r, struct error *err)
{
    enum XML_Error what = XML_GetErrorCode(r->parser);
    if (r->err.code)
        return error_set(err, r->err.code, "%s", r->err.text);
    if (what == XML_ERROR_NO_MEMORY)
        return error_nomem(err);
    return error_set(err, MUSTER_E_INVALID, "line %lu: %s",
                     (unsigned long)XML_GetCurrentLineNumber(r->parser), XML_ErrorString(what));
}

/* ---- documents ---------------------------------------------------------------------------------- */

int xml_stream_new(const char *root, xml_element_cb *element, void *ctx, struct xml_stream **ret,
                   struct error *err)
{
    struct xml_stream *r = calloc(1, sizeof(*r));
    if (r)
        r->parser = XML_ParserCreate(NULL);
    if (!r || !r->parser) {
        free(r);
        return error_nomem(err);
    }
    r->root = root;
    r->element = element;
    r->ctx = ctx;
    buf_init(&r->text, XML_TEXT_MAX);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    *ret = r;
    return 0;
}

void xml_stream_free(struct xml_stream *r)
{
    if (!r)
        return;
    XML_ParserFree(r->parser);
    buf_release(&r->text);
    free(r);
}

int xml_stream_feed(struct xml_stream *r, struct str piece, struct error *err)
{
    /* In parts, as expat copies what it is given. */
    for (size_t at = 0; at < piece.len;) {
        size_t n = piece.len - at < FEED_BYTES ? piece.len - at : FEED_BYTES;
        if (XML_Parse(r->parser, piece.ptr + at, (int)n, false) != XML_STATUS_OK)
            return parse_failed(r, err);
        at += n;
        r->begun = true;
    }
    return 0;
}

int xml_stream_end(struct xml_stream *r, struct error *err)
{
    if (!r->begun)
        return error_set(err, MUSTER_E_INVALID, "it is empty");
    return XML_Parse(r->parser, "", 0, true) == XML_STATUS_OK ? 0 : parse_failed(r, err);
}

int xml_read(struct str document, const char *root, xml_element_cb *element, void *ctx,
             struct error *err)
{
    struct xml_stream *r = NULL;
    int rc = xml_stream_new(root, element, ctx, &r, err);
    if (!r)
        return rc;
    rc = xml_stream_feed(r, document, err);
    if (rc == 0)
        rc = xml_stream_end(r, err);
    xml_stream_free(r);
    return rc;
}
