/*
 * The core: one state machine for all pools. Events in, effects out; no clock, no I/O, no threads, no
 * randomness. Live, dry-run, simulation and the fault tests drive this same machine.
 *
 * One pool's tick, as data flows:
 *
 *     samples, heartbeats, listings
 *        -> observe    observe.c    freshness, rates, boot times, what capacity there is
 *        -> decide     decide.c     each policy proposes slots; the largest wins
 *        -> guard      guard.c      bounds, stabilisation, pace, staleness, panic, pause
 *        -> place      place.c      slots -> nodes: which offers to buy, which nodes to drain
 *        -> reconcile  reconcile.c  what exists against what should: deadlines, losses, terminations;
 *                     inventory.c, heartbeats.c and intents.c bring in what exists
 *        -> gate       gate.c       the only way out for a launch or a termination
 *
 * A step that fails for lack of memory leaves the state consistent and may have done less than it
 * should; the next tick does the rest. Nothing is sent that is not in the journal.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/error.h"
#include "control/effect.h"
#include "control/event.h"
#include "control/signal.h"

struct control;

/* Ceilings over all pools; 0 (or -1 for money) means none. */
struct control_limits {
    int64_t nodes;
    int64_t usd_per_hour_micro; /* -1: none */
    struct rate launches;       /* nodes per period, over all pools */
    struct rate terminations;
};

struct control_options {
    char controller[64]; /* who we are: part of every token and tag */
    struct control_limits limits;
    int64_t tick_ns;          /* how often every pool is looked at, samples or not */
    int64_t list_every_ns;    /* how often an inventory is listed */
    int64_t missing_listings; /* complete listings in a row without a node until it is gone, >= 1 */
};

void control_options_default(struct control_options *options);

struct control *control_new(const struct control_options *options, struct error *err);
void control_free(struct control *c);

/* One step: takes one event, changes the state, appends the effects that must now be carried out. */
int control_step(struct control *c, const struct event *ev, struct effect_list *out,
                 struct error *err);

/* Boot clock: when something is due that needs an EVENT_TICK; INT64_MAX when nothing is. */
int64_t control_next_ns(const struct control *c);

/* What a heartbeat is answered with; valid right after the step that took it. */
struct beat_reply {
    bool known;           /* the node is one of ours */
    bool drain;           /* stop taking jobs, finish, report drained */
    bool run;             /* may start its worker (false: draining before it ever started) */
    int64_t heartbeat_ns; /* report again in */
};

struct beat_reply control_beat_reply(const struct control *c, const char *node);

/*
 * Looking in, for status, explain, metrics and tests: read only, valid until the next step.
 */
struct pool_view {
    const char *name;
    const struct pool_spec *spec; /* all defaults for a pool that no file describes */
    const struct signal *signal;
    const struct decision *last;    /* the last decision; NULL before the first */
    const struct decision *changed; /* the last that changed something; NULL: none yet */
    bool paused, retiring, panic;
    int64_t desired;            /* slots */
    int64_t nodes[NODE_STATES]; /* by state */
    int64_t slots_ready, slots_booting, slots_draining;
    int64_t busy;         /* slots known to be busy */
    int64_t busy_unknown; /* slots of ready nodes that do not tell */
    int64_t intents_open;
    int64_t price_usd_micro; /* per hour, of all machines there are */
    int64_t cost_usd_micro;  /* since this life began */
    int64_t boot_ns, boot_count;
    const char *problem; /* what a person should know; "" when all is well */
};

size_t control_pools(const struct control *c);
void control_pool_view(const struct control *c, size_t index, struct pool_view *ret);
bool control_pool_find(const struct control *c, const char *name, struct pool_view *ret);

/* A pool's nodes, in a stable order; NULL past the end. */
const struct node *control_node(const struct control *c, const char *pool, size_t index);
const struct node *control_node_find(const struct control *c, const char *id,
                                     const char **ret_pool);

/* Open intents, in the order they were made; NULL past the end. */
const struct intent *control_intent(const struct control *c, size_t index);

struct inventory_view {
    const char *name;
    int64_t listed_ns;        /* last complete listing; 0: none yet */
    int64_t failing_since_ns; /* 0: not failing */
    const char *problem;
};
bool control_inventory(const struct control *c, size_t index, struct inventory_view *ret);

#endif
