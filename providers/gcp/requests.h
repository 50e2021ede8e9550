/* The bodies of the calls to Compute Engine (and nothing else: no sending). Pure. */
#ifndef PROVIDERS_GCP_REQUESTS_H
#define PROVIDERS_GCP_REQUESTS_H

#include <cjson/cJSON.h>

#include "base/vec.h"
#include "control/intent.h"
#include "providers/gcp/options.h"

struct gcp_zone {
    char name[GCE_ZONE_MAX];
};

struct gcp_zones {
    VEC(struct gcp_zone) all;
};

/* A launch, ready to be written down. Everything is borrowed. */
struct gce_order {
    const struct intent *intent;
    const struct gcp_options *options;
    const char *type;
    bool spot;
    const char *region;
    const char *controller; /* label */
    const cJSON *template;  /* the template's properties: what is replaced has to be merged with
                               them; NULL: no template */
    struct str script;      /* startup-script, NUL-terminated; "": the template's own */
};

/* The Instance of instances.insert: machine `index` of the launch, in this zone. */
void gce_write_insert(const struct gce_order *order, const char *zone, int64_t index,
                      struct buf *out);
/*
 * A BulkInsertInstanceResource for all machines of the launch. `allowed` of the region's zones (`all`)
 * may be used; all NULL for a bulkInsert in one zone. `template` is the template's path, or "".
 */
void gce_write_bulk(const struct gce_order *order, const char *template,
                    const struct gcp_zones *allowed, const struct gcp_zones *all, struct buf *out);

/* A managed instance group: its machines' names, for createInstances. */
void gce_write_create_instances(const struct intent *intent, struct buf *out);
/* For deleteInstances. */
void gce_write_delete_instance(const char *zone, const char *name, struct buf *out);
/* For patch: our labels on all machines it makes from now on, beside those that `group` has. */
void gce_write_group_labels(const struct gce_order *order, const cJSON *group, struct buf *out);
/* Does the group give its machines these labels? */
bool gce_group_has_labels(const struct gce_order *order, const cJSON *group);

/* "projects/p/global/instanceTemplates/NAME" of a name or of a path that begins anywhere later. */
void gce_template_path(const char *project, const char *template, struct buf *out);

#endif
