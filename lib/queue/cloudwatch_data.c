#include "queue/cloudwatch_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

static void add_dimension(struct json_out *j, const char *text)
{
    const char *equals = strchr(text, '=');
    char name[256];
    str_copy(name, sizeof(name),
             (struct str){ text, equals ? (size_t)(equals - text) : strlen(text) });
    json_open(j, NULL, '{');
    json_str(j, "Name", name);
    json_str(j, "Value", equals ? equals + 1 : "");
    json_close(j, '}');
}

static void add_query(struct json_out *j, const struct cloudwatch_query *query, size_t i)
{
    char id[24];
    (void)snprintf(id, sizeof(id), "m%zu", i);
    json_open(j, NULL, '{');
    json_str(j, "Id", id);
    json_open(j, "MetricStat", '{');
    json_open(j, "Metric", '{');
    json_str(j, "Namespace", query->namespace);
    json_str(j, "MetricName", query->metrics[i]);
    json_open(j, "Dimensions", '[');
    for (size_t d = 0; d < query->dimensions->len; d++)
        add_dimension(j, query->dimensions->at[d]);
    json_close(j, ']');
    json_close(j, '}');
    json_int(j, "Period", query->period_s);
    json_str(j, "Stat", query->stat);
    json_close(j, '}');
    json_bool(j, "ReturnData", true);
    json_close(j, '}');
}

void cloudwatch_body(const struct cloudwatch_query *query, int64_t wall_ns, struct buf *to)
{
    struct json_out j = json_begin(to);
    int64_t now_s = wall_ns / NS_PER_S;
    json_open(&j, NULL, '{');
    json_int(&j, "StartTime", now_s - query->look_back_s);
    json_int(&j, "EndTime", now_s + 1); /* which is not part of it */
    json_str(&j, "ScanBy", "TimestampDescending");
    json_open(&j, "MetricDataQueries", '[');
    for (size_t i = 0; i < query->metrics_len; i++)
        add_query(&j, query, i);
    json_close(&j, ']');
    json_close(&j, '}');
}

static const cJSON *find_result(const cJSON *root, size_t i)
{
    const cJSON *result;
    char id[24];
    (void)snprintf(id, sizeof(id), "m%zu", i);
    cJSON_ArrayForEach(result, cJSON_GetObjectItemCaseSensitive(root, "MetricDataResults"))
    {
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(result, "Id");
        if (cJSON_IsString(at) && strcmp(at->valuestring, id) == 0)
            return result;
    }
    return NULL;
}

/* We asked for the newest first; the time stamps say whether that was heard. */
static int newest(const cJSON *result, bool *ret_any, double *ret, struct error *err)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(result, "Values");
    const cJSON *times = cJSON_GetObjectItemCaseSensitive(result, "Timestamps");
    const cJSON *value = values ? values->child : NULL, *time = times ? times->child : NULL;
    double best_time = -INFINITY, best = 0;
    bool any = false;
    for (; value && time; value = value->next, time = time->next) {
        if (!cJSON_IsNumber(value) || !cJSON_IsNumber(time) || !isfinite(value->valuedouble))
            return error_set(err, MUSTER_E_INVALID, "a value in the answer is not a number");
        if (isgreater(time->valuedouble, best_time)) {
            best_time = time->valuedouble;
            best = value->valuedouble;
            any = true;
        }
    }
    *ret_any = any;
    if (any)
        *ret = best;
    return 0;
}

static bool status_is_bad(const char *status)
{
    return strcmp(status, "Complete") != 0 && strcmp(status, "PartialData") != 0;
}

int cloudwatch_newest(struct str body, size_t i, bool *ret_any, double *ret, struct error *err)
{
    cJSON *root = NULL;
    int rc = json_parse(body, &root, err);
    if (rc < 0)
        return rc;
    const cJSON *result = find_result(root, i);
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(result, "StatusCode");
    if (!result)
        rc = error_set(err, MUSTER_E_INVALID, "the answer has no MetricDataResults for the metric");
    else if (cJSON_IsString(status) && status_is_bad(status->valuestring))
        rc = error_set(
            err, strcmp(status->valuestring, "Forbidden") == 0 ? MUSTER_E_AUTH : MUSTER_E_TRANSIENT,
            "CloudWatch could not read the metric: %.64s", status->valuestring);
    else
        rc = newest(result, ret_any, ret, err);
    cJSON_Delete(root);
    return rc;
}
