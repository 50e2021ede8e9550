#include "providers/asg/answers.h"

#include <string.h>

#include "base/units.h"
#include "providers/aws/xml.h"

#define ROOT "DescribeAutoScalingGroupsResponse"
#define ITEM "DescribeAutoScalingGroupsResult/AutoScalingGroups/member"

struct reading {
    struct asg_group group;
    struct asg_member member;
    size_t groups;
    bool az_rebalance_suspended;
    char key[64]; /* of the tag being read */
    char value[128];
};

/* "Pending:Wait", "InService", "Terminating:Proceed", "Warmed:Stopped". */
static void take_lifecycle(struct asg_member *m, struct str text)
{
    m->warm = str_starts(text, "Warmed:");
    if (str_starts(text, "Pending"))
        m->state = LISTED_PENDING;
    else if (str_eq_c(text, "Terminated"))
        m->state = LISTED_GONE;
    else if (str_starts(text, "Terminating"))
        m->state = LISTED_STOPPING;
    else
        m->state =
            LISTED_RUNNING; /* also in standby, or about to be detached: there, and paid for */
}

static void take_suspended(struct reading *r, struct str name)
{
    char *to = r->group.suspended;
    size_t len = strlen(to);
    r->az_rebalance_suspended |= str_eq_c(name, "AZRebalance");
    if (!str_eq_c(name, "Launch") && !str_eq_c(name, "Terminate"))
        return;
    str_copy_c(to + len, sizeof(r->group.suspended) - len, len > 0 ? ", " : "");
    len = strlen(to);
    str_copy(to + len, sizeof(r->group.suspended) - len, name);
}

static void take_tag(struct reading *r)
{
    struct asg_group *g = &r->group;
    /* A name cut short would be another name. */
    if (strcmp(r->key, ASG_TAG_CONTROLLER) == 0 &&
        !str_copy_c(g->controller, sizeof(g->controller), r->value))
        g->controller[0] = '\0';
    else if (strcmp(r->key, ASG_TAG_POOL) == 0 && !str_copy_c(g->pool, sizeof(g->pool), r->value))
        g->pool[0] = '\0';
    else if (strcmp(r->key, ASG_TAG_INTENT) == 0 &&
             !str_copy_c(g->token, sizeof(g->token), r->value))
        g->token[0] = '\0';
    else if (strcmp(r->key, ASG_TAG_TARGET) == 0)
        (void)units_parse_int(str_from(r->value), &g->target, NULL); /* untouched if it is none */
    r->key[0] = r->value[0] = '\0';
}

static int take_member(struct reading *r, const char *name, struct str text, struct error *err)
{
    struct asg_member *m = &r->member;
    if (strcmp(name, "/InstanceId") == 0)
        str_copy(m->id, sizeof(m->id), text);
    else if (strcmp(name, "/LifecycleState") == 0)
        take_lifecycle(m, text);
    else if (strcmp(name, "/HealthStatus") == 0)
        m->unhealthy = str_eq_c(text, "Unhealthy") || str_eq_c(text, "UNHEALTHY");
    if (*name)
        return 0;
    /* A machine without a name cannot be listed, and must not be left out. */
    if (!m->id[0])
        return error_set(err, MUSTER_E_INVALID, "an instance has no id");
    bool pushed = vec_push(&r->group.members, *m);
    *m = (struct asg_member){ .state = LISTED_RUNNING };
    return pushed ? 0 : error_nomem(err);
}

static int take_number(const char *name, struct str text, struct asg_group *g, struct error *err)
{
    int64_t *to = strcmp(name, "/MinSize") == 0           ? &g->min
                  : strcmp(name, "/MaxSize") == 0         ? &g->max
                  : strcmp(name, "/DesiredCapacity") == 0 ? &g->desired
                                                          : NULL;
    return to ? units_parse_int(text, to, err) : 0;
}

static int element(void *ctx, const char *path, struct str raw, struct error *err)
{
    struct reading *r = ctx;
    struct str text = str_trim(raw);
    if (strncmp(path, ITEM, sizeof(ITEM) - 1) != 0)
        return 0;
    const char *name = path + sizeof(ITEM) - 1;
    if (!*name)
        r->groups++;
    else if (strncmp(name, "/Instances/member", 17) == 0)
        return take_member(r, name + 17, text, err);
    else if (strcmp(name, "/Tags/member/Key") == 0)
        str_copy(r->key, sizeof(r->key), text);
    else if (strcmp(name, "/Tags/member/Value") == 0)
        str_copy(r->value, sizeof(r->value), text);
    else if (strcmp(name, "/Tags/member") == 0)
        take_tag(r);
    else if (strcmp(name, "/SuspendedProcesses/member/ProcessName") == 0)
        take_suspended(r, text);
    else if (strcmp(name, "/NewInstancesProtectedFromScaleIn") == 0)
        r->group.protects = str_eq_c(text, "true");
    else if (strcmp(name, "/Status") == 0)
        r->group.deleting = text.len > 0; /* only said while it is being deleted */
    else
        return take_number(name, text, &r->group, err);
    return 0;
}

void asg_group_release(struct asg_group *group)
{
    vec_release(&group->members);
}

int asg_read_group(struct str body, struct asg_group *ret, struct error *err)
{
    struct reading r = { .group = { .min = -1, .max = -1, .desired = -1, .target = -1 },
                         .member = { .state = LISTED_RUNNING } };
    int rc = xml_read(body, ROOT, element, &r, err);
    if (rc == 0 && r.groups > 1)
        rc = error_set(err, MUSTER_E_INVALID, "it is about %zu groups", r.groups);
    if (rc == 0 && r.groups == 1 && (r.group.min < 0 || r.group.max < 0 || r.group.desired < 0))
        rc = error_set(err, MUSTER_E_INVALID, "the group's sizes are missing");
    if (rc < 0) {
        asg_group_release(&r.group);
        return rc;
    }
    r.group.found = r.groups == 1;
    r.group.rebalances = !r.az_rebalance_suspended;
    *ret = r.group;
    return 0;
}

int64_t asg_group_alive(const struct asg_group *group)
{
    int64_t n = 0;
    for (size_t i = 0; i < group->members.len; i++)
        n += group->members.at[i].state <= LISTED_RUNNING && !group->members.at[i].warm;
    return n;
}

const struct asg_member *asg_group_member(const struct asg_group *group, const char *id)
{
    for (size_t i = 0; i < group->members.len; i++) {
        if (strcmp(group->members.at[i].id, id) == 0)
            return &group->members.at[i];
    }
    return NULL;
}
