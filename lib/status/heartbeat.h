/*
 * What a node says about itself, as JSON:
 *
 *     {"pool": "render", "state": "ready", "seq": 17, "slots": 4, "busy": 2, "idle_s": 0,
 *      "served": 3, "served_mean_s": 12.5, "version": "2026.11.3", "interrupted": false,
 *      "rebalance": false}
 *
 * state (booting, ready, draining, drained) and seq are required. A busy that is absent or null is
 * unknown, which is never taken to be zero. Members that are not known here are left alone, so that
 * a newer agent may say more.
 */
#ifndef STATUS_HEARTBEAT_H
#define STATUS_HEARTBEAT_H

#include "base/error.h"
#include "base/str.h"
#include "control/event.h"

/*
 * Reads the JSON strictly: types and ranges. ret_pool is "" when no pool was named. MUSTER_E_INVALID
 * or MUSTER_E_RANGE with what was wrong.
 */
int heartbeat_parse(struct str json, const char *node, struct heartbeat *ret,
                    char ret_pool[static POOL_NAME_MAX], struct error *err);

#endif
