/*
 * Provider `asg`: machines of an Auto Scaling group that is there already, so that muster can be tried
 * without giving up what launches machines today. The parts of the provider, for each other:
 *
 *     options.c   the policy file's entry       answers.c   what comes back
 *     op.c        calls, and whose turn it is   list.c      the group's machines
 *     launch.c    SetDesiredCapacity            terminate.c TerminateInstanceInAutoScalingGroup
 *     check.c     muster check --live
 *
 * The rules:
 * - A group is muster's when it says so itself: its tag muster:controller is our name, muster:pool the
 *   pool. All its machines are that pool's then, also those that the group makes of its own accord.
 * - More machines: the desired capacity is set to what is there plus what is wanted. Before that, the
 *   launch's token and the target are written on the group, which hands the token on to the machines it
 *   makes: so a launch that is asked for again (after a lost answer, or by the next life of musterd) is
 *   known, and so are its machines.
 * - Fewer: this very machine, and one less desired. Never by setting the capacity: which machine goes would
 *   be the group's choice. Only what a launch asked for and did not get is taken back that way.
 * - No launch while the group makes machines of its own accord, or has some that no listing has told yet:
 *   nobody would have counted them.
 * - Nothing beyond the group's own bounds.
 */
#ifndef PROVIDERS_ASG_ASG_H
#define PROVIDERS_ASG_ASG_H

#include "auth/aws_client.h"
#include "providers/asg/answers.h"
#include "providers/op.h"
#include "providers/provider.h"

struct asg_options {
    char *region;
    char *group;
    int64_t slots; /* of each machine */
    int market;    /* enum market: what the group buys */
    int64_t price_usd_micro;
    int64_t max; /* nodes; 0: the group's own limit */
};

extern const struct option asg_option_rows[];
int asg_option_check(const void *options, const char **ret_key, struct error *err);
int asg_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err);

struct asg_name {
    char id[NODE_ID_MAX];
};

/* What is remembered of a group in this life. */
struct asg_place {
    char inventory[64];
    bool warned;               /* its settings were complained about */
    bool shrunk;               /* a machine was ended */
    VEC(struct asg_name) told; /* machines that the core knows: listed last, or launched since */
};

struct provider {
    const struct provider_env *env;
    struct op_list *ops;
    struct asg_op *first;           /* those that change a group, in the order they came */
    VEC(struct asg_place *) places; /* owned */
};

/* What an op does to its group, and so what it may not do beside others. */
enum asg_part {
    ASG_LOOKS,   /* nothing */
    ASG_ENDS,    /* takes a machine out: not while a launch reckons with how many there are */
    ASG_RECKONS, /* a launch, from its first look to its change of the capacity */
    ASG_WAITS,   /* a launch that waits for its machines: no other launch */
};

/*
 * One piece of work: a launch, a listing, a termination. `answer` is called with each answer (response may
 * be NULL, err->code 0: good) and makes the next call, or ends the op with op_free. `begin` is called
 * once it is its turn, `resume` at the end of asg_op_wait.
 */
struct asg_op {
    struct op op;
    struct provider *provider;
    char inventory[64]; /* "asg:eu-central-1/workers" */
    char region[32];
    const char *group; /* inside `inventory` */
    enum asg_part part;
    bool begun, calling;
    void (*begin)(struct asg_op *op);
    void (*resume)(struct asg_op *op);
    void (*answer)(struct asg_op *op, const struct aws_response *response, const struct error *err);
    void (*release)(struct asg_op *op); /* frees what it owns, and itself */
    struct asg_op *next;                /* of those that change something */
};

#define ASG_VERSION "2011-01-01"

/* Calls op->begin later, in its turn. */
void asg_op_start(struct provider *self, struct asg_op *op, const char *inventory);
void asg_op_call(struct asg_op *op, const char *action, struct buf *body, bool repeatable);
/* The same of EC2; a look. */
void asg_op_call_ec2(struct asg_op *op, const char *action, struct buf *body);
void asg_op_describe(struct asg_op *op);
void asg_op_wait(struct asg_op *op, uint64_t ms);
/* From now on it does so much less; others may get their turn. */
void asg_op_part(struct asg_op *op, enum asg_part part);

/* The group as an answer to asg_op_describe shows it; an error if it is not there, or not ours. */
int asg_op_group(const struct asg_op *op, const struct aws_response *response,
                 const struct error *err, struct asg_group *ret, struct error *ret_err);

/* Made when first asked for; NULL: no memory. */
struct asg_place *asg_place(struct provider *self, const char *inventory);
/* false: no memory; then it is as if it had not been told. */
bool asg_place_tell(struct asg_place *place, const char *id);
bool asg_place_told(const struct asg_place *place, const char *id);

void asg_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx);
void asg_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx);
void asg_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx);
void asg_check(struct provider *self, const struct provider_check *check);

#endif
