/*
 * What things of Compute Engine are called, and what muster calls them. Pure.
 *
 *     machine   muster-TOKEN-3             a launch's token, and which of its machines: nobody else
 *                                          makes that name, so that it is a second lock against
 *                                          buying twice
 *     node      muster-TOKEN-3.europe-west3-a    names are unique only in their zone
 *     label     muster-pool=render         small letters, digits, '-' and '_', at most 63
 */
#ifndef PROVIDERS_GCP_NAMES_H
#define PROVIDERS_GCP_NAMES_H

#include "base/error.h"
#include "base/str.h"
#include "control/event.h"

#define GCE_NAME_MAX  64 /* RFC 1035: at most 63 characters */
#define GCE_TYPE_MAX  40
#define GCE_ZONE_MAX  PLACE_NAME_MAX
#define GCE_UUID_MAX  37
#define GCE_BATCH_MAX 100 /* machines of one launch */

/* Labels that muster puts on a machine in the call that makes it. */
#define GCE_LABEL_CONTROLLER "muster-controller"
#define GCE_LABEL_POOL       "muster-pool"
#define GCE_LABEL_INTENT     "muster-intent"
#define GCE_LABEL_OFFER      "muster-offer"
#define GCE_LABEL_SLOTS      "muster-slots"
#define GCE_LABEL_GROUP      "muster-group" /* the managed instance group it was made by */

/* "europe-west3" of "europe-west3-a"; "" if it is no zone. */
void gce_region_of(const char *zone, char ret[static GCE_ZONE_MAX]);
bool gce_zone_valid(const char *zone);
/* A lower-case letter, then letters, digits and '-'; at most 63. */
bool gce_name_valid(const char *name);
bool gce_label_key_valid(struct str key);
bool gce_label_value_valid(const char *value);

/* What stands after the last '/': "europe-west3-a" of ".../zones/europe-west3-a". */
struct str gce_tail(const char *link);

void gce_machine_name(const char *token, int64_t index, char ret[static GCE_NAME_MAX]);
/* The token in a machine's name; false: it is none of ours. */
bool gce_machine_token(const char *name, char ret[static TOKEN_MAX]);

void gce_node_id(const char *name, const char *zone, char ret[static NODE_ID_MAX]);
/* false: it is no such id. */
bool gce_node_split(const char *id, char name[static GCE_NAME_MAX], char zone[static GCE_ZONE_MAX]);

/* "gcp/europe-west3/n2-standard-4/spot" to "europe-west3_n2-standard-4_spot", and back. */
void gce_offer_label(const char *offer, char ret[static GCE_NAME_MAX]);
void gce_offer_name(const char *label, char ret[static OFFER_NAME_MAX]);

/* A requestId: always the same for the same two words. Fails only for lack of memory. */
int gce_request_id(const char *token, const char *what, char ret[static GCE_UUID_MAX],
                   struct error *err);

#endif
