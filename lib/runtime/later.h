/*
 * Events that are due at the next turn of the loop: what an executor knows at once, but may not say
 * from inside the call.
 */
#ifndef RUNTIME_LATER_H
#define RUNTIME_LATER_H

#include <uv.h>

#include "runtime/executor.h"

struct later;

int later_new(uv_loop_t *loop, struct log *log, executor_event_cb *event, void *ctx,
              struct later **ret, struct error *err);
void later_free(struct later *later); /* takes NULL; what is pending is dropped */

/*
 * Copies the event, texts and ids included; for the types below. Without memory it is dropped and
 * logged: to the core this is an answer that never came, which it knows how to live with.
 *
 *     EVENT_LISTING_FAILED  EVENT_LAUNCHED  EVENT_LAUNCH_FAILED
 *     EVENT_TERMINATED  EVENT_TERMINATE_FAILED
 */
void later_add(struct later *later, const struct event *ev);

#endif
