/*
 * The agent's line to musterd: sends heartbeats, one at a time, for as long as it takes.
 *
 * At once when poked, then at the interval that the last answer gave. A failed one is sent again
 * after a wait that doubles up to thirty seconds, with jitter, so that a thousand nodes do not call
 * on a musterd that just came back in the same second; before the first answer ever, every second.
 * What a heartbeat says is asked for at the moment of sending, so none is ever out of date.
 */
#ifndef RUNTIME_AGENT_LINK_H
#define RUNTIME_AGENT_LINK_H

#include <uv.h>

#include "base/log.h"
#include "runtime/agent_beat.h"
#include "runtime/agent_options.h"

struct agent_link;

struct agent_link_owner {
    /* Writes the body to send. */
    void (*compose)(void *ctx, struct buf *body);
    /* The body last composed was answered. */
    void (*answered)(void *ctx, const struct beat_answer *answer);
    /* The interval is over: get the numbers together, then agent_link_poke. */
    void (*due)(void *ctx);
    void *ctx;
};

int agent_link_new(uv_loop_t *loop, struct log *log, const struct agent_options *options,
                   const struct agent_link_owner *owner, struct agent_link **ret,
                   struct error *err);
/* Drops a heartbeat in flight. Takes NULL. */
void agent_link_free(struct agent_link *link);

/* Something changed: send now, or right after the one in flight. */
void agent_link_poke(struct agent_link *link);

#endif
