/* The core's own state; for the files of lib/control alone. */
#ifndef CONTROL_STATE_H
#define CONTROL_STATE_H

#include "base/map.h"
#include "base/vec.h"
#include "control/control.h"
#include "control/policy.h"
#include "control/window.h"

#define BOOTS_KEPT  32
#define PROBLEM_MAX 256

#define NODE_SLOTS_MAX INT64_C(1000000)     /* a listing that says more is not believed */
#define YOUNG_NS       INT64_C(60000000000) /* what ends so soon after it was ready could not live */

/* What is remembered of an offer: failed ones are left alone for a while. */
struct offer_memory {
    uint64_t refused; /* number of the last decision in which the gate refused it */
    int failures;     /* in a row */
    int64_t not_before_ns;
    char problem[128];
    /* Notices of its machines since noticed_ns, and how many machines there were at most then. */
    int64_t noticed_ns, noticed, noticed_of;
};

struct pool {
    struct pool_spec *spec; /* never NULL; all defaults for a pool that no file describes */
    bool described;         /* by a policy file */
    bool retiring;          /* its file was removed: everything drains */
    bool paused;
    bool panic;
    bool has_gone; /* some node is to be buried at the end of the step */
    bool acted;    /* this run bought, drained or stopped something */
    bool held;     /* the last decision held an unknown demand */
    bool started;  /* every inventory it buys from was listed once; desired is meant */

    struct signal signal;
    int64_t poll_due_ns;
    int64_t polled_ns; /* when the poll in flight was sent; 0: none in flight */

    int64_t desired;
    struct window proposals_max, proposals_min; /* stabilisation; _min holds negated values */
    struct window desired_max, desired_min;     /* pace */

    VEC(struct node *) nodes; /* in the order they came */
    VEC(struct offer_memory) offers;
    VEC(void *) memories; /* of the policies, by entry of spec->scale; owned, NULL: it has none */

    int64_t boots_ns[BOOTS_KEPT]; /* the last measured boot times, a ring */
    int64_t boot_count;
    int64_t boot_p90_ns;

    struct decision *last, *changed; /* swapped, never NULL after the first decision */
    uint64_t decisions;
    int64_t
        replaced_ns; /* when a node was last drained for its version, under this file; 0: never */

    int64_t run_due_ns;
    int64_t accrued_ns;    /* cost is accounted up to here */
    double cost_usd_micro; /* in this life */
    double cost_unreported, node_hours_unreported;
    int64_t cost_reported_ns;

    int64_t panic_noted, vanish_noted; /* notes are given once per episode */
    int64_t signal_noted;              /* enum signal_state last told */
    char problem[PROBLEM_MAX];
};

/* A part of an inventory that can fail alone: a zone. */
struct inventory_place {
    char name[PLACE_NAME_MAX];
    bool unseen; /* the last listing lacks it */
};

struct inventory {
    char name[64];
    int64_t listed_ns; /* when the last complete listing was asked for; 0: never */
    int64_t list_due_ns;
    int64_t asked_ns; /* of the listing in flight; 0: none */
    int64_t failing_since_ns;
    int64_t vanished_since_ns; /* most machines missing at once: not believed yet; 0: no */
    int64_t terminate_failing_since_ns;
    int64_t done_wall_ns; /* when the last launch of an earlier life there was closed; 0: none */
    uint8_t blanks;       /* complete listings in a row, in this life, that showed no machine */
    bool trusted;         /* what an earlier life bought here has been found, if it is there */
    bool partial;         /* the last listing lacks some places */
    bool dark_told;       /* a note has said that it is dark */
    VEC(struct inventory_place) places; /* that were ever told */
    char problem[PROBLEM_MAX];
};

struct launch_name {
    uint64_t number;
    char token[TOKEN_MAX];
};

struct place_known {
    char pool[POOL_NAME_MAX];
    uint16_t inventory;
};

/* Tokens left in a period, over all pools. */
struct bucket {
    double tokens;
    int64_t filled_ns;
};

struct control {
    struct control_options options;
    bool recovered;
    bool policies_complete; /* see EVENT_POLICIES */
    bool paused_all;
    char journal[32];
    uint64_t last_number;
    bool newborn; /* the journal was empty: no earlier life has bought anything */
    int64_t recovered_ns, recovered_wall_ns;
    int64_t journal_retry_ns; /* the journal failed: no new intent before */
    int64_t now_ns, wall_ns;  /* of the event being handled */

    VEC(struct pool *) pools;
    VEC(struct inventory *) inventories;
    VEC(struct intent *) intents;   /* open ones, by number */
    VEC(struct place_known) places; /* where pools bought in earlier lives, until all are listed */
    VEC(struct launch_name) unserved; /* launches whose nodes may not have worked yet (journal) */
    VEC(char *) paused_names;         /* pools a person paused, known or not yet */
    struct map nodes_by_id;           /* struct node *, keyed by its id */
    struct bucket launches, terminations;
    int64_t machines; /* over all pools, not gone */

    VEC(struct booting) booting; /* scratch of one decision */
    VEC(struct node *) victims;  /* scratch */

    /* Given back at the start of the next step, since effects may point to them. */
    VEC(struct intent *) closed;
    VEC(struct node *) buried;
    VEC(struct pool *) retired;
};

/* A pool's machines, counted in one pass. */
struct census {
    int64_t nodes[NODE_STATES];
    int64_t machines;                                   /* all but gone */
    int64_t slots_all;                                  /* of all machines */
    int64_t slots_ready, slots_booting, slots_draining; /* booting: requested ones included */
    int64_t slots_dark; /* given up, or overdue where nobody answers: no capacity */
    int64_t supply;     /* ready + booting (+ lost, while in panic) */
    int64_t on_demand;  /* slots of the supply that are not spot */
    int64_t advised;    /* slots of the supply on nodes that are to be replaced (node_is_advised) */
    int64_t advised_ready, advised_most; /* of the ready ones; of the largest one */
    int64_t busy, busy_unknown;
    int64_t busy_leaving; /* of the busy ones: on machines that the cloud takes back */
    int64_t price_usd_micro;
    int64_t unpriced;          /* machines whose price is known only when they are listed */
    int64_t unhealthy, judged; /* lost or overdue, of those that could be */
};

/* pools.c */
struct pool *pool_find(const struct control *c, const char *name);
struct pool *pool_add(struct control *c, struct pool_spec *take_spec, struct error *err);
/* New memories for the policies of a spec; on failure the pool's are as they were. */
int pool_remember(struct pool *p, const struct pool_spec *spec, struct error *err);
void pool_free(struct pool *p);
void pool_bury_gone(struct control *c, struct pool *p);

void pool_census(const struct control *c, const struct pool *p, struct census *ret);
struct node *pool_add_node(struct control *c, struct pool *p, const char *id, struct error *err);
int pool_name_node(struct control *c, struct node *node, const char *id, struct error *err);
bool pool_is_paused(const struct control *c, const struct pool *p);
/* All but gone; those that may be of it, not being listed yet, included. */
int64_t pool_offer_machines(const struct pool *p, size_t offer);
void node_gone(struct control *c, struct pool *p, struct node *node);
bool node_is_spot(const struct node *node);

/* observe.c */
void boot_measured(struct pool *p, int64_t boot_ns);
int64_t boot_expected_ns(const struct pool *p);
int observe(struct control *c, struct pool *p, const struct census *census, struct trail *trail,
            struct observation *ret, struct error *err);

/* decide.c: what the policies want, together; *ret_hold: some could not tell. */
int64_t decide(const struct pool *p, const struct observation *seen, struct trail *trail,
               bool *ret_hold);

/* guard.c: what may be wanted. */
int64_t guard(struct control *c, struct pool *p, const struct census *census, int64_t proposed,
              bool hold, struct trail *trail);
void guard_start(struct control *c, struct pool *p, int64_t supply);
/*
 * Machines that were given up, and replaced, are there again: what is too much now is what the pool has,
 * and is given back at its pace, as if the demand had fallen.
 */
void guard_found(struct control *c, struct pool *p);

/* notices.c: the cloud's word on a machine's end. */
int notice_take(struct control *c, const struct event *ev, struct effect_list *out,
                struct error *err);
/* It will be taken back: told once, drained at once. */
int node_taken_back(struct control *c, struct node *node, struct effect_list *out,
                    struct error *err);
/* It had better be replaced: what release.rebalance says is done. */
int node_rebalance(struct control *c, struct node *node, struct effect_list *out,
                   struct error *err);
/* Capacity that stays only until its replacement is ready. */
bool node_is_advised(const struct node *node);
/* A good part of its machines was given notice lately: others are bought first. */
bool offer_shunned(const struct control *c, const struct pool *p, size_t offer);

/* place.c: which offers to buy. */
int place(struct control *c, struct pool *p, const struct census *census, bool hold,
          struct trail *trail, struct effect_list *out, struct error *err);
/* Slots that should not be spot, of `slots` in all. */
int64_t on_demand_wanted(const struct pool_spec *spec, int64_t slots);
/* victims.c: drains what is more than `keep` slots, and what runs another version than it should. */
int drain_surplus(struct control *c, struct pool *p, const struct census *census, int64_t keep,
                  struct trail *trail, struct error *err);
/* Drains at most `slots` slots of nodes that the cloud recommends to replace. */
int drain_advised(struct control *c, struct pool *p, int64_t slots, struct trail *trail,
                  struct error *err);
int drain_old_versions(struct control *c, struct pool *p, const struct census *census,
                       struct trail *trail, struct error *err);
void offer_failed(struct control *c, struct pool *p, uint16_t offer, int code, const char *text);
/* A node of it has lived for a while: the failures before are forgotten. */
void offer_worked(const struct control *c, struct pool *p, uint16_t offer);

/* gate.c: the only way out for a launch or a termination. */
int gate_launch(struct control *c, struct pool *p, uint16_t offer, int64_t count,
                struct trail *trail, struct effect_list *out, struct error *err);
enum stop_reason { STOP_DRAINED, STOP_BOOT_OVERDUE, STOP_LOST, STOP_FORCED };
int gate_terminate(struct control *c, struct pool *p, struct node *node, enum stop_reason reason,
                   struct trail *trail, struct effect_list *out, struct error *err);
int gate_written(struct control *c, uint64_t number, struct effect_list *out, struct error *err);
int gate_lost(struct control *c, uint64_t number, const char *text, struct effect_list *out,
              struct error *err);
/* Asks again, with the same token, about calls that were not answered. */
int gate_resend(struct control *c, struct effect_list *out, struct error *err);
/* Launches there are asked for no more: they have been bought elsewhere. Listings settle them. */
void gate_give_up(struct control *c, const char *inventory);
/* When to ask again after the tries-th call was not answered. */
int64_t gate_retry_ns(const struct control *c, int tries);

/* intents.c */
struct intent *intent_find(const struct control *c, uint64_t number);
int intent_close(struct control *c, struct intent *intent, enum intent_state how,
                 struct effect_list *out, struct error *err);
int intents_recover(struct control *c, const struct event *ev, struct effect_list *out,
                    struct error *err);
int intent_launched(struct control *c, const struct event *ev, struct effect_list *out,
                    struct error *err);
int intent_launch_failed(struct control *c, const struct event *ev, struct effect_list *out,
                         struct error *err);
int intent_terminated(struct control *c, const struct event *ev, struct effect_list *out,
                      struct error *err);
/* A machine carrying this token exists: the node that stands for it, or NULL if none is waiting. */
struct node *intent_claim(struct control *c, const char *token, const char *id,
                          struct effect_list *out, struct error *err);
/* A complete listing asked for at asked_ns showed no (further) machine of this intent. */
int intents_listed(struct control *c, const char *inventory, int64_t asked_ns,
                   struct effect_list *out, struct error *err);

/* A launch younger than this may not be listed yet, where no offer in a file says so. */
#define SETTLE_UNKNOWN_NS INT64_C(300000000000)

/* inventory.c */
struct inventory *inventory_find(const struct control *c, const char *name);
int inventory_add(struct control *c, const char *name, struct inventory **ret, struct error *err);
int64_t inventory_due_ns(const struct inventory *inv);
int inventories_poll(struct control *c, struct effect_list *out, struct error *err);
int inventory_listed(struct control *c, const struct event *ev, struct effect_list *out,
                     struct error *err);
int inventory_failed(struct control *c, const struct event *ev, struct effect_list *out,
                     struct error *err);
uint16_t inventory_index(const struct control *c, const struct inventory *inv);
void inventory_free(struct inventory *inv);

/* places.c */
/* *ret: as node.place has it; 0 for "". */
int place_add(struct inventory *inv, const char *name, uint16_t *ret, struct error *err);
/* Which places this listing lacks; a note says so when they become more. */
int places_listed(struct inventory *inv, const struct event *ev, struct effect_list *out,
                  struct error *err);
/* May the machine be in a place that the last listing lacks? Where it is may not be known yet. */
bool inventory_lacks(const struct control *c, const struct node *node);
/* NULL when a machine may be bought or stopped on the strength of what is known; else why not. */
const char *inventory_doubt(const struct control *c, const struct inventory *inv);
/*
 * It has failed for so long that what was asked for there is given up: such machines go on being
 * counted against every limit, but no longer as capacity, so that it is bought elsewhere.
 */
bool inventory_dark(const struct control *c, const struct inventory *inv);
/* Some place where this pool buys is not dark. */
bool inventory_elsewhere(const struct control *c, const struct pool *p);
void inventory_list_soon(struct control *c, uint16_t inventory);

/* heartbeats.c */
int heartbeat_take(struct control *c, const struct event *ev, struct effect_list *out,
                   struct error *err);

/* Calls that were never answered become unknown; a journal that does not answer has failed;
 * terminations of what is gone are done. */
int intents_expire(struct control *c, struct effect_list *out, struct error *err);

/* reconcile.c: what time does to nodes (before counting), and what ends now (after placing). */
void reconcile_health(struct control *c, struct pool *p);
int reconcile(struct control *c, struct pool *p, struct trail *trail, struct effect_list *out,
              struct error *err);
/* One whole run of a pool: observe, decide, guard, place, reconcile, gate. */
int pool_run(struct control *c, struct pool *p, struct effect_list *out, struct error *err);

/* effect.c */
struct effect *effect_add(struct effect_list *out, enum effect_type type, struct error *err);
int note(struct effect_list *out, enum log_level level, const char *pool, struct error *err,
         const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
