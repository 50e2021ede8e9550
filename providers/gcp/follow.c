/*
 * Operations. An answer to a change only says that it was accepted; how it went is known when its
 * operation is DONE. `wait` answers then, or after two minutes, or whenever it likes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "providers/gcp/gcp.h"

#define AGAIN_MS      1000
#define WAIT_LEAST_NS (5 * NS_PER_S)

struct gcp_follow {
    gcp_followed_cb *done;
    int64_t until_ns;
    char path[320]; /* "projects/p/zones/z/operations/operation-1" */
};

void gcp_follow_free(struct gcp_follow *follow)
{
    free(follow);
}

static void finish(struct gcp_op *op, const cJSON *operation, const struct error *err)
{
    gcp_followed_cb *done = op->follow->done;
    gcp_follow_free(op->follow);
    op->follow = NULL;
    done(op, operation, err);
}

static void give_up(struct gcp_op *op, const char *why)
{
    struct error err = { 0 };
    error_set(&err, MUSTER_E_UNKNOWN, "Compute %s: %s", op->follow->path, why);
    finish(op, NULL, &err);
}

static bool is_done(const cJSON *operation)
{
    const char *status =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(operation, "status"));
    return status && strcmp(status, "DONE") == 0;
}

static void ask(struct gcp_op *op);
static void wait_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err);

static void later(struct gcp_op *op)
{
    if (gcp_now_ns(op->provider) >= op->follow->until_ns) {
        give_up(op, "it is still at work");
        return;
    }
    op->resume = ask;
    op->answer = wait_answer;
    gcp_op_wait(op, AGAIN_MS);
}

/* Whatever went wrong with asking: it may go well the next time. */
static void wait_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    cJSON *operation = NULL;
    if (err->code == MUSTER_E_AUTH || err->code == MUSTER_E_NOTFOUND ||
        err->code == MUSTER_E_CONFIG) {
        give_up(op, err->text);
        return;
    }
    if (err->code || json_parse(response->body, &operation, NULL) < 0 || !is_done(operation))
        later(op);
    else
        finish(op, operation, err);
    cJSON_Delete(operation);
}

static void ask(struct gcp_op *op)
{
    char path[sizeof(op->follow->path) + 8];
    int64_t left_ns = op->follow->until_ns - gcp_now_ns(op->provider);
    struct buf whole = { 0 };
    buf_addf(&whole, "%s/wait", op->follow->path);
    str_copy(path, sizeof(path), buf_str(&whole));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "POST",
        .name = "operations.wait",
        .path = path,
        .priority = GCP_DESCRIBE,
        .repeatable = true,
        .timeout_ns = left_ns > WAIT_LEAST_NS ? left_ns : WAIT_LEAST_NS,
    };
    op->answer = wait_answer;
    if (buf_failed(&whole))
        gcp_op_fail(op, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(op, &request);
    buf_release(&whole);
}

/* From its link: "https://.../projects/p/zones/z/operations/o". */
static bool path_of(const cJSON *operation, char *to, size_t size)
{
    const char *link =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(operation, "selfLink"));
    const char *path = link ? strstr(link, "projects/") : NULL;
    return path && strstr(path, "/operations/") && !strpbrk(path, "?# %") &&
           str_copy_c(to, size, path);
}

void gcp_follow(struct gcp_op *op, struct str body, int64_t most_ns, gcp_followed_cb *done)
{
    struct error err = { 0 };
    cJSON *operation = NULL;
    struct gcp_follow *follow = calloc(1, sizeof(*follow));
    int rc = follow ? json_parse(body, &operation, &err) : error_nomem(&err);
    if (!follow || rc < 0 || !path_of(operation, follow->path, sizeof(follow->path))) {
        /* It was accepted all the same. */
        error_set(&err, MUSTER_E_UNKNOWN, "Compute Engine accepted it, but its answer is broken");
        free(follow);
        cJSON_Delete(operation);
        done(op, NULL, &err);
        return;
    }
    follow->done = done;
    follow->until_ns = gcp_now_ns(op->provider) + most_ns;
    op->follow = follow;
    if (is_done(operation))
        finish(op, operation, &err);
    else
        ask(op);
    cJSON_Delete(operation);
}
