/*
 * The machines of a group: its members, and from EC2 the token that each was launched with.
 *
 * EC2's view may lag behind the group's. A machine that is still coming up and not shown by EC2 yet is left
 * out: without its token it would pass for one of the group's own making, beside the one that is expected.
 */
#include <stdlib.h>
#include <string.h>

#include "providers/asg/asg.h"
#include "providers/aws/answers.h"

#define PAGES_MAX 1000

struct list_op {
    struct asg_op base;
    provider_list_cb *done;
    void *ctx;
    struct asg_group group;
    struct ec2_instances instances;
    int pages;
};

static struct list_op *list_of(struct asg_op *op)
{
    return (struct list_op *)op;
}

static void release(struct asg_op *op)
{
    asg_group_release(&list_of(op)->group);
    ec2_instances_release(&list_of(op)->instances);
    free(op);
}

/* What makes muster's work harder, once for each group. */
static void warn(struct asg_op *op, const struct asg_group *group)
{
    struct log *log = op->provider->env->log;
    struct asg_place *place = asg_place(op->provider, op->inventory);
    bool bad = group->suspended[0] || (group->rebalances && !group->protects);
    if (!bad || !place || place->warned)
        return;
    place->warned = true;
    if (group->suspended[0])
        log_printf(log, LOG_WARNING,
                   "%s: the group's process %s is suspended; continuing: machines are neither "
                   "bought nor returned until it is resumed",
                   op->inventory, group->suspended);
    if (group->rebalances && !group->protects)
        log_printf(log, LOG_WARNING,
                   "%s: the group may end machines at work by itself (AZRebalance, scale-in); "
                   "continuing: suspend AZRebalance, and protect new instances from scale-in",
                   op->inventory);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct ec2_instance *)a)->id, ((const struct ec2_instance *)b)->id);
}

static int add_nodes(struct list_op *list, struct listed_node **ret, size_t *ret_len)
{
    struct ec2_instances *instances = &list->instances;
    const struct asg_group *group = &list->group;
    struct listed_node *nodes = calloc(group->members.len + 1, sizeof(*nodes));
    if (!nodes)
        return MUSTER_E_NOMEM;
    if (instances->all.len > 1)
        qsort(instances->all.at, instances->all.len, sizeof(*instances->all.at), by_id);
    for (size_t i = 0; i < group->members.len; i++) {
        const struct asg_member *m = &group->members.at[i];
        struct listed_node *node = &nodes[*ret_len];
        struct ec2_instance key = { 0 };
        str_copy_c(key.id, sizeof(key.id), m->id);
        const struct ec2_instance *seen =
            instances->all.len == 0
                ? NULL
                : bsearch(&key, instances->all.at, instances->all.len, sizeof(key), by_id);
        if (m->warm || (!seen && m->state == LISTED_PENDING))
            continue;
        *node =
            (struct listed_node){ .state = m->state, .age_ns = -1, .interrupted = m->unhealthy };
        str_copy_c(node->id, sizeof(node->id), m->id);
        str_copy_c(node->pool, sizeof(node->pool), group->pool);
        str_copy_c(node->token, sizeof(node->token), seen ? seen->token : "");
        str_copy_c(node->offer, sizeof(node->offer), "asg/");
        str_copy_c(node->offer + 4, sizeof(node->offer) - 4, list->base.inventory + 4);
        ++*ret_len;
    }
    *ret = nodes;
    return 0;
}

/* Without memory for a name, a launch waits for a listing that has it. */
static void remember(struct list_op *list, const struct listed_node *nodes, size_t len)
{
    struct asg_place *place = asg_place(list->base.provider, list->base.inventory);
    if (place)
        vec_clear(&place->told);
    for (size_t i = 0; place && i < len; i++) {
        struct asg_name name;
        str_copy_c(name.id, sizeof(name.id), nodes[i].id);
        if (!vec_push(&place->told, name))
            return;
    }
}

static void finish(struct list_op *list, const struct error *err)
{
    provider_list_cb *done = list->done;
    void *ctx = list->ctx;
    struct error bad = *err;
    struct listed_node *nodes = NULL;
    size_t len = 0;
    if (!bad.code && add_nodes(list, &nodes, &len) < 0)
        error_nomem(&bad);
    if (!bad.code)
        remember(list, nodes, len);
    op_free(&list->base.op);
    done(ctx, nodes, bad.code ? 0 : len, &bad);
    free(nodes);
}

static void ask_ec2(struct list_op *list)
{
    struct buf body = { 0 };
    aws_form_begin(&body, "DescribeInstances", "2016-11-15");
    aws_form_add(&body, "Filter.1.Name", STR("tag:aws:autoscaling:groupName"));
    aws_form_add(&body, "Filter.1.Value.1", str_from(list->base.group));
    aws_form_add(&body, "MaxResults", STR("1000"));
    if (list->instances.next[0])
        aws_form_add(&body, "NextToken", str_from(list->instances.next));
    asg_op_call_ec2(&list->base, "DescribeInstances", &body);
    buf_release(&body);
}

static void on_instances(struct asg_op *op, const struct aws_response *response,
                         const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error bad = *err;
    if (!bad.code && ec2_read_instances(response->body, &list->instances, &bad) < 0 &&
        bad.code == MUSTER_E_INVALID)
        error_set(&bad, MUSTER_E_TRANSIENT, "EC2 DescribeInstances (%s): its answer is broken",
                  op->region);
    if (!bad.code && list->instances.next[0] && ++list->pages >= PAGES_MAX)
        error_set(&bad, MUSTER_E_TRANSIENT, "EC2 DescribeInstances: its pages do not end");
    if (!bad.code && list->instances.next[0])
        ask_ec2(list);
    else
        finish(list, &bad);
}

static void answer(struct asg_op *op, const struct aws_response *response, const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error bad = { 0 };
    if (asg_op_group(op, response, err, &list->group, &bad) < 0) {
        finish(list, &bad);
        return;
    }
    warn(op, &list->group);
    op->answer = on_instances;
    if (list->group.members.len > 0)
        ask_ec2(list);
    else
        finish(list, &bad);
}

void asg_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx)
{
    struct list_op *list = calloc(1, sizeof(*list));
    if (!list) {
        /* Not from inside the call, the contract says; without memory there is nothing else. */
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    list->base.part = ASG_LOOKS;
    list->base.begin = asg_op_describe;
    list->base.answer = answer;
    list->base.release = release;
    list->done = done;
    list->ctx = ctx;
    asg_op_start(self, &list->base, inventory);
}
