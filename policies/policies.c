#include "policies/policies.h"

#include <string.h>

const struct policy *const policies[] = {
    &policy_backlog,
    &policy_drain,
    &policy_step,
    &policy_schedule,
    &policy_fixed,
    &policy_asg_backlog,
    &policy_asg_target_tracking,
    &policy_hpa,
    &policy_keda,
    &policy_mig,
    NULL,
};

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; policies[i]; i++) {
        if (strcmp(policies[i]->options.name, name) == 0)
            return policies[i];
    }
    return NULL;
}
