/* Reading all local nodes' folders: the provider's listing. Blocks; runs on the thread pool. */
#ifndef PROVIDERS_LOCAL_NODE_LIST_H
#define PROVIDERS_LOCAL_NODE_LIST_H

#include "base/error.h"
#include "base/vec.h"
#include "control/event.h"
#include "providers/local/node_dir.h"

/* A folder without a living process: a node that is gone, or what a crash left of a launch. */
struct dead_dir {
    char name[NODE_ID_MAX];
};

struct node_list {
    VEC(struct listed_node) nodes; /* of our controller; the dead ones as LISTED_GONE */
    VEC(struct dead_dir) dead;     /* folders that may be removed after a while */
};

void node_list_release(struct node_list *list);

/*
 * Reads `root` (absent: no nodes). A living node whose meta.json cannot be read makes the whole
 * listing fail: leaving out a machine that exists would be taken for its end.
 */
int node_list_read(const char *root, const char *controller, int64_t boot_ns, struct node_list *ret,
                   struct error *err);

#endif
