#include "providers/aws/xml.h"

#include <string.h>

#include <expat.h>

#define FEED_BYTES ((size_t)64 << 10)

struct reader {
    XML_Parser parser;
    const char *root;
    xml_element_cb *element;
    void *ctx;
    struct error err; /* code not 0: stopped */
    size_t depth;     /* open elements, the root among them */
    char path[XML_PATH_MAX];
    size_t path_len;
    struct buf text;
};

static void stop(struct reader *r, int code, const char *why)
{
    if (!r->err.code)
        error_set(&r->err, code, "%s", why);
    XML_StopParser(r->parser, XML_FALSE);
}

static void push(struct reader *r, const char *name)
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

static void pop(struct reader *r)
{
    char *slash = strrchr(r->path, '/');
    r->path_len = slash ? (size_t)(slash - r->path) : 0;
    r->path[r->path_len] = '\0';
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
    (void)attributes;
    struct reader *r = ctx;
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
    struct reader *r = ctx;
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
    struct reader *r = ctx;
    if (!r->err.code && len > 0)
        buf_add(&r->text, text, (size_t)len);
}

static void on_doctype(void *ctx, const char *name, const char *system, const char *public,
                       int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    stop(ctx, MUSTER_E_INVALID, "it declares a document type");
}

static int parse_failed(struct reader *r, struct error *err)
{
    enum XML_Error what = XML_GetErrorCode(r->parser);
    if (r->err.code)
        return error_set(err, r->err.code, "%s", r->err.text);
    if (what == XML_ERROR_NO_MEMORY)
        return error_nomem(err);
    return error_set(err, MUSTER_E_INVALID, "line %lu: %s",
                     (unsigned long)XML_GetCurrentLineNumber(r->parser), XML_ErrorString(what));
}

/* In pieces, as expat copies what it is given. */
static int feed(struct reader *r, struct str document, struct error *err)
{
    size_t at = 0;
    do {
        size_t n = document.len - at < FEED_BYTES ? document.len - at : FEED_BYTES;
        bool last = at + n == document.len;
        if (XML_Parse(r->parser, document.ptr + at, (int)n, last) != XML_STATUS_OK)
            return parse_failed(r, err);
        at += n;
    } while (at < document.len);
    return 0;
}

int xml_read(struct str document, const char *root, xml_element_cb *element, void *ctx,
             struct error *err)
{
    struct reader r = { .root = root, .element = element, .ctx = ctx };
    if (document.len == 0)
        return error_set(err, MUSTER_E_INVALID, "it is empty");
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser)
        return error_nomem(err);
    buf_init(&r.text, XML_TEXT_MAX);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    int rc = feed(&r, document, err);
    XML_ParserFree(r.parser);
    buf_release(&r.text);
    return rc;
}
