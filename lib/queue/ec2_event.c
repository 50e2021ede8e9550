#include "queue/ec2_event.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_end(const char *state)
{
    static const char *const ends[] = { "shutting-down", "terminated", "stopping", "stopped" };
    for (size_t i = 0; state && i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(state, ends[i]) == 0)
            return true;
    }
    return false;
}

/* What this kind of event says; false: nothing of a machine's end. */
static bool notice_of(const char *type, const cJSON *detail, enum notice *ret)
{
    static const struct {
        const char *type;
        enum notice what;
    } kinds[] = {
        { "EC2 Spot Instance Interruption Warning", NOTICE_TAKEN_BACK },
        { "EC2 Interruptible Capacity Reservation Instance Interruption Warning",
          NOTICE_TAKEN_BACK },
        { "EC2 Instance Rebalance Recommendation", NOTICE_REBALANCE },
        { "EC2 Instance State-change Notification", NOTICE_ENDED },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(type, kinds[i].type) != 0)
            continue;
        *ret = kinds[i].what;
        return kinds[i].what != NOTICE_ENDED || is_end(text_of(detail, "state"));
    }
    return false;
}

/* As EC2 makes them: it goes into logs and looks up a node. */
static bool is_machine(const char *id)
{
    size_t len = id ? strlen(id) : 0;
    if (len < 3 || len >= NODE_ID_MAX || strncmp(id, "i-", 2) != 0)
        return false;
    for (const char *p = id + 2; *p; p++) {
        if (!isxdigit((unsigned char)*p))
            return false;
    }
    return true;
}

static int read_event(const cJSON *root, struct ec2_event *ret, struct error *err)
{
    const char *source = text_of(root, "source");
    const char *type = text_of(root, "detail-type");
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(root, "detail");
    struct ec2_event event = { 0 };
    if (!source || !type || !cJSON_IsObject(detail))
        return error_set(err, MUSTER_E_INVALID, "it has no source, detail-type and detail");
    event.end = strcmp(source, "aws.ec2") == 0 && notice_of(type, detail, &event.what);
    const char *id = text_of(detail, "instance-id");
    if (event.end && !is_machine(id))
        return error_set(err, MUSTER_E_INVALID, "it names no machine");
    if (event.end)
        str_copy_c(event.node, sizeof(event.node), id);
    else
        event = (struct ec2_event){ 0 };
    *ret = event;
    return 0;
}

int ec2_event_parse(struct str text, struct ec2_event *ret, struct error *err)
{
    cJSON *root = NULL;
    int rc = json_parse(text, &root, err);
    if (rc == 0)
        rc = read_event(root, ret, err);
    cJSON_Delete(root);
    return rc;
}
