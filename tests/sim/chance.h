/* What a seed draws before its run begins: policies, limits, how often what goes wrong. */
#ifndef TESTS_SIM_CHANCE_H
#define TESTS_SIM_CHANCE_H

#include "base/str.h"
#include "tests/sim/world.h"

int64_t chance_between(struct rng *r, int64_t low, int64_t high); /* both included */

/* Odds, limits and the manners of machines. */
void chance_world(struct world *w);

/* The text of a policy file for a pool of a random shape. */
void chance_policy(struct rng *r, struct buf *out);

#endif
