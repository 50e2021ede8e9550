/*
 * This very machine, and one less desired. Asked for a second time it is looked for first: what is on its
 * way out already must not cost the group another one.
 */
#include <stdlib.h>
#include <string.h>

#include "providers/asg/asg.h"

struct terminate_op {
    struct asg_op base;
    char node[NODE_ID_MAX];
    provider_terminate_cb *done;
    void *ctx;
};

static void release(struct asg_op *op)
{
    free(op);
}

static void finish(struct terminate_op *t, const struct error *err)
{
    provider_terminate_cb *done = t->done;
    void *ctx = t->ctx;
    struct error copy = *err;
    op_free(&t->base.op);
    done(ctx, &copy);
}

static void on_terminated(struct asg_op *op, const struct aws_response *response,
                          const struct error *err)
{
    struct error bad = *err;
    /* The one refusal of many that has this code: "... would violate group's min size constraint". */
    if (response && strcmp(response->code, "ValidationError") == 0 && strstr(err->text, "min size"))
        error_set(&bad, MUSTER_E_CONFIG,
                  "%s: the group's MinSize keeps it; lower that, or raise slots.min: %s", op->group,
                  err->text);
    else if (response && strcmp(response->code, "ValidationError") == 0 &&
             strstr(err->text, "not found"))
        bad.code = MUSTER_E_NOTFOUND;
    finish((struct terminate_op *)op, &bad);
}

static void terminate(struct asg_op *op)
{
    struct terminate_op *t = (struct terminate_op *)op;
    struct buf body = { 0 };
    struct asg_place *place = asg_place(op->provider, op->inventory);
    op->answer = on_terminated;
    if (!place) {
        struct error err = { 0 };
        error_nomem(&err);
        finish(t, &err);
        return;
    }
    place->shrunk = true;
    aws_form_begin(&body, "TerminateInstanceInAutoScalingGroup", ASG_VERSION);
    aws_form_add(&body, "InstanceId", str_from(t->node));
    aws_form_add(&body, "ShouldDecrementDesiredCapacity", STR("true"));
    asg_op_call(op, "TerminateInstanceInAutoScalingGroup", &body, false);
    buf_release(&body);
}

static void on_looked(struct asg_op *op, const struct aws_response *response,
                      const struct error *err)
{
    struct terminate_op *t = (struct terminate_op *)op;
    struct asg_group group = { 0 };
    struct error bad = { 0 };
    if (asg_op_group(op, response, err, &group, &bad) < 0) {
        finish(t, &bad);
        return;
    }
    const struct asg_member *m = asg_group_member(&group, t->node);
    bool there = m && m->state <= LISTED_RUNNING;
    asg_group_release(&group);
    if (there)
        terminate(op);
    else
        finish(t, &bad); /* no error: it goes, or has gone */
}

void asg_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx)
{
    struct terminate_op *t = calloc(1, sizeof(*t));
    if (!t) {
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, &err);
        return;
    }
    t->base.part = ASG_ENDS;
    t->base.begin = intent->tries > 1 ? asg_op_describe : terminate;
    t->base.answer = on_looked;
    t->base.release = release;
    t->done = done;
    t->ctx = ctx;
    str_copy_c(t->node, sizeof(t->node), intent->node);
    asg_op_start(self, &t->base, intent->inventory);
}
