/* The numbers of a policy file that may be tuned: those of its policies, of pace, and slots.min. */
#ifndef MUSTER_KNOBS_H
#define MUSTER_KNOBS_H

#include "trials.h"

#define KNOBS_MAX 24

/* One number of the file. */
struct knob {
    char path[96];
    const struct option *row;
    int entry;     /* of scale; -1: of the spec itself */
    char text[64]; /* as it stands in the file, or its default */
    char best[64]; /* as it stands in the best so far */
};

struct knobs {
    struct knob at[KNOBS_MAX];
    size_t len;
};

/* Those of a file as it was read. More than KNOBS_MAX are left out. */
void knobs_find(struct knobs *ret, struct pool_spec *spec);
/* What the knob's row fills. */
void *knob_target(struct pool_spec *spec, const struct knob *knob);
/* The value `factor` times as large (or a step away), as text; false: there is no other. `options` is
 * what the row fills, with the best value in it. */
bool knob_other(const struct knob *knob, const void *options, double factor, char text[static 64]);

#endif
