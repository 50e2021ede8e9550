/*
 * The nodes of a dry run: bought ones that exist only here, and shadows of real ones that play what
 * the real ones are not told. Pure bookkeeping; time is given in.
 */
#ifndef RUNTIME_VIRTUAL_FLEET_H
#define RUNTIME_VIRTUAL_FLEET_H

#include <stdbool.h>

#include "base/vec.h"
#include "control/event.h"

struct virtual_node {
    char id[NODE_ID_MAX];
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX];
    char token[TOKEN_MAX];
    char inventory[64];
    int64_t slots;
    int64_t created_ns, ready_ns;
    int64_t beat_ns;      /* next heartbeat */
    int64_t heartbeat_ns; /* interval */
    uint64_t beats;
    bool real;    /* a shadow */
    bool drained; /* was told to drain; there is no worker to wait for */
    bool gone;    /* was terminated: a real one is listed as gone from now on */
    bool listed;  /* scratch: in the listing that is being taken in */
};

struct virtual_fleet {
    VEC(struct virtual_node) nodes;
};

void virtual_fleet_release(struct virtual_fleet *fleet);

struct virtual_node *virtual_find(struct virtual_fleet *fleet, const char *id);

/* Node number `n` (from 0) of a launch: the same launch names the same nodes. */
void virtual_id(const struct intent *intent, int64_t n, char ret[static NODE_ID_MAX]);

/* Adds the nodes of a launch that are not there yet; they report from now_ns + boot_ns on. */
bool virtual_launch(struct virtual_fleet *fleet, const struct intent *intent, int64_t boot_ns,
                    int64_t heartbeat_ns, int64_t now_ns);

/*
 * Takes a real listing of an inventory in and lays the fleet over it: the real nodes, terminated ones
 * as gone, then the virtual ones. False: out of memory.
 */
struct listed_nodes {
    VEC(struct listed_node) all;
};
bool virtual_list(struct virtual_fleet *fleet, const char *inventory,
                  const struct listed_node *real, size_t len, int64_t now_ns,
                  struct listed_nodes *ret);

/* The node whose heartbeat is due first, or NULL. */
struct virtual_node *virtual_due(struct virtual_fleet *fleet);

/* What it says now; its next heartbeat is due an interval later. */
void virtual_beat(struct virtual_node *node, int64_t now_ns, struct heartbeat *ret);

void virtual_terminate(struct virtual_fleet *fleet, const char *id);

#endif
