/*
 * Target tracking as EC2 Auto Scaling does it: a metric, one point a minute; the group grows when three
 * points in a row are above the target, and shrinks when fifteen in a row are below a share of it
 * (seen: 70 % for CPU utilisation, 90 % in Application Auto Scaling). Capacity changes in proportion:
 * in service x metric / target, rounded up. What still warms up counts as capacity but not in the
 * metric, and nothing shrinks meanwhile.
 */
#ifndef POLICIES_TRACKING_H
#define POLICIES_TRACKING_H

#include "policies/nodes.h"

struct tracking_memory {
    bool begun;
    int64_t next_ns;  /* of the next point */
    int64_t nodes;    /* capacity wanted */
    int above, below; /* points in a row */
};

struct tracking {
    double value, target;
    double in_below; /* share of the target */
};

/* What the alarms come to now; a point is taken when one is due. At least one node. */
int64_t tracking_nodes(struct tracking_memory *memory, const struct observation *seen,
                       const struct tracking *metric);

#endif
