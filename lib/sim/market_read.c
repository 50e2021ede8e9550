/* Markets from files: rows that stand where a value changes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/csv.h"
#include "sim/market.h"

struct reader {
    struct sim_csv csv;
    struct sim_market *market;
    int time, offer, place, capacity, price; /* columns; -1: none */
    double begin_s;                          /* NaN before the first row */
    double last_s;
    size_t first; /* entries before belong to others */
};

static int find_columns(struct reader *r, const char *as, struct error *err)
{
    static const char *const times[] = { "t_s", NULL };
    static const char *const offers[] = { "offer", NULL };
    static const char *const pools[] = { "pool", NULL };
    static const char *const capacities[] = { "capacity", "available", "running", NULL };
    static const char *const prices[] = { "price_usd_h", "price", "spot_usd_h", NULL };
    r->time = sim_csv_find(&r->csv, times);
    r->offer = as ? -1 : sim_csv_find(&r->csv, offers);
    r->place = sim_csv_find(&r->csv, pools);
    if (r->offer < 0 && !as) { /* a pool that no offer is named for is one */
        r->offer = r->place;
        r->place = -1;
    }
    r->capacity = sim_csv_find(&r->csv, capacities);
    r->price = sim_csv_find(&r->csv, prices);
    if (r->time < 0)
        return sim_csv_fail(&r->csv, err, "there is no column t_s (seconds since the beginning)");
    if (r->offer < 0 && !as)
        return sim_csv_fail(&r->csv, err,
                            "there is no column 'offer': expected one that says which offer a row "
                            "is about");
    if (r->capacity < 0 && r->price < 0)
        return sim_csv_fail(&r->csv, err,
                            "expected a column 'capacity' (machines that can be had) or "
                            "'price_usd_h', or both");
    return 0;
}

static struct sim_offer_market *entry_for(struct reader *r, struct str name)
{
    struct sim_market *m = r->market;
    for (size_t i = r->first; i < m->offers.len; i++) {
        if (str_eq_c(name, m->offers.at[i]->pattern))
            return m->offers.at[i];
    }
    char pattern[OFFER_NAME_MAX];
    str_copy(pattern, sizeof(pattern), name);
    return sim_market_add(m, pattern);
}

static int read_time(struct reader *r, int64_t *ret_ns, struct error *err)
{
    double s;
    int rc = sim_csv_number(&r->csv, r->time, -1e11, &s, err);
    if (rc < 0)
        return rc;
    if (isnan(r->begin_s))
        r->begin_s = s;
    s -= r->begin_s;
    if (s < r->last_s)
        return sim_csv_fail(&r->csv, err, "time goes back by %g s: expected rows sorted by t_s",
                            r->last_s - s);
    if (s > 6.312e8)
        return sim_csv_fail(&r->csv, err,
                            "%g s after the first row: are these milliseconds? "
                            "expected seconds",
                            s);
    r->last_s = s;
    *ret_ns = (int64_t)(s * 1e9);
    return 0;
}

static struct sim_place *place_for(struct sim_offer_market *entry, struct str name)
{
    for (size_t i = 0; i < entry->places.len; i++) {
        if (str_eq_c(name, entry->places.at[i]->name))
            return entry->places.at[i];
    }
    struct sim_place *place = calloc(1, sizeof(*place));
    if (!place || !vec_push(&entry->places, place)) {
        free(place);
        return NULL;
    }
    str_copy(place->name, sizeof(place->name), name);
    return place;
}

static int take_values(struct reader *r, int64_t at_ns, struct sim_series *capacity,
                       struct sim_series *price, struct error *err)
{
    double value;
    int rc = 0;
    if (r->capacity >= 0 && r->csv.at[r->capacity].len > 0) {
        rc = sim_csv_number(&r->csv, r->capacity, 0, &value, err);
        if (rc == 0)
            rc = sim_series_add(capacity, at_ns, (int64_t)fmin(value, 1e9), err);
    }
    if (rc == 0 && r->price >= 0 && r->csv.at[r->price].len > 0) {
        rc = sim_csv_number(&r->csv, r->price, 0, &value, err);
        if (rc == 0 && value > 1e6)
            rc = sim_csv_fail(&r->csv, err, "%g USD per hour is no price", value);
        if (rc == 0)
            rc = sim_series_add(price, at_ns, (int64_t)(value * 1e6 + 0.5), err);
    }
    return rc;
}

static int64_t last_of(const struct sim_series *series, int64_t otherwise)
{
    return series->steps.len > 0 ? series->steps.at[series->steps.len - 1].value : otherwise;
}

/* All places together: so many machines, at the lowest price where there are any. */
static int sum_up(struct sim_offer_market *entry, int64_t at_ns, struct error *err)
{
    int64_t capacity = 0;
    int64_t price = INT64_MAX;
    bool limited = false;
    for (size_t i = 0; i < entry->places.len; i++) {
        const struct sim_place *place = entry->places.at[i];
        int64_t here = last_of(&place->capacity, 0);
        limited |= place->capacity.steps.len > 0;
        capacity += here;
        if ((here > 0 || place->capacity.steps.len == 0) && place->price.steps.len > 0 &&
            last_of(&place->price, 0) < price)
            price = last_of(&place->price, 0);
    }
    int rc = limited ? sim_series_add(&entry->capacity, at_ns, capacity, err) : 0;
    if (rc == 0 && price < INT64_MAX)
        rc = sim_series_add(&entry->price, at_ns, price, err);
    return rc;
}

static int take_name(const struct reader *r, struct str name, struct error *err)
{
    if (name.len > 0 && name.len < OFFER_NAME_MAX)
        return 0;
    return sim_csv_fail(&r->csv, err, "expected an offer's name of 1 to %d letters",
                        OFFER_NAME_MAX - 1);
}

static int take_row(struct reader *r, const char *as, struct error *err)
{
    int64_t at_ns;
    int rc = read_time(r, &at_ns, err);
    struct str name = r->offer >= 0 ? r->csv.at[r->offer] : str_from(as);
    if (rc == 0)
        rc = take_name(r, name, err);
    if (rc < 0)
        return rc;
    struct sim_offer_market *entry = entry_for(r, name);
    if (!entry)
        return error_nomem(err);
    if (r->place < 0)
        return take_values(r, at_ns, &entry->capacity, &entry->price, err);
    rc = take_name(r, r->csv.at[r->place], err);
    if (rc < 0)
        return rc;
    struct sim_place *place = place_for(entry, r->csv.at[r->place]);
    if (!place)
        return error_nomem(err);
    rc = take_values(r, at_ns, &place->capacity, &place->price, err);
    return rc < 0 ? rc : sum_up(entry, at_ns, err);
}

static int read_all(struct reader *r, const char *path, const char *as, struct error *err)
{
    int rc = sim_csv_open(&r->csv, path, true, err);
    if (rc < 0)
        return rc;
    rc = find_columns(r, as, err);
    while (rc >= 0 && (rc = sim_csv_row(&r->csv, err)) > 0)
        rc = take_row(r, as, err);
    if (rc == 0 && isnan(r->begin_s))
        rc = sim_csv_fail(&r->csv, err, "there is no row in it");
    sim_csv_close(&r->csv);
    return rc;
}

int sim_market_read(struct sim_market *market, const char *path, const char *as, struct error *err)
{
    struct reader *r = calloc(1, sizeof(*r));
    if (!r)
        return error_nomem(err);
    r->market = market;
    r->begin_s = (double)NAN;
    r->first = market->offers.len;
    int rc = read_all(r, path, as, err);
    free(r);
    return rc;
}
