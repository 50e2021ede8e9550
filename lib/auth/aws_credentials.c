#include "auth/aws_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"
#include "base/json.h"
#include "base/timestamp.h"

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
    if (expires.len > 0 && timestamp_parse(expires, &expires_ns, err) < 0)
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
