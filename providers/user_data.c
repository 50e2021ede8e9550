#include "providers/user_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* 'it'\''s': the shell gives back exactly the text. */
static void add_quoted(struct buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_c(out, "'\\''");
        else
            buf_add_char(out, *text);
    }
    buf_add_char(out, '\'');
}

static int add_value(struct str name, const struct user_data_values *v, struct buf *out,
                     struct error *err)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        { "pool", v->pool },
        { "offer", v->offer },
        { "controller", v->controller },
        { "controller_url", v->controller_url },
        { "token_file", v->token_file },
        { "agent", v->agent },
        { "command", v->command },
    };
    if (str_eq_c(name, "node")) {
        buf_add_c(out, "\"$MUSTER_NODE\"");
        return 0;
    }
    if (str_eq_c(name, "slots")) {
        buf_addf(out, "%" PRId64, v->slots);
        return 0;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (str_eq_c(name, texts[i].name)) {
            add_quoted(out, texts[i].value);
            return 0;
        }
    }
    return error_set(err, MUSTER_E_CONFIG, "user data: there is no variable {{%.*s}}",
                     name.len < 40 ? (int)name.len : 40, name.ptr);
}

int user_data_fill(struct str template, const struct user_data_values *values, size_t max,
                   struct buf *out, struct error *err)
{
    size_t before = out->len;
    struct str at = template;
    while (at.len > 0) {
        const char *open = memmem(at.ptr, at.len, "{{", 2);
        size_t plain = open ? (size_t)(open - at.ptr) : at.len;
        buf_add(out, at.ptr, plain);
        at = (struct str){ at.ptr + plain, at.len - plain };
        if (!open)
            break;
        const char *close = memmem(at.ptr, at.len, "}}", 2);
        if (!close)
            return error_set(err, MUSTER_E_CONFIG, "user data: {{ without }}");
        struct str name = { at.ptr + 2, (size_t)(close - at.ptr) - 2 };
        int rc = add_value(str_trim(name), values, out, err);
        if (rc < 0)
            return rc;
        at = (struct str){ close + 2, at.len - name.len - 4 };
    }
    if (buf_failed(out))
        return error_set(err, buf_failed(out), "user data: no memory for it");
    if (out->len - before > max)
        return error_set(err, MUSTER_E_TOOBIG, "user data: %zu bytes, the cloud takes at most %zu",
                         out->len - before, max);
    return 0;
}

int user_data_make(const char *file, const char *fallback, const struct user_data_values *values,
                   size_t max, struct buf *out, struct error *err)
{
    struct buf template = { 0 };
    int rc = 0;
    if (*file)
        rc = file_read(file, max, &template, err);
    else
        buf_add_c(&template, fallback);
    if (rc < 0)
        rc = error_set(err, MUSTER_E_CONFIG, "user data %s cannot be read", file);
    else if (buf_failed(&template))
        rc = error_nomem(err);
    else
        rc = user_data_fill(buf_str(&template), values, max, out, err);
    buf_release(&template);
    return rc;
}

void base64_add(struct buf *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        unsigned b1 = left > 1 ? p[i + 1] : 0;
        unsigned b2 = left > 2 ? p[i + 2] : 0;
        unsigned word = (unsigned)p[i] << 16 | b1 << 8 | b2;
        const char four[] = { digits[word >> 18], digits[word >> 12 & 63],
                              left > 1 ? digits[word >> 6 & 63] : '=',
                              left > 2 ? digits[word & 63] : '=' };
        buf_add(out, four, sizeof(four));
    }
}
