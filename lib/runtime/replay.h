/*
 * Replays a recording (recording.h): the recorded events go through the core of this build, and what
 * it does is compared with what was recorded, to the last bit. The same build gives the same decisions;
 * another one shows the first step at which it decides differently.
 */
#ifndef RUNTIME_REPLAY_H
#define RUNTIME_REPLAY_H

#include "runtime/kinds.h"
#include "runtime/recording.h"

#define REPLAY_TEXT_MAX 400

struct replay_report {
    uint64_t lives, events, effects, decisions;
    int64_t first_wall_ns, last_wall_ns; /* of the events; 0: none */
    bool differs;
    uint64_t line;                  /* of the first difference, from 1 */
    char recorded[REPLAY_TEXT_MAX]; /* what that step did, and what it does here */
    char replayed[REPLAY_TEXT_MAX];
    bool cut; /* the last line is not whole: the recording ended in the middle of it */
};

/* Every decision as it is replayed; may be NULL. */
typedef void replay_decision_cb(void *ctx, const char *pool, const struct decision *decision);

/*
 * Stops at the first difference. MUSTER_E_INVALID: the file is no recording, or a line of it is wrong;
 * err says which ("FILE:LINE: ..."). Blocks.
 */
int replay_file(const char *path, const struct kinds *kinds, replay_decision_cb *decision,
                void *ctx, struct replay_report *ret, struct error *err);

#endif
