/*
 * Terminating: the machine is looked at first (is it there, is it ours, did a managed instance group
 * make it, which would make it again?), then deleted, and the operation followed to its end. The
 * requestId comes from the intent: asking again is asking for the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "providers/gcp/gcp.h"

/* By then it is stopping, and the listing shows the rest. */
#define FOLLOW_NS (60 * NS_PER_S)

struct terminate_op {
    struct gcp_op base;
    provider_terminate_cb *done;
    void *ctx;
    char token[TOKEN_MAX]; /* the intent's */
    char name[GCE_NAME_MAX], zone[GCE_ZONE_MAX];
    bool group; /* its group was told: that is done before the machine is gone */
    int looks;
};

static struct terminate_op *terminate_of(struct gcp_op *op)
{
    return (struct terminate_op *)op;
}

static void release(struct gcp_op *op)
{
    free(op);
}

static void finish(struct terminate_op *t, const struct error *err)
{
    provider_terminate_cb *done = t->done;
    void *ctx = t->ctx;
    struct error copy = *err;
    gcp_op_free(&t->base);
    done(ctx, &copy);
}

/* ---- what is gone ------------------------------------------------------------------------------- */

#define GONE_KEEP_NS (600 * NS_PER_S)
#define GONE_MAX     4096

void gcp_forget_gone(struct provider *self)
{
    size_t old = 0;
    while (old < self->gone.len && (gcp_now_ns(self) - self->gone.at[old].at_ns > GONE_KEEP_NS ||
                                    self->gone.len - old > GONE_MAX))
        old++;
    if (old == 0)
        return;
    self->gone.len -= old;
    memmove(self->gone.at, self->gone.at + old, self->gone.len * sizeof(*self->gone.at));
}

/* Without memory it is not kept: then the listings have to lack it for a while. */
static void note_gone(struct terminate_op *t)
{
    struct gcp_gone gone = { .at_ns = gcp_now_ns(t->base.provider) };
    gce_node_id(t->name, t->zone, gone.id);
    gcp_forget_gone(t->base.provider);
    (void)vec_push(&t->base.provider->gone, gone);
}

/* ------------------------------------------------------------------------------------------------- */

#define GONE_LOOK_MS   2000
#define GONE_LOOKS_MAX 30

static void start(struct gcp_op *op);

/* It was there when this began: if it is not any more, that is no delay of the view. */
static void gone_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    (void)response;
    struct terminate_op *t = terminate_of(op);
    const struct error none = { 0 };
    if (err->code == MUSTER_E_NOTFOUND) {
        note_gone(t);
        finish(t, &none);
    } else if (++t->looks < GONE_LOOKS_MAX) {
        op->resume = start;
        gcp_op_wait(op, GONE_LOOK_MS);
    } else {
        finish(t, &none); /* accepted, and slow: the listings tell the rest */
    }
}

static void followed(struct gcp_op *op, const cJSON *operation, const struct error *err)
{
    struct gcp_fault fault;
    struct error bad = *err;
    /* It was accepted, and takes its time. */
    if (bad.code == MUSTER_E_UNKNOWN)
        bad.code = 0;
    if (operation && gcp_fault_from_operation(operation, &fault)) {
        gcp_fault_error(&fault, &bad);
        error_wrap(&bad, "Compute instances.delete %s", terminate_of(op)->name);
    } else if (operation && terminate_of(op)->group) {
        op->resume = start;
        gcp_op_wait(op, GONE_LOOK_MS);
        return;
    } else if (operation) {
        note_gone(terminate_of(op));
    }
    finish(terminate_of(op), &bad);
}

static void delete_answer(struct gcp_op *op, const struct gcp_response *response,
                          const struct error *err)
{
    if (err->code)
        finish(terminate_of(op), err);
    else
        gcp_follow(op, response->body, FOLLOW_NS, followed);
}

static void send_change(struct terminate_op *t, struct gcp_request *request, struct buf *path,
                        struct buf *body)
{
    char id[GCE_UUID_MAX];
    struct buf query = { 0 };
    bool made = gce_request_id(t->token, "delete", id, NULL) == 0;
    gcp_query_add(&query, "requestId", str_from(made ? id : ""));
    request->service = GCP_COMPUTE;
    request->path = buf_text(path);
    request->query = buf_text(&query);
    request->body = buf_str(body);
    request->priority = GCP_TERMINATE;
    request->repeatable = true;
    t->base.answer = delete_answer;
    if (!made || buf_failed(path) || buf_failed(&query) || buf_failed(body))
        gcp_op_fail(&t->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&t->base, request);
    buf_release(&query);
}

static void send_delete(struct terminate_op *t)
{
    struct buf path = { 0 };
    struct buf none = { 0 };
    struct gcp_request request = { .method = "DELETE", .name = "instances.delete" };
    buf_addf(&path, "projects/%s/zones/%s/instances/%s", t->base.project, t->zone, t->name);
    send_change(t, &request, &path, &none);
    buf_release(&path);
}

/* Its group would make a machine that vanished anew, so the group is told to be smaller. */
static void send_group_delete(struct terminate_op *t, const char *group)
{
    struct buf path = { 0 };
    struct buf body = { 0 };
    struct gcp_request request = { .method = "POST",
                                   .name = "instanceGroupManagers.deleteInstances" };
    const char *place = strstr(group, "zones/");
    place = place ? place : strstr(group, "regions/");
    t->group = true;
    buf_addf(&path, "projects/%s/%s/deleteInstances", t->base.project, place ? place : "");
    gce_write_delete_instance(t->zone, t->name, &body);
    send_change(t, &request, &path, &body);
    buf_release(&path);
    buf_release(&body);
}

static void look_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    struct terminate_op *t = terminate_of(op);
    struct gce_instance instance;
    struct error bad = *err;
    if (!bad.code && gce_read_instance(response->body, &instance, &bad) < 0)
        bad.code = MUSTER_E_TRANSIENT;
    if (!bad.code && strcmp(instance.controller, op->provider->env->controller) != 0)
        error_set(&bad, MUSTER_E_CONFIG,
                  "%s does not carry the label " GCE_LABEL_CONTROLLER
                  "=%s any more: it is not deleted",
                  t->name, op->provider->env->controller);
    if (bad.code)
        finish(t, &bad);
    else if (instance.creator[0])
        send_group_delete(t, instance.creator);
    else
        send_delete(t);
}

static void start(struct gcp_op *op)
{
    struct terminate_op *t = terminate_of(op);
    struct buf path = { 0 };
    buf_addf(&path, "projects/%s/zones/%s/instances/%s", op->project, t->zone, t->name);
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "instances.get",
        .path = buf_text(&path),
        .priority = GCP_TERMINATE,
        .repeatable = true,
    };
    op->answer = t->group ? gone_answer : look_answer;
    if (!t->zone[0])
        gcp_op_fail(op, MUSTER_E_NOTFOUND, "that is no machine of Compute Engine");
    else if (buf_failed(&path))
        gcp_op_fail(op, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(op, &request);
    buf_release(&path);
}

void gcp_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx)
{
    struct terminate_op *t = calloc(1, sizeof(*t));
    if (!t) {
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, &err);
        return;
    }
    t->base.start = start;
    t->base.answer = look_answer;
    t->base.release = release;
    t->done = done;
    t->ctx = ctx;
    str_copy_c(t->token, sizeof(t->token), intent->token);
    if (!gce_node_split(intent->node, t->name, t->zone))
        t->zone[0] = '\0';
    gcp_op_begin(self, &t->base, intent->inventory);
}
