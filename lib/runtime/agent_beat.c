#include "runtime/agent_beat.h"

#include "base/clock.h"
#include "base/json.h"
#include "control/node.h"

const char *beat_state_word(enum beat_state state)
{
    static const char *const words[] = { "booting", "ready", "draining", "drained" };
    return words[state];
}

static double seconds(int64_t ns)
{
    return (double)(ns / NS_PER_MS) / 1000;
}

void beat_print(const struct beat_report *report, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "pool", report->pool);
    json_str(&j, "state", beat_state_word(report->state));
    json_int(&j, "seq", (int64_t)report->seq);
    json_str(&j, "boot_id", report->boot_id);
    json_int(&j, "slots", report->slots);
    if (report->busy != BUSY_UNKNOWN)
        json_int(&j, "busy", report->busy);
    if (report->idle_ns >= 0)
        json_num(&j, "idle_s", seconds(report->idle_ns));
    if (report->served > 0) {
        json_int(&j, "served", report->served);
        json_num(&j, "served_mean_s", seconds(report->served_mean_ns));
    }
    if (*report->version)
        json_str(&j, "version", report->version);
    if (report->interrupted)
        json_bool(&j, "interrupted", true);
    if (report->rebalance)
        json_bool(&j, "rebalance", true);
    if (report->exit_status >= 0)
        json_int(&j, "exit_status", report->exit_status);
    json_close(&j, '}');
}

#define EVERY_MIN_S 0.01
#define EVERY_MAX_S 3600

int beat_parse_answer(struct str text, struct beat_answer *ret, struct error *err)
{
    cJSON *root = NULL;
    int rc = json_parse(text, &root, err);
    if (rc < 0)
        return rc;
    const cJSON *drain = cJSON_GetObjectItemCaseSensitive(root, "drain");
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(root, "run");
    const cJSON *every = cJSON_GetObjectItemCaseSensitive(root, "every_s");
    if (!cJSON_IsBool(drain) || !cJSON_IsBool(run) || !cJSON_IsNumber(every)) {
        rc = error_set(err, MUSTER_E_INVALID, "the answer has no drain, run and every_s");
    } else {
        double s = every->valuedouble;
        s = s > EVERY_MIN_S ? s : EVERY_MIN_S; /* NaN too */
        s = s < EVERY_MAX_S ? s : EVERY_MAX_S;
        *ret = (struct beat_answer){ cJSON_IsTrue(drain), cJSON_IsTrue(run),
                                     (int64_t)(s * (double)NS_PER_S) };
    }
    cJSON_Delete(root);
    return rc;
}
