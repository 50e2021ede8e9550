#include "queue/timeseries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gcp_client.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"

void timeseries_query(const struct timeseries_query *query, int64_t wall_ns, struct buf *to)
{
    char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
    clock_format_wall(wall_ns - query->look_back_s * NS_PER_S, from);
    clock_format_wall(wall_ns, until);
    gcp_query_add(to, "filter", str_from(query->filter));
    gcp_query_add(to, "interval.startTime", str_from(from));
    gcp_query_add(to, "interval.endTime", str_from(until));
    if (query->aligner) {
        gcp_query_add(to, "aggregation.perSeriesAligner", str_from(query->aligner));
        gcp_query_addf(to, "aggregation.alignmentPeriod", "%llds", (long long)query->period_s);
    }
    gcp_query_add(to, "view", STR("FULL"));
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Whole numbers come as texts. */
static bool number_of(const cJSON *value, double *ret)
{
    const cJSON *whole = member(value, "int64Value"), *real = member(value, "doubleValue");
    char *end = NULL;
    if (cJSON_IsNumber(real)) {
        *ret = real->valuedouble;
        return isfinite(*ret);
    }
    if (cJSON_IsNumber(whole)) {
        *ret = whole->valuedouble;
        return isfinite(*ret);
    }
    if (!cJSON_IsString(whole) || !whole->valuestring[0])
        return false;
    *ret = (double)strtoll(whole->valuestring, &end, 10);
    return *end == '\0';
}

/* They are said to come newest first; their times tell. */
static int newest_of(const cJSON *series, bool *ret_any, struct timeseries_point *ret,
                     struct error *err)
{
    const cJSON *point;
    bool any = false;
    struct timeseries_point best = { 0 };
    cJSON_ArrayForEach(point, member(series, "points"))
    {
        const cJSON *end = member(member(point, "interval"), "endTime");
        struct timeseries_point at = { 0 };
        if (!cJSON_IsString(end) ||
            timestamp_parse(str_from(end->valuestring), &at.wall_ns, NULL) < 0)
            return error_set(err, MUSTER_E_INVALID, "a point in the answer has no time");
        if (any && at.wall_ns <= best.wall_ns)
            continue;
        if (!number_of(member(point, "value"), &at.value))
            return error_set(
                err, MUSTER_E_CONFIG,
                "its values are no numbers: a distribution or a counter needs `align`, "
                "as ALIGN_PERCENTILE_99 or ALIGN_RATE");
        best = at;
        any = true;
    }
    *ret_any = any;
    *ret = best;
    return 0;
}

/* The values taken together are as old as the oldest of them. */
static void take_together(enum timeseries_many many, const struct timeseries_point *next,
                          bool first, struct timeseries_point *sum)
{
    if (first)
        *sum = *next;
    else if (many == SERIES_SUM)
        sum->value += next->value;
    else
        sum->value = fmax(sum->value, next->value);
    if (next->wall_ns < sum->wall_ns)
        sum->wall_ns = next->wall_ns;
}

static int read_series(const cJSON *root, enum timeseries_many many, struct timeseries_point *ret,
                       struct error *err)
{
    const cJSON *series;
    size_t found = 0;
    cJSON_ArrayForEach(series, member(root, "timeSeries"))
    {
        struct timeseries_point next;
        bool any = false;
        int rc = newest_of(series, &any, &next, err);
        if (rc < 0)
            return rc;
        if (!any)
            continue;
        take_together(many, &next, found == 0, ret);
        found++;
    }
    if (found > 1 && many == SERIES_ONE)
        return error_set(err, MUSTER_E_CONFIG,
                         "the filter fits %zu time series: narrow it, or say what becomes of them "
                         "(series: sum, series: max)",
                         found);
    if (found == 0)
        return error_set(err, MUSTER_E_NOTFOUND,
                         "Cloud Monitoring has no point of late: unknown, not zero");
    return 0;
}

int timeseries_newest(struct str body, enum timeseries_many many, struct timeseries_point *ret,
                      struct error *err)
{
    cJSON *root = NULL;
    struct timeseries_point found = { 0 };
    int rc = json_parse(body, &root, err);
    if (rc < 0)
        return rc;
    const cJSON *errors = member(root, "executionErrors");
    const cJSON *more = member(root, "nextPageToken");
    if (!cJSON_IsObject(root))
        rc = error_set(err, MUSTER_E_INVALID, "the answer is no JSON object");
    else if (cJSON_GetArraySize(errors) > 0)
        rc = error_set(err, MUSTER_E_TRANSIENT, "Cloud Monitoring could not read all of it");
    else if (cJSON_IsString(more) && more->valuestring[0])
        rc = error_set(err, MUSTER_E_CONFIG, "the filter fits more series than one page holds");
    else
        rc = read_series(root, many, &found, err);
    cJSON_Delete(root);
    if (rc == 0)
        *ret = found;
    return rc;
}
