#include "providers/asg/asg.h"

#include <stdlib.h>
#include <string.h>

#include "providers/asg/plugin.h"

static int open_asg(const struct provider_env *env, struct provider **ret, struct error *err)
{
    if (!env->aws)
        return error_set(err, MUSTER_E_CONFIG, "there is no AWS client");
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

static void close_asg(struct provider *self)
{
    if (!self)
        return;
    struct op_list *ops = self->ops;
    self->ops = NULL; /* nobody gets a turn any more */
    op_list_free(ops);
    for (size_t i = 0; i < self->places.len; i++) {
        vec_release(&self->places.at[i]->told);
        free(self->places.at[i]);
    }
    vec_release(&self->places);
    free(self);
}

struct asg_place *asg_place(struct provider *self, const char *inventory)
{
    for (size_t i = 0; i < self->places.len; i++) {
        if (strcmp(self->places.at[i]->inventory, inventory) == 0)
            return self->places.at[i];
    }
    struct asg_place *place = calloc(1, sizeof(*place));
    if (place)
        str_copy_c(place->inventory, sizeof(place->inventory), inventory);
    if (place && vec_push(&self->places, place))
        return place;
    free(place);
    return NULL;
}

bool asg_place_told(const struct asg_place *place, const char *id)
{
    for (size_t i = 0; i < place->told.len; i++) {
        if (strcmp(place->told.at[i].id, id) == 0)
            return true;
    }
    return false;
}

bool asg_place_tell(struct asg_place *place, const char *id)
{
    struct asg_name name;
    str_copy_c(name.id, sizeof(name.id), id);
    return asg_place_told(place, id) || vec_push(&place->told, name);
}

static const struct provider_mutations mutations = {
    .launch = asg_launch,
    .terminate = asg_terminate,
};

const struct provider_plugin provider_asg = {
    .options = {
        .name = "asg",
        .help = "machines of an EC2 Auto Scaling group that is there already",
        .size = sizeof(struct asg_options),
        .rows = asg_option_rows,
        .check = asg_option_check,
    },
    .expand = asg_expand,
    .open = open_asg,
    .close = close_asg,
    .list = asg_list,
    .check = asg_check,
    .mutations = &mutations,
};
