#include "providers/gcp/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* ---- labels ------------------------------------------------------------------------------------- */

struct own_labels {
    struct {
        const char *key;
        char value[GCE_NAME_MAX];
    } at[6];
    size_t len;
};

static void add_own(struct own_labels *own, const char *key, const char *value)
{
    own->at[own->len].key = key;
    str_copy_c(own->at[own->len].value, sizeof(own->at[0].value), value);
    own->len++;
}

/* With which machines are found again; `group`: without what is not the same for all of its machines. */
static void own_labels(const struct gce_order *order, bool group, struct own_labels *own)
{
    char offer[GCE_NAME_MAX];
    char slots[24];
    *own = (struct own_labels){ 0 };
    snprintf(slots, sizeof(slots), "%" PRId64, order->intent->slots);
    gce_offer_label(order->intent->offer, offer);
    add_own(own, GCE_LABEL_CONTROLLER, order->controller);
    add_own(own, GCE_LABEL_POOL, order->intent->pool);
    add_own(own, GCE_LABEL_OFFER, offer);
    add_own(own, GCE_LABEL_SLOTS, slots);
    add_own(own, group ? GCE_LABEL_GROUP : GCE_LABEL_INTENT,
            group ? order->options->mig : order->intent->token);
}

static bool is_own(const struct own_labels *own, struct str key)
{
    for (size_t i = 0; i < own->len; i++) {
        if (str_eq_c(key, own->at[i].key))
            return true;
    }
    return false;
}

/* "key=value" to its parts. */
static struct str label_key(const char *label)
{
    return (struct str){ label, strcspn(label, "=") };
}

static bool is_users(const struct gcp_options *o, const char *key)
{
    for (size_t i = 0; i < o->labels.len; i++) {
        if (str_eq_c(label_key(o->labels.at[i]), key))
            return true;
    }
    return false;
}

static void write_label(struct json_out *j, struct str key, const char *value)
{
    char name[GCE_NAME_MAX];
    str_copy(name, sizeof(name), key);
    json_str(j, name, value);
}

/* What is sent replaces the template's labels: so they are sent again. Ours come first. */
static void write_labels(struct json_out *j, const struct gce_order *order, const cJSON *below,
                         bool group)
{
    const struct gcp_options *o = order->options;
    struct own_labels own;
    own_labels(order, group, &own);
    json_open(j, "labels", '{');
    for (size_t i = 0; i < own.len; i++)
        json_str(j, own.at[i].key, own.at[i].value);
    for (size_t i = 0; i < o->labels.len; i++) {
        struct str key = label_key(o->labels.at[i]);
        if (!is_own(&own, key) && o->labels.at[i][key.len])
            write_label(j, key, o->labels.at[i] + key.len + 1);
    }
    const cJSON *label;
    cJSON_ArrayForEach(label, below)
    {
        if (cJSON_IsString(label) && !is_own(&own, str_from(label->string)) &&
            !is_users(o, label->string))
            json_str(j, label->string, label->valuestring);
    }
    json_close(j, '}');
}

/* ---- machines ----------------------------------------------------------------------------------- */

static void write_metadata(struct json_out *j, const struct gce_order *order)
{
    if (order->script.len == 0)
        return;
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(order->template, "metadata");
    const cJSON *item;
    json_open(j, "metadata", '{');
    json_open(j, "items", '[');
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(metadata, "items"))
    {
        const char *key = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "key"));
        const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "value"));
        if (!key || !value || strcmp(key, "startup-script") == 0)
            continue;
        json_open(j, NULL, '{');
        json_str(j, "key", key);
        json_str(j, "value", value);
        json_close(j, '}');
    }
    json_open(j, NULL, '{');
    json_str(j, "key", "startup-script");
    json_str(j, "value", order->script.ptr);
    json_close(j, '}');
    json_close(j, ']');
    json_close(j, '}');
}

static bool template_is_spot(const cJSON *template)
{
    const cJSON *scheduling = cJSON_GetObjectItemCaseSensitive(template, "scheduling");
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(scheduling, "provisioningModel");
    return (cJSON_IsString(model) && strcmp(model->valuestring, "SPOT") == 0) ||
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(scheduling, "preemptible"));
}

/* A preempted machine is to vanish, not to be left behind with a disk that is paid for. */
static void write_scheduling(struct json_out *j, const struct gce_order *order)
{
    if (!order->spot && !template_is_spot(order->template))
        return;
    json_open(j, "scheduling", '{');
    json_str(j, "provisioningModel", order->spot ? "SPOT" : "STANDARD");
    if (order->spot) {
        json_str(j, "instanceTerminationAction", "DELETE");
        json_bool(j, "automaticRestart", false);
        json_str(j, "onHostMaintenance", "TERMINATE");
    }
    json_bool(j, "preemptible", order->spot);
    json_close(j, '}');
}

static void write_disk(struct json_out *j, const struct gcp_options *o, const char *zone)
{
    char type[GCE_NAME_MAX + GCE_ZONE_MAX + 24];
    snprintf(type, sizeof(type), *zone ? "zones/%s/diskTypes/%.60s" : "%s%.60s", zone,
             o->disk_type);
    json_open(j, "disks", '[');
    json_open(j, NULL, '{');
    json_bool(j, "boot", true);
    json_bool(j, "autoDelete", true);
    json_open(j, "initializeParams", '{');
    json_str(j, "sourceImage", o->image);
    if (o->disk_gb > 0) {
        char size[24];
        snprintf(size, sizeof(size), "%" PRId64, o->disk_gb);
        json_str(j, "diskSizeGb", size);
    }
    if (*o->disk_type)
        json_str(j, "diskType", type);
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, ']');
}

/* A name, or a path that somebody wrote out. */
static void write_place(struct json_out *j, const char *key, const char *name, const char *folder)
{
    char path[256];
    snprintf(path, sizeof(path), "%.60s%.180s", strchr(name, '/') ? "" : folder, name);
    json_str(j, key, path);
}

static void write_network(struct json_out *j, const struct gce_order *order)
{
    const struct gcp_options *o = order->options;
    char folder[GCE_ZONE_MAX + 24];
    snprintf(folder, sizeof(folder), "regions/%s/subnetworks/", order->region);
    json_open(j, "networkInterfaces", '[');
    json_open(j, NULL, '{');
    if (*o->subnetwork)
        write_place(j, "subnetwork", o->subnetwork, folder);
    else
        write_place(j, "network", o->network, "global/networks/");
    if (o->external_ip) {
        json_open(j, "accessConfigs", '[');
        json_open(j, NULL, '{');
        json_str(j, "type", "ONE_TO_ONE_NAT");
        json_str(j, "name", "External NAT");
        json_close(j, '}');
        json_close(j, ']');
    }
    json_close(j, '}');
    json_close(j, ']');
}

static void write_identity(struct json_out *j, const struct gcp_options *o)
{
    if (*o->service_account) {
        json_open(j, "serviceAccounts", '[');
        json_open(j, NULL, '{');
        json_str(j, "email", o->service_account);
        json_open(j, "scopes", '[');
        json_str(j, NULL, "https://www.googleapis.com/auth/cloud-platform");
        json_close(j, ']');
        json_close(j, '}');
        json_close(j, ']');
    }
    if (o->network_tags.len > 0) {
        json_open(j, "tags", '{');
        json_open(j, "items", '[');
        for (size_t i = 0; i < o->network_tags.len; i++)
            json_str(j, NULL, o->network_tags.at[i]);
        json_close(j, ']');
        json_close(j, '}');
    }
}

/* What insert and bulkInsert have in common; `zone` "" where names stand alone. */
static void write_machine(struct json_out *j, const struct gce_order *order, const char *zone)
{
    char type[GCE_TYPE_MAX + GCE_ZONE_MAX + 32];
    snprintf(type, sizeof(type), *zone ? "zones/%s/machineTypes/%s" : "%s%s", zone, order->type);
    json_str(j, "machineType", type);
    write_labels(j, order, cJSON_GetObjectItemCaseSensitive(order->template, "labels"), false);
    write_metadata(j, order);
    write_scheduling(j, order);
    if (!*order->options->image)
        return;
    write_disk(j, order->options, zone);
    write_network(j, order);
    write_identity(j, order->options);
}

void gce_write_insert(const struct gce_order *order, const char *zone, int64_t index,
                      struct buf *out)
{
    struct json_out j = json_begin(out);
    char name[GCE_NAME_MAX];
    gce_machine_name(order->intent->token, index, name);
    json_open(&j, NULL, '{');
    json_str(&j, "name", name);
    write_machine(&j, order, zone);
    json_close(&j, '}');
}

static bool has_zone(const struct gcp_zones *zones, const char *name)
{
    for (size_t i = 0; i < zones->all.len; i++) {
        if (strcmp(zones->all.at[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A zone that is not spoken of may be used: so all of the region's are. */
static void write_policy(struct json_out *j, const struct gce_order *order,
                         const struct gcp_zones *allowed, const struct gcp_zones *all)
{
    json_open(j, "locationPolicy", '{');
    json_open(j, "locations", '{');
    for (size_t i = 0; i < all->all.len; i++) {
        const char *zone = all->all.at[i].name;
        char path[GCE_ZONE_MAX + 8];
        snprintf(path, sizeof(path), "zones/%s", zone);
        json_open(j, path, '{');
        json_str(j, "preference", has_zone(allowed, zone) ? "ALLOW" : "DENY");
        json_close(j, '}');
    }
    json_close(j, '}');
    json_str(j, "targetShape", gcp_spread_shapes[order->options->spread]);
    json_close(j, '}');
}

void gce_write_bulk(const struct gce_order *order, const char *template,
                    const struct gcp_zones *allowed, const struct gcp_zones *all, struct buf *out)
{
    struct json_out j = json_begin(out);
    char count[24];
    snprintf(count, sizeof(count), "%" PRId64, order->intent->count);
    json_open(&j, NULL, '{');
    json_str(&j, "count", count);
    json_str(&j, "minCount", "1"); /* some are better than none */
    json_open(&j, "perInstanceProperties", '{');
    for (int64_t i = 0; i < order->intent->count; i++) {
        char name[GCE_NAME_MAX];
        gce_machine_name(order->intent->token, i, name);
        json_open(&j, name, '{');
        json_close(&j, '}');
    }
    json_close(&j, '}');
    if (*template)
        json_str(&j, "sourceInstanceTemplate", template);
    json_open(&j, "instanceProperties", '{');
    write_machine(&j, order, "");
    json_close(&j, '}');
    if (all)
        write_policy(&j, order, allowed, all);
    json_close(&j, '}');
}

/* ---- managed instance groups -------------------------------------------------------------------- */

void gce_write_create_instances(const struct intent *intent, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_open(&j, "instances", '[');
    for (int64_t i = 0; i < intent->count; i++) {
        char name[GCE_NAME_MAX];
        gce_machine_name(intent->token, i, name);
        json_open(&j, NULL, '{');
        json_str(&j, "name", name);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

void gce_write_delete_instance(const char *zone, const char *name, struct buf *out)
{
    struct json_out j = json_begin(out);
    char path[GCE_ZONE_MAX + GCE_NAME_MAX + 24];
    snprintf(path, sizeof(path), "zones/%s/instances/%s", zone, name);
    json_open(&j, NULL, '{');
    json_open(&j, "instances", '[');
    json_str(&j, NULL, path);
    json_close(&j, ']');
    json_bool(&j, "skipInstancesOnValidationError", true);
    json_close(&j, '}');
}

static const cJSON *group_properties(const cJSON *group)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(group, "allInstancesConfig");
    return cJSON_GetObjectItemCaseSensitive(config, "properties");
}

bool gce_group_has_labels(const struct gce_order *order, const cJSON *group)
{
    struct own_labels own;
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(group_properties(group), "labels");
    own_labels(order, true, &own);
    for (size_t i = 0; i < own.len; i++) {
        const cJSON *label = cJSON_GetObjectItemCaseSensitive(labels, own.at[i].key);
        if (!cJSON_IsString(label) || strcmp(label->valuestring, own.at[i].value) != 0)
            return false;
    }
    return true;
}

void gce_write_group_labels(const struct gce_order *order, const cJSON *group, struct buf *out)
{
    struct json_out j = json_begin(out);
    const char *fingerprint =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(group, "fingerprint"));
    json_open(&j, NULL, '{');
    if (fingerprint) /* somebody else's change meanwhile is not undone */
        json_str(&j, "fingerprint", fingerprint);
    json_open(&j, "allInstancesConfig", '{');
    json_open(&j, "properties", '{');
    write_labels(&j, order, cJSON_GetObjectItemCaseSensitive(group_properties(group), "labels"),
                 true);
    json_close(&j, '}');
    json_close(&j, '}');
    json_close(&j, '}');
}

void gce_template_path(const char *project, const char *template, struct buf *out)
{
    const char *projects = strstr(template, "projects/");
    if (projects)
        buf_addf(out, "%s", projects);
    else if (strchr(template, '/'))
        buf_addf(out, "projects/%s/%s", project, template);
    else
        buf_addf(out, "projects/%s/global/instanceTemplates/%s", project, template);
}
