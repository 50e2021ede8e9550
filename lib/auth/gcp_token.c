#include "auth/gcp_credentials.h"

#include <math.h>

#include "auth/gcp_file.h"
#include "auth/secret.h"
#include "base/json.h"
#include "base/units.h"

#define LIFE_MAX_S (7 * 86400)

/* It becomes a header's value: nothing that ends a line. */
static bool printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

int gcp_token_set(struct gcp_token *to, struct str text, int64_t expires_boot_ns,
                  const char *source, struct error *err)
{
    if (!printable(text))
        return error_set(err, MUSTER_E_INVALID, "%s: the access token is %s", source,
                         text.len == 0 ? "missing" : "no token: it holds blanks or control bytes");
    char *copy = str_dup(text);
    if (!copy)
        return error_nomem(err);
    *to = (struct gcp_token){ .text = copy, .expires_boot_ns = expires_boot_ns, .source = source };
    return 0;
}

static bool copy(char **to, const char *text)
{
    *to = text ? str_dup(str_from(text)) : NULL;
    return *to || !text;
}

int gcp_token_copy(struct gcp_token *to, const struct gcp_token *from, struct error *err)
{
    struct gcp_token made = *from;
    made.text = made.quota_project = made.universe = NULL;
    if (!copy(&made.text, from->text) || !copy(&made.quota_project, from->quota_project) ||
        !copy(&made.universe, from->universe)) {
        gcp_token_release(&made);
        return error_nomem(err);
    }
    *to = made;
    return 0;
}

void gcp_token_release(struct gcp_token *token)
{
    secret_free(token->text);
    secret_free(token->quota_project);
    secret_free(token->universe);
    *token = (struct gcp_token){ 0 };
}

/* Seconds, as a number or (some servers) as digits in a text. */
static bool life_s(const cJSON *at, int64_t *ret)
{
    if (cJSON_IsString(at) && units_parse_int(str_from(at->valuestring), ret, NULL) < 0)
        return false;
    if (cJSON_IsNumber(at) && isgreaterequal(at->valuedouble, 0.0) &&
        islessequal(at->valuedouble, (double)LIFE_MAX_S))
        *ret = (int64_t)at->valuedouble;
    else if (!cJSON_IsString(at))
        return false;
    return *ret > 0 && *ret <= LIFE_MAX_S;
}

int gcp_token_parse(struct str json, int64_t boot_ns, const char *source, struct gcp_token *ret,
                    struct error *err)
{
    cJSON *root = NULL;
    int64_t seconds = 0;
    /* The parser's own words may quote the text, so they are not handed on. */
    int rc = json_parse(json, &root, NULL);
    if (rc == MUSTER_E_NOMEM)
        return error_nomem(err);
    if (rc < 0 || !cJSON_IsObject(root))
        rc = error_set(err, MUSTER_E_INVALID, "%s: the answer is no JSON object", source);
    else if (!life_s(cJSON_GetObjectItemCaseSensitive(root, "expires_in"), &seconds))
        rc = error_set(err, MUSTER_E_INVALID, "%s: the answer does not say for how long", source);
    else
        rc = gcp_token_set(ret, gcp_json_text(root, "access_token"), boot_ns + seconds * NS_PER_S,
                           source, err);
    secret_json_free(root);
    return rc;
}
