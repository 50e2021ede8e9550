/*
 * A run's result as JSON and its series as CSV. (Tables for people are the programs' affair.)
 */
#ifndef SIM_PRINT_H
#define SIM_PRINT_H

#include "base/json.h"
#include "sim/run.h"

#define SIM_MONTH_HOURS 730.0 /* as the clouds reckon a month */

/* What the run cost, projected; 0 where nothing ran. */
double sim_usd_per_hour(const struct sim_result *result);
double sim_usd_per_month(const struct sim_result *result);
double sim_usd_per_thousand(const struct sim_result *result); /* jobs done */

/* The members of an object that the caller has opened: seconds, dollars, jobs. */
void sim_result_json(const struct sim_result *result, const struct sim_options *options,
                     struct json_out *j);

/* A header row and one row per point: seconds, dollars, counts of the interval or at its end. */
void sim_series_csv(const struct sim_result *result, struct buf *out);
/* The same as an array of arrays after an array of names: for pages that draw it. */
void sim_series_json(const struct sim_result *result, struct json_out *j, const char *key);

#endif
