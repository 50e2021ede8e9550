/*
 * Launches of which a node wants to run its worker, while the journal does not yet have on disk that it
 * may. Only after that may the node be told to run: otherwise a crash could leave a working machine that
 * the next life takes for one that never worked.
 */
#ifndef RUNTIME_SERVING_H
#define RUNTIME_SERVING_H

#include "base/vec.h"
#include "store/store.h"

struct serving_entry {
    uint64_t number;
    bool asked; /* the store has it; otherwise it is asked again when somebody waits for it */
};

struct serving {
    struct store *store;
    VEC(struct serving_entry) entries;
};

/* A node of this launch may be working soon: have it recorded. */
void serving_begin(struct serving *s, uint64_t number);
/* Not on disk yet: the node must not run, and should ask again soon. */
bool serving_waits(struct serving *s, uint64_t number);
void serving_release(struct serving *s);

#endif
