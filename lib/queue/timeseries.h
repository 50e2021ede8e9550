/* timeSeries.list of Cloud Monitoring: asks for what was written of late, and reads the newest point. */
#ifndef QUEUE_TIMESERIES_H
#define QUEUE_TIMESERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* What becomes of several series that a filter fits. */
enum timeseries_many { SERIES_ONE, SERIES_SUM, SERIES_MAX };

struct timeseries_query {
    const char *filter;
    const char *aligner; /* "ALIGN_RATE"; NULL: points as they were written */
    int64_t period_s;    /* of the aligner; at least 60 */
    int64_t look_back_s; /* points older than this do not count */
};

void timeseries_query(const struct timeseries_query *query, int64_t wall_ns, struct buf *to);

struct timeseries_point {
    double value;
    int64_t wall_ns; /* when it was true; of several series the oldest one's */
};

/*
 * The newest point. MUSTER_E_NOTFOUND: there is no series, or none with a point: that is unknown, never
 * zero. MUSTER_E_CONFIG: several series where one was expected, values that are no numbers.
 */
int timeseries_newest(struct str body, enum timeseries_many many, struct timeseries_point *ret,
                      struct error *err);

#endif
