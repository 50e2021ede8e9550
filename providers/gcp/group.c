/*
 * Launching from a managed instance group: createInstances with names of our own, which makes the group
 * larger by as many. Its operation is done before the machines are, so the group is then asked how it
 * gets on; what it cannot make is taken out again, or it would try for ever.
 *
 * The labels by which machines are found come from the group's all-instances configuration, which is
 * set before the first of them is made.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "providers/gcp/launch.h"

#define FOLLOW_NS (60 * NS_PER_S)
#define LOOK_MS   2000
#define LOOKS_MAX 40

static struct launch_op *launch_of(struct gcp_op *op)
{
    return (struct launch_op *)op;
}

static void failed(struct launch_op *launch, const struct error *err)
{
    struct error bad = *err;
    if (bad.code == MUSTER_E_NOTFOUND)
        bad.code = MUSTER_E_CONFIG;
    launch_finish(launch, NULL, 0, &bad);
}

/* A call about the group: `what` "" is the group itself. Frees `body`. */
static void ask(struct launch_op *launch, const char *method, const char *what, const char *once,
                struct buf *body,
                void (*answer)(struct gcp_op *op, const struct gcp_response *response,
                               const struct error *err))
{
    struct gcp_op *op = &launch->base;
    struct buf path = { 0 };
    struct buf query = { 0 };
    char id[GCE_UUID_MAX] = "";
    char zone[GCE_ZONE_MAX];
    char name[64];
    const char *verb = *what ? what : strcmp(method, "GET") == 0 ? "get" : "patch";
    bool zonal = gcp_zones_in(&launch->options, launch->region) == 1;
    (void)snprintf(name, sizeof(name), "instanceGroupManagers.%s", verb);
    gcp_zone(&launch->options, 0, zone);
    buf_addf(&path, "projects/%s/%s/%s/instanceGroupManagers/%s%s%s", op->project,
             zonal ? "zones" : "regions", zonal ? zone : launch->region, launch->options.mig,
             *what ? "/" : "", what);
    if (*once && gce_request_id(launch->intent.token, once, id, NULL) < 0)
        query.failed = MUSTER_E_NOMEM;
    if (*once)
        gcp_query_add(&query, "requestId", str_from(id));
    if (*once == '\0' && *what)
        gcp_query_add(&query, "maxResults", STR("500"));
    if (*what && !*once && launch->found.next[0])
        gcp_query_add(&query, "pageToken", str_from(launch->found.next));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = method,
        .name = name,
        .path = buf_text(&path),
        .query = query.len > 0 ? buf_text(&query) : NULL,
        .body = body ? buf_str(body) : (struct str){ "", 0 },
        .priority = GCP_LAUNCH,
        .repeatable = true,
    };
    op->answer = answer;
    if (buf_failed(&path) || buf_failed(&query) || (body && buf_failed(body)))
        gcp_op_fail(op, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(op, &request);
    buf_release(&path);
    buf_release(&query);
    buf_release(body ? body : &query);
}

/* ---- how it gets on ----------------------------------------------------------------------------- */

static void look(struct gcp_op *op);

static void removed(struct gcp_op *op, const struct gcp_response *response, const struct error *err)
{
    (void)response, (void)err; /* what is made all the same is listed, and given back */
    struct launch_op *launch = launch_of(op);
    launch_finish(launch, launch->found.all.at, launch->found.all.len, &launch->why);
}

/* Those that were not made: by their paths. */
static void write_removal(const struct launch_op *launch, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_open(&j, "instances", '[');
    for (size_t i = 0; i < launch->children.all.len; i++) {
        const struct gce_operation *o = &launch->children.all.at[i];
        char path[GCE_NAME_MAX + GCE_ZONE_MAX + 24];
        (void)snprintf(path, sizeof(path), "zones/%s/instances/%s", o->zone, o->instance);
        json_str(&j, NULL, path);
    }
    json_close(&j, ']');
    json_bool(&j, "skipInstancesOnValidationError", true);
    json_close(&j, '}');
}

static void all_told(struct launch_op *launch)
{
    size_t made = launch->found.all.len;
    const struct error none = { 0 };
    struct buf body = { 0 };
    if (launch->children.all.len == 0 && (int64_t)made >= launch->intent.count) {
        launch_finish(launch, launch->found.all.at, made, &none);
        return;
    }
    if ((int64_t)(made + launch->children.all.len) < launch->intent.count) {
        launch->base.resume = look;
        if (++launch->pages < LOOKS_MAX)
            gcp_op_wait(&launch->base, LOOK_MS);
        else
            gcp_op_fail(&launch->base, MUSTER_E_UNKNOWN, "the group is still making its machines");
        return;
    }
    const struct gce_operation *first = &launch->children.all.at[0];
    gcp_fault_error(&first->fault, &launch->why);
    error_wrap(&launch->why, "the group %s: %zu of %lld machines", launch->options.mig, made,
               (long long)launch->intent.count);
    if (made == 0 && launch->intent.tries > 1)
        launch->why.code = 0;
    write_removal(launch, &body);
    ask(launch, "POST", "deleteInstances", "remove", &body, removed);
}

static const char *text_at(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

static int take_managed(struct launch_op *launch, const cJSON *managed, struct error *err)
{
    char token[TOKEN_MAX];
    struct gce_operation o = { .done = true };
    const cJSON *error = json_at(managed, "/lastAttempt/errors/errors/0");
    const char *zone = strstr(text_at(managed, "instance"), "/zones/");
    str_copy(o.instance, sizeof(o.instance), gce_tail(text_at(managed, "instance")));
    zone = zone ? zone + strlen("/zones/") : "";
    str_copy(o.zone, sizeof(o.zone), (struct str){ zone, strcspn(zone, "/") });
    if (!gce_machine_token(o.instance, token) || strcmp(token, launch->intent.token) != 0)
        return 0;
    /* While it is being made it may show for a moment, and vanish again for want of room. */
    bool making = strncmp(text_at(managed, "currentAction"), "CREATING", 8) == 0;
    if (!making && *text_at(managed, "instanceStatus")) {
        struct gce_instance i = { 0 };
        str_copy_c(i.name, sizeof(i.name), o.instance);
        str_copy_c(i.zone, sizeof(i.zone), o.zone);
        str_copy_c(i.type, sizeof(i.type), launch->type);
        return vec_push(&launch->found.all, i) ? 0 : error_nomem(err);
    }
    if (!error)
        return 0; /* not yet */
    o.failed = true;
    gcp_fault_from_item(0, error, &o.fault);
    return vec_push(&launch->children.all, o) ? 0 : error_nomem(err);
}

static void looked(struct gcp_op *op, const struct gcp_response *response, const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct error bad = *err;
    cJSON *json = NULL;
    const cJSON *managed;
    if (!bad.code)
        json_parse(response->body, &json, &bad);
    cJSON_ArrayForEach(managed, cJSON_GetObjectItemCaseSensitive(json, "managedInstances"))
    {
        if (!bad.code)
            take_managed(launch, managed, &bad);
    }
    bool more = str_copy_c(launch->found.next, sizeof(launch->found.next),
                           text_at(json, "nextPageToken")) &&
                launch->found.next[0];
    cJSON_Delete(json);
    if (bad.code) {
        bad.code = MUSTER_E_UNKNOWN; /* the machines were ordered */
        launch_finish(launch, NULL, 0, &bad);
    } else if (more) {
        ask(launch, "POST", "listManagedInstances", "", NULL, looked);
    } else {
        all_told(launch);
    }
}

static void look(struct gcp_op *op)
{
    struct launch_op *launch = launch_of(op);
    vec_clear(&launch->found.all);
    vec_clear(&launch->children.all);
    launch->found.next[0] = '\0';
    ask(launch, "POST", "listManagedInstances", "", NULL, looked);
}

/* ---- the order ---------------------------------------------------------------------------------- */

static void ordered(struct gcp_op *op, const cJSON *operation, const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct gcp_fault fault;
    struct error bad = *err;
    if (operation && !gcp_fault_from_operation(operation, &fault)) {
        look(op);
        return;
    }
    if (operation) {
        gcp_fault_error(&fault, &bad);
        if (launch->intent.tries > 1)
            bad.code = 0;
    }
    failed(launch, &bad);
}

static void order_answer(struct gcp_op *op, const struct gcp_response *response,
                         const struct error *err)
{
    if (err->code)
        failed(launch_of(op), err);
    else
        gcp_follow(op, response->body, FOLLOW_NS, ordered);
}

static void send_order(struct launch_op *launch)
{
    struct buf body = { 0 };
    gce_write_create_instances(&launch->intent, &body);
    ask(launch, "POST", "createInstances", "create", &body, order_answer);
}

/* ---- its labels --------------------------------------------------------------------------------- */

/* Nothing has been ordered yet, so nothing is in doubt but on an earlier try. */
static void label_failed(struct launch_op *launch, const struct error *err)
{
    struct error bad = *err;
    if (bad.code == MUSTER_E_UNKNOWN && launch->intent.tries <= 1)
        bad.code = MUSTER_E_TRANSIENT;
    failed(launch, &bad);
}

static void labelled(struct gcp_op *op, const cJSON *operation, const struct error *err)
{
    struct gcp_fault fault;
    struct error bad = *err;
    if (operation && gcp_fault_from_operation(operation, &fault))
        gcp_fault_error(&fault, &bad);
    if (bad.code)
        label_failed(launch_of(op), &bad);
    else
        send_order(launch_of(op));
}

static void label_answer(struct gcp_op *op, const struct gcp_response *response,
                         const struct error *err)
{
    if (err->code)
        label_failed(launch_of(op), err);
    else
        gcp_follow(op, response->body, FOLLOW_NS, labelled);
}

static void group_answer(struct gcp_op *op, const struct gcp_response *response,
                         const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    const struct gce_order order = launch_order(launch);
    struct error bad = *err;
    struct buf body = { 0 };
    cJSON *group = NULL;
    if (!bad.code)
        json_parse(response->body, &group, &bad);
    if (bad.code) {
        label_failed(launch, &bad);
    } else if (gce_group_has_labels(&order, group)) {
        send_order(launch);
    } else {
        gce_write_group_labels(&order, group, &body);
        ask(launch, "PATCH", "", "label", &body, label_answer);
    }
    cJSON_Delete(group);
}

void launch_from_group(struct launch_op *launch)
{
    ask(launch, "GET", "", "", NULL, group_answer);
}
