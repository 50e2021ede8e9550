#include "sim/market.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

void sim_series_release(struct sim_series *series)
{
    vec_release(&series->steps);
}

int sim_series_add(struct sim_series *series, int64_t at_ns, int64_t value, struct error *err)
{
    struct sim_step *last = series->steps.len > 0 ? &series->steps.at[series->steps.len - 1] : NULL;
    if (last && at_ns < last->at_ns)
        return error_set(err, MUSTER_E_RANGE, "time goes back: expected rising times");
    if (last && at_ns == last->at_ns) {
        last->value = value;
        return 0;
    }
    struct sim_step step = { at_ns, value };
    return vec_push(&series->steps, step) ? 0 : error_nomem(err);
}

/* How many steps are at or before this moment. */
static size_t steps_until(const struct sim_series *series, int64_t at_ns)
{
    size_t low = 0;
    size_t high = series ? series->steps.len : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->steps.at[middle].at_ns <= at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t sim_series_at(const struct sim_series *series, int64_t at_ns, int64_t before)
{
    size_t n = steps_until(series, at_ns);
    return n > 0 ? series->steps.at[n - 1].value : before;
}

double sim_series_hours(const struct sim_series *series, int64_t from_ns, int64_t to_ns,
                        int64_t before)
{
    if (!series)
        return (double)before * (double)(to_ns - from_ns) / 3.6e12;
    size_t n = steps_until(series, from_ns);
    double value = n > 0 ? (double)series->steps.at[n - 1].value : (double)before;
    double sum = 0;
    int64_t at_ns = from_ns;
    for (; n < series->steps.len && series->steps.at[n].at_ns < to_ns; n++) {
        sum += value * (double)(series->steps.at[n].at_ns - at_ns);
        at_ns = series->steps.at[n].at_ns;
        value = (double)series->steps.at[n].value;
    }
    return (sum + value * (double)(to_ns - at_ns)) / 3.6e12;
}

void sim_market_init(struct sim_market *market)
{
    *market = (struct sim_market){
        .call_ns = 2 * NS_PER_S,
        .poll_ns = 20 * NS_PER_MS,
        .list_ns = 200 * NS_PER_MS,
        .stop_ns = 5 * NS_PER_S,
    };
}

static void entry_free(struct sim_offer_market *entry)
{
    for (size_t i = 0; i < entry->places.len; i++) {
        sim_series_release(&entry->places.at[i]->price);
        sim_series_release(&entry->places.at[i]->capacity);
        free(entry->places.at[i]);
    }
    vec_release(&entry->places);
    sim_series_release(&entry->price);
    sim_series_release(&entry->capacity);
    free(entry);
}

void sim_market_release(struct sim_market *market)
{
    for (size_t i = 0; i < market->offers.len; i++)
        entry_free(market->offers.at[i]);
    vec_release(&market->offers);
}

struct sim_offer_market *sim_market_add(struct sim_market *market, const char *pattern)
{
    struct sim_offer_market *entry = calloc(1, sizeof(*entry));
    if (!entry || !vec_push(&market->offers, entry)) {
        free(entry);
        return NULL;
    }
    str_copy_c(entry->pattern, sizeof(entry->pattern), pattern);
    entry->notice_ns = -1;
    return entry;
}

/* "us-east-1a/c6i.xlarge" stands for "aws/us-east-1a/c6i.xlarge/spot": traces of spot markets say so. */
static bool fits(const char *pattern, const char *offer)
{
    char spot[OFFER_NAME_MAX + 8];
    snprintf(spot, sizeof(spot), "*/%s/spot", pattern);
    return fnmatch(pattern, offer, 0) == 0 || fnmatch(spot, offer, 0) == 0;
}

const struct sim_offer_market *sim_market_find(const struct sim_market *market, const char *offer)
{
    for (size_t i = 0; i < market->offers.len; i++) {
        if (fits(market->offers.at[i]->pattern, offer))
            return market->offers.at[i];
    }
    return NULL;
}
