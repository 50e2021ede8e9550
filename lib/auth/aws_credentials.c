#include "auth/aws_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"
#include "base/calendar.h"
#include "base/json.h"

/* They become header values: nothing that ends a line. */
static bool printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

int aws_credentials_set(struct aws_credentials *to, struct str access_key, struct str secret_key,
                        struct str session_token, int64_t expires_wall_ns, const char *source,
                        struct error *err)
{
    if (access_key.len == 0 || secret_key.len == 0)
        return error_set(err, MUSTER_E_INVALID, "%s: %s is empty", source,
                         access_key.len == 0 ? "the access key id" : "the secret access key");
    if (!printable(access_key) || !printable(secret_key) || !printable(session_token))
        return error_set(err, MUSTER_E_INVALID, "%s: a blank or control byte in a key or token",
                         source);
    struct aws_credentials made = {
        .access_key = str_dup(access_key),
        .secret_key = str_dup(secret_key),
        .session_token = session_token.len > 0 ? str_dup(session_token) : NULL,
        .expires_wall_ns = expires_wall_ns,
        .source = source,
    };
    if (!made.access_key || !made.secret_key || (session_token.len > 0 && !made.session_token)) {
        aws_credentials_release(&made);
        return error_nomem(err);
    }
    *to = made;
    return 0;
}

int aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from,
                         struct error *err)
{
    return aws_credentials_set(to, str_from(from->access_key), str_from(from->secret_key),
                               str_from(from->session_token), from->expires_wall_ns, from->source,
                               err);
}

void aws_credentials_release(struct aws_credentials *credentials)
{
    secret_free(credentials->access_key);
    secret_free(credentials->secret_key);
    secret_free(credentials->session_token);
    *credentials = (struct aws_credentials){ 0 };
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Digits at `at`, as a number; -1 when one of them is none. */
static int64_t digits(struct str text, size_t at, size_t len)
{
    int64_t value = 0;
    for (size_t i = at; i < at + len; i++) {
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

static bool char_at(struct str text, size_t at, char c)
{
    return at < text.len && text.ptr[at] == c;
}

/* What follows the seconds: a fraction, at most to the nanosecond, and the zone, which is UTC. */
static bool parse_tail(struct str tail, int64_t *ret_ns)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    size_t i = 0;
    if (char_at(tail, 0, '.')) {
        for (i = 1; digits(tail, i, 1) >= 0; i++, unit /= 10)
            ns += unit * digits(tail, i, 1);
        if (i == 1)
            return false;
    }
    struct str zone = { tail.ptr + i, tail.len - i };
    *ret_ns = ns;
    return str_eq_c(zone, "Z") || str_eq_c(zone, "+00:00") || str_eq_c(zone, "+0000");
}

int aws_time_parse(struct str text, int64_t *ret_wall_ns, struct error *err)
{
    int64_t year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    int64_t hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    int64_t ns = 0;
    bool shape = char_at(text, 4, '-') && char_at(text, 7, '-') && char_at(text, 10, 'T') &&
                 char_at(text, 13, ':') && char_at(text, 16, ':') && text.len > 19;
    /* Years whose nanoseconds an int64_t holds. */
    bool range = year >= 1970 && year <= 2250 && month >= 1 && month <= 12 && day >= 1 &&
                 day <= 31 && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 &&
                 second >= 0 && second <= 60;
    if (!shape || !range || day > calendar_month_days(year, (int)month) ||
        !parse_tail((struct str){ text.ptr + 19, text.len - 19 }, &ns))
        return error_set(err, MUSTER_E_INVALID, "not a time like 2026-03-14T15:09:26Z");
    int64_t seconds = calendar_days(year, (int)month, (int)day) * SECONDS_PER_DAY + hour * 3600 +
                      minute * 60 + second;
    *ret_wall_ns = seconds * NS_PER_S + ns;
    return 0;
}

/* ---- JSON --------------------------------------------------------------------------------------- */

static struct str text_member(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return str_from(cJSON_IsString(member) ? member->valuestring : NULL);
}

static int from_object(const cJSON *root, const char *source, struct aws_credentials *ret,
                       struct error *err)
{
    struct str code = text_member(root, "Code"), token = text_member(root, "Token");
    struct str expires = text_member(root, "Expiration");
    int64_t expires_ns = AWS_NEVER_EXPIRES;
    if (!cJSON_IsObject(root))
        return error_set(err, MUSTER_E_INVALID, "%s: not a JSON object", source);
    if (code.len > 0 && !str_eq_c(code, "Success"))
        return error_set(err, MUSTER_E_AUTH, "%s: it answered %.*s", source,
                         (int)(code.len < 64 ? code.len : 64), code.ptr);
    if (expires.len > 0 && aws_time_parse(expires, &expires_ns, err) < 0)
        return error_wrap(err, "%s: Expiration", source);
    return aws_credentials_set(
        ret, text_member(root, "AccessKeyId"), text_member(root, "SecretAccessKey"),
        token.len > 0 ? token : text_member(root, "SessionToken"), expires_ns, source, err);
}

int aws_credentials_parse(struct str json, const char *source, struct aws_credentials *ret,
                          struct error *err)
{
    cJSON *root = NULL;
    struct error reason = { 0 };
    /* The parser's own words may quote the text, so they are not handed on. */
    int rc = json_parse(json, &root, &reason);
    if (rc == MUSTER_E_NOMEM)
        return error_nomem(err);
    if (rc < 0)
        return error_set(err, MUSTER_E_INVALID, "%s: the answer is not JSON", source);
    rc = from_object(root, source, ret, err);
    secret_json_free(root);
    return rc;
}
