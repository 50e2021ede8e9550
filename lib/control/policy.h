/*
 * A scaling policy: looks at what was observed, proposes slots, says why. Pure: no clock, no I/O, no
 * state of its own. What must be remembered between decisions is observed by the core and given in;
 * a rule that has a history by definition (a window of its own recommendations) asks for memory, which
 * the core keeps for it: memory_size.
 *
 * Called by control/decide.c, once per pool and decision, for each entry under `scale:`. The largest
 * proposal wins. A policy that needs the signal and does not have it answers PROPOSE_HOLD: capacity
 * is then neither lowered nor raised on its account.
 */
#ifndef CONTROL_POLICY_H
#define CONTROL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
#include "control/ages.h"
#include "control/signal.h"
#include "control/trail.h"

/* Slots that are on their way: ready in eta_ns from now (0: overdue, any moment). */
struct booting {
    int64_t eta_ns;
    int64_t slots;
};

struct observation {
    int64_t now_ns;  /* boot clock */
    int64_t wall_ns; /* Unix time, for schedules */

    bool signal_known;       /* fresh and sane; otherwise the fields of this block are 0 */
    int64_t sample_age_ns;   /* how old waiting, running and ages are by now, >= 0 */
    enum signal_basis basis; /* the queue's numbers, or those corrected by what nodes say */
    double waiting;          /* jobs, >= 0 */
    double running;          /* jobs in flight, >= 0 */
    int64_t oldest_ns;       /* age of the oldest waiting job; -1: the source does not tell */
    const struct ages *ages; /* the waiting jobs by age, oldest first */

    double arrival_per_s;  /* measured, >= 0 */
    int64_t service_ns;    /* mean service time of a job on a slot, measured; 0: none measured */
    int64_t service_count; /* jobs measured */
    int64_t boot_ns;    /* launch to first job possible: p90 of the measured, or the guess, > 0 */
    int64_t boot_count; /* boots measured; 0: boot_ns is the guess */

    int64_t slots_ready;           /* of nodes that can take jobs now */
    int64_t slots_fresh;           /* those among them that were not ready yet at the sample */
    const struct booting *booting; /* by eta, soonest first */
    size_t booting_len;
    int64_t slots_booting;  /* their sum */
    int64_t desired;        /* what the last decision ended with */
    int64_t slots_per_node; /* of the first offer; for rounding hints */

    /* This policy's memory_size bytes under this entry, its own to change; NULL when it has none. */
    void *memory;
};

enum propose { PROPOSE_SLOTS, PROPOSE_HOLD };

struct policy {
    struct option_set options; /* options.name is the policy's name in files */
    bool needs_signal; /* the core answers PROPOSE_HOLD for it while the signal is unknown */
    /*
     * Kept by the core for each entry: all zero at first, after a restart and when the file is read
     * again. So a policy must know from what it sees how to begin: with the capacity that is there.
     */
    size_t memory_size;
    /*
     * Adds its reasoning to `trail` (STAGE_DECIDE) and stores the proposal, >= 0. On PROPOSE_HOLD
     * *ret_slots stays untouched. Cannot fail: options were checked when they were read.
     */
    enum propose (*propose)(const void *options, const struct observation *seen,
                            struct trail *trail, int64_t *ret_slots);
};

#endif
