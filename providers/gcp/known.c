/*
 * What launches need to know before they are sent: what an instance template says (its labels and its
 * metadata are replaced by ours, so they have to be merged), and which zones a region has (those that
 * may not be used have to be named).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "providers/gcp/gcp.h"

#define TEMPLATE_KEEP_NS                                                                           \
    (300 * NS_PER_S) /* templates do not change, but may be made anew by name */

/* ---- templates ---------------------------------------------------------------------------------- */

static struct gcp_template *find_template(const struct provider *self, const char *path)
{
    for (size_t i = 0; i < self->templates.len; i++) {
        if (strcmp(self->templates.at[i].path, path) == 0)
            return &self->templates.at[i];
    }
    return NULL;
}

const cJSON *gcp_template(const struct provider *self, const char *path)
{
    const struct gcp_template *t = find_template(self, path);
    return t ? t->properties : NULL;
}

static int keep_template(struct provider *self, const char *path, cJSON *take_properties,
                         struct error *err)
{
    struct gcp_template *t = find_template(self, path);
    struct gcp_template fresh = { .path = t ? NULL : str_dup(str_from(path)) };
    if (!t && (!fresh.path || !vec_push(&self->templates, fresh))) {
        free(fresh.path);
        cJSON_Delete(take_properties);
        return error_nomem(err);
    }
    t = t ? t : &self->templates.at[self->templates.len - 1];
    cJSON_Delete(t->properties);
    t->properties = take_properties;
    t->read_ns = gcp_now_ns(self);
    return 0;
}

static int read_template(struct provider *self, const char *path, struct str body,
                         struct error *err)
{
    cJSON *json;
    int rc = json_parse(body, &json, err);
    if (rc < 0)
        return rc;
    cJSON *properties = cJSON_DetachItemFromObjectCaseSensitive(json, "properties");
    cJSON_Delete(json);
    if (!cJSON_IsObject(properties)) {
        cJSON_Delete(properties);
        return error_set(err, MUSTER_E_TRANSIENT, "the template %s has no properties", path);
    }
    return keep_template(self, path, properties, err);
}

static void template_answer(struct gcp_op *op, const struct gcp_response *response,
                            const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        read_template(op->provider, op->asked, response->body, &bad);
    /* An old one is better than none; nothing was launched yet, so nothing is in doubt. */
    if (bad.code && gcp_template(op->provider, op->asked))
        bad.code = 0;
    if (bad.code == MUSTER_E_UNKNOWN || bad.code == MUSTER_E_INVALID)
        bad.code = MUSTER_E_TRANSIENT;
    if (bad.code == MUSTER_E_NOTFOUND)
        bad.code = MUSTER_E_CONFIG;
    op->known(op, &bad);
}

static void ask(struct gcp_op *op, const char *name, const char *fields)
{
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = name,
        .path = op->asked,
        .query = fields,
        .priority = GCP_LAUNCH,
        .repeatable = true,
    };
    gcp_op_call(op, &request);
}

void gcp_know_template(struct gcp_op *op, const char *path, gcp_known_cb *done)
{
    const struct error none = { 0 };
    const struct gcp_template *t = find_template(op->provider, path);
    if (t && gcp_now_ns(op->provider) - t->read_ns < TEMPLATE_KEEP_NS) {
        done(op, &none);
        return;
    }
    op->known = done;
    op->answer = template_answer;
    if (str_copy_c(op->asked, sizeof(op->asked), path))
        ask(op, "instanceTemplates.get", NULL);
    else
        gcp_op_fail(op, MUSTER_E_CONFIG, "the template's path is too long");
}

/* ---- regions ------------------------------------------------------------------------------------ */

const struct gcp_zones *gcp_region(const struct provider *self, const char *region)
{
    for (size_t i = 0; i < self->regions.len; i++) {
        if (strcmp(self->regions.at[i].name, region) == 0)
            return &self->regions.at[i].zones;
    }
    return NULL;
}

static int read_zones(const cJSON *region, struct gcp_zones *zones, struct error *err)
{
    const cJSON *link;
    cJSON_ArrayForEach(link, cJSON_GetObjectItemCaseSensitive(region, "zones"))
    {
        struct gcp_zone zone = { 0 };
        if (!cJSON_IsString(link) ||
            !str_copy(zone.name, sizeof(zone.name), gce_tail(link->valuestring)) ||
            !gce_zone_valid(zone.name))
            return error_set(err, MUSTER_E_TRANSIENT, "a region's zones are not to be read");
        if (!vec_push(&zones->all, zone))
            return error_nomem(err);
    }
    return zones->all.len > 0 ? 0 : error_set(err, MUSTER_E_TRANSIENT, "a region without zones");
}

static int read_region(struct provider *self, const char *name, struct str body, struct error *err)
{
    struct gcp_region region = { 0 };
    cJSON *json;
    int rc = json_parse(body, &json, err);
    if (rc < 0)
        return rc;
    str_copy(region.name, sizeof(region.name), gce_tail(name));
    rc = read_zones(json, &region.zones, err);
    cJSON_Delete(json);
    if (rc == 0 && !gcp_region(self, region.name) && vec_push(&self->regions, region))
        return 0;
    vec_release(&region.zones.all);
    return rc < 0 || gcp_region(self, region.name) ? rc : error_nomem(err);
}

static void region_answer(struct gcp_op *op, const struct gcp_response *response,
                          const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        read_region(op->provider, op->asked, response->body, &bad);
    if (bad.code == MUSTER_E_UNKNOWN || bad.code == MUSTER_E_INVALID)
        bad.code = MUSTER_E_TRANSIENT;
    if (bad.code == MUSTER_E_NOTFOUND)
        bad.code = MUSTER_E_CONFIG;
    op->known(op, &bad);
}

void gcp_know_region(struct gcp_op *op, const char *region, gcp_known_cb *done)
{
    const struct error none = { 0 };
    if (gcp_region(op->provider, region)) {
        done(op, &none);
        return;
    }
    struct buf path = { 0 };
    buf_addf(&path, "projects/%s/regions/%s", op->project, region);
    op->known = done;
    op->answer = region_answer;
    if (!buf_failed(&path) && str_copy(op->asked, sizeof(op->asked), buf_str(&path)))
        ask(op, "regions.get", "fields=zones");
    else
        gcp_op_fail(op, MUSTER_E_NOMEM, "no memory for a request");
    buf_release(&path);
}
