/*
 * A recording: every event the core took and what it made of it, in a file of JSON lines that can be
 * replayed (replay.h). It is what a bug report needs: the same events give the same decisions.
 *
 *     {"recording":1,"muster":"0.1.0","controller":"muster","tick":"5000000000",...}  a life begins
 *     {"event":"tick","now":"...","wall":"..."}                            before the step
 *     {"did":"3f6c...","effects":2,"decisions":["a 12: 3 -> 5"]}           after it, if it did anything
 *
 * An event is in the file before the core sees it, so that the one that crashes it is there too. A
 * file is appended to: it may hold several lives. Nothing secret is in an event; names of machines,
 * pools and queues are, and the text of the policy files.
 */
#ifndef RUNTIME_RECORDING_H
#define RUNTIME_RECORDING_H

#include "base/digest.h"
#include "control/control.h"
#include "runtime/recorded_event.h"

#define RECORDING_DIGEST_MAX 17

struct recording;

/* max_bytes: a file of that size is not added to any more. */
int recording_open(const char *path, int64_t max_bytes, const struct control_options *options,
                   struct recording **ret, struct error *err);
void recording_close(struct recording *recording);

/*
 * Both block for as long as a write into the page cache does. A failure (disk full, the file is at its
 * size) ends the recording, is told once in *err, and costs the controller nothing.
 */
int recording_event(struct recording *recording, const struct event *ev,
                    const struct recorded_policy *policy, struct error *err);
int recording_effects(struct recording *recording, const struct effect_list *effects, int rc,
                      struct error *err);

/* ---- shared with the replay -------------------------------------------------------------------- */

/* The line that follows a step (without its end); nothing is appended when it did nothing. */
int recording_effects_write(const struct effect_list *effects, int rc, struct buf *out,
                            struct error *err);

#endif
