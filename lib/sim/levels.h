/*
 * A fleet seen as levels: level k is busy whenever at least k units are wanted. Without delay (what is
 * wanted must be there at once) the levels do not influence one another, so the cheapest fleet and
 * any idle-timer rule are sums over the idle spans of the levels.
 *
 * Demand is one number per tick, >= 0, not necessarily whole: a level may then be a fraction of a
 * unit wide. Costs are in unit-ticks; `start_ticks` is what one start costs, in ticks of one unit.
 */
#ifndef SIM_LEVELS_H
#define SIM_LEVELS_H

#include <stddef.h>

#include "base/error.h"

enum level_span {
    LEVEL_FIRST, /* before the level is busy for the first time; `ticks` is 0 */
    LEVEL_GAP,   /* idle for so many ticks, then busy again */
    LEVEL_TAIL,  /* idle from then on, for the rest of the ticks */
};

/* Called once per idle span, for all levels that share it: `units` is how many, > 0. */
typedef void level_span_fn(void *ctx, enum level_span kind, double units, double ticks);

/* Every idle span of every level, in O(len). */
int levels_spans(const double *demand, size_t len, level_span_fn *fn, void *ctx, struct error *err);

/*
 * What the cheapest fleet costs that always has what is wanted, by somebody who knows the future: the
 * demand itself, one start per level, and for each gap the cheaper of keeping and starting anew.
 * Exact.
 */
int levels_optimum(const double *demand, size_t len, double start_ticks, double *ret_cost,
                   struct error *err);

/* The same for rules that do not know the future. */
enum level_rule {
    LEVEL_RULE_TIMEOUT, /* kept idle for `hold` ticks, then released; a window of the last `hold`
                           ticks' largest demand is the same */
    LEVEL_RULE_RANDOM, /* expected cost of a hold drawn from e^(x/b) / (b (e - 1)) on [0, b], where b
                           is start_ticks; at most e / (e - 1) times the optimum */
    LEVEL_RULE_PEAK,   /* the largest demand all the time */
};

int levels_rule(const double *demand, size_t len, double start_ticks, enum level_rule rule,
                double hold, double *ret_cost, struct error *err);

#endif
