/* GetMetricData of CloudWatch: asks for the newest value of a few metrics, and reads the answer. */
#ifndef QUEUE_CLOUDWATCH_DATA_H
#define QUEUE_CLOUDWATCH_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"
#include "base/str.h"

struct cloudwatch_query {
    const char *namespace, *stat;
    int64_t period_s;
    int64_t look_back_s;                     /* values older than this do not count */
    const struct option_strings *dimensions; /* "Name=Value" */
    const char *const *metrics;              /* names; become the ids m0, m1 ... */
    size_t metrics_len;
};

void cloudwatch_body(const struct cloudwatch_query *query, int64_t wall_ns, struct buf *to);

/*
 * The newest value of metric `i`. No value at all is no answer: *ret_any false, *ret untouched. Errors:
 * not such a document, or CloudWatch says that it could not read the metric.
 */
int cloudwatch_newest(struct str body, size_t i, bool *ret_any, double *ret, struct error *err);

#endif
