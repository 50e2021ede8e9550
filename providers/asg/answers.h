/*
 * What Auto Scaling answers about a group, parsed. Pure and bounded; a document that is broken or cut off
 * is MUSTER_E_INVALID.
 */
#ifndef PROVIDERS_ASG_ANSWERS_H
#define PROVIDERS_ASG_ANSWERS_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "control/event.h"

/*
 * On the group. The first two say that muster may scale it, and for whom; the others are of the launch that
 * was begun last: its token, which the group hands on to the machines it makes, and the capacity it set.
 */
#define ASG_TAG_CONTROLLER "muster:controller"
#define ASG_TAG_POOL       "muster:pool"
#define ASG_TAG_INTENT     "muster:intent"
#define ASG_TAG_TARGET     "muster:target"

struct asg_member {
    char id[NODE_ID_MAX];
    enum listed_state state;
    bool unhealthy; /* the group is about to replace it */
    bool warm;      /* in the warm pool: none of the group's capacity */
};

struct asg_group {
    bool found;
    int64_t min, max, desired;
    bool deleting;
    char suspended[64]; /* processes of ours that are: "Launch", "Terminate", "Launch, Terminate" */
    bool rebalances;    /* AZRebalance may end machines at work */
    bool protects;      /* new machines are protected from scale-in */
    char controller[POOL_NAME_MAX];
    char pool[POOL_NAME_MAX];
    char token[TOKEN_MAX]; /* "": no launch was begun */
    int64_t target;        /* -1: not told */
    VEC(struct asg_member) members;
};

void asg_group_release(struct asg_group *group);
/* A DescribeAutoScalingGroupsResponse about one group. *ret owns memory only on success. */
int asg_read_group(struct str body, struct asg_group *ret, struct error *err);

/* Machines that are there or coming, and are not on their way out. */
int64_t asg_group_alive(const struct asg_group *group);
/* NULL: it has no such member. */
const struct asg_member *asg_group_member(const struct asg_group *group, const char *id);

#endif
