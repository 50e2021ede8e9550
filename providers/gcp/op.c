/* Calls in flight. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "providers/gcp/gcp.h"

int64_t gcp_now_ns(const struct provider *self)
{
    return self->env->clock->boot_ns(self->env->clock->ctx);
}

static struct gcp_op *gcp_op_of(struct op *op)
{
    return (struct gcp_op *)op;
}

static void on_due(struct op *base, const struct error *err)
{
    struct gcp_op *op = gcp_op_of(base);
    if (err->code)
        op->answer(op, NULL, err);
    else
        op->resume(op);
}

static void on_release(struct op *base)
{
    struct gcp_op *op = gcp_op_of(base);
    if (op->calling)
        gcp_client_drop(op->provider->env->gcp, op);
    gcp_follow_free(op->follow);
    op->release(op);
}

static void on_project(void *ctx, const char *project, const struct error *err)
{
    struct gcp_op *op = ctx;
    op->calling = false;
    if (err->code) {
        op->answer(op, NULL, err);
        return;
    }
    str_copy_c(op->provider->project, sizeof(op->provider->project), project);
    str_copy_c(op->project, sizeof(op->project), project);
    op->start(op);
}

void gcp_op_begin(struct provider *self, struct gcp_op *op, const char *inventory)
{
    const char *colon = strchr(inventory, ':');
    struct error err = { 0 };
    op->provider = self;
    op->op.due = on_due;
    op->op.release = on_release;
    op_begin(self->ops, &op->op);
    str_copy_c(op->project, sizeof(op->project), colon ? colon + 1 : self->project);
    if (op->project[0]) {
        op->start(op);
        return;
    }
    op->calling = true;
    if (gcp_client_project(self->env->gcp, on_project, op, &err) == 0)
        return;
    op->calling = false;
    op_later(&op->op, 0, &err);
}

static void on_answer(void *ctx, const struct gcp_response *response, const struct error *err)
{
    struct gcp_op *op = ctx;
    op->calling = false;
    op->answer(op, response, err);
}

void gcp_op_call(struct gcp_op *op, struct gcp_request *request)
{
    struct error err = { 0 };
    op->calling = true;
    if (gcp_call(op->provider->env->gcp, request, on_answer, op, &err) == 0)
        return;
    op->calling = false;
    op_later(&op->op, 0, &err);
}

void gcp_op_fail(struct gcp_op *op, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "%s", text);
    op_later(&op->op, 0, &err);
}

void gcp_op_wait(struct gcp_op *op, uint64_t ms)
{
    op_later(&op->op, ms, NULL);
}

void gcp_op_free(struct gcp_op *op)
{
    op_free(&op->op);
}
