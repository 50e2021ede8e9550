#include "providers/gcp/gcp.h"

#include <stdlib.h>

#include "providers/gcp/plugin.h"

static int open_gcp(const struct provider_env *env, struct provider **ret, struct error *err)
{
    if (!env->gcp)
        return error_set(err, MUSTER_E_CONFIG, "there is no Google Cloud client");
    struct provider *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->env = env;
    int rc = op_list_new(env->loop, &self->ops, err);
    if (rc < 0)
        free(self);
    else
        *ret = self;
    return rc;
}

static void release_known(struct provider *self)
{
    for (size_t i = 0; i < self->templates.len; i++) {
        free(self->templates.at[i].path);
        cJSON_Delete(self->templates.at[i].properties);
    }
    vec_release(&self->templates);
    for (size_t i = 0; i < self->regions.len; i++)
        vec_release(&self->regions.at[i].zones.all);
    vec_release(&self->regions);
    vec_release(&self->unseen);
    vec_release(&self->gone);
}

static void close_gcp(struct provider *self)
{
    if (!self)
        return;
    op_list_free(self->ops);
    place_memory_release(&self->memory);
    for (size_t i = 0; i < self->sent.len; i++)
        free(self->sent.at[i].body);
    vec_release(&self->sent);
    release_known(self);
    gcp_rates_release(&self->rates);
    vec_release(&self->sizes);
    free(self);
}

/* Prices are of regions, on both markets. */
int64_t gcp_price_of(const struct provider *self, const struct gce_instance *instance)
{
    char region[GCE_ZONE_MAX];
    gce_region_of(instance->zone, region);
    return place_memory_price(&self->memory, instance->type, region,
                              instance->spot ? MARKET_SPOT : MARKET_ON_DEMAND, gcp_now_ns(self));
}

static const struct provider_mutations mutations = {
    .launch = gcp_launch,
    .terminate = gcp_terminate,
};

const struct provider_plugin provider_gcp = {
    .options = {
        .name = "gcp",
        .help = "machines of Google Compute Engine, on demand and spot",
        .size = sizeof(struct gcp_options),
        .rows = gcp_option_rows,
        .check = gcp_option_check,
    },
    .expand = gcp_expand,
    .open = open_gcp,
    .close = close_gcp,
    .list = gcp_list,
    .price = gcp_price,
    .mutations = &mutations,
};
