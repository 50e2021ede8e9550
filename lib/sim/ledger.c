#include "sim/ledger.h"

double sim_ledger_bill(struct sim_ledger *ledger, const struct offer *offer,
                       const struct sim_series *price, int64_t fallback_usd_micro, int64_t from_ns,
                       int64_t to_ns, int64_t minimum_ns)
{
    int64_t fallback = fallback_usd_micro > 0 ? fallback_usd_micro : 0;
    double hours = (double)(to_ns - from_ns) / 3.6e12;
    double usd_micro = sim_series_hours(price, from_ns, to_ns, fallback);
    if (to_ns - from_ns < minimum_ns) {
        double last = (double)sim_series_at(price, to_ns, fallback);
        double more = last * (double)(minimum_ns - (to_ns - from_ns)) / 3.6e12;
        ledger->minimum_usd_micro += more;
        usd_micro += more;
    }
    ledger->usd_micro[offer->market] += usd_micro;
    ledger->node_hours[offer->market] += hours;
    ledger->slot_hours[offer->market] += hours * (double)offer->slots;
    return usd_micro;
}
