#include <string.h>

#include "providers/asg/plugin.h"
#include "providers/aws/plugin.h"
#include "providers/gcp/plugin.h"
#include "providers/local/plugin.h"
#include "providers/provider.h"

const struct provider_plugin *const providers[] = {
    &provider_local, &provider_aws, &provider_asg, &provider_gcp, NULL,
};

const struct provider_plugin *provider_find(const char *name)
{
    for (const struct provider_plugin *const *p = providers; *p; p++) {
        if (strcmp((*p)->options.name, name) == 0)
            return *p;
    }
    return NULL;
}

static int expand_entry(struct pool_spec *spec, size_t entry, struct error *err)
{
    const struct option_choice *choice = &spec->offer_entries.at[entry];
    const char *name = choice->set ? choice->set->name : "";
    const struct provider_plugin *plugin = provider_find(name);
    if (!plugin)
        return error_set(err, MUSTER_E_INVALID, "there is no provider '%s'", name);
    size_t before = spec->offers.len;
    int rc = plugin->expand(choice->options, entry, spec, err);
    if (rc == 0 && spec->offers.len == before)
        rc = error_set(err, MUSTER_E_INVALID, "%s: this entry offers nothing to buy", name);
    return rc;
}

int providers_expand(struct pool_spec *spec, size_t *ret_entry, struct error *err)
{
    vec_clear(&spec->offers);
    if (spec->offer_entries.len == 0) {
        *ret_entry = 0;
        return error_set(err, MUSTER_E_INVALID, "there is nothing to buy: buy.offers is empty");
    }
    for (size_t i = 0; i < spec->offer_entries.len; i++) {
        int rc = expand_entry(spec, i, err);
        if (rc < 0) {
            vec_clear(&spec->offers);
            *ret_entry = i;
            return rc;
        }
    }
    return 0;
}
