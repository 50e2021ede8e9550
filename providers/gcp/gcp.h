/*
 * Provider `gcp`: a node is an instance of Compute Engine, known by its labels. The parts of the
 * provider, for each other; the world sees provider_gcp in gcp.c.
 *
 *     options.c     the policy file's entry, and the offers it stands for
 *     names.c       what machines, nodes and labels are called
 *     requests.c    bodies      answers.c   what comes back
 *     ../memory.c   what is sold out, and prices
 *     op.c          calls in flight          follow.c   operations, to their end
 *     known.c       what launches need to know: templates, the zones of regions
 *     list.c        instances.aggregatedList, page by page, and preemptions
 *     launch.c      instances.insert, bulkInsert     bulk.c   what became of the latter
 *     group.c       machines of a managed instance group
 *     terminate.c   instances.delete
 *     prices.c      what offers cost          catalogue.c   Cloud Billing's catalogue
 *
 * One open provider serves all projects and zones.
 */
#ifndef PROVIDERS_GCP_GCP_H
#define PROVIDERS_GCP_GCP_H

#include "auth/gcp_client.h"
#include "base/vec.h"
#include "providers/gcp/answers.h"
#include "providers/gcp/catalogue.h"
#include "providers/gcp/options.h"
#include "providers/gcp/requests.h"
#include "providers/memory.h"
#include "providers/op.h"
#include "providers/provider.h"

/* What a launch was sent with. A token must be sent again with exactly what it was sent with. */
struct gcp_sent {
    char token[TOKEN_MAX];
    char zone[GCE_ZONE_MAX]; /* of an insert */
    int kind;                /* of launch.c */
    char *body;              /* owned */
};

struct gcp_template {
    char *path; /* owned */
    cJSON *properties;
    int64_t read_ns;
};

struct gcp_region {
    char name[GCE_ZONE_MAX];
    struct gcp_zones zones;
};

/* How large a machine type is. */
struct gcp_size {
    char type[GCE_TYPE_MAX];
    char zone[GCE_ZONE_MAX]; /* to ask in */
    bool known;
    int64_t cpus, memory_mib; /* 0: there is no such type */
};

/* A machine whose deletion came to its end: listings lack it, which alone would prove nothing. */
struct gcp_gone {
    char id[NODE_ID_MAX];
    int64_t at_ns;
};

struct provider {
    const struct provider_env *env;
    struct place_memory memory;
    struct op_list *ops;
    VEC(struct gcp_sent) sent;
    VEC(struct gcp_template) templates;
    VEC(struct gcp_region) regions;
    VEC(struct gcp_gone) gone;     /* in the order they went */
    VEC(struct gce_unseen) unseen; /* zones that the last listing lacks: bought in last */
    char project[GCP_PROJECT_MAX]; /* for entries that name none; "" until it is known */
    struct gcp_rates rates;
    int64_t rates_due_ns;    /* when to read the catalogue again */
    int64_t prices_again_ns; /* after a failure: not before */
    VEC(struct gcp_size) sizes;
    bool pricing;          /* prices are being looked up */
    bool prices_failed;    /* the last time they could not; it was logged */
    bool preempted_failed; /* the last look at preemptions failed; it was logged */
};

int64_t gcp_now_ns(const struct provider *self);

/* ---- calls in flight: op.c ---------------------------------------------------------------------- */

struct gcp_op;

/* Told once something is known, or cannot be found out (err->code not 0). */
typedef void gcp_known_cb(struct gcp_op *op, const struct error *err);

/*
 * One piece of work: a launch, a listing, a termination. `answer` is called with each answer (response
 * may be NULL, err->code 0: good); it makes the next call, or ends the op with gcp_op_free. When the
 * provider is closed its ops are freed and their calls dropped.
 */
struct gcp_op {
    struct op op;
    struct provider *provider;
    char project[GCP_PROJECT_MAX];
    void (*start)(struct gcp_op *op); /* once the project is known */
    void (*answer)(struct gcp_op *op, const struct gcp_response *response, const struct error *err);
    void (*resume)(struct gcp_op *op);  /* after gcp_op_wait */
    void (*release)(struct gcp_op *op); /* frees the op and what it owns */
    bool calling;
    struct gcp_follow *follow; /* owned; NULL: none */
    gcp_known_cb *known;       /* of known.c, with what is asked for */
    char asked[320];
};

/* `start` is called, now or later, with the project of the inventory ("gcp:acme", "gcp"); when there
 * is none to be found `answer` is told. */
void gcp_op_begin(struct provider *self, struct gcp_op *op, const char *inventory);
/* Always answered later. */
void gcp_op_call(struct gcp_op *op, struct gcp_request *request);
/* The answer that no call gives: told in the loop's next turn. */
void gcp_op_fail(struct gcp_op *op, int code, const char *text);
void gcp_op_wait(struct gcp_op *op, uint64_t ms);
void gcp_op_free(struct gcp_op *op);

/*
 * Takes an operation to its end; `body` is what the change was answered with. `done` is told the
 * operation (borrowed), DONE, whether well or not: gcp_fault_from_operation; or an error and NULL, when
 * it is not known how it ended. May call back from inside this call. Uses the op's `answer` and
 * `resume`.
 */
typedef void gcp_followed_cb(struct gcp_op *op, const cJSON *operation, const struct error *err);
void gcp_follow(struct gcp_op *op, struct str body, int64_t most_ns, gcp_followed_cb *done);
void gcp_follow_free(struct gcp_follow *follow);

/* ---- what launches need to know: known.c -------------------------------------------------------- */

/* Both call back from inside or later. */
void gcp_know_template(struct gcp_op *op, const char *path, gcp_known_cb *done);
void gcp_know_region(struct gcp_op *op, const char *region, gcp_known_cb *done);
/* NULL: not known. */
const cJSON *gcp_template(const struct provider *self, const char *path);
const struct gcp_zones *gcp_region(const struct provider *self, const char *region);

/* ---- the plugin's calls ------------------------------------------------------------------------- */

void gcp_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx);
void gcp_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx);
void gcp_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx);
/* Forgets what is gone for so long that everybody knows. */
void gcp_forget_gone(struct provider *self);
int64_t gcp_price(struct provider *self, const struct offer *offer, const void *options);

/* What this machine costs an hour; PRICE_UNKNOWN. */
int64_t gcp_price_of(const struct provider *self, const struct gce_instance *instance);

/* First-boot script of a node, where the entry has a command or a script. */
extern const char gcp_user_data_default[];
#define GCP_USER_DATA_MAX ((size_t)256 << 10) /* Compute Engine's own limit of one metadata value */

#endif
