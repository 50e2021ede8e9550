/*
 * Keeps the state file bounded: history older than the retention, and the oldest history while the
 * file holds more than its ceiling, is deleted, a few hundred rows at a time beside what is written
 * anyway, so that no write waits long for it. Freed pages are used again; the file does not shrink.
 *
 * The ceiling is kept by samples and decisions, whose number has no other bound; cost has a row an hour
 * and pool. Of intents only closed ones go, and never the one with the highest number, by which numbering goes
 * on after a restart.
 */
#ifndef STORE_PRUNE_H
#define STORE_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

struct prune {
    int64_t retention_ns;        /* <= 0: for ever */
    int64_t max_bytes;           /* of pages in use */
    int64_t now_ns, now_wall_ns; /* set before each batch */
    int64_t due_ns;              /* boot clock */
};

#define PRUNE_EVERY_NS    INT64_C(1000000000)
#define PRUNE_INTENTS_MAX INT64_C(200000) /* closed ones with lower numbers go before their time */
#define PRUNE_ROWS        200 /* of each table at a time, and twice what the batch added */

/* Deletes some, if it is time to. Inside the batch's transaction. */
int prune_some(struct db *db, struct prune *prune, size_t written, struct error *err);

#endif
