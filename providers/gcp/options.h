/*
 * One `gcp:` entry of buy.offers.
 *
 * It expands into one offer per region, machine type and market: "gcp/europe-west3/n2-standard-4/spot"
 * stands for the type in all zones of the entry that are in that region, where Compute Engine charges
 * one price. A managed instance group (`mig`) is one offer: its template says what its machines are.
 */
#ifndef PROVIDERS_GCP_OPTIONS_H
#define PROVIDERS_GCP_OPTIONS_H

#include "base/option.h"
#include "control/spec.h"
#include "providers/gcp/names.h"

enum gcp_spread { GCP_BALANCED, GCP_ANY, GCP_SINGLE_ZONE };

extern const char *const gcp_spread_words[];
extern const char *const gcp_spread_shapes[]; /* as Compute Engine spells them */

#define GCP_MARKETS_MAX 2

struct gcp_options {
    char *project;               /* "": the one of the credentials */
    char *region;                /* for zones that are named by their letter; "" */
    struct option_strings zones; /* "europe-west3-a", or "a" with region */
    struct option_counts types;  /* name: slots */
    int markets[GCP_MARKETS_MAX];
    int spread;     /* enum gcp_spread */
    char *template; /* an instance template's name or path; "": the inline settings below */
    char *mig;      /* a managed instance group, in place of machines of our own; "" */
    char *image;
    int64_t disk_gb; /* 0: the image's */
    char *disk_type;
    char *network, *subnetwork;
    bool external_ip;
    char *service_account;
    struct option_strings network_tags;
    char *user_data;              /* a file; "": the default script, where there is a command */
    char *controller;             /* URL at which nodes reach musterd; "": where it listens */
    char *token_file;             /* on the node */
    char *agent;                  /* on the node: path or URL of muster-agent */
    char *command;                /* on the node: the worker */
    struct option_strings labels; /* KEY=VALUE, beside muster's own */
    struct option_strings prices; /* TYPE=USD: on demand, per hour */
    struct option_strings spot_prices;
    int64_t max; /* nodes of one offer; 0: none of its own */
};

extern const struct option gcp_option_rows[];
int gcp_option_check(const void *options, const char **ret_key, struct error *err);

int gcp_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err);

/* The index-th zone's whole name. */
void gcp_zone(const struct gcp_options *o, size_t index, char ret[static GCE_ZONE_MAX]);
/* How many zones of the entry are in this region. */
size_t gcp_zones_in(const struct gcp_options *o, const char *region);

/* The region of an offer, from its name. */
void gcp_offer_region(const struct offer *offer, char ret[static GCE_ZONE_MAX]);

/* What the entry says a machine of this type costs on this market; PRICE_UNKNOWN if nothing. */
int64_t gcp_said_price(const struct gcp_options *o, const char *type, enum market market);
/* The same; spot, where nothing is said of it, is never dearer than on demand. */
int64_t gcp_listed_price(const struct gcp_options *o, const char *type, enum market market);

#endif
