/* Calls to Auto Scaling, and whose turn it is with a group. */
#include <stdlib.h>
#include <string.h>

#include "providers/asg/asg.h"

#define BODY_MAX ((size_t)32 << 20)

static struct asg_op *asg_op_of(struct op *op)
{
    return (struct asg_op *)op;
}

/* ---- turns -------------------------------------------------------------------------------------- */

/* May `op` begin beside `other`, which has? */
static bool agree(const struct asg_op *op, const struct asg_op *other)
{
    if (op->part == ASG_LOOKS || strcmp(op->inventory, other->inventory) != 0)
        return true;
    if (op->part == ASG_ENDS)
        return other->part != ASG_RECKONS;
    return other->part == ASG_LOOKS; /* a launch begins alone */
}

/* Nobody is overtaken by who came later. */
static bool may_begin(const struct asg_op *op)
{
    for (const struct asg_op *other = op->provider->first; other != op; other = other->next) {
        if (!agree(op, other))
            return false;
    }
    return true;
}

static void give_turns(struct provider *self)
{
    for (struct asg_op *op = self->first; op; op = op->next) {
        if (!op->begun && may_begin(op)) {
            op->begun = true;
            op_later(&op->op, 0, NULL);
        }
    }
}

static void leave(struct asg_op *op)
{
    struct asg_op **at = &op->provider->first;
    while (*at && *at != op)
        at = &(*at)->next;
    if (*at)
        *at = op->next;
}

void asg_op_part(struct asg_op *op, enum asg_part part)
{
    op->part = part;
    give_turns(op->provider);
}

/* ---- ops ---------------------------------------------------------------------------------------- */

static void on_due(struct op *base, const struct error *err)
{
    struct asg_op *op = asg_op_of(base);
    if (err->code)
        op->answer(op, NULL, err);
    else if (op->begin) {
        void (*begin)(struct asg_op *) = op->begin;
        op->begin = NULL;
        begin(op);
    } else
        op->resume(op);
}

static void on_release(struct op *base)
{
    struct asg_op *op = asg_op_of(base);
    struct provider *self = op->provider;
    if (op->calling)
        aws_client_drop(self->env->aws, op);
    leave(op);
    op->release(op);
    if (self->ops)
        give_turns(self);
}

void asg_op_start(struct provider *self, struct asg_op *op, const char *inventory)
{
    struct asg_op **last = &self->first;
    const char *colon = strchr(inventory, ':');
    const char *slash = colon ? strchr(colon, '/') : NULL;
    op->provider = self;
    op->op.due = on_due;
    op->op.release = on_release;
    str_copy_c(op->inventory, sizeof(op->inventory), inventory);
    op->group = slash ? op->inventory + (slash + 1 - inventory) : "";
    if (slash)
        str_copy(op->region, sizeof(op->region),
                 (struct str){ colon + 1, (size_t)(slash - colon - 1) });
    op_begin(self->ops, &op->op);
    while (*last)
        last = &(*last)->next;
    *last = op;
    give_turns(self);
}

void asg_op_wait(struct asg_op *op, uint64_t ms)
{
    op_later(&op->op, ms, NULL);
}

static void on_answer(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct asg_op *op = ctx;
    op->calling = false;
    op->answer(op, response, err);
}

static int call(struct asg_op *op, const struct aws_request *request, const struct buf *body,
                struct error *err)
{
    if (buf_failed(body))
        return error_set(err, MUSTER_E_NOMEM, "no memory for a request");
    return aws_call(op->provider->env->aws, request, on_answer, op, err);
}

static void call_service(struct asg_op *op, const char *service, const char *action,
                         struct buf *body, bool repeatable)
{
    const struct aws_request request = {
        .service = service,
        .region = op->region,
        .action = action,
        .protocol = AWS_QUERY,
        .body = buf_str(body),
        .priority = op->part == ASG_ENDS    ? AWS_TERMINATE
                    : op->part == ASG_LOOKS ? AWS_DESCRIBE
                                            : AWS_LAUNCH,
        .repeatable = repeatable,
        .response_max = BODY_MAX,
    };
    struct error err = { 0 };
    op->calling = true;
    if (call(op, &request, body, &err) == 0)
        return;
    op->calling = false;
    op_later(&op->op, 0, &err);
}

void asg_op_call(struct asg_op *op, const char *action, struct buf *body, bool repeatable)
{
    call_service(op, "autoscaling", action, body, repeatable);
}

void asg_op_call_ec2(struct asg_op *op, const char *action, struct buf *body)
{
    call_service(op, "ec2", action, body, true);
}

void asg_op_describe(struct asg_op *op)
{
    struct buf body = { 0 };
    aws_form_begin(&body, "DescribeAutoScalingGroups", ASG_VERSION);
    aws_form_add(&body, "AutoScalingGroupNames.member.1", str_from(op->group));
    asg_op_call(op, "DescribeAutoScalingGroups", &body, true);
    buf_release(&body);
}

int asg_op_group(const struct asg_op *op, const struct aws_response *response,
                 const struct error *err, struct asg_group *ret, struct error *ret_err)
{
    struct asg_group group = { 0 };
    const char *ours = op->provider->env->controller;
    if (err->code)
        return error_set(ret_err, err->code, "%s", err->text);
    int rc = asg_read_group(response->body, &group, ret_err);
    if (rc == MUSTER_E_INVALID)
        rc = MUSTER_E_TRANSIENT; /* whatever came instead, the next try may bring the group */
    if (rc < 0)
        return error_set(ret_err, rc,
                         "Auto Scaling DescribeAutoScalingGroups (%s): its answer is "
                         "broken",
                         op->region);
    if (!group.found)
        rc = error_set(ret_err, MUSTER_E_CONFIG, "there is no Auto Scaling group %s in %s",
                       op->group, op->region);
    else if (strcmp(group.controller, ours) != 0 || !group.pool[0])
        rc = error_set(
            ret_err, MUSTER_E_CONFIG,
            "the Auto Scaling group %s does not say that muster may scale it: it needs the "
            "tags " ASG_TAG_CONTROLLER "=%s and " ASG_TAG_POOL "=POOL",
            op->group, ours);
    else if (group.deleting)
        rc = error_set(ret_err, MUSTER_E_CONFIG, "the Auto Scaling group %s is being deleted",
                       op->group);
    if (rc < 0)
        asg_group_release(&group);
    else
        *ret = group;
    return rc;
}
