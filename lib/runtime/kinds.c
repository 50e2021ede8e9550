#include "runtime/kinds.h"

#include "policies/policies.h"
#include "providers/provider.h"
#include "queue/queue.h"

void kinds_init(struct kinds *ret)
{
    size_t n = 0;
    for (; n < KINDS_MAX && queues[n]; n++)
        ret->queues[n] = &queues[n]->options;
    ret->queues[n] = NULL;
    n = 0;
    for (; n < KINDS_MAX && providers[n]; n++)
        ret->providers[n] = &providers[n]->options;
    ret->providers[n] = NULL;
    ret->config = (struct config_kinds){
        .policies = policies,
        .queues = ret->queues,
        .providers = ret->providers,
    };
}

static int expand(struct pool_spec **spec, struct problems *problems, struct error *err)
{
    size_t entry = 0;
    int rc = providers_expand(*spec, &entry, err);
    if (rc == 0) {
        policy_file_lint(*spec, problems);
        return 0;
    }
    if (rc != MUSTER_E_NOMEM) {
        problems_add(problems, SEVERITY_ERROR, 0, 0, 1, "buy.offers, entry %zu: %s", entry + 1,
                     err ? err->text : "cannot be used");
        rc = MUSTER_E_INVALID;
    }
    pool_spec_free(*spec);
    *spec = NULL;
    return rc;
}

int kinds_read_policy(const struct kinds *kinds, const char *path, struct pool_spec **ret,
                      struct problems *problems, struct error *err)
{
    int rc = policy_file_read(path, &kinds->config, ret, problems, err);
    return rc < 0 ? rc : expand(ret, problems, err);
}

int kinds_parse_policy(const struct kinds *kinds, struct str text, const char *path,
                       struct pool_spec **ret, struct problems *problems, struct error *err)
{
    int rc = policy_file_parse(text, path, &kinds->config, ret, problems, err);
    return rc < 0 ? rc : expand(ret, problems, err);
}
