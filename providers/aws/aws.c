#include "providers/aws/aws.h"

#include <stdlib.h>

#include "providers/aws/plugin.h"

static int open_aws(const struct provider_env *env, struct provider **ret, struct error *err)
{
    if (!env->aws)
        return error_set(err, MUSTER_E_CONFIG, "there is no AWS client");
    struct provider *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    self->env = env;
    int rc = aws_timers_open(self, err);
    if (rc < 0) {
        free(self);
        return rc;
    }
    aws_demand_load(self);
    *ret = self;
    return 0;
}

static void close_aws(struct provider *self)
{
    if (!self)
        return;
    aws_timers_close(self);
    place_memory_release(&self->memory);
    vec_release(&self->doomed);
    for (size_t i = 0; i < self->sent.len; i++)
        free(self->sent.at[i].body);
    vec_release(&self->sent);
    for (size_t i = 0; i < self->templates.len; i++)
        free(self->templates.at[i]);
    vec_release(&self->templates);
    for (size_t i = 0; i < self->wanted.len; i++)
        free(self->wanted.at[i]);
    vec_release(&self->wanted);
    aws_price_list_release(&self->price_list);
    free(self);
}

int64_t aws_price_of(const struct provider *self, const char *region,
                     const struct ec2_instance *instance)
{
    enum market market = instance->spot ? MARKET_SPOT : MARKET_ON_DEMAND;
    return place_memory_price(&self->memory, instance->type,
                              instance->spot ? instance->zone : region, market, aws_now_ns(self));
}

static const struct provider_mutations mutations = {
    .launch = aws_launch,
    .terminate = aws_terminate,
};

const struct provider_plugin provider_aws = {
    .options = {
        .name = "aws",
        .help = "machines of Amazon EC2, on demand and spot",
        .size = sizeof(struct aws_options),
        .rows = aws_option_rows,
        .check = aws_option_check,
    },
    .expand = aws_expand,
    .open = open_aws,
    .close = close_aws,
    .list = aws_list,
    .price = aws_price,
    .check = aws_check,
    .mutations = &mutations,
};
