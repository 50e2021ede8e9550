/* `muster check --live`: is the group there, ours, and such that it can be scaled? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "providers/asg/asg.h"

struct check_op {
    struct asg_op base;
    struct provider_check check;
    const struct asg_options *o;
};

static void release(struct asg_op *op)
{
    free(op);
}

__attribute__((format(printf, 5, 6))) static void tell(const struct check_op *c, bool good,
                                                       const char *what, const char *remedy,
                                                       const char *format, ...)
{
    struct buf text = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    const struct finding finding = {
        .answer = good ? FINDING_OK : FINDING_NO,
        .what = what,
        .text = buf_failed(&text) ? "(no memory for the text)" : buf_text(&text),
        .remedy = good ? NULL : remedy,
    };
    c->check.tell(c->check.ctx, &finding);
    buf_release(&text);
}

static void tell_error(const struct check_op *c, const struct error *err)
{
    const char *remedy = "see that the region's name is right and that its services can be reached "
                         "from this machine, and try again";
    if (err->code == MUSTER_E_AUTH)
        remedy = "allow autoscaling:DescribeAutoScalingGroups; deploy/aws/policy.json has all that "
                 "muster needs";
    else if (err->code == MUSTER_E_CONFIG)
        remedy = "correct it in the policy file, or tag the group (docs/aws.md)";
    tell(c, false, "group", remedy, "%s", err->text);
}

static void tell_group(const struct check_op *c, const struct asg_group *g)
{
    const struct pool_spec *spec = c->check.spec;
    int64_t least = spec->slots_min / c->o->slots;
    int64_t most = spec->slots_max / c->o->slots;
    tell(c, true, "group", NULL,
         "%s: %" PRId64 " machines, %" PRId64 " desired, MinSize %" PRId64 ", MaxSize %" PRId64,
         c->o->group, asg_group_alive(g), g->desired, g->min, g->max);
    tell(c, strcmp(g->pool, spec->name) == 0, "pool",
         "correct the group's tag " ASG_TAG_POOL ", or the entry", "the group is of the pool %s",
         g->pool);
    tell(c, !g->suspended[0], "processes", "resume them", "%s%s",
         g->suspended[0] ? g->suspended : "Launch and Terminate",
         g->suspended[0] ? " suspended" : " go on");
    tell(c, !g->rebalances || g->protects, "machines at work",
         "suspend AZRebalance, and protect new instances from scale-in",
         g->rebalances && !g->protects ? "the group may end them by itself"
                                       : "the group does not end them by itself");
    tell(c, g->max >= most, "room", "raise the group's MaxSize, or lower slots.max",
         "slots.max comes to %" PRId64 " machines, MaxSize is %" PRId64, most, g->max);
    tell(c, g->min <= least, "at rest", "lower the group's MinSize, or raise slots.min",
         "slots.min comes to %" PRId64 " machines, MinSize is %" PRId64, least, g->min);
}

static void answer(struct asg_op *op, const struct aws_response *response, const struct error *err)
{
    struct check_op *c = (struct check_op *)op;
    struct provider_check check = c->check;
    struct asg_group group = { 0 };
    struct error bad = { 0 };
    if (asg_op_group(op, response, err, &group, &bad) < 0)
        tell_error(c, &bad);
    else
        tell_group(c, &group);
    asg_group_release(&group);
    op_free(&op->op);
    check.done(check.ctx);
}

void asg_check(struct provider *self, const struct provider_check *check)
{
    struct check_op *c = calloc(1, sizeof(*c));
    if (!c) {
        check->done(check->ctx); /* without memory there is nothing to tell */
        return;
    }
    c->check = *check;
    c->o = check->spec->offer_entries.at[check->entry].options;
    c->base.part = ASG_LOOKS;
    c->base.begin = asg_op_describe;
    c->base.answer = answer;
    c->base.release = release;
    for (size_t i = 0; i < check->spec->offers.len; i++) {
        if (check->spec->offers.at[i].entry == check->entry) {
            asg_op_start(self, &c->base, check->spec->offers.at[i].inventory);
            return;
        }
    }
    free(c);
    check->done(check->ctx);
}
