/* A launch on its way; for launch.c, which sends it, bulk.c, which finds out what came of many, and
 * group.c, which has a managed instance group make its machines. */
#ifndef PROVIDERS_GCP_LAUNCH_H
#define PROVIDERS_GCP_LAUNCH_H

#include "providers/gcp/gcp.h"

enum launch_kind {
    LAUNCH_INSERT, /* one machine in one zone after the other */
    LAUNCH_ZONE,   /* bulkInsert in one zone */
    LAUNCH_REGION, /* bulkInsert in a region: Compute Engine picks the zones */
    LAUNCH_GROUP,  /* by a managed instance group */
};

struct launch_op {
    struct gcp_op base;
    provider_launch_cb *done;
    void *ctx;
    struct intent intent;
    enum market market;
    char type[GCE_TYPE_MAX];
    char region[GCE_ZONE_MAX];
    struct gcp_options options; /* a copy: the policy file may be read anew meanwhile */
    struct buf script;
    struct buf template; /* its path; "" */
    enum launch_kind kind;
    struct gcp_zones zones; /* that may be used; of an insert: still to be tried, the first now */
    struct buf body;
    struct gce_instances found;
    struct gce_operations children;
    int pages;
    char group[64];   /* operationGroupId of a bulkInsert */
    struct error why; /* what its operation says */
};

/* Machines that exist; err: why not all. Ends the op. */
void launch_finish(struct launch_op *launch, const struct gce_instance *made, size_t len,
                   const struct error *err);
/* "": all zones that this launch names. */
void launch_note_sold_out(struct launch_op *launch, const char *zone);

struct gce_order launch_order(const struct launch_op *launch);
/* Instead of sending it: a managed instance group makes the machines. */
void launch_from_group(struct launch_op *launch);

/* A bulkInsert's operation is at its end: which machines came, and why not the others? */
void launch_read_bulk(struct launch_op *launch, const cJSON *operation);

#endif
