#include "queue/pubsub_count.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/gcp_file.h"
#include "base/json.h"
#include "base/timestamp.h"

bool pubsub_count_wanted(void)
{
    const char *host = getenv("PUBSUB_EMULATOR_HOST");
    return host && *host;
}

int pubsub_count_read(struct str body, struct buf *ack_ids, struct pubsub_counted *found,
                      size_t *ret_len, struct error *err)
{
    cJSON *root = NULL;
    const cJSON *message;
    size_t len = 0;
    int rc = json_parse(body, &root, err);
    if (rc < 0)
        return rc;
    cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(root, "receivedMessages"))
    {
        const cJSON *inner = cJSON_GetObjectItemCaseSensitive(message, "message");
        struct str id = gcp_json_text(message, "ackId");
        int64_t at_ns = 0;
        if (id.len == 0) {
            rc = error_set(err, MUSTER_E_INVALID, "a message without ackId");
            break;
        }
        if (ack_ids->len > 0)
            buf_add_char(ack_ids, ',');
        json_quote(ack_ids, id.ptr);
        if (timestamp_parse(gcp_json_text(inner, "publishTime"), &at_ns, NULL) == 0 &&
            (found->oldest_wall_ns == 0 || at_ns < found->oldest_wall_ns))
            found->oldest_wall_ns = at_ns;
        len++;
    }
    cJSON_Delete(root);
    found->messages += (int64_t)len;
    if (rc == 0 && buf_failed(ack_ids))
        rc = error_nomem(err);
    *ret_len = len;
    return rc;
}

/* ---- asking ------------------------------------------------------------------------------------- */

static void finish(struct pubsub_count *count)
{
    buf_clear(&count->ack_ids);
    count->done(count->ctx, &count->found, &count->failure);
}

static int call(struct pubsub_count *count, const char *verb, struct str body, gcp_done_cb *done)
{
    char path[sizeof(count->path) + 32], name[64];
    (void)snprintf(path, sizeof(path), "%s:%s", count->path, verb);
    (void)snprintf(name, sizeof(name), "subscriptions.%s", verb);
    const struct gcp_request request = { .service = GCP_PUBSUB,
                                         .method = "POST",
                                         .name = name,
                                         .path = path,
                                         .body = body,
                                         .priority = GCP_DESCRIBE };
    return gcp_call(count->gcp, &request, done, count, &count->failure);
}

static void on_given_back(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct pubsub_count *count = ctx;
    (void)response;
    if (!count->failure.code)
        count->failure = *err;
    finish(count);
}

static void give_back(struct pubsub_count *count)
{
    struct buf body = { 0 };
    if (count->ack_ids.len == 0) {
        finish(count);
        return;
    }
    buf_addf(&body, "{\"ackIds\":[%s],\"ackDeadlineSeconds\":0}", buf_text(&count->ack_ids));
    if (buf_failed(&body))
        error_nomem(&count->failure);
    if (buf_failed(&body) || call(count, "modifyAckDeadline", buf_str(&body), on_given_back) < 0)
        finish(count);
    buf_release(&body);
}

static void on_pulled(void *ctx, const struct gcp_response *response, const struct error *err);

static int pull(struct pubsub_count *count)
{
    return call(count, "pull", STR("{\"maxMessages\":1000,\"returnImmediately\":true}"), on_pulled);
}

static void on_pulled(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct pubsub_count *count = ctx;
    size_t len = 0;
    count->failure = *err;
    if (!count->failure.code)
        (void)pubsub_count_read(response->body, &count->ack_ids, &count->found, &len,
                                &count->failure);
    bool more = !count->failure.code && len > 0 && count->found.messages < PUBSUB_COUNT_MAX;
    if (!more || pull(count) < 0)
        give_back(count);
}

int pubsub_count_begin(struct pubsub_count *count, struct gcp_client *gcp, const char *path,
                       pubsub_count_cb *done, void *ctx, struct error *err)
{
    count->gcp = gcp;
    count->found = (struct pubsub_counted){ 0 };
    count->failure = (struct error){ 0 };
    count->done = done;
    count->ctx = ctx;
    buf_clear(&count->ack_ids);
    (void)str_copy_c(count->path, sizeof(count->path), path);
    int rc = pull(count);
    if (rc < 0 && err)
        *err = count->failure;
    return rc;
}

void pubsub_count_release(struct pubsub_count *count)
{
    buf_release(&count->ack_ids);
}
