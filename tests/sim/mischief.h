/* What people, clouds and fate do to a running controller, from time to time and at random. */
#ifndef TESTS_SIM_MISCHIEF_H
#define TESTS_SIM_MISCHIEF_H

#include "tests/sim/world.h"

/* Plans the first of a chain of mischiefs, which ends when the world is no longer hostile. */
void mischief_begin(struct world *w);

/* Ends all faults: everybody speaks, every queue works, nothing is paused, the controller runs. */
void mischief_end(struct world *w);

#endif
