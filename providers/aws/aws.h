/*
 * Provider `aws`: a node is an EC2 instance, known by its tags. The parts of the provider, for each
 * other; the world sees provider_aws in aws.c.
 *
 *     options.c     the policy file's entry, and the offers it stands for
 *     requests.c    form bodies      answers.c, xml.c   what comes back
 *     ../memory.c   what is sold out, and prices
 *     op.c          calls in flight
 *     list.c        DescribeInstances, page by page, and spot notices
 *     launch.c      CreateFleet or RunInstances
 *     terminate.c   TerminateInstances, several at a time
 *     check.h       `muster check --live`
 *     prices.c      spot prices      demand.c, price_list.c   on-demand prices
 *
 * One open provider serves all regions.
 */
#ifndef PROVIDERS_AWS_AWS_H
#define PROVIDERS_AWS_AWS_H

#include "auth/aws_client.h"
#include "base/vec.h"
#include "providers/aws/options.h"
#include "providers/aws/price_list.h"
#include "providers/aws/requests.h"
#include "providers/memory.h"
#include "providers/provider.h"

#define AWS_REGION_MAX 32

/* The body a launch was sent with. A token must be sent again with exactly what it was sent with. */
struct aws_sent {
    char token[TOKEN_MAX];
    char *body; /* owned */
};

/* A termination that waits to be sent with others. */
struct aws_doomed {
    char id[NODE_ID_MAX];
    char region[AWS_REGION_MAX];
    provider_terminate_cb *done;
    void *ctx;
};

/* A type whose prices are of interest. */
struct aws_wanted {
    char type[AWS_TYPE_MAX];
    char region[AWS_REGION_MAX];
    bool spot, demand;             /* which of them */
    int64_t due_ns, demand_due_ns; /* when to ask for them again */
};

struct aws_timers; /* on the heap: they outlive the provider by a turn of the loop */

struct provider {
    const struct provider_env *env;
    struct place_memory memory;
    struct aws_op *ops; /* in flight, or with an answer that is to be told later */
    struct aws_timers *timers;
    VEC(struct aws_doomed) doomed;
    VEC(struct aws_sent) sent;
    VEC(char *) templates;            /* names of launch templates that are there; owned */
    VEC(struct aws_wanted *) wanted;  /* owned */
    struct aws_price_list price_list; /* on demand */
    bool prices_failed, demand_failed;
    bool notices_failed; /* the last look at spot requests failed; it was logged */
};

int64_t aws_now_ns(const struct provider *self);

/* ---- calls in flight: op.c ---------------------------------------------------------------------- */

/*
 * One piece of work: a launch, a listing, a batch of terminations. `answer` is called with each answer
 * (response may be NULL, err->code 0: good); it makes the next call, or ends the op with aws_op_free.
 * When the provider is closed its ops are freed and their calls dropped.
 */
struct aws_op {
    struct provider *provider;
    char region[AWS_REGION_MAX];
    void (*answer)(struct aws_op *op, const struct aws_response *response, const struct error *err);
    /* Takes the pieces of the answer where the request says so (aws_piece_cb); may be NULL. */
    int (*piece)(struct aws_op *op, bool first, struct str piece, struct error *err);
    void (*release)(struct aws_op *op); /* frees the op and what it owns */
    bool calling;
    struct error late; /* the answer of a call that could not be made */
    struct aws_op *next, **prev;
};

/* "aws:eu-central-1" to the op's region; puts it into the provider's list. */
void aws_op_begin(struct provider *self, struct aws_op *op, const char *inventory);
/* The region is filled in, and EC2 where no service is named. Always answered later. */
void aws_op_call(struct aws_op *op, struct aws_request *request);
/* The same; op->piece takes the answer's body. */
void aws_op_call_streamed(struct aws_op *op, struct aws_request *request);
/* The answer that no call gives: told in the loop's next turn. */
void aws_op_fail(struct aws_op *op, int code, const char *text);
void aws_op_free(struct aws_op *op);

int aws_timers_open(struct provider *self, struct error *err);
void aws_timers_close(struct provider *self);
/* Runs aws_terminate_flush after a moment in which others may come. */
void aws_timers_batch(struct provider *self);

/* Runs aws_prices_refresh in the loop's next turn. */
void aws_timers_prices(struct provider *self);

/* ---- the plugin's calls ------------------------------------------------------------------------- */

void aws_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx);
void aws_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx);
void aws_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx);
/* What a node of this launch runs at its first boot. */
int aws_user_data(const struct provider *self, const struct launch_request *request,
                  struct buf *out, struct error *err);
void aws_terminate_flush(struct provider *self);
int64_t aws_price(struct provider *self, const struct offer *offer, const void *options);
void aws_prices_refresh(struct provider *self);
void aws_check(struct provider *self, const struct provider_check *check);

/* demand.c: on-demand prices. */
void aws_demand_load(struct provider *self); /* those that a file keeps */
/* From now on it is asked for, once a day. */
void aws_demand_want(struct provider *self, struct aws_wanted *wanted);
void aws_demand_refresh(struct provider *self);
/* What the entry says, else what the price list said last; PRICE_UNKNOWN. */
int64_t aws_demand_price(const struct provider *self, const struct aws_options *o,
                         const char *type);
/* Fills *request, which borrows from `body`; 0 or MUSTER_E_NOMEM. The answer is for aws_read_products. */
int aws_demand_ask(struct aws_op *op, const char *type, struct buf *body,
                   struct aws_request *request);
void aws_demand_learned(struct provider *self, const char *region, const char *type,
                        int64_t usd_micro);

/* What this machine costs an hour; PRICE_UNKNOWN. Spot prices are remembered by zone, others by region. */
int64_t aws_price_of(const struct provider *self, const char *region,
                     const struct ec2_instance *instance);

#endif
