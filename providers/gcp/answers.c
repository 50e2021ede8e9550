#include "providers/gcp/answers.h"

#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "providers/values.h"

#define VALUE_MAX ((size_t)256 << 10) /* one instance; with `fields` some hundred bytes */

/* A third of what an instance is: no disks, no metadata, no scripts. */
const char gce_instance_fields[] =
    "nextPageToken,unreachables,warning(code),items/*/warning(code),items/*/instances(name,zone,"
    "machineType,status,creationTimestamp,labels,scheduling(provisioningModel,preemptible))";

const char gce_operation_fields[] =
    "nextPageToken,items/*/operations(targetLink,status,error,httpErrorStatusCode,"
    "httpErrorMessage)";

static const char *text_at(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* ---- one instance ------------------------------------------------------------------------------- */

/*
 * A machine that a person stopped is not gone: it is kept and costs a little. It is listed as running,
 * and, silent, given back in time like any that is lost. One of the spot market was taken back.
 */
static enum listed_state state_of(const char *status, bool spot)
{
    static const struct {
        const char *status;
        enum listed_state state;
    } states[] = {
        { "PROVISIONING", LISTED_PENDING },  { "STAGING", LISTED_PENDING },
        { "STOPPING", LISTED_STOPPING },     { "DEPROVISIONING", LISTED_STOPPING },
        { "PENDING_STOP", LISTED_STOPPING },
    };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].status, status) == 0)
            return states[i].state;
    }
    bool off = strcmp(status, "TERMINATED") == 0 || strcmp(status, "STOPPED") == 0;
    return off && spot ? LISTED_ENDED : LISTED_RUNNING;
}

static void read_labels(const cJSON *labels, struct gce_instance *i)
{
    int64_t slots = 0;
    str_copy_c(i->controller, sizeof(i->controller), text_at(labels, GCE_LABEL_CONTROLLER));
    str_copy_c(i->pool, sizeof(i->pool), text_at(labels, GCE_LABEL_POOL));
    str_copy_c(i->token, sizeof(i->token), text_at(labels, GCE_LABEL_INTENT));
    str_copy_c(i->group, sizeof(i->group), text_at(labels, GCE_LABEL_GROUP));
    gce_offer_name(text_at(labels, GCE_LABEL_OFFER), i->offer);
    if (units_parse_int(str_from(text_at(labels, GCE_LABEL_SLOTS)), &slots, NULL) == 0)
        i->slots = slots;
    /* A group gives all its machines the same labels: the token is in their names alone. */
    if (!i->token[0])
        gce_machine_token(i->name, i->token);
}

static void read_creator(const cJSON *metadata, struct gce_instance *i)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(metadata, "items"))
    {
        if (strcmp(text_at(item, "key"), "created-by") == 0)
            str_copy_c(i->creator, sizeof(i->creator), text_at(item, "value"));
    }
}

static int take_instance(const cJSON *json, struct gce_instance *ret, struct error *err)
{
    struct gce_instance i = { 0 };
    const cJSON *scheduling = cJSON_GetObjectItemCaseSensitive(json, "scheduling");
    const char *status = text_at(json, "status");
    bool whole = str_copy_c(i.name, sizeof(i.name), text_at(json, "name")) &&
                 str_copy(i.zone, sizeof(i.zone), gce_tail(text_at(json, "zone")));
    if (!whole || !gce_name_valid(i.name) || !gce_zone_valid(i.zone) || !*status)
        return error_set(err, MUSTER_E_INVALID, "an instance lacks its name, zone or status");
    str_copy(i.type, sizeof(i.type), gce_tail(text_at(json, "machineType")));
    i.spot = strcmp(text_at(scheduling, "provisioningModel"), "SPOT") == 0 ||
             cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(scheduling, "preemptible"));
    i.state = state_of(status, i.spot);
    wire_time(str_from(text_at(json, "creationTimestamp")), &i.created_wall_ns, NULL);
    read_labels(cJSON_GetObjectItemCaseSensitive(json, "labels"), &i);
    read_creator(cJSON_GetObjectItemCaseSensitive(json, "metadata"), &i);
    *ret = i;
    return 0;
}

int gce_read_instance(struct str body, struct gce_instance *ret, struct error *err)
{
    cJSON *json;
    int rc = json_parse(body, &json, err);
    if (rc < 0)
        return rc;
    rc = take_instance(json, ret, err);
    cJSON_Delete(json);
    return rc;
}

/* ---- pages -------------------------------------------------------------------------------------- */

static const char *const page_places[] = { "nextPageToken",   "items.*.instances.*",
                                           "items.*.warning", "unreachables.*",
                                           "warning",         NULL };
enum page_place { PAGE_NEXT, PAGE_INSTANCE, PAGE_ZONE_WARNING, PAGE_UNREACHABLE, PAGE_WARNING };

struct page_reader {
    struct gce_instances *list;
    bool warned;
};

static int add_unseen(struct gce_instances *list, const char *scope, struct error *err)
{
    struct gce_unseen unseen;
    if (!str_copy(unseen.zone, sizeof(unseen.zone), gce_tail(scope)) ||
        !gce_zone_valid(unseen.zone)) {
        list->partial = true; /* a region, or something new: nobody knows what it hides */
        return 0;
    }
    for (size_t i = 0; i < list->unseen.len; i++) {
        if (strcmp(list->unseen.at[i].zone, unseen.zone) == 0)
            return 0;
    }
    return vec_push(&list->unseen, unseen) ? 0 : error_nomem(err);
}

/* Every zone that has no machine is warned of as well: NO_RESULTS_ON_PAGE. */
static bool says_unreachable(const cJSON *warning)
{
    const char *code = text_at(warning, "code");
    return *code && strcmp(code, "NO_RESULTS_ON_PAGE") != 0;
}

static int take_page_value(struct page_reader *r, enum page_place place, const char *scope,
                           const cJSON *json, struct error *err)
{
    struct gce_instance instance;
    const char *text = cJSON_GetStringValue(json);
    int rc;
    switch (place) {
    case PAGE_NEXT:
        if (!text || !str_copy_c(r->list->next, sizeof(r->list->next), text))
            return error_set(err, MUSTER_E_INVALID, "the page token is none");
        return 0;
    case PAGE_INSTANCE:
        rc = take_instance(json, &instance, err);
        if (rc == 0 && !vec_push(&r->list->all, instance))
            rc = error_nomem(err);
        return rc;
    case PAGE_ZONE_WARNING:
        return says_unreachable(json) ? add_unseen(r->list, scope, err) : 0;
    case PAGE_UNREACHABLE:
        return add_unseen(r->list, text ? text : "", err);
    case PAGE_WARNING:
        r->warned |= says_unreachable(json);
        break;
    }
    return 0;
}

static int on_page_value(void *ctx, size_t place, const char *key, struct str text,
                         struct error *err)
{
    cJSON *json;
    int rc = json_parse(text, &json, err);
    if (rc < 0)
        return rc;
    rc = take_page_value(ctx, (enum page_place)place, key, json, err);
    cJSON_Delete(json);
    return rc;
}

void gce_instances_release(struct gce_instances *list)
{
    vec_release(&list->all);
    vec_release(&list->unseen);
}

static int read_all(struct str body, const char *const *places, json_split_cb *value, void *ctx,
                    struct error *err)
{
    struct json_split split;
    json_split_init(&split, places, VALUE_MAX, value, ctx);
    int rc = json_split_feed(&split, body, err);
    if (rc == 0)
        rc = json_split_end(&split, err);
    json_split_release(&split);
    return rc;
}

int gce_read_page(struct str body, struct gce_instances *list, struct error *err)
{
    struct page_reader reader = { .list = list };
    size_t before = list->all.len;
    list->next[0] = '\0';
    int rc = read_all(body, page_places, on_page_value, &reader, err);
    if (rc < 0)
        list->all.len = before;
    else if (reader.warned && list->unseen.len == 0)
        list->partial = true;
    return rc;
}

/* ---- operations --------------------------------------------------------------------------------- */

static const char *const operation_places[] = { "nextPageToken", "items.*.operations.*", NULL };

/* ".../zones/europe-west3-a/instances/muster-x-0" */
static void read_target(const char *link, struct gce_operation *o)
{
    const char *zone = strstr(link, "/zones/");
    const char *instance = strstr(link, "/instances/");
    if (!zone || !instance)
        return;
    zone += strlen("/zones/");
    str_copy(o->zone, sizeof(o->zone), (struct str){ zone, strcspn(zone, "/") });
    str_copy_c(o->instance, sizeof(o->instance), instance + strlen("/instances/"));
}

static int on_operation_value(void *ctx, size_t place, const char *key, struct str text,
                              struct error *err)
{
    (void)key;
    struct gce_operations *list = ctx;
    struct gce_operation o = { 0 };
    cJSON *json;
    int rc = json_parse(text, &json, err);
    if (rc < 0)
        return rc;
    if (place == 0) {
        const char *next = cJSON_GetStringValue(json);
        if (!next || !str_copy_c(list->next, sizeof(list->next), next))
            rc = error_set(err, MUSTER_E_INVALID, "the page token is none");
    } else {
        read_target(text_at(json, "targetLink"), &o);
        o.done = strcmp(text_at(json, "status"), "DONE") == 0;
        o.failed = o.done && gcp_fault_from_operation(json, &o.fault);
        if (!vec_push(&list->all, o))
            rc = error_nomem(err);
    }
    cJSON_Delete(json);
    return rc;
}

void gce_operations_release(struct gce_operations *list)
{
    vec_release(&list->all);
}

int gce_read_operations(struct str body, struct gce_operations *list, struct error *err)
{
    size_t before = list->all.len;
    list->next[0] = '\0';
    int rc = read_all(body, operation_places, on_operation_value, list, err);
    if (rc < 0)
        list->all.len = before;
    return rc;
}
