/*
 * What a core and a GiB of memory cost an hour, per machine family, region and market: read from the
 * Cloud Billing catalogue, of whose some forty thousand entries these are a few hundred. Pure.
 */
#ifndef PROVIDERS_GCP_CATALOGUE_H
#define PROVIDERS_GCP_CATALOGUE_H

#include "base/vec.h"
#include "control/spec.h"
#include "providers/gcp/names.h"

#define GCP_COMPUTE_SERVICE "6F81-5844-456A" /* Compute Engine, in the catalogue */

struct gcp_rate {
    char family[8]; /* "n2d" */
    char region[GCE_ZONE_MAX];
    enum market market;
    int64_t core_usd_nano, ram_usd_nano; /* an hour; of a GiB; -1: not told */
};

struct gcp_rates {
    VEC(struct gcp_rate) all;
    char next[256]; /* the token of the next page; "": this was the last */
};

extern const char gcp_rate_fields[];

void gcp_rates_release(struct gcp_rates *rates);
/* Adds what a page of services.skus.list tells, and replaces `next`. MUSTER_E_INVALID: no such page. */
int gcp_read_rates(struct str body, struct gcp_rates *rates, struct error *err);

/* The same as text, for the disk, and back: "n2d us-central1 spot 7960000 1067000" in each line. */
void gcp_write_rates(const struct gcp_rates *rates, struct buf *out);
int gcp_parse_rates(struct str text, struct gcp_rates *rates, struct error *err);

/* What a machine costs an hour; PRICE_UNKNOWN. Its type says the family, and for some the share of a
 * core that is paid for. */
int64_t gcp_rate_price(const struct gcp_rates *rates, const char *type, const char *region,
                       enum market market, int64_t cpus, int64_t memory_mib);

#endif
