/*
 * What Google Cloud parts read that they did not write: credentials files, token answers, errors of calls
 * and operations, time series, pulled messages, times. The first byte says which.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "auth/gcp_credentials.h"
#include "auth/gcp_error.h"
#include "auth/gcp_exchange.h"
#include "auth/gcp_file.h"
#include "auth/gcp_jwt.h"
#include "auth/gcp_sources.h"
#include "auth/gcp_subject.h"
#include "auth/secret.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "queue/pubsub_count.h"
#include "queue/timeseries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file(struct str text)
{
    static const struct gcp_settings settings = { 0 };
    uv_loop_t loop;
    const struct gcp_source_env env = { .loop = &loop,
                                        .clock = &clock_system,
                                        .settings = &settings };
    struct gcp_source *source = NULL;
    cJSON *root = NULL;
    if (gcp_file_parse(text, &root, NULL) < 0)
        return;
    uv_loop_init(&loop);
    if (gcp_source_file(&env, root, &source, NULL) == 0)
        gcp_source_free(source);
    secret_json_free(root);
    uv_run(&loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&loop);
    assert(rc == 0);
}

static void answers(struct str text)
{
    struct gcp_token token = { 0 };
    struct gcp_fault fault;
    struct buf to = { 0 };
    char told[512];
    if (gcp_token_parse(text, 0, "test", &token, NULL) == 0)
        assert(token.text[0] && !strpbrk(token.text, "\r\n "));
    gcp_token_release(&token);
    (void)gcp_impersonate_read(text, STR("Sat, 14 Mar 2026 15:39:26 GMT"), &clock_system, &token,
                               NULL);
    gcp_token_release(&token);
    gcp_fault_from_body(400, text, &fault);
    gcp_redact(fault.message);
    gcp_fault_text(&fault, told, sizeof(told));
    assert(!strpbrk(told, "\r\n") && gcp_fault_class(&fault) != MUSTER_OK);
    (void)gcp_subject_read(text, "id", &to, NULL);
    buf_release(&to);
}

static void operation(struct str text)
{
    cJSON *root = NULL;
    struct gcp_fault fault;
    if (json_parse(text, &root, NULL) == 0 && gcp_fault_from_operation(root, &fault)) {
        int class = gcp_fault_class(&fault);
        assert(class < 0 && class != MUSTER_E_UNKNOWN);
        (void)gcp_fault_exists(&fault);
    }
    cJSON_Delete(root);
}

static void queues(struct str text)
{
    struct timeseries_point point;
    struct pubsub_counted found = { 0 };
    struct buf ids = { 0 };
    size_t len;
    for (int many = SERIES_ONE; many <= SERIES_MAX; many++)
        (void)timeseries_newest(text, (enum timeseries_many)many, &point, NULL);
    (void)pubsub_count_read(text, &ids, &found, &len, NULL);
    assert(found.messages >= 0);
    buf_release(&ids);
}

static void words(struct str text)
{
    const struct gcp_assertion assertion = { .issuer = text, .scope = text };
    struct buf to = { 0 };
    int64_t wall_ns;
    (void)timestamp_parse(text, &wall_ns, NULL);
    assert(gcp_jwt(&assertion, text, &to, NULL) < 0 || to.len > 0);
    base64url_add(&to, text);
    buf_release(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = { (const char *)data + 1, size - 1 };
    switch (data[0]) {
    case 'f':
        file(text);
        break;
    case 'o':
        operation(text);
        break;
    case 'q':
        queues(text);
        break;
    case 'w':
        words(text);
        break;
    default:
        answers(text);
    }
    return 0;
}
