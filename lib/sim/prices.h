/*
 * What machines cost: a list that is built in, for common types in one region of each cloud, and files
 * that people keep, which come first.
 *
 * A file is CSV with the columns provider, type, price_usd_h, and if it likes region, market (on-demand, spot) and
 * date; or JSON, a list of objects with these members. A row without a region is about all regions.
 */
#ifndef SIM_PRICES_H
#define SIM_PRICES_H

#include "base/vec.h"
#include "control/spec.h"

struct price_fact {
    const char *type;
    int32_t on_demand_usd_micro, spot_usd_micro;
};

struct price_facts {
    const char *provider; /* NULL ends the list */
    const char *region, *date;
    const struct price_fact *at;
    size_t len;
};

extern const struct price_facts prices_known[];

struct price {
    char provider[16];
    char region[32]; /* "": all */
    char type[40];
    enum market market;
    int64_t usd_micro; /* per hour */
    char date[16];     /* "": not told */
};

struct prices {
    VEC(struct price) all; /* of files */
};

void prices_release(struct prices *prices);
/* Adds a file's. MUSTER_E_INVALID: file:line, and what was expected; nothing of it was added then. */
int prices_read(struct prices *prices, const char *path, struct error *err);

enum price_source {
    PRICE_NONE,
    PRICE_FILE,
    PRICE_KNOWN, /* built in, for this very region */
    PRICE_NEAR,  /* built in, for another region: about */
};

/* `region` may be a zone ("eu-central-1a", "europe-west1-b"). prices may be NULL. */
enum price_source prices_find(const struct prices *prices, const char *provider, const char *region,
                              const char *type, enum market market, struct price *ret);

/*
 * Gives a price to each offer that has none. Returns how many it could not help; *ret_near: how many got
 * another region's.
 */
size_t prices_fill(const struct prices *prices, struct pool_spec *spec, size_t *ret_near);

#endif
