/*
 * The folder of one local node: STATE/local/NODE/
 *
 *     meta.json    what the node is (struct local_node); written before anything runs, never changed
 *     lock         held by every process of the node; the node is alive exactly as long as it is held
 *     agent.json   the agent's pid and start time, written by the agent itself
 *     busy/        MUSTER_BUSY_DIR of the worker
 *     log, log.1   output of agent and worker, unless the policy file says where else
 *
 * The lock is an open-file-description lock (fcntl F_OFD_SETLK). musterd takes it before it writes
 * meta.json and hands the descriptor to the agent it spawns, which hands it to its worker, and so on:
 * the kernel keeps it until the last of them is gone. So there is no moment at which a node runs
 * without its lock, whenever musterd dies, and a pid that is used again deceives nobody. Looking
 * (F_OFD_GETLK) never takes the lock, so it disturbs nobody either.
 */
#ifndef PROVIDERS_LOCAL_NODE_DIR_H
#define PROVIDERS_LOCAL_NODE_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "control/intent.h"
#include "control/node.h"

#define NODE_DIR_MAX 512 /* bytes of a node's folder path */

#define LOCAL_CONTROLLER_MAX 64

/* meta.json */
struct local_node {
    char id[NODE_ID_MAX];
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX];
    char token[TOKEN_MAX];
    char controller[LOCAL_CONTROLLER_MAX];
    int64_t slots;
    int64_t created_wall_ns, created_boot_ns; /* kept to the millisecond */
};

/* agent.json */
struct local_agent {
    pid_t pid;
    uint64_t start; /* as in base/process.h */
};

/* The node's id is made from its launch's token, so the same launch always means the same folder. */
void local_node_id(const char *token, char ret[static NODE_ID_MAX]);
/* Could this be a node's folder? Nothing else below STATE/local is ever looked at. */
bool local_node_named(const char *name);

void local_node_print(const struct local_node *node, struct buf *out);
int local_node_parse(struct str text, struct local_node *ret, struct error *err);
/* MUSTER_E_NOTFOUND: the folder has no meta.json. */
int local_node_read(const char *dir, struct local_node *ret, struct error *err);

enum local_claim {
    LOCAL_CLAIMED, /* *ret_lock is ours: start the agent with it, then close our copy */
    LOCAL_RUNNING, /* the node runs */
    LOCAL_RAN,     /* the node ran, and is gone; it is not started again */
};

/*
 * Makes the folder (below `root`, which is made too) unless it is there, and decides who may start
 * the node: at most one claimer ever, unless the one who claimed it died before its agent ran.
 * MUSTER_E_REFUSED: the folder belongs to another token. Blocks: thread pool only.
 */
int node_dir_claim(const char *root, const char *dir, const struct local_node *node,
                   enum local_claim *ret_claim, int *ret_lock, struct error *err);

/* For an agent started by hand: takes the lock of `dir`, which must exist. MUSTER_E_REFUSED: held. */
int node_dir_lock(const char *dir, int *ret_lock, struct error *err);

/* Is any process of the node left? MUSTER_E_NOTFOUND: there is no such folder, or no lock in it. */
int node_dir_alive(const char *dir, bool *ret_alive, struct error *err);

/* Removes a dead node's folder and what is in it; MUSTER_E_REFUSED while it is alive. */
int node_dir_remove(const char *dir, struct error *err);

/* The calling process is the agent of this folder. */
int node_dir_write_agent(const char *dir, struct error *err);
/* MUSTER_E_NOTFOUND: no agent has run there. */
int node_dir_read_agent(const char *dir, struct local_agent *ret, struct error *err);

/* Asks the agent to drain and go (SIGTERM). MUSTER_E_NOTFOUND: it has not come up yet, or is gone. */
int node_dir_stop(const char *dir, struct error *err);

/*
 * SIGKILL to every process of the node: those that hold its lock, and those that have its
 * MUSTER_BUSY_DIR in their environment, whatever their parent, group or session. *ret_count: how many
 * there were; ask again until the node is not alive, for they may have been forking.
 */
int node_dir_kill(const char *dir, size_t *ret_count, struct error *err);

#endif
