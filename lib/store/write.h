/* A batch of entries, written as one transaction. Runs on the writer's thread. */
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "store/db.h"
#include "store/entry.h"
#include "store/prune.h"

/*
 * Writes all of `batch`, deletes a little of what is too old, commits. 0: all of it is durable, but
 * for intents marked as refused. Otherwise nothing of it was written. The queue itself stays.
 */
int write_batch(struct db *db, const struct entry_queue *batch, struct prune *prune,
                struct error *err);

#endif
