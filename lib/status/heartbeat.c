#include "status/heartbeat.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

#define SLOTS_MAX   1000000
#define SERVED_MAX  1e9
#define SECONDS_MAX 1e8
#define SEQ_MAX     9007199254740992.0 /* 2^53: what JSON carries exactly */

/* A number within bounds; *ret stays as it is when the member is absent or null. */
static int number(const cJSON *json, const char *key, double max, double *ret, struct error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!item || cJSON_IsNull(item))
        return 0;
    if (!cJSON_IsNumber(item))
        return error_set(err, MUSTER_E_INVALID, "%s: not a number", key);
    double value = item->valuedouble;
    if (!isfinite(value) || value < 0 || value > max)
        return error_set(err, MUSTER_E_RANGE, "%s: must be from 0 to %.0f", key, max);
    *ret = value;
    return 0;
}

static int whole(const cJSON *json, const char *key, double max, int64_t *ret, struct error *err)
{
    double value = (double)*ret;
    int rc = number(json, key, max, &value, err);
    if (rc < 0)
        return rc;
    if (islessgreater(value, floor(value)))
        return error_set(err, MUSTER_E_INVALID, "%s: not a whole number", key);
    *ret = (int64_t)value;
    return 0;
}

static int duration(const cJSON *json, const char *key, int64_t *ret_ns, struct error *err)
{
    double seconds = (double)NAN;
    int rc = number(json, key, SECONDS_MAX, &seconds, err);
    if (rc == 0 && !isnan(seconds))
        *ret_ns = (int64_t)(seconds * 1e9);
    return rc;
}

/* A short text of printable ASCII. */
static int text(const cJSON *json, const char *key, char *ret, size_t size, struct error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!item || cJSON_IsNull(item))
        return 0;
    if (!cJSON_IsString(item))
        return error_set(err, MUSTER_E_INVALID, "%s: not a text", key);
    size_t len = strlen(item->valuestring);
    if (len >= size)
        return error_set(err, MUSTER_E_RANGE, "%s: longer than %zu characters", key, size - 1);
    for (size_t i = 0; i < len; i++) {
        if (!isprint((unsigned char)item->valuestring[i]))
            return error_set(err, MUSTER_E_INVALID, "%s: has characters that cannot be printed",
                             key);
    }
    memcpy(ret, item->valuestring, len + 1);
    return 0;
}

static int boolean(const cJSON *json, const char *key, bool *ret, struct error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!item || cJSON_IsNull(item))
        return 0;
    if (!cJSON_IsBool(item))
        return error_set(err, MUSTER_E_INVALID, "%s: not true or false", key);
    *ret = cJSON_IsTrue(item);
    return 0;
}

static int state(const cJSON *json, enum beat_state *ret, struct error *err)
{
    static const struct {
        const char *word;
        enum beat_state state;
    } words[] = {
        { "booting", BEAT_BOOTING },
        { "ready", BEAT_READY },
        { "draining", BEAT_DRAINING },
        { "drained", BEAT_DRAINED },
    };
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "state"));
    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].word) == 0) {
            *ret = words[i].state;
            return 0;
        }
    }
    return error_set(err, MUSTER_E_INVALID, "state: must be booting, ready, draining or drained");
}

static int seq(const cJSON *json, uint64_t *ret, struct error *err)
{
    int64_t value = -1;
    int rc = whole(json, "seq", SEQ_MAX, &value, err);
    if (rc < 0)
        return rc;
    if (value < 1)
        return error_set(err, MUSTER_E_INVALID,
                         "seq: required, a whole number from 1 that grows with each heartbeat");
    *ret = (uint64_t)value;
    return 0;
}

static int load(const cJSON *json, struct heartbeat *beat, struct error *err)
{
    int rc = whole(json, "slots", SLOTS_MAX, &beat->slots, err);
    if (rc == 0)
        rc = whole(json, "busy", SLOTS_MAX, &beat->busy, err);
    if (rc == 0 && beat->slots > 0 && beat->busy > beat->slots)
        rc = error_set(err, MUSTER_E_RANGE, "busy: more than slots");
    if (rc == 0)
        rc = duration(json, "idle_s", &beat->idle_ns, err);
    if (rc == 0)
        rc = number(json, "served", SERVED_MAX, &beat->served, err);
    if (rc == 0)
        rc = duration(json, "served_mean_s", &beat->served_mean_ns, err);
    return rc;
}

static int read_members(const cJSON *json, struct heartbeat *beat, char *pool, struct error *err)
{
    if (!cJSON_IsObject(json))
        return error_set(err, MUSTER_E_INVALID, "a heartbeat is a JSON object");
    int rc = state(json, &beat->state, err);
    if (rc == 0)
        rc = seq(json, &beat->seq, err);
    if (rc == 0)
        rc = load(json, beat, err);
    if (rc == 0)
        rc = text(json, "version", beat->version, sizeof(beat->version), err);
    if (rc == 0)
        rc = text(json, "pool", pool, POOL_NAME_MAX, err);
    if (rc == 0)
        rc = boolean(json, "interrupted", &beat->interrupted, err);
    if (rc == 0)
        rc = boolean(json, "rebalance", &beat->rebalance, err);
    return rc;
}

int heartbeat_parse(struct str json, const char *node, struct heartbeat *ret,
                    char ret_pool[static POOL_NAME_MAX], struct error *err)
{
    cJSON *root = NULL;
    int rc = json_parse(json, &root, err);
    if (rc < 0)
        return rc;
    struct heartbeat beat = { .busy = BUSY_UNKNOWN, .idle_ns = -1 };
    char pool[POOL_NAME_MAX] = "";
    rc = read_members(root, &beat, pool, err);
    cJSON_Delete(root);
    if (rc < 0)
        return rc;
    str_copy_c(beat.node, sizeof(beat.node), node);
    *ret = beat;
    memcpy(ret_pool, pool, sizeof(pool));
    return 0;
}
