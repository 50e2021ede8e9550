/*
 * A node: one machine, from the moment we decide to buy it until it is known to be gone.
 *
 *     requested -> booting -> ready -> draining -> terminating -> gone
 *
 * with `lost` for a machine that fell silent while it may still be working. The table of allowed
 * moves is in node.c; every move goes through node_move, which refuses any other.
 *
 *     requested     the launch was decided; the cloud has not (provably) answered. Counts as a machine.
 *     booting       the machine exists; no heartbeat said it is ready
 *     ready         reported ready; may be busy or idle
 *     draining      told (or about to be told) to take no new jobs; may still be busy
 *     terminating   a termination was journalled and asked for
 *     lost          silent for too long: taken to be busy, not counted as capacity, still a machine
 *     gone          no longer exists; removed from the tables at the end of the step
 */
#ifndef CONTROL_NODE_H
#define CONTROL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/spec.h"

#define NODE_ID_MAX      80
#define NODE_VERSION_MAX 24

enum node_state {
    NODE_REQUESTED,
    NODE_BOOTING,
    NODE_READY,
    NODE_DRAINING,
    NODE_TERMINATING,
    NODE_LOST,
    NODE_GONE,
    NODE_STATES,
};

const char *node_state_word(enum node_state state);

#define BUSY_UNKNOWN (-1)

struct pool;

struct node {
    struct pool *pool;    /* the one it serves */
    char id[NODE_ID_MAX]; /* the cloud's; "" while requested */
    uint64_t intent;      /* the launch intent it came from; 0: unknown */
    int64_t state_since_ns;
    int64_t launched_ns;   /* when the launch was asked for, or when first listed; boot clock */
    int64_t heard_ns;      /* last heartbeat; 0: never */
    int64_t seen_ns;       /* last complete listing that showed it; 0: never */
    int64_t drain_told_ns; /* first heartbeat answered with "drain"; 0: not told */
    int64_t active_ns;     /* last moment known to have been working; boot clock; 0: unknown */
    int64_t price_usd_micro;
    int64_t slots;
    uint64_t beat_seq;       /* of the last heartbeat */
    int32_t busy;            /* slots, BUSY_UNKNOWN */
    uint16_t offer;          /* index in the pool's offers; OFFER_NONE: not in the file any more */
    uint16_t inventory;      /* index in the core's inventories */
    uint16_t place;          /* index in its inventory's places, plus 1; 0: unknown */
    uint8_t state;           /* enum node_state */
    uint8_t stop_reason;     /* while terminating: enum stop_reason */
    uint8_t missing;         /* complete listings in a row that did not show it */
    bool drained : 1;        /* its worker is gone, after the drain was told */
    bool operator_drain : 1; /* a person asked for the drain */
    bool adopted : 1;        /* found in a listing, not launched in this life of the controller */
    bool given_up : 1;       /* requested where nobody answers: no capacity, should it come */
    bool unbound : 1;        /* of which offer it is will be known when it is listed */
    bool served : 1;         /* was ready once */
    bool journalled : 1;     /* the journal was told that it served */
    bool proven : 1;         /* was ready for long enough to say that its offer works */
    bool interrupted : 1;    /* the cloud said it will take the machine back */
    bool rebalance : 1;      /* the cloud recommends to replace it */
    char version[NODE_VERSION_MAX];
};

#define OFFER_NONE UINT16_MAX

/* Moves a node to `to`; false, and no change, if the table does not allow it. */
bool node_move(struct node *node, enum node_state to, int64_t now_ns);
bool node_may_move(enum node_state from, enum node_state to);

/* Capacity now or soon: requested, booting or ready. */
bool node_is_supply(const struct node *node);
/* Said that it has nothing to do, no longer than fresh_ns ago. Good for choosing whom to drain. */
bool node_is_idle(const struct node *node, int64_t now_ns, int64_t fresh_ns);
/* Proof that stopping it kills no job: its worker is gone. Idleness is none (it may end any moment). */
bool node_is_free(const struct node *node);

#endif
