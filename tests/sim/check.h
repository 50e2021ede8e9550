/*
 * What must be true, judged by the cloud's truth and never by the core's own view:
 *
 *     max        a launch is sent only if what there is, what may yet come of earlier calls, and what it
 *                asks for stay within slots.max, nodes.max, an offer's max, limits.nodes and the budgets
 *     once       no intent ever makes more machines than it asked for
 *     busy       no machine is stopped whose worker exists (unless the policy forces it)
 *     foreign    no machine of somebody else's is stopped
 *     journal    what is sent is on the journal's disk, with these very numbers
 *     unknown    no healthy node is drained by decision while the demand is unknown
 *     paused     nothing is bought, drained or stopped in a paused pool
 *     settled    once all faults are over (check_settled): what there is is what is wanted, and known
 *
 * The first breach fails the world (world_fail), which stops it.
 */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "tests/sim/world.h"

struct check;

struct check *check_new(void);
void check_free(struct check *c);

/* A new life of the controller. */
void check_life(struct world *w);
/* Before an effect is carried out; after every step of the core. */
void check_effect(struct world *w, const struct effect *e);
void check_after(struct world *w, const struct event *ev);
/* In the cloud: a machine was made; a machine is about to be stopped. */
void check_made(struct world *w, const struct machine *m);
void check_stopped(struct world *w, const struct machine *m, const struct intent *intent);

/* NULL when nothing is left to do, else what is. The text is good until the next call. */
const char *check_unsettled(struct world *w);

#endif
