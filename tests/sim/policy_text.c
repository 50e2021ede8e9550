#include "tests/sim/policy_text.h"

#include "base/clock.h"
#include "config/policy_file.h"
#include "policies/policies.h"

#include <stdio.h>
#include <string.h>

struct model_options {
    bool nothing;
};

static const struct option model_rows[] = {
    OPTION_BOOL(struct model_options, nothing, "nothing", .fallback = "no", .help = "no setting"),
    { 0 },
};

static const struct option_set model_queue = {
    .name = "model",
    .help = "the modelled queue",
    .size = sizeof(struct model_options),
    .rows = model_rows,
};

struct cloud_options {
    char *type;
    char *inventory;
    int64_t slots, price_usd_micro, max, batch, settle_ns;
    bool spot;
};

static const struct option cloud_rows[] = {
    OPTION_STRING(struct cloud_options, type, "type", .fallback = "small", .help = "machine type"),
    OPTION_STRING(struct cloud_options, inventory, "inventory", .fallback = "cloud",
                  .help = "the listing that shows it"),
    OPTION_INT(struct cloud_options, slots, "slots", .fallback = "1", .min = 1, .max = 1000,
               .help = "slots of a node"),
    OPTION_MONEY(struct cloud_options, price_usd_micro, "price", .fallback = "0.1 USD/h", .min = -1,
                 .help = "price of a node"),
    OPTION_INT(struct cloud_options, max, "max", .fallback = "0", .min = 0, .max = 1000,
               .help = "nodes of it at once; 0: any number"),
    OPTION_INT(struct cloud_options, batch, "batch", .fallback = "1", .min = 1, .max = 1000,
               .help = "nodes of one call"),
    OPTION_BOOL(struct cloud_options, spot, "spot", .fallback = "no", .help = "the spot market"),
    OPTION_DURATION(struct cloud_options, settle_ns, "settle", .fallback = "30s",
                    .help = "a younger launch may not be listed yet"),
    { 0 },
};

static const struct option_set cloud_provider = {
    .name = "cloud",
    .help = "the modelled cloud",
    .size = sizeof(struct cloud_options),
    .rows = cloud_rows,
};

static void add_offer(struct pool_spec *spec, size_t entry)
{
    const struct cloud_options *o = spec->offer_entries.at[entry].options;
    struct offer offer = {
        .market = o->spot ? MARKET_SPOT : MARKET_ON_DEMAND,
        .slots = o->slots,
        .price_usd_micro = o->price_usd_micro < 0 ? PRICE_UNKNOWN : o->price_usd_micro,
        .nodes_max = o->max,
        .batch = o->batch,
        .settle_ns = o->settle_ns,
        .entry = entry,
    };
    snprintf(offer.name, sizeof(offer.name), "cloud/%s", o->type);
    str_copy_c(offer.provider, sizeof(offer.provider), "cloud");
    str_copy_c(offer.inventory, sizeof(offer.inventory), o->inventory);
    str_copy_c(offer.type, sizeof(offer.type), o->type);
    vec_push(&spec->offers, offer);
}

/* Does the text have this section? Sections stand at the beginning of a line. */
static bool has(const char *text, const char *section)
{
    size_t len = strlen(section);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, section, len) == 0 && line[len] == ':')
            return true;
    }
    return false;
}

int policy_text_parse(const char *pool, const char *text, struct pool_spec **ret, struct error *err)
{
    static const struct option_set *const queues[] = { &model_queue, NULL };
    static const struct option_set *const clouds[] = { &cloud_provider, NULL };
    const struct config_kinds kinds = { policies, queues, clouds };
    struct buf whole = { 0 };
    struct buf said = { 0 };
    struct problems problems;
    char path[POOL_NAME_MAX + 8];
    snprintf(path, sizeof(path), "%s.yaml", pool);
    problems_init(&problems);
    buf_add_c(&whole, text);
    if (!has(text, "queue"))
        buf_add_c(&whole, "\nqueue: { model: {} }\n");
    if (!has(text, "buy"))
        buf_add_c(&whole, "\nbuy: { offers: [ cloud: {} ] }\n");
    int rc = policy_file_parse(buf_str(&whole), path, &kinds, ret, &problems, err);
    if (rc == MUSTER_E_INVALID) {
        problems_print(&problems, false, &said);
        error_set(err, rc, "%s", buf_text(&said));
    }
    for (size_t i = 0; rc == 0 && i < (*ret)->offer_entries.len; i++)
        add_offer(*ret, i);
    problems_release(&problems);
    buf_release(&said);
    buf_release(&whole);
    return rc;
}
