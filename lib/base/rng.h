/*
 * Random numbers from a seed that the caller holds: same seed, same numbers, on every machine.
 * Not for secrets. splitmix64 (Steele, Lea, Flood 2014).
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t limit); /* 0 .. limit-1, unbiased; limit > 0 */
double rng_unit(struct rng *r);                    /* [0, 1) */
bool rng_chance(struct rng *r, double p);          /* true with probability p */

#endif
