/*
 * muster-agent: the life of one node.
 *
 *     delay -> contact -> work -> drain -> sweep -> drained -> (leave)
 *
 *     delay     silent, to rehearse a slow boot
 *     contact   reports "booting"; no contact, no work: the worker is started when musterd has answered
 *               that it may run, so a node that was never heard has provably done nothing
 *     work      the worker runs; reports "ready" with its busy slots
 *     drain     the worker was told to finish; reports "draining", for as long as that takes
 *     sweep     the worker is gone; what it left behind is stopped
 *     drained   nothing runs any more; reports "drained" until it is terminated
 *
 * A drain is asked for by the answer to a heartbeat, by SIGTERM (SIGINT, SIGHUP), or by the cloud's
 * notice that it takes the machine back (--watch). SIGTERM also means
 * leave when drained. A worker, or one copy of several, that ends by itself drains the node too; that
 * is reported, with its exit status, and then the agent leaves. An absent musterd changes nothing: the
 * worker works on, and heartbeats are tried until one is answered.
 */
#ifndef RUNTIME_AGENT_H
#define RUNTIME_AGENT_H

#include <uv.h>

#include "base/log.h"
#include "runtime/agent_options.h"

/*
 * Runs one node's life on `loop` (which it has to itself), from the first heartbeat to the end. *ret_status is
 * what to exit with. Fails only before anything was started.
 */
int agent_run(uv_loop_t *loop, struct log *log, const struct agent_options *options,
              char *const *environment, int *ret_status, struct error *err);

#endif
