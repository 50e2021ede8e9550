/*
 * SigV4 stage by stage: cases of our own here, and the published test vectors and recorded requests
 * where they are (../shared/data or $MUSTER_DATA).
 */
#include "auth/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/aws_wire.h"
#include "auth/sigv4_canonical.h"
#include "base/file.h"
#include "base/json.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* ---- our own cases ------------------------------------------------------------------------------ */

struct text_case {
    const char *name, *in, *out;
    bool keep;
};

static const struct text_case paths[] = {
    { "empty", "", "/", false },
    { "root", "/", "/", false },
    { "dots to the root", "/a/..", "/", false },
    { "dots beyond the root", "/../../a", "/a", false },
    { "slashes", "//a///b//", "/a/b/", false },
    { "a dot", "/./a/.", "/a", false },
    { "blank", "/a b", "/a%20b", false },
    { "encoded is encoded again", "/a%20b", "/a%2520b", false },
    { "kept", "//a/../b", "//a/../b", true },
    { "two dots are a segment, three a name", "/a/.../..", "/a", false },
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct buf out = { 0 };
        assert_int_equal(sigv4_canonical_path(str_from(paths[i].in), paths[i].keep, &out, NULL), 0);
        if (strcmp(buf_text(&out), paths[i].out) != 0)
            fail_msg("%s: %s, not %s", paths[i].name, buf_text(&out), paths[i].out);
        buf_release(&out);
    }
}

static const struct text_case queries[] = {
    { "empty", "", "", false },
    { "sorted by name, then value", "b=2&a=3&a=1", "a=1&a=3&b=2", false },
    { "no value", "a&b=", "a=&b=", false },
    { "a prefix comes first", "ab=1&a=2", "a=2&ab=1", false },
    { "sorted as encoded", "%7Eb=1&%24=2", "%24=2&~b=1", false },
    { "empty parameters are none", "&&a=1&", "a=1", false },
    { "a stray percent sign", "a=%&b=%4&c=%zz", "a=%25&b=%254&c=%25zz", false },
    { "equals signs in a value", "a=b=c", "a=b%3Dc", false },
};

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct buf out = { 0 };
        assert_int_equal(sigv4_canonical_query(str_from(queries[i].in), &out, NULL), 0);
        if (strcmp(buf_text(&out), queries[i].out) != 0)
            fail_msg("%s: %s, not %s", queries[i].name, buf_text(&out), queries[i].out);
        buf_release(&out);
    }
}

static void test_headers(void **state)
{
    (void)state;
    const struct sigv4_header headers[] = {
        { STR("X-Amz-Date"), STR("20150830T123600Z") },
        { STR("host"), STR(" h:80 ") },
        { STR("B"), STR("z") },
        { STR("b"), STR(" a \t\r\n b  c ") },
        { STR("A"), STR("") },
    };
    const struct sigv4_request request = { .headers = headers, .headers_len = 5 };
    struct buf out = { 0 };
    assert_int_equal(sigv4_canonical_headers(&request, &out, NULL), 0);
    assert_string_equal(buf_text(&out), "a:\nb:z,a b c\nhost:h:80\nx-amz-date:20150830T123600Z\n");
    buf_clear(&out);
    assert_int_equal(sigv4_signed_headers(&request, &out, NULL), 0);
    assert_string_equal(buf_text(&out), "a;b;host;x-amz-date");
    buf_release(&out);
}

static void test_time(void **state)
{
    (void)state;
    char text[SIGV4_TIME_MAX];
    assert_int_equal(sigv4_format_time(1440938160 * INT64_C(1000000000), text, NULL), 0);
    assert_string_equal(text, "20150830T123600Z");
    assert_int_equal(sigv4_format_time(-1, text, NULL), MUSTER_E_RANGE);
    assert_string_equal(text, "20150830T123600Z");
}

/* A known key of a known day: RFC-independent anchors, so that all stages cannot be wrong together. */
static void test_anchor(void **state)
{
    (void)state;
    const struct sigv4_header headers[] = {
        { STR("Host"), STR("example.amazonaws.com") },
        { STR("X-Amz-Date"), STR("20150830T123600Z") },
    };
    struct sigv4_request request = {
        .method = STR("GET"), .path = STR("/"), .headers = headers, .headers_len = 2
    };
    const struct sigv4_signer signer = { .access_key = STR("AKIDEXAMPLE"),
                                         .secret_key = STR(SECRET),
                                         .region = STR("us-east-1"),
                                         .service = STR("service"),
                                         .time = "20150830T123600Z" };
    struct buf out = { 0 };
    assert_int_equal(digest_hex(STR(""), request.body_hash, NULL), 0);
    assert_int_equal(sigv4_authorization(&signer, &request, &out, NULL), 0);
    assert_string_equal(
        buf_text(&out),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    assert_null(strstr(buf_text(&out), SECRET));
    /* One character of a header is another: so is the signature. */
    const struct sigv4_header other[] = { { STR("Host"), STR("example.amazonawt.com") },
                                          headers[1] };
    struct buf changed = { 0 };
    request.headers = other;
    assert_int_equal(sigv4_authorization(&signer, &request, &changed, NULL), 0);
    assert_string_not_equal(buf_text(&changed), buf_text(&out));
    buf_release(&changed);
    buf_release(&out);
}

/* ---- the published vectors ---------------------------------------------------------------------- */

static cJSON *read_data(const char *name)
{
    const char *dir = getenv("MUSTER_DATA");
    char path[512];
    struct buf text = { 0 };
    cJSON *root = NULL;
    snprintf(path, sizeof(path), "%s/api/%s", dir ? dir : "../shared/data", name);
    if (file_read(path, (size_t)64 << 20, &text, NULL) == 0)
        assert_int_equal(json_parse(buf_str(&text), &root, NULL), 0);
    else
        print_message("[  SKIPPED ] %s is not here: set MUSTER_DATA to its directory\n", path);
    buf_release(&text);
    return root;
}

static struct str member(const cJSON *object, const char *name)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(object, name);
    return str_from(cJSON_IsString(at) ? at->valuestring : NULL);
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

struct vector {
    const cJSON *json;
    const char *name;
    struct sigv4_header headers[16];
    struct sigv4_request request;
    struct sigv4_signer signer;
    struct str token;
};

static void add(struct vector *v, struct str name, struct str value)
{
    assert_true(v->request.headers_len < 16);
    v->headers[v->request.headers_len++] = (struct sigv4_header){ name, value };
}

static bool has_header(const struct vector *v, const char *name)
{
    for (size_t i = 0; i < v->request.headers_len; i++) {
        if (strcasecmp(v->headers[i].name.ptr, name) == 0)
            return true;
    }
    return false;
}

/* "2015-08-30T12:36:00Z" without the punctuation. */
static void set_time(struct vector *v, struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '-' && text.ptr[i] != ':')
            v->signer.time[n++] = text.ptr[i];
    }
    v->signer.time[n] = '\0';
}

static void vector_read(struct vector *v, const cJSON *json)
{
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(json, "credentials"), *pair;
    struct str target = member(json, "target");
    const char *mark = strchr(target.ptr, '?');
    size_t path_len = mark ? (size_t)(mark - target.ptr) : target.len;
    *v = (struct vector){ .json = json, .name = member(json, "name").ptr };
    v->request.method = member(json, "method");
    v->request.path = (struct str){ target.ptr, path_len };
    v->request.query = mark ? str_from(mark + 1) : STR("");
    v->request.headers = v->headers;
    v->request.keep_path = !is_true(json, "normalize");
    assert_int_equal(digest_hex(member(json, "body"), v->request.body_hash, NULL), 0);
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(json, "headers"))
        add(v, str_from(pair->child->valuestring), str_from(pair->child->next->valuestring));
    v->signer.access_key = member(keys, "access_key_id");
    v->signer.secret_key = member(keys, "secret_access_key");
    v->signer.region = member(json, "region");
    v->signer.service = member(json, "service");
    v->token = member(keys, "token");
    set_time(v, member(json, "timestamp"));
}

static void expect(const struct vector *v, const char *stage, struct str want, struct str got)
{
    if (!str_eq(want, got))
        fail_msg("%s, %s:\n%.*s\n--- and not\n%.*s", v->name, stage, (int)got.len, got.ptr,
                 (int)want.len, want.ptr);
}

static void check_stages(const struct vector *v, const struct sigv4_request *request,
                         const cJSON *want)
{
    struct buf canonical = { 0 }, to_sign = { 0 };
    unsigned char key[DIGEST_BYTES];
    char signature[DIGEST_HEX_MAX];
    assert_int_equal(sigv4_canonical_request(request, &canonical, NULL), 0);
    expect(v, "canonical request", member(want, "canonical_request"), buf_str(&canonical));
    assert_int_equal(sigv4_string_to_sign(&v->signer, buf_str(&canonical), &to_sign, NULL), 0);
    expect(v, "string to sign", member(want, "string_to_sign"), buf_str(&to_sign));
    assert_int_equal(sigv4_signing_key(&v->signer, key, NULL), 0);
    assert_int_equal(sigv4_signature(key, buf_str(&to_sign), signature, NULL), 0);
    expect(v, "signature", member(want, "signature"), str_from(signature));
    buf_release(&canonical);
    buf_release(&to_sign);
}

static void check_header_form(struct vector *v)
{
    const cJSON *want = cJSON_GetObjectItemCaseSensitive(v->json, "header");
    struct buf out = { 0 };
    if (!has_header(v, "X-Amz-Date"))
        add(v, STR("X-Amz-Date"), str_from(v->signer.time));
    if (is_true(v->json, "sign_body") && !has_header(v, "X-Amz-Content-Sha256"))
        add(v, STR("X-Amz-Content-Sha256"), str_from(v->request.body_hash));
    if (v->token.len > 0 && !is_true(v->json, "omit_session_token") &&
        !has_header(v, "X-Amz-Security-Token"))
        add(v, STR("X-Amz-Security-Token"), v->token);
    check_stages(v, &v->request, want);
    assert_int_equal(sigv4_authorization(&v->signer, &v->request, &out, NULL), 0);
    expect(v, "authorization", member(want, "authorization"), buf_str(&out));
    buf_release(&out);
}

static bool check_query_form(const struct vector *v)
{
    const cJSON *want = cJSON_GetObjectItemCaseSensitive(v->json, "query");
    bool unsigned_token = is_true(v->json, "omit_session_token");
    int expires_s = cJSON_GetObjectItemCaseSensitive(v->json, "expires")->valueint;
    struct buf query = { 0 }, names = { 0 }, url = { 0 };
    struct sigv4_request presigned = v->request;
    if (!cJSON_IsObject(want))
        return false;
    assert_int_equal(sigv4_signed_headers(&v->request, &names, NULL), 0);
    sigv4_presign_query(&v->signer, &v->request, buf_str(&names),
                        unsigned_token ? STR("") : v->token, expires_s, &query);
    presigned.query = buf_str(&query);
    check_stages(v, &presigned, want);
    assert_int_equal(
        sigv4_presign(&v->signer, &v->request, v->token, unsigned_token, expires_s, &url, NULL), 0);
    struct str target = member(want, "signed_target");
    /* The vector's path may be shown normalised; what is sent is what was asked for. */
    const char *mark = memchr(target.ptr, '?', target.len), *ours = strchr(buf_text(&url), '?');
    assert_non_null(mark);
    assert_non_null(ours);
    const char *added = strstr(mark, "X-Amz-Algorithm"),
               *ours_added = strstr(ours, "X-Amz-Algorithm");
    expect(v, "signed target", str_from(added), str_from(ours_added));
    buf_release(&query);
    buf_release(&names);
    buf_release(&url);
    return true;
}

static void test_vectors(void **state)
{
    (void)state;
    cJSON *root = read_data("sigv4_vectors.json");
    const cJSON *json;
    int headers = 0, queries_done = 0;
    if (!root)
        skip();
    cJSON_ArrayForEach(json, cJSON_GetObjectItemCaseSensitive(root, "vectors"))
    {
        struct vector v;
        vector_read(&v, json);
        queries_done += check_query_form(&v) ? 1 : 0;
        check_header_form(&v);
        headers++;
    }
    cJSON_Delete(root);
    print_message("%d vectors in header form, %d in query form\n", headers, queries_done);
    assert_int_equal(headers, 72);
    assert_int_equal(queries_done, 38);
}

/* ---- recorded requests: the same headers, byte for byte ----------------------------------------- */

static bool form(const cJSON *call)
{
    struct str protocol = member(call, "protocol");
    return str_eq_c(protocol, "ec2") || str_eq_c(protocol, "query");
}

static struct str operation_target(const cJSON *headers, char *prefix, size_t size)
{
    struct str target = member(headers, "X-Amz-Target");
    const char *dot = target.len > 0 ? memchr(target.ptr, '.', target.len) : NULL;
    str_copy(prefix, size, (struct str){ target.ptr, dot ? (size_t)(dot - target.ptr) : 0 });
    return target;
}

static void check_golden(const cJSON *call, const struct aws_credentials *keys)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(call, "headers"), *want;
    const cJSON *signing = cJSON_GetObjectItemCaseSensitive(call, "signing");
    char target[64];
    struct aws_settings settings = { 0 };
    struct aws_wire wire = { 0 };
    struct error err = { 0 };
    struct aws_credentials with_token = *keys;
    bool json_1_0 = strstr(member(headers, "Content-Type").ptr, "json-1.0") != NULL;
    with_token.session_token = (char *)(uintptr_t)(member(headers, "X-Amz-Security-Token").len > 0
                                                       ? member(headers, "X-Amz-Security-Token").ptr
                                                       : NULL);
    operation_target(headers, target, sizeof(target));
    const struct aws_request request = {
        .service =
            cJSON_IsObject(signing) ? member(signing, "service").ptr : member(call, "service").ptr,
        .region = member(call, "region").ptr,
        .action = member(call, "operation").ptr,
        .target = target,
        .protocol = form(call) ? AWS_QUERY
                    : json_1_0 ? AWS_JSON_1_0
                               : AWS_JSON_1_1,
        .body = member(call, "body"),
    };
    /* 2026-03-14T15:09:26Z, when they were recorded */
    assert_int_equal(aws_wire_build(&settings, &request,
                                    cJSON_IsObject(signing) ? &with_token : NULL,
                                    INT64_C(1773500966) * NS_PER_S, &wire, &err),
                     0);
    assert_string_equal(wire.endpoint.url, member(call, "url").ptr);
    cJSON_ArrayForEach(want, headers)
    {
        char line[2048];
        bool found = strcmp(want->string, "Content-Length") == 0; /* curl's business */
        snprintf(line, sizeof(line), "%s: %s", want->string, want->valuestring);
        for (size_t i = 0; i < wire.len && !found; i++)
            found = strcasecmp(line, wire.headers[i]) == 0 &&
                    strcmp(strchr(line, ':'), strchr(wire.headers[i], ':')) == 0;
        if (!found)
            fail_msg("%s: no header %s", member(call, "name").ptr, line);
    }
    aws_wire_release(&wire);
}

/* One character of one signed header is another: the signature is, too. */
static void check_mutations(struct vector *v, struct str authorization)
{
    for (size_t i = 0; i < v->request.headers_len; i++) {
        struct buf out = { 0 };
        struct str right = v->headers[i].value;
        char *wrong = str_dup(right);
        assert_true(right.len > 0);
        wrong[right.len / 2] ^= 1;
        v->headers[i].value = str_from(wrong);
        assert_int_equal(sigv4_authorization(&v->signer, &v->request, &out, NULL), 0);
        assert_false(str_eq(buf_str(&out), authorization));
        v->headers[i].value = right;
        free(wrong);
        buf_release(&out);
    }
}

/* The headers as they were recorded, signed again: for the one protocol that we do not speak (CBOR). */
static void check_recorded(const cJSON *call, const cJSON *about)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(call, "headers"), *header;
    const cJSON *signing = cJSON_GetObjectItemCaseSensitive(call, "signing");
    struct vector v = { .name = member(call, "name").ptr };
    struct str canonical = member(signing, "canonical_request"), url = member(call, "url");
    const char *names = strstr(member(headers, "Authorization").ptr, "SignedHeaders=") + 14;
    const char *host = strstr(url.ptr, "://") + 3, *path = strchr(host, '/');
    struct buf out = { 0 };
    v.request.method = member(call, "method");
    v.request.path = str_from(path);
    v.request.headers = v.headers;
    v.signer.access_key = member(about, "access_key");
    v.signer.secret_key = member(about, "secret_key");
    v.signer.region = member(signing, "region");
    v.signer.service = member(signing, "service");
    str_copy(v.signer.time, sizeof(v.signer.time), member(headers, "X-Amz-Date"));
    memcpy(v.request.body_hash, strrchr(canonical.ptr, '\n') + 1, DIGEST_HEX_MAX);
    add(&v, STR("host"), (struct str){ host, (size_t)(path - host) });
    cJSON_ArrayForEach(header, headers)
    {
        const char *at = strcasestr(names, header->string);
        if (at && at < strchr(names, ','))
            add(&v, str_from(header->string), str_from(header->valuestring));
    }
    check_stages(&v, &v.request, signing);
    assert_int_equal(sigv4_authorization(&v.signer, &v.request, &out, NULL), 0);
    expect(&v, "authorization", member(headers, "Authorization"), buf_str(&out));
    buf_release(&out);
    check_mutations(&v, member(headers, "Authorization"));
}

static void test_golden(void **state)
{
    (void)state;
    cJSON *root = read_data("aws_golden_requests.json");
    const cJSON *call;
    int whole = 0, with_signature = 0;
    if (!root)
        skip();
    const cJSON *about = cJSON_GetObjectItemCaseSensitive(root, "_about");
    struct aws_credentials keys = { 0 };
    unsetenv("AWS_ENDPOINT_URL");
    assert_int_equal(aws_credentials_set(&keys, member(about, "access_key"),
                                         member(about, "secret_key"), STR(""), AWS_NEVER_EXPIRES,
                                         "test", NULL),
                     0);
    cJSON_ArrayForEach(call, cJSON_GetObjectItemCaseSensitive(root, "requests"))
    {
        bool ours = form(call) || str_eq_c(member(call, "protocol"), "json");
        if (ours)
            check_golden(call, &keys);
        whole += ours ? 1 : 0;
        if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(call, "signing")))
            continue;
        check_recorded(call, about);
        with_signature++;
    }
    aws_credentials_release(&keys);
    cJSON_Delete(root);
    print_message("%d recorded signatures, %d requests with all their headers\n", with_signature,
                  whole);
    assert_int_equal(whole, 37);
    assert_int_equal(with_signature, 38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_queries),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_time),
        cmocka_unit_test(test_anchor),  cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
