/* The <Credentials> of an STS answer. */
#include <string.h>

#include <expat.h>

#include "auth/aws_sts.h"
#include "auth/secret.h"
#include "base/timestamp.h"

#define FIELD_MAX ((size_t)16 << 10)
#define DEPTH_MAX 8

enum { ACCESS_KEY, SECRET_KEY, TOKEN, EXPIRATION, FIELDS };

static const char *const field_names[FIELDS] = { "AccessKeyId", "SecretAccessKey", "SessionToken",
                                                 "Expiration" };

struct reader {
    XML_Parser parser;
    struct buf fields[FIELDS];
    bool inside;
    int depth, field; /* -1: none */
};

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    r->field = -1;
    if (++r->depth > DEPTH_MAX)
        XML_StopParser(r->parser, XML_FALSE);
    else if (strcmp(name, "Credentials") == 0)
        r->inside = true;
    for (int i = 0; r->inside && i < FIELDS; i++) {
        if (strcmp(field_names[i], name) == 0)
            r->field = i;
    }
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    r->depth--;
    r->field = -1;
    if (strcmp(name, "Credentials") == 0)
        r->inside = false;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct reader *r = ctx;
    if (r->field >= 0 && len > 0)
        buf_add(&r->fields[r->field], text, (size_t)len);
}

static int take(const struct reader *r, struct aws_credentials *ret, struct error *err)
{
    int64_t expires_ns;
    for (int i = 0; i < FIELDS; i++) {
        if (buf_failed(&r->fields[i]))
            return error_set(err, buf_failed(&r->fields[i]), "STS: the answer does not fit");
    }
    if (timestamp_parse(str_trim(buf_str(&r->fields[EXPIRATION])), &expires_ns, err) < 0)
        return error_wrap(err, "STS: Expiration");
    return aws_credentials_set(ret, str_trim(buf_str(&r->fields[ACCESS_KEY])),
                               str_trim(buf_str(&r->fields[SECRET_KEY])),
                               str_trim(buf_str(&r->fields[TOKEN])), expires_ns, "STS", err);
}

int aws_sts_read(struct str xml, struct aws_credentials *ret, struct error *err)
{
    struct reader r = { .parser = XML_ParserCreate(NULL), .field = -1 };
    int rc;
    if (!r.parser)
        return error_nomem(err);
    for (int i = 0; i < FIELDS; i++)
        buf_init(&r.fields[i], FIELD_MAX);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    if (xml.len > INT32_MAX || XML_Parse(r.parser, xml.ptr, (int)xml.len, 1) != XML_STATUS_OK)
        rc = error_set(err, MUSTER_E_INVALID, "STS: the answer is not XML");
    else
        rc = take(&r, ret, err);
    XML_ParserFree(r.parser);
    for (int i = 0; i < FIELDS; i++)
        secret_release(&r.fields[i]);
    return rc;
}
