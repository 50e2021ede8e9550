/* Where an agent lives: the folder of a local node with its lock, the busy folder, the worker's
 * environment. */
#ifndef RUNTIME_AGENT_HOME_H
#define RUNTIME_AGENT_HOME_H

#include <stdbool.h>

#include "base/error.h"
#include "providers/local/word_list.h"
#include "runtime/agent_options.h"

struct agent_home {
    char busy_dir[512];
    bool own_busy_dir; /* ours to remove */
    int lock;          /* kept open, and handed down to the worker, for the node's life; -1: none */
    struct word_list environment;
    char **environment_array; /* the same, ending with NULL */
};

/* Takes the node's lock where there is a folder (MUSTER_E_REFUSED: another agent has it), writes down
 * who we are, makes the busy folder. On failure there is nothing to release. */
int agent_home_init(const struct agent_options *options, char *const *environment,
                    struct agent_home *ret, struct error *err);
void agent_home_release(struct agent_home *home);

#endif
