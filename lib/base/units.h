/*
 * Quantities as people write them, and back.
 *
 * Everything that has a unit must be written with it: "30s", "20%", "0.034 USD/h", "100 slots / 1m".
 * Every parser reads the whole text, answers 0, or a negative code with a text that says what was
 * expected, and leaves its output untouched.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

#define UNITS_NEVER INT64_MAX /* the duration "never" */

/* "500ms", "30s", "5m", "2h", "1d", "1h30m", "0s"; >= 0. Fits int64 nanoseconds (292 years). */
int units_parse_duration(struct str text, int64_t *ret_ns, struct error *err);

/* "0.034 USD/h", "25 USD/h" (also "25 USD" where the unit is said elsewhere); micro-dollars per hour. */
int units_parse_money(struct str text, int64_t *ret_usd_micro, struct error *err);

/* "20%", "12.5%"; 0..1 (and above, where a caller allows it). */
int units_parse_percent(struct str text, double *ret_fraction, struct error *err);

/* A whole number, optional sign. */
int units_parse_int(struct str text, int64_t *ret, struct error *err);

/* So much per period: "100 slots / 1m", "20% / 1m", "10 nodes / 1m". */
enum rate_unit { RATE_NONE, RATE_SLOTS, RATE_NODES, RATE_PERCENT };

struct rate {
    enum rate_unit unit; /* RATE_NONE: no limit */
    double amount;       /* slots, nodes, or a fraction for RATE_PERCENT */
    int64_t period_ns;
};

int units_parse_rate(struct str text, struct rate *ret, struct error *err);

#define UNITS_TEXT_MAX 48

/* "2m10s", "1.5s", "41ms", "never": at most two units, the way people say it. Returns `text`. */
const char *units_format_duration(int64_t ns, char text[static UNITS_TEXT_MAX]);
/* "0.034 USD/h" */
const char *units_format_price(int64_t usd_micro, char text[static UNITS_TEXT_MAX]);
/* "$1.23", "$0.0042" */
const char *units_format_money(int64_t usd_micro, char text[static UNITS_TEXT_MAX]);
const char *units_format_rate(const struct rate *rate, char text[static UNITS_TEXT_MAX]);

#endif
