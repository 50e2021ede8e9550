/*
 * More machines: look, write the token and the target on the group, set the capacity, and wait until the
 * machines show. What does not show in time is taken back.
 *
 * The capacity is set to a number, not raised by one: sent twice it is the same. The number is on the
 * group before it is set, under the launch's token; so a launch that is asked for again continues, also
 * in the next life of musterd, and does not add its machines a second time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/asg/asg.h"

#define LOOK_MS   2000
#define LOOKS_MAX 30 /* within the time after which the core takes a launch for lost */

struct launch_op {
    struct asg_op base;
    provider_launch_cb *done;
    void *ctx;
    struct intent intent;
    struct asg_group before; /* the machines that are not of this launch */
    int64_t want;            /* of the intent's count, what the group has room for */
    int64_t target;          /* the desired capacity */
    int looks;
    bool again; /* the token was on the group: listings tell its machines */
};

static struct launch_op *launch_of(struct asg_op *op)
{
    return (struct launch_op *)op;
}

static void release(struct asg_op *op)
{
    asg_group_release(&launch_of(op)->before);
    free(op);
}

static void finish(struct launch_op *launch, const char (*ids)[NODE_ID_MAX], size_t len,
                   const struct error *err)
{
    provider_launch_cb *done = launch->done;
    void *ctx = launch->ctx;
    struct error copy = *err;
    op_free(&launch->base.op);
    done(ctx, ids, len, &copy);
}

static void fail(struct launch_op *launch, const struct error *err)
{
    finish(launch, NULL, 0, err);
}

/* The desired capacity may have been set: until it is known, it was. */
static void fail_unknown(struct launch_op *launch, const struct error *err)
{
    struct error bad = *err;
    bad.code = MUSTER_E_UNKNOWN;
    fail(launch, &bad);
}

/* ---- the machines ------------------------------------------------------------------------------- */

static size_t count_new(const struct launch_op *launch, const struct asg_group *now)
{
    size_t n = 0;
    for (size_t i = 0; i < now->members.len; i++) {
        const struct asg_member *m = &now->members.at[i];
        n += m->state <= LISTED_RUNNING && !m->warm && !asg_group_member(&launch->before, m->id);
    }
    return n;
}

static void say_full(const struct launch_op *launch, const struct asg_group *group,
                     struct error *err)
{
    error_set(err, MUSTER_E_CAPACITY,
              "the Auto Scaling group %s has room for %" PRId64 " of %" PRId64
              " machines up to its MaxSize %" PRId64,
              launch->base.group, launch->want, launch->intent.count, group->max);
}

static void tell(struct launch_op *launch, const struct asg_group *now, const struct error *err)
{
    size_t most = count_new(launch, now), len = 0;
    struct error bad = *err;
    struct asg_place *place = asg_place(launch->base.provider, launch->base.inventory);
    char(*ids)[NODE_ID_MAX] = calloc(most + 1, sizeof(*ids));
    if (!ids)
        error_set(&bad, MUSTER_E_UNKNOWN, "no memory for the names of %zu machines", most);
    for (size_t i = 0; ids && i < now->members.len && (int64_t)len < launch->want; i++) {
        const struct asg_member *m = &now->members.at[i];
        if (m->state <= LISTED_RUNNING && !m->warm && !asg_group_member(&launch->before, m->id))
            str_copy_c(ids[len++], NODE_ID_MAX, m->id);
    }
    for (size_t i = 0; place && i < len; i++)
        asg_place_tell(place, ids[i]);
    finish(launch, (const char(*)[NODE_ID_MAX])ids, len, &bad);
    free(ids);
}

/* Of a launch that was begun before, the machines have its token: listings bring them. */
static void leave_to_listings(struct launch_op *launch)
{
    struct error err = { 0 };
    error_set(&err, MUSTER_E_UNKNOWN,
              "this launch was begun before; its machines are known when they are listed");
    fail(launch, &err);
}

static void on_taken_back(struct asg_op *op, const struct aws_response *response,
                          const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct asg_group now = { 0 };
    struct error bad = { 0 };
    if (asg_op_group(op, response, err, &now, &bad) < 0) {
        fail_unknown(launch, &bad);
        return;
    }
    if (launch->again) {
        leave_to_listings(launch);
    } else {
        error_set(&bad, MUSTER_E_CAPACITY,
                  "the Auto Scaling group %s made %zu of %" PRId64 " machines in a minute; its "
                  "activity history says why",
                  op->group, count_new(launch, &now), launch->intent.count);
        tell(launch, &now, &bad);
    }
    asg_group_release(&now);
}

static void set_capacity(struct launch_op *launch, int64_t desired)
{
    struct buf body = { 0 };
    aws_form_begin(&body, "SetDesiredCapacity", ASG_VERSION);
    aws_form_add(&body, "AutoScalingGroupName", str_from(launch->base.group));
    aws_form_addf(&body, "DesiredCapacity", "%" PRId64, desired);
    aws_form_add(&body, "HonorCooldown", STR("false"));
    asg_op_call(&launch->base, "SetDesiredCapacity", &body, true); /* a number: twice is once */
    buf_release(&body);
}

static void on_lowered(struct asg_op *op, const struct aws_response *response,
                       const struct error *err)
{
    (void)response;
    if (err->code) {
        fail_unknown(launch_of(op), err);
        return;
    }
    op->answer = on_taken_back;
    asg_op_describe(op);
}

/* To what is there: so none of it is ended. */
static void take_back(struct launch_op *launch, const struct asg_group *now)
{
    int64_t alive = asg_group_alive(now);
    launch->base.answer = on_lowered;
    asg_op_part(&launch->base, ASG_RECKONS);
    set_capacity(launch, alive > now->min ? alive : now->min);
}

static void on_looked(struct asg_op *op, const struct aws_response *response,
                      const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct asg_group now = { 0 };
    struct error bad = { 0 };
    bool good = asg_op_group(op, response, err, &now, &bad) == 0;
    bool all = good && (launch->again ? asg_group_alive(&now) >= now.desired
                                      : (int64_t)count_new(launch, &now) >= launch->want);
    if (all && launch->again)
        leave_to_listings(launch);
    else if (all) {
        if (launch->want < launch->intent.count)
            say_full(launch, &now, &bad);
        tell(launch, &now, &bad);
    } else if (++launch->looks < LOOKS_MAX)
        asg_op_wait(op, LOOK_MS);
    else if (good)
        take_back(launch, &now);
    else
        fail_unknown(launch, &bad);
    asg_group_release(&now);
}

static void look(struct asg_op *op)
{
    op->answer = on_looked;
    asg_op_describe(op);
}

/* ---- the capacity ------------------------------------------------------------------------------- */

static void on_set(struct asg_op *op, const struct aws_response *response, const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    (void)response;
    bool lost = err->code == MUSTER_E_UNKNOWN || err->code == MUSTER_E_TOOBIG ||
                err->code == MUSTER_E_NOMEM;
    if (lost) {
        fail_unknown(launch, err);
    } else if (err->code) {
        fail(launch, err);
    } else {
        asg_op_part(op, ASG_WAITS);
        look(op);
    }
}

static void set_target(struct launch_op *launch)
{
    launch->base.answer = on_set;
    set_capacity(launch, launch->target);
}

static void on_written(struct asg_op *op, const struct aws_response *response,
                       const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct error bad = *err;
    (void)response;
    if (!err->code) {
        set_target(launch);
        return;
    }
    /* Whether the tag is there or not: no machine was asked for. */
    if (bad.code == MUSTER_E_UNKNOWN)
        bad.code = MUSTER_E_TRANSIENT;
    fail(launch, &bad);
}

static void add_tag(struct buf *body, const char *group, int number, const char *key,
                    struct str value, const char *handed_on)
{
    char name[64];
    const struct {
        const char *field;
        struct str value;
    } fields[] = {
        { "ResourceId", str_from(group) },
        { "ResourceType", STR("auto-scaling-group") },
        { "Key", str_from(key) },
        { "Value", value },
        { "PropagateAtLaunch", str_from(handed_on) },
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        (void)snprintf(name, sizeof(name), "Tags.member.%d.%s", number, fields[i].field);
        aws_form_add(body, name, fields[i].value);
    }
}

static void write_token(struct launch_op *launch)
{
    char target[24];
    struct buf body = { 0 };
    const char *group = launch->base.group;
    launch->base.answer = on_written;
    (void)snprintf(target, sizeof(target), "%" PRId64, launch->target);
    aws_form_begin(&body, "CreateOrUpdateTags", ASG_VERSION);
    add_tag(&body, group, 1, ASG_TAG_INTENT, str_from(launch->intent.token), "true");
    add_tag(&body, group, 2, ASG_TAG_TARGET, str_from(target), "false");
    asg_op_call(&launch->base, "CreateOrUpdateTags", &body, true);
    buf_release(&body);
}

/* Are there machines, or about to be, that the core does not reckon with? */
static bool uncounted(const struct launch_op *launch, const struct asg_group *group)
{
    struct asg_place *place = asg_place(launch->base.provider, launch->base.inventory);
    bool all = place && asg_group_alive(group) >= group->desired;
    for (size_t i = 0; all && i < group->members.len; i++) {
        const struct asg_member *m = &group->members.at[i];
        all = m->warm || m->state > LISTED_RUNNING || asg_place_told(place, m->id);
    }
    return !all;
}

/* How many may be launched, and up to which capacity. */
static int reckon(struct launch_op *launch, const struct asg_group *group, struct error *err)
{
    int64_t alive = asg_group_alive(group);
    int64_t room = group->max > alive ? group->max - alive : 0;
    if (strcmp(group->pool, launch->intent.pool) != 0)
        return error_set(err, MUSTER_E_CONFIG, "the Auto Scaling group %s is of the pool %s",
                         launch->base.group, group->pool);
    if (strstr(group->suspended, "Launch"))
        return error_set(err, MUSTER_E_CONFIG,
                         "the Auto Scaling group %s has its process Launch suspended",
                         launch->base.group);
    if (uncounted(launch, group))
        return error_set(err, MUSTER_E_TRANSIENT,
                         "the Auto Scaling group %s makes machines of its own accord: they are "
                         "waited for",
                         launch->base.group);
    launch->want = room < launch->intent.count ? room : launch->intent.count;
    launch->target = alive + launch->want;
    if (launch->want > 0)
        return 0;
    say_full(launch, group, err);
    return MUSTER_E_CAPACITY;
}

/*
 * The token is on the group: this launch was begun. If the capacity is lower than its target, either it
 * was not set, or it was and machines have been returned since; in the latter case setting it again would
 * buy them a second time. Without a return in this life it is the former.
 */
static void go_on(struct launch_op *launch, const struct asg_group *group)
{
    const struct asg_place *place = asg_place(launch->base.provider, launch->base.inventory);
    launch->target = group->target;
    launch->again = true;
    if (group->desired < launch->target && group->target <= group->max && place && !place->shrunk)
        set_target(launch);
    else
        look(&launch->base);
}

static void on_first_look(struct asg_op *op, const struct aws_response *response,
                          const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct asg_group group = { 0 };
    struct error bad = { 0 };
    int rc = asg_op_group(op, response, err, &group, &bad);
    if (rc == 0 && strcmp(group.token, launch->intent.token) == 0) {
        go_on(launch, &group);
        asg_group_release(&group);
        return;
    }
    if (rc == 0)
        rc = reckon(launch, &group, &bad);
    if (rc < 0) {
        asg_group_release(&group);
        /* Nothing was sent by this try; of an earlier one, without its token, nothing was, either. */
        if (bad.code == MUSTER_E_UNKNOWN)
            bad.code = MUSTER_E_TRANSIENT;
        fail(launch, &bad);
        return;
    }
    launch->before = group;
    write_token(launch);
}

void asg_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx)
{
    struct launch_op *launch = calloc(1, sizeof(*launch));
    if (!launch) {
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    launch->base.part = ASG_RECKONS;
    launch->base.begin = asg_op_describe;
    launch->base.resume = look;
    launch->base.answer = on_first_look;
    launch->base.release = release;
    launch->done = done;
    launch->ctx = ctx;
    launch->intent = *request->intent;
    asg_op_start(self, &launch->base, request->intent->inventory);
}
