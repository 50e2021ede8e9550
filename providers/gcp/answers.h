/*
 * What Compute Engine answers, parsed. All readers are pure and bounded; a document that is broken or
 * cut off is MUSTER_E_INVALID, and what was read of it is thrown away.
 */
#ifndef PROVIDERS_GCP_ANSWERS_H
#define PROVIDERS_GCP_ANSWERS_H

#include "auth/gcp_error.h"
#include "base/json_split.h"
#include "base/vec.h"
#include "providers/gcp/names.h"

#define GCE_PAGE_TOKEN_MAX 4096

struct gce_instance {
    char name[GCE_NAME_MAX];
    char zone[GCE_ZONE_MAX];
    char type[GCE_TYPE_MAX];
    bool spot;
    enum listed_state state;
    int64_t created_wall_ns; /* 0: not told */
    int64_t slots;
    char controller[POOL_NAME_MAX];
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX];
    char token[TOKEN_MAX];
    char group[GCE_NAME_MAX]; /* the managed instance group that made it; "" */
    char creator[160]; /* the group's path, "projects/1/zones/z/instanceGroupManagers/g"; told
                                 by instances.get alone */
};

/* The `fields` of an aggregatedList that gce_read_page needs. */
extern const char gce_instance_fields[];

struct gce_unseen {
    char zone[GCE_ZONE_MAX];
};

/* Pages of instances.aggregatedList. */
struct gce_instances {
    VEC(struct gce_instance) all;
    VEC(struct gce_unseen) unseen; /* zones that could not be reached */
    bool partial;                  /* something could not be reached, and it is not said what */
    char next[GCE_PAGE_TOKEN_MAX]; /* the token of the next page; "": this was the last */
};

void gce_instances_release(struct gce_instances *list);
/* Appends what a page shows, and replaces `next`. */
int gce_read_page(struct str body, struct gce_instances *list, struct error *err);
/* One instance (instances.get). */
int gce_read_instance(struct str body, struct gce_instance *ret, struct error *err);

/* Pages of globalOperations.aggregatedList: what failed, or was preempted, where. */
struct gce_operation {
    char instance[GCE_NAME_MAX]; /* of targetLink */
    char zone[GCE_ZONE_MAX];     /* "" if it is not about one */
    bool done, failed;
    struct gcp_fault fault;
};

struct gce_operations {
    VEC(struct gce_operation) all;
    char next[GCE_PAGE_TOKEN_MAX];
};

extern const char gce_operation_fields[];

void gce_operations_release(struct gce_operations *list);
int gce_read_operations(struct str body, struct gce_operations *list, struct error *err);

#endif
