#include "providers/gcp/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "auth/gcp_settings.h"
#include "base/clock.h"
#include "providers/values.h"

const char *const gcp_spread_words[] = { "balanced", "any", "single-zone", NULL };
const char *const gcp_spread_shapes[] = { "BALANCED", "ANY", "ANY_SINGLE_ZONE", NULL };

#define ROW(kind, field, name, ...) OPTION_##kind(struct gcp_options, field, name, __VA_ARGS__)

const struct option gcp_option_rows[] = {
    ROW(STRING, project, "project", .fallback = "",
        .help = "project id; empty: the one of the credentials"),
    ROW(STRING, region, "region", .fallback = "",
        .help = "region of zones that are named by their letter alone, like europe-west3"),
    ROW(STRINGS, zones, "zones",
        .help = "zones: europe-west3-a, or a with region; several regions give an offer each"),
    ROW(COUNTS, types, "types", .min = 1, .max = 100000,
        .help = "machine types and the slots each has: { n2-standard-4: 4 }"),
    ROW(CHOICES, markets, "market", .fallback = "[spot, on-demand]", .choices = market_words,
        .help = "spot, on-demand, or both"),
    ROW(CHOICE, spread, "spread", .fallback = "balanced", .choices = gcp_spread_words,
        .help = "how one launch of several machines is laid out over the zones of a region"),
    ROW(STRING, template, "template", .fallback = "",
        .help = "name of an instance template, or regions/R/instanceTemplates/NAME"),
    ROW(STRING, mig, "mig", .fallback = "",
        .help =
            "a managed instance group to grow and shrink, in place of machines of muster's own"),
    ROW(STRING, image, "image", .fallback = "",
        .help = "boot image, where there is no template: projects/P/global/images/family/F"),
    ROW(INT, disk_gb, "disk_gb", .fallback = "0", .max = 65536,
        .help = "size of the boot disk, with image; 0: the image's"),
    ROW(STRING, disk_type, "disk_type", .fallback = "", .help = "pd-balanced, with image"),
    ROW(STRING, network, "network", .fallback = "default", .help = "VPC network, with image"),
    ROW(STRING, subnetwork, "subnetwork", .fallback = "",
        .help = "subnet of each region, with image; empty: the network's own"),
    ROW(BOOL, external_ip, "external_ip", .fallback = "no",
        .help = "nodes get an external address, with image"),
    ROW(STRING, service_account, "service_account", .fallback = "",
        .help = "e-mail of the nodes' service account, with image"),
    ROW(STRINGS, network_tags, "network_tags", .optional = true,
        .help = "network tags, for firewall rules, with image"),
    ROW(STRING, user_data, "user_data", .fallback = "",
        .help = "file with the script a node runs at each boot; {{pool}}, {{slots}} and others are "
                "filled in; empty: one that starts muster-agent, where there is a command"),
    ROW(STRING, controller, "controller", .fallback = "",
        .help = "address at which nodes reach musterd; empty: the one it listens on"),
    ROW(STRING, token_file, "token_file", .fallback = "/etc/muster/agent.token",
        .help = "the agents' token, on the node"),
    ROW(STRING, agent, "agent", .fallback = "/usr/local/bin/muster-agent",
        .help = "muster-agent on the node, or an https:// address to get it from"),
    ROW(STRING, command, "command", .fallback = "",
        .help = "worker command line on the node; empty: the template's own script starts it"),
    ROW(STRINGS, labels, "labels", .optional = true,
        .help = "KEY=VALUE, beside muster's own labels"),
    ROW(STRINGS, prices, "prices", .optional = true,
        .help = "TYPE=USD: what an hour costs on demand; else Google's catalogue is asked"),
    ROW(STRINGS, spot_prices, "spot_prices", .optional = true,
        .help = "TYPE=USD: what an hour costs on the spot market"),
    ROW(INT, max, "max", .fallback = "0", .max = 100000,
        .help = "nodes of one offer at once; 0: only the pool's limits"),
    { 0 },
};

/* ---- zones -------------------------------------------------------------------------------------- */

void gcp_zone(const struct gcp_options *o, size_t index, char ret[static GCE_ZONE_MAX])
{
    if (strchr(o->zones.at[index], '-'))
        str_copy_c(ret, GCE_ZONE_MAX, o->zones.at[index]);
    else
        snprintf(ret, GCE_ZONE_MAX, "%s-%s", o->region, o->zones.at[index]);
}

static void region_at(const struct gcp_options *o, size_t index, char ret[static GCE_ZONE_MAX])
{
    char zone[GCE_ZONE_MAX];
    gcp_zone(o, index, zone);
    gce_region_of(zone, ret);
}

size_t gcp_zones_in(const struct gcp_options *o, const char *region)
{
    size_t n = 0;
    for (size_t i = 0; i < o->zones.len; i++) {
        char own[GCE_ZONE_MAX];
        region_at(o, i, own);
        n += strcmp(own, region) == 0;
    }
    return n;
}

void gcp_offer_region(const struct offer *offer, char ret[static GCE_ZONE_MAX])
{
    const char *at = strchr(offer->name, '/');
    at = at ? at + 1 : offer->name;
    str_copy(ret, GCE_ZONE_MAX, (struct str){ at, strcspn(at, "/") });
}

/* ---- what it must be ---------------------------------------------------------------------------- */

static int check_zones(const struct gcp_options *o, const char **ret_key, struct error *err)
{
    *ret_key = "region";
    char probe[GCE_ZONE_MAX];
    snprintf(probe, sizeof(probe), "%.28s-a", o->region);
    if (*o->region && !gce_zone_valid(probe))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not a region, like europe-west3",
                         o->region);
    *ret_key = "zones";
    if (o->zones.len == 0)
        return error_set(err, MUSTER_E_INVALID, "there is no zone");
    for (size_t i = 0; i < o->zones.len; i++) {
        char zone[GCE_ZONE_MAX];
        gcp_zone(o, i, zone);
        if (strlen(o->zones.at[i]) >= GCE_ZONE_MAX || !gce_zone_valid(zone))
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' is not a zone, like europe-west3-a (or a, with region)",
                             o->zones.at[i]);
        for (size_t k = 0; k < i; k++) {
            char other[GCE_ZONE_MAX];
            gcp_zone(o, k, other);
            if (strcmp(other, zone) == 0)
                return error_set(err, MUSTER_E_INVALID, "%s is there twice", zone);
        }
    }
    return 0;
}

static int check_types(const struct gcp_options *o, struct error *err)
{
    if (o->types.len == 0)
        return error_set(err, MUSTER_E_INVALID, "there is no machine type");
    for (size_t i = 0; i < o->types.len; i++) {
        const char *type = o->types.at[i].name;
        if (!gce_name_valid(type) || strlen(type) >= GCE_TYPE_MAX || !strchr(type, '-'))
            return error_set(err, MUSTER_E_INVALID, "'%s' is no machine type, like n2-standard-4",
                             type);
    }
    return 0;
}

static int check_prices(const struct option_strings *prices, struct error *err)
{
    for (size_t i = 0; i < prices->len; i++) {
        const char *equals = strchr(prices->at[i], '=');
        int64_t price;
        if (!equals)
            return error_set(err, MUSTER_E_INVALID, "'%s' is not TYPE=USD", prices->at[i]);
        int rc = wire_price(str_from(equals + 1), &price, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_labels(const struct gcp_options *o, struct error *err)
{
    for (size_t i = 0; i < o->labels.len; i++) {
        const char *label = o->labels.at[i];
        const char *equals = strchr(label, '=');
        if (!equals || !gce_label_key_valid((struct str){ label, (size_t)(equals - label) }) ||
            !gce_label_value_valid(equals + 1))
            return error_set(err, MUSTER_E_INVALID,
                             "'%s' is not key=value of small letters, digits, '-' and '_'", label);
        if (strncmp(label, "muster-", 7) == 0)
            return error_set(err, MUSTER_E_INVALID, "'%s': labels of muster- are not free", label);
    }
    return o->labels.len > 50 ? error_set(err, MUSTER_E_INVALID, "at most 50 labels") : 0;
}

static int check_group(const struct gcp_options *o, const char **ret_key, struct error *err)
{
    *ret_key = "mig";
    if (!gce_name_valid(o->mig))
        return error_set(err, MUSTER_E_INVALID, "'%s' is no name of an instance group", o->mig);
    if (*o->template || *o->image || *o->command || *o->user_data)
        return error_set(err, MUSTER_E_INVALID,
                         "the group's own template says what its machines are: no template, image, "
                         "command or user_data beside it");
    *ret_key = "types";
    if (o->types.len != 1)
        return error_set(err, MUSTER_E_INVALID,
                         "a group has machines of one type: name it, and its slots");
    *ret_key = "market";
    if (o->markets[1] >= 0)
        return error_set(err, MUSTER_E_INVALID,
                         "a group is of one market: say which, as its template has it");
    return 0;
}

static int check_template(const struct gcp_options *o, const char **ret_key, struct error *err)
{
    if (*o->mig)
        return check_group(o, ret_key, err);
    *ret_key = "template";
    if (!*o->template && !*o->image)
        return error_set(err, MUSTER_E_INVALID,
                         "an instance template is needed, or an image, or a mig");
    if (*o->template && *o->image)
        return error_set(err, MUSTER_E_INVALID,
                         "a template has an image already: say one of the two");
    if (*o->template && strpbrk(o->template, " ?#%\\\""))
        return error_set(err, MUSTER_E_INVALID, "'%s' is no instance template", o->template);
    *ret_key = "command";
    if (*o->image && !*o->user_data && !*o->command)
        return error_set(err, MUSTER_E_INVALID,
                         "nothing says what runs on the nodes: a command, or user_data");
    return 0;
}

int gcp_option_check(const void *options, const char **ret_key, struct error *err)
{
    const struct gcp_options *o = options;
    *ret_key = "project";
    if (*o->project && (!gcp_project_valid(o->project) || strlen(o->project) >= 50))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not a project id", o->project);
    int rc = check_zones(o, ret_key, err);
    if (rc == 0) {
        *ret_key = "types";
        rc = check_types(o, err);
    }
    if (rc == 0) {
        *ret_key = "prices";
        rc = check_prices(&o->prices, err);
    }
    if (rc == 0) {
        *ret_key = "spot_prices";
        rc = check_prices(&o->spot_prices, err);
    }
    if (rc == 0) {
        *ret_key = "labels";
        rc = check_labels(o, err);
    }
    if (rc == 0)
        rc = check_template(o, ret_key, err);
    return rc;
}

/* ---- what it stands for ------------------------------------------------------------------------- */

static int64_t price_in(const struct option_strings *prices, const char *type)
{
    size_t n = strlen(type);
    int64_t price;
    for (size_t i = 0; i < prices->len; i++) {
        const char *entry = prices->at[i];
        if (strncmp(entry, type, n) == 0 && entry[n] == '=' &&
            wire_price(str_from(entry + n + 1), &price, NULL) == 0)
            return price;
    }
    return PRICE_UNKNOWN;
}

int64_t gcp_said_price(const struct gcp_options *o, const char *type, enum market market)
{
    return price_in(market == MARKET_SPOT ? &o->spot_prices : &o->prices, type);
}

int64_t gcp_listed_price(const struct gcp_options *o, const char *type, enum market market)
{
    int64_t price = gcp_said_price(o, type, market);
    return price < 0 && market == MARKET_SPOT ? price_in(&o->prices, type) : price;
}

static bool name_taken(const struct pool_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].name, name) == 0)
            return true;
    }
    return false;
}

/* In a label it has to fit, without the "gcp/" at its beginning. */
static int name_offer(struct offer *offer, const char *region, const char *what,
                      const struct pool_spec *spec, struct error *err)
{
    char text[OFFER_NAME_MAX + 64];
    snprintf(text, sizeof(text), "gcp/%s/%s/%s", region, what, market_words[offer->market]);
    if (name_taken(spec, text))
        snprintf(text, sizeof(text), "gcp/%s/%s/%s/%zu", region, what, market_words[offer->market],
                 offer->entry + 1);
    if (strlen(text) - 4 > 63)
        return error_set(err, MUSTER_E_INVALID,
                         "%s: too long for a label, which takes 63 characters", text + 4);
    str_copy_c(offer->name, sizeof(offer->name), text);
    return 0;
}

/* A machine is listed as soon as its creation was accepted; the rest is for slow answers. */
#define SETTLE_NS (180 * NS_PER_S)

static int add_offer(const struct gcp_options *o, size_t entry, enum market market,
                     const struct option_count *type, size_t zone, struct pool_spec *spec,
                     struct error *err)
{
    char region[GCE_ZONE_MAX];
    char what[GCE_NAME_MAX + 8];
    struct offer offer = {
        .provider = "gcp",
        .market = market,
        .slots = type->value,
        .price_usd_micro = gcp_listed_price(o, type->name, market),
        .nodes_max = o->max,
        .batch = GCE_BATCH_MAX,
        .settle_ns = SETTLE_NS,
        .entry = entry,
    };
    region_at(o, zone, region);
    if (gcp_zones_in(o, region) == 1)
        gcp_zone(o, zone, offer.zone);
    snprintf(offer.inventory, sizeof(offer.inventory), *o->project ? "gcp:%s" : "gcp%s",
             o->project);
    str_copy_c(offer.type, sizeof(offer.type), type->name);
    snprintf(what, sizeof(what), *o->mig ? "mig-%s" : "%s", *o->mig ? o->mig : type->name);
    int rc = name_offer(&offer, region, what, spec, err);
    if (rc < 0)
        return rc;
    return vec_push(&spec->offers, offer) ? 0 : error_nomem(err);
}

static bool first_of_its_region(const struct gcp_options *o, size_t index)
{
    char own[GCE_ZONE_MAX];
    region_at(o, index, own);
    for (size_t i = 0; i < index; i++) {
        char other[GCE_ZONE_MAX];
        region_at(o, i, other);
        if (strcmp(own, other) == 0)
            return false;
    }
    return true;
}

int gcp_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err)
{
    const struct gcp_options *o = options;
    for (size_t m = 0; m < GCP_MARKETS_MAX && o->markets[m] >= 0; m++) {
        for (size_t i = 0; i < o->types.len; i++) {
            for (size_t z = 0; z < o->zones.len; z++) {
                int rc = first_of_its_region(o, z) ? add_offer(o, entry, (enum market)o->markets[m],
                                                               &o->types.at[i], z, spec, err)
                                                   : 0;
                if (rc < 0)
                    return rc;
            }
        }
    }
    return 0;
}
