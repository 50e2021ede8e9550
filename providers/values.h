/* Times and prices as clouds write them. */
#ifndef PROVIDERS_VALUES_H
#define PROVIDERS_VALUES_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* "2026-03-14T15:09:26.000Z", up to nine digits of fraction, or "-07:00" for "Z"; Unix time in ns. */
int wire_time(struct str text, int64_t *ret_wall_ns, struct error *err);
/* "0.0385": dollars, to micro-dollars, rounded up from the seventh digit on. */
int wire_price(struct str text, int64_t *ret_usd_micro, struct error *err);

#endif
