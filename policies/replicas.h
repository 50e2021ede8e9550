/*
 * Replicas as Kubernetes' HorizontalPodAutoscaler counts them, a node being a replica: every 15 s the
 * ratio of metric to target; nothing within the tolerance; otherwise in proportion, rounded up. It
 * grows to twice as many, or by four, per 15 s, whichever is more, and shrinks to the largest
 * recommendation of the stabilization window (5 minutes). Never fewer than one.
 */
#ifndef POLICIES_REPLICAS_H
#define POLICIES_REPLICAS_H

#include "control/window.h"
#include "policies/nodes.h"

struct replicas_memory {
    bool begun;
    int64_t next_ns; /* of the next look */
    int64_t nodes;
    struct window recommended;
};

struct replicas_rule {
    double tolerance;
    int64_t down_after_ns;
};

/* On an average value: so much of a metric of the whole per node. */
int64_t replicas_by_value(struct replicas_memory *memory, const struct observation *seen,
                          const struct replicas_rule *rule, double total, double per_node);

/* On a utilisation of the nodes: the share of slots that should be busy. */
int64_t replicas_by_busy(struct replicas_memory *memory, const struct observation *seen,
                         const struct replicas_rule *rule, double busy);

#endif
