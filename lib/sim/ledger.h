/*
 * What a fleet costs: each machine by the second, from the accepted launch to its end, at the price of
 * the moment, a minimum for each start. The clouds' own rule (EC2 and GCP: 60 s).
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "sim/market.h"

#define SIM_BILL_MINIMUM_NS INT64_C(60000000000)

struct sim_ledger {
    double usd_micro[2]; /* by enum market */
    double node_hours[2];
    double slot_hours[2];
    double minimum_usd_micro; /* of all that: paid for time after the machine's end */
};

/*
 * One machine, from its first paid moment to its last. price: its offer's series, or NULL; fallback:
 * micro-dollars per hour where the series says nothing (PRICE_UNKNOWN counts as 0). Returns what it cost.
 */
double sim_ledger_bill(struct sim_ledger *ledger, const struct offer *offer,
                       const struct sim_series *price, int64_t fallback_usd_micro, int64_t from_ns,
                       int64_t to_ns, int64_t minimum_ns);

#endif
